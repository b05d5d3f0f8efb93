"""What a failure says: what was asked, what was on offer and why each was refused, and what to do.

Law of this room: it is entered only when something has failed, and raises nothing. The cause comes first, for whoever
reads ten lines.
"""

from __future__ import annotations

import json
from codecs import getincrementaldecoder
from collections.abc import Iterable
from typing import Any, NamedTuple

from ..addresses.address import Exact
from . import masking, report
from .difference import cut
from .hints import Scene, causes
from .layout import COLUMNS, FITS, MISSES, UNKNOWN, indented, paragraph, printable, table
from .nearness import Candidate
from .question import Question
from .suggestion import suggestion
from .verdict import Verdict

_SYMBOLS = {True: FITS, False: MISSES, None: UNKNOWN}


class Diagnosis(NamedTuple):
    """All that an error carries."""

    text: str
    request: Question
    candidates: tuple[Candidate, ...]
    suggestion: str


def no_match(scene: Scene, many: int) -> Diagnosis:
    """What is said of a request that no route answers; `many` routes there are."""
    question, candidates = scene.question, scene.candidates
    proposed = suggestion(question, candidates[0] if candidates else None, scene.registry)
    first = report.unanswered(question.method, question.url, question.written)
    said = causes(scene)
    blocks = [
        first,
        "\n".join(paragraph(sentence, label="Also: " if number else "Cause: ") for number, sentence in enumerate(said)),
        "Asked:\n" + asked(question),
    ]
    if candidates:
        blocks.append(_title(many, len(candidates)))
        blocks += [offered(number, candidate) for number, candidate in enumerate(candidates, 1)]
    head = "If the request is right, register it:" if candidates else "Register it before the request is made:"
    blocks.append(f"{head}\n{indented(proposed)}")
    return Diagnosis(printable("\n\n".join(blocks)), question, tuple(candidates), proposed)


def used_up(first: str, question: Question, route: Any, verdicts: Iterable[Verdict]) -> Diagnosis:
    """What is said of a request whose route has no reply left; `first` is the sentence for it."""
    candidate = Candidate(route, tuple(verdicts))
    blocks = [first, "Asked:\n" + asked(question), "The route:", offered(1, candidate)]
    if earlier := _earlier(route):
        blocks.append(f"It answered:\n{earlier}")
    return Diagnosis(printable("\n\n".join(blocks)), question, (candidate,), "")


def asked(question: Question) -> str:
    """What is known of a request."""
    rows = [("request", f"{question.method} {cut(str(masking.url(question.url)))}")]
    if question.asked_at is not None:
        rows.append(("by", str(question.asked_at)))
    secrets = masking.Secrets(masking.of_request(question.url, question.headers.items(), question.body))
    rows += [(f"{name}:", secrets.scrub(cut(value))) for name, value in question.telling_headers()]
    rows.append(("body", secrets.scrub(body(question))))
    return table(row for row in rows if row[1])


def body(question: Question) -> str:
    """The body in a line, without its secrets; empty if there is none."""
    content = question.body
    if content is None:
        return "not read: the request was refused before it"
    if not content:
        return ""
    text = _as_json(content) or _as_form(content, question)
    if text is None:
        text = _as_text(content[:_SHOWN])
        if text is None:
            return f"{len(content)} bytes, beginning with {content[:24]!r}"
        text = masking.assigned(text)
    shown = cut(text.replace("\r\n", "\n").replace("\n", "⏎"), 2 * COLUMNS)
    return f"{shown} ({len(content)} bytes)" if len(content) > _SHOWN else shown


# So much of a body is looked at
_SHOWN = 64 * 1024


def _as_json(content: bytes) -> str | None:
    if content[:1] not in (b"{", b"[") or len(content) > _SHOWN:
        return None
    try:
        return json.dumps(masking.value(json.loads(content), many=COLUMNS, deep=COLUMNS), ensure_ascii=False)
    except (ValueError, RecursionError):
        return None


def _as_form(content: bytes, question: Question) -> str | None:
    from ..records import reading  # noqa: PLC0415 - the matchers' house, which few tests enter

    try:
        if question.content_type == "application/x-www-form-urlencoded":
            form = reading.form(content[:_SHOWN], question.headers["Content-Type"])
            return " & ".join(f"{name}={value}" for name, value in masking.pairs(form.items()))
        if question.content_type == "multipart/form-data":
            return ", ".join(map(_part, reading.multipart(content, question.headers["Content-Type"])))
    except (ValueError, LookupError):  # it only says so
        return None
    return None


def _part(part: Any) -> str:
    name = part.name or "a part without a name"
    if masking.is_secret(name):
        return f"{name}={masking.MASK}"
    text = None if part.filename else _as_text(part.content[:_SHOWN])
    if text is None:
        return f"{name}: {part.filename or 'a file'}, {len(part.content)} bytes"
    return f"{name}={cut(masking.assigned(text))!r}"


def _as_text(start: bytes) -> str | None:
    """A text, of which the last character may be cut in two; None if it is none."""
    try:
        return getincrementaldecoder("utf-8")().decode(start)
    except UnicodeDecodeError:
        return None


def offered(number: int, candidate: Candidate) -> str:
    """One candidate: which it is, where it was registered, how often it was used, and its verdicts."""
    route = candidate.route
    head = f"{number}. {route.method} {cut(named(route))}"
    where = f"   registered at {route.origin}{used(route)}"
    rows = [(f"{_SYMBOLS[verdict.fits]} {verdict.condition}", told(verdict)) for verdict in candidate.verdicts]
    return "\n".join([head, where, table(rows, indent="   ")])


def told(verdict: Verdict) -> str:
    """What one condition says: of what fits the value, of what doesn't only the difference."""
    return cut(verdict.expected) if verdict.fits else verdict.difference


def named(route: Any) -> str:
    """A route's address, without its secrets."""
    address = route.address
    if isinstance(address, Exact):
        return str(masking.url(address.url))
    name = address.name
    return masking.assigned(name if isinstance(name, str) else name.pattern)


def used(route: Any) -> str:
    """How often a route has answered, and whether anything is left."""
    succession = route.succession
    given = succession.given
    if succession.exhausted:
        return f"; used up: it has answered {given} of {given}"
    if succession.times < float("inf"):
        return f"; it has answered {given} of {int(succession.times)}"
    count = route.call_count
    return f"; it has answered {count} request{'s' * (count > 1)}" if count else ""


def _earlier(route: Any) -> str:
    lines = []
    for call in route.calls[-5:]:
        line = getattr(call, "asked_at", None)
        lines.append((f"{call.method} {call.status or ''}".strip(), str(line) if line is not None else ""))
    return table(lines) if any(text for _, text in lines) else ""


def _title(many: int, shown: int) -> str:
    if many == 1:
        return "The only route:"
    return f"The nearest of {many} routes:" if many > shown else f"The {many} routes, the nearest first:"

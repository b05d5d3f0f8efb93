"""A call in words: all that was asked and answered.

Law of this room: it is for whoever looks at one call; secrets are masked, and what is long is cut.
"""

from __future__ import annotations

from codecs import getincrementaldecoder
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from ..diagnosis import masking
from ..diagnosis.layout import table
from ..errors import BodyNotKeptError

if TYPE_CHECKING:
    from ..route import Route
    from .call import Call

_LONGEST_BODY = 1000
_LONGEST_VALUE = 200


def described(call: Call) -> str:
    """The call, on several lines."""
    request = [*_headers(call.request_headers.items()), *_body(call)]
    answer = list(_headers(call.response_headers.items()))
    first = f"{call.method} {masking.url(call.url)} -> {masking.assigned(outcome(call))}"
    pieces = [first, table(_rows(call))]
    if request:
        pieces += ["Request:", *request]
    if answer:
        pieces += ["Answer:", *answer]
    return _scrubbed(call, "\n".join(pieces))


def outcome(call: Call) -> str:
    """What became of it: the status, what was raised, or that nothing was answered."""
    said = [str(thing) for thing in (call.status, call.error) if thing is not None]
    return ", ".join(said) or "not answered"


def _rows(call: Call) -> Iterator[tuple[str, str]]:
    yield "asked at", "not known" if call.asked_at is None else str(call.asked_at)
    if call.route is None:
        yield "route", "none, it was passed through to the network"
    else:
        yield "route", f"{call.route.method} {_name(call.route)}, registered at {call.route.origin}"
    if call.attempt > 1:
        yield "attempt", f"{call.attempt}: aiohttp sent it again, because the connection was lost before an answer"
    if (before := call.redirected_from) is not None:
        yield "redirected from", f"{before.method} {masking.url(before.url)} -> {outcome(before)}"
    if call.duration is not None:
        yield "took", f"{call.duration:.6f} s"


def _name(route: Route) -> str:
    name = route.address.name
    return masking.assigned(name if isinstance(name, str) else repr(name))


def _headers(headers: Iterable[tuple[str, str]]) -> Iterator[str]:
    for name, value in headers:
        yield f"  {name}: {_cut(masking.header(name, value))}"


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST_VALUE else text[: _LONGEST_VALUE - 1] + "…"


def _body(call: Call) -> Iterator[str]:
    try:
        there = call.body_size > 0
    except BodyNotKeptError:
        yield from ("", "  (a body that is not known: a stream, or one that is compressed on its way)")
        return
    if not there:
        return
    yield ""
    content = _content(call)
    text = _text(content[:_LONGEST_BODY])
    size = f"{call.body_size} bytes, SHA-256 {call.body_digest}"
    if text is None:
        yield f"  {size}"
        return
    yield from (f"  {line}".rstrip() for line in masking.assigned(text).splitlines())
    if len(content) > _LONGEST_BODY or call.body_size > len(call.body_start):
        yield f"  … ({size})"


def _content(call: Call) -> bytes:
    """The body, decompressed, or the beginning of a large one as it came."""
    try:
        return call.content
    except (BodyNotKeptError, ValueError):  # or it is not what its Content-Encoding says
        return call.body_start


def _text(start: bytes) -> str | None:
    """A text, of which the last character may be cut in two; None for anything else."""
    text = getincrementaldecoder("utf-8")("replace").decode(start)
    plain = "�" not in text and all(line.isprintable() for line in text.replace("\t", " ").splitlines())
    return text if plain else None


def _scrubbed(call: Call, text: str) -> str:
    secrets = masking.of_request(call.url, call.request_headers.items(), _content(call))
    return masking.Secrets(secrets).scrub(text)

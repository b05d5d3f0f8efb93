"""The registration that would have answered, ready to paste.

Law of this room: what it gives is Python that runs, and answers just that request. A secret in it is replaced by the
type `str`, which stands for any value.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import isfinite
from typing import Any

from ..notation import Bare, call, written
from . import masking
from .masking import is_secret
from .nearness import Candidate
from .paste import code
from .question import Question
from .verdict import Verdict

_LONG = 400
# As many characters of JSON may be one of Python
_ESCAPED = 6
# What is wrong about the rest is put right by the address
_PLACE = frozenset({"method", "scheme", "host", "path", "params", "pattern", "address"})


def suggestion(question: Question, nearest: Candidate | None, registry: str = "aiohttpretty") -> str:
    """The registration; with a condition for each that the nearest route of this address has, and that doesn't fit.

    `registry` is what the test calls it.
    """
    url = question.url.with_user(None)
    socket = question.opens_websocket
    arguments = [] if socket else [repr(question.method)]
    if any(map(is_secret, url.query)):
        params = [(name, str if is_secret(name) else value) for name, value in url.query.items()]
        arguments += [repr(str(url.with_query(None))), f"params={written(params)}"]
    else:
        arguments.append(repr(str(url)))
    conditions = list(_conditions(question, nearest)) if nearest is not None else []
    if conditions:
        arguments.append(f"match={conditions[0]}" if len(conditions) == 1 else f"match=[{', '.join(conditions)}]")
    if socket:
        return code(f"{registry}.register_websocket", arguments)
    return code(f"{registry}.register_uri", [*arguments, "body=b'...'"])


def _conditions(question: Question, nearest: Candidate) -> Iterator[str]:
    if any(miss.condition in _PLACE for miss in nearest.misses):
        return
    for miss in nearest.misses:
        kind, _, name = miss.condition.partition(" ")
        made = _MADE.get(kind, _none)(question, miss, name)
        if made is not None and len(made) <= _LONG:
            yield f"aiohttpretty.{made}"


def _none(question: Question, miss: Verdict, name: str) -> None:
    return None


def _header(question: Question, miss: Verdict, name: str) -> str | None:
    value = question.headers.get(name)
    if value is None:
        return None
    return call("header", name, str if is_secret(name) else value)


def _cookie(question: Question, miss: Verdict, name: str) -> str | None:
    return None if miss.actual == "nothing" else call("cookie", name, str)


def _json(question: Question, miss: Verdict, name: str) -> str | None:
    from ..matching.compare import checked_json  # noqa: PLC0415 - where there is a condition, it has been imported
    from ..records import reading  # noqa: PLC0415 - as above

    content = question.body or b""
    if len(content) > _ESCAPED * _LONG:
        return None
    try:
        value = reading.json(content, question.headers.get("Content-Type", ""))
        return call("json", _spelled(checked_json(masking.value(value, replaced=str), "match.json")))
    except (ValueError, RecursionError):  # it is no JSON, or deeper than one may expect
        return None


def _spelled(value: Any) -> Any:
    """A JSON value, with names that Python knows for NaN and the infinite, which JSON as Python reads it may hold."""
    if isinstance(value, dict):
        return {name: _spelled(item) for name, item in value.items()}
    if isinstance(value, list):
        return list(map(_spelled, value))
    return Bare(f"float('{value}')") if isinstance(value, float) and not isfinite(value) else value


def _form(question: Question, miss: Verdict, name: str) -> str | None:
    from ..records import reading  # noqa: PLC0415 - as above

    try:
        pairs = reading.form(question.body or b"", question.headers.get("Content-Type", "")).items()
    except ValueError:  # it is none
        return None
    return call("form", [(name, str if is_secret(name) else value) for name, value in pairs])


def _body(question: Question, miss: Verdict, name: str) -> str | None:
    if question.body is None or b"\n" in question.body:
        return None
    text = question.body.decode("utf-8", "replace")
    return call("body", question.body) if masking.assigned(text) == text else None


_MADE: dict[str, Callable[[Question, Verdict, str], str | None]] = {
    "header": _header,
    "cookie": _cookie,
    "json": _json,
    "form": _form,
    "body": _body,
}

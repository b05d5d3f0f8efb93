"""What the caller passed, against what was expected of it: where it differs.

Law of this room: it is told as a path in Python, `json['items'][1]['qty']`; what is equal is left out, and so are
secrets.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from yarl import URL

from ..addresses.uri import NO_URL
from ..diagnosis import masking
from ..diagnosis.difference import NOTHING, Point, around
from ..diagnosis.masking import MASK, is_secret

ABSENT: Any = object()
"""In place of a value that is not there."""


def apart(name: str, expected: Any, actual: Any) -> Iterator[Point]:
    """The places where two values differ; none if they are equal."""
    if not equal(expected, actual):
        yield from _apart(name, expected, actual, is_secret(name))


def equal(expected: Any, actual: Any) -> bool:
    """Whether both are there and equal; no, if they can't be compared."""
    if expected is ABSENT or actual is ABSENT:
        return False
    try:
        return expected is actual or bool(expected == actual)
    except Exception:  # of an object of the test's own, or of an array's many answers
        return False


def _apart(path: str, expected: Any, actual: Any, secret: bool) -> Iterator[Point]:
    inner = list(_inside(path, expected, actual, secret))
    yield from inner or [_point(path, expected, actual, secret)]


def _inside(path: str, expected: Any, actual: Any, secret: bool) -> Iterator[Point]:
    if isinstance(expected, Mapping) and isinstance(actual, Mapping):
        for key in [*expected, *(key for key in actual if key not in expected)]:
            pair = expected.get(key, ABSENT), actual.get(key, ABSENT)
            if not equal(*pair):
                yield from _apart(f"{path}[{key!r}]", *pair, secret or is_secret(str(key)))
    elif isinstance(expected, (list, tuple)) and type(expected) is type(actual) and len(expected) == len(actual):
        for at, pair in enumerate(zip(expected, actual, strict=True)):
            if not equal(*pair):
                yield from _apart(f"{path}[{at}]", *pair, secret)


def _point(path: str, expected: Any, actual: Any, secret: bool) -> Point:
    if secret:
        return Point(path, *(NOTHING if one is ABSENT else MASK for one in (expected, actual)))
    return Point(path, *around(shown(expected), shown(actual)))


def shown(value: Any) -> str:
    """A value as it may be shown, on one line."""
    if value is ABSENT:
        return NOTHING
    try:
        # what a call has as its uri is equal to a str, and is to look like one
        if isinstance(value, (str, URL)):
            return repr(_without_secrets(value))
        return masking.assigned(repr(masking.value(value)))
    except Exception:  # a broken repr
        return f"<{type(value).__name__}>"


def _without_secrets(value: str | URL) -> str:
    text = str(value)
    try:
        return masking.assigned(str(masking.url(URL(text))) if "://" in text else text)
    except NO_URL:  # no address after all
        return masking.assigned(text)

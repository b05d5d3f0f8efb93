"""The kinds of matchers that look at the head of a request: its headers and its query.

Law of this room: as for the body, what can't be read is a reason, and what the test's own code raises is left alone.
"""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from ..notation import Bare, call, in_python
from .compare import first_of
from .leaf import IN_TEXT, Place, asks, checked, none_fits
from .matcher import Matcher, Request
from .pairs import Expected, Kind, as_mapping, refusals

# A semicolon may stand in quotes: servers take what is in them for one value
_COOKIE = re.compile(r'([^=;]*)(?:=\s*("(?:[^"\\]|\\.)*"\s*(?=;|$)|[^;]*))?(?:;|$)')
_COOKIE_ESCAPE = re.compile(r"\\([0-3][0-7][0-7]|.)")


class Header(Matcher):
    """The values of one header."""

    asks = False

    def __init__(self, name: str, expected: Any) -> None:
        self.name = name
        self.expected = expected

    def why_not(self, request: Request) -> str | None:
        return _one_of(f"the header {self.name}", self.expected, self.read(request))

    def read(self, request: Request) -> list[str]:
        """The values that the request has."""
        return request.request_headers.getall(self.name, [])

    def essence(self) -> dict[str, Any]:
        return {"name": self.name.lower(), "expected": self.expected}

    def __repr__(self) -> str:
        return call("header", self.name, self.expected)


class Headers(Matcher):
    """Several headers at once."""

    def __init__(self, headers: tuple[Header, ...]) -> None:
        self.headers = headers

    def why_not(self, request: Request) -> str | None:
        return first_of(self._reasons(request))

    def _reasons(self, request: Request) -> Iterator[str | None]:
        for header in self.headers:
            if asks(header):
                yield None
            reason = header.why_not(request)
            if reason is not None:
                yield reason

    def essence(self) -> dict[str, Any]:
        wanted: dict[str, list[Any]] = {}
        for header in self.headers:
            wanted.setdefault(header.name.lower(), []).append(header.expected)
        return wanted

    def __repr__(self) -> str:
        pairs = [(header.name, header.expected) for header in self.headers]
        return call("headers", dict(pairs) if len(dict(pairs)) == len(pairs) else pairs)


class Cookie(Matcher):
    """The values of one cookie."""

    def __init__(self, name: str, expected: Any) -> None:
        self.name = name
        self.expected = expected

    def why_not(self, request: Request) -> str | None:
        return _one_of(f"the cookie {self.name}", self.expected, self.read(request))

    def read(self, request: Request) -> list[str]:
        """The values that the request carries."""
        return [value for name, value in _cookies(request) if name == self.name]

    def __repr__(self) -> str:
        return call("cookie", self.name, self.expected)


def _cookies(request: Request) -> Iterator[tuple[str, str]]:
    for header in request.request_headers.getall("Cookie", []):
        for name, value in _COOKIE.findall(header):
            yield name.strip(), _unquoted(value.strip())


def _unquoted(value: str) -> str:
    """As `http.cookies` writes what a cookie can't hold: in quotes, with octal escapes."""
    if len(value) < 2 or value[0] != '"' or value[-1] != '"':
        return value
    return _COOKIE_ESCAPE.sub(lambda match: chr(int(match[1], 8)) if len(match[1]) == 3 else match[1], value[1:-1])


def _one_of(noun: str, expected: Any, values: list[str]) -> str | None:
    are = " and ".join(map(in_python, values))
    if expected is None:
        return f"{noun} is {are}, and should not be there" if values else None
    if not values:
        return f"{noun} is missing"
    words = none_fits(expected, values)
    return None if words is None else f"{noun} is {are}{words}"


def _checked_param(value: object, place: Place, name: str) -> Any:
    return "" if value is None else checked(value, place, name)


PARAMS = Kind("the parameter", IN_TEXT, check=_checked_param)


class Params(Matcher):
    """The query, whole or in part."""

    def __init__(self, expected: Expected, *, partly: bool) -> None:
        self.expected = expected
        self.partly = partly

    def why_not(self, request: Request) -> str | None:
        return first_of(refusals(self.expected, request.url.query.items(), PARAMS, partly=self.partly))

    def __repr__(self) -> str:
        return call("params_contain" if self.partly else "params", as_mapping(self.expected))


class BasicAuth(Matcher):
    """User and password in the header Authorization."""

    def __init__(self, user: Any, password: Any) -> None:
        self.user = user
        self.password = password

    def why_not(self, request: Request) -> str | None:
        try:
            pairs = _credentials(request.request_headers.get("Authorization"))
        except ValueError as error:
            return str(error)
        strangers = [none_fits(self.user, [user]) for user, _ in pairs]
        if all(words is not None for words in strangers):
            return f"the user of the basic auth is {in_python(pairs[0][0])}{strangers[0]}"
        for stranger, (_, password) in zip(strangers, pairs, strict=True):
            if stranger is None and none_fits(self.password, [password]) is None:
                return None
        return f"the basic auth of {in_python(pairs[0][0])} has another password"

    def __repr__(self) -> str:
        return call("basic_auth", self.user, Bare("…"))


def _credentials(header: str | None) -> list[tuple[str, str]]:
    """User and password as they may be meant: clients write UTF-8 or Latin-1 (RFC 7617, 2.1).

    Raises:
        ValueError: there are none, and why.
    """
    if header is None:
        raise ValueError("the header Authorization is missing")
    scheme, _, token = header.partition(" ")
    if scheme.lower() != "basic":
        raise ValueError(f"the header Authorization is of the scheme {in_python(scheme)}, not Basic")
    try:
        raw = b64decode(token.strip(), validate=True)
    except ValueError:
        raise ValueError("the header Authorization is not base64 behind Basic") from None
    if b":" not in raw:
        raise ValueError("the header Authorization has no colon between user and password")
    texts = [raw.decode("latin-1")]
    with suppress(UnicodeDecodeError):
        texts.insert(0, raw.decode())
    return [(user, password) for user, _, password in (text.partition(":") for text in texts)]

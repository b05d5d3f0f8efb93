"""The record of one request that came by.

Law of this room: a record is plain data. It keeps no session, request or response of aiohttp's alive, so that
a session that the code under test forgot to close still says so.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from types import CodeType
from typing import TYPE_CHECKING, Any
from weakref import ref

from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from .address import Expression
from .coding import decode
from .errors import UnansweredError
from .uri import CalledUri

if TYPE_CHECKING:
    from .route import Route


class Call(Mapping[str, Any]):
    """One request that found its route.

    As a mapping it reads as what the caller passed: `method`, `uri` (which compares equal to a URL string, and
    into which `params` are joined), and every keyword exactly as it was given. The attributes are what went
    over the wire.
    """

    __slots__ = ("_body", "_head", "_headers", "_keywords", "method", "route", "status", "url")

    def __init__(self, method: str, url: URL, route: Route, keywords: Mapping[str, Any]) -> None:
        self.method = method
        """The method, in upper case."""
        self.url = url
        """The full URL, query included."""
        self.route = route
        """The route that answered."""
        self.status: int | None = None
        """The status that was answered; None until then."""
        self._keywords = keywords
        self._head = b""
        self._headers: CIMultiDictProxy[str] | None = None
        self._body: bytes | list[bytes] = b""

    def received(self, head: bytes, body: list[bytes]) -> None:
        """Take what the wire carried, when the request is complete."""
        self._head = head
        self._headers = None
        self._body = body

    @property
    def match_info(self) -> Mapping[str, str]:
        """What the variables of the route's template hold, decoded; or the named groups of its pattern."""
        return self.route.address.fits(self.url) or {}

    @property
    def groups(self) -> tuple[str | None, ...]:
        """All groups of the route's pattern, as `re.Match.groups()` gives them; empty for any other route."""
        address = self.route.address
        match = address.match(self.url) if isinstance(address, Expression) else None
        return () if match is None else match.groups()

    @property
    def request_headers(self) -> CIMultiDictProxy[str]:
        """The request's headers, as they went over the wire; empty until it is complete."""
        if self._headers is None:
            self._headers = CIMultiDictProxy(_headers(self._head))
        return self._headers

    @property
    def body(self) -> bytes:
        """The request's body, as it went over the wire without its chunk framing; compressed if it was."""
        if isinstance(self._body, list):
            self._body = b"".join(self._body)
        return self._body

    @property
    def content(self) -> bytes:
        """The request's body, decompressed as its Content-Encoding says (RFC 9110, 8.4).

        Raises:
            ValueError: it is not what its Content-Encoding says, or aiohttp here can't decode that.
        """
        encoding = ", ".join(self.request_headers.getall("Content-Encoding", ()))
        return decode(encoding, self.body) if encoding else self.body

    def text(self) -> str:
        """The request's body, decompressed and decoded as UTF-8.

        Raises:
            UnicodeDecodeError: it is not UTF-8.
            ValueError: it can't be decompressed.
        """
        return self.content.decode()

    def json(self) -> Any:
        """The request's body, read as JSON.

        Raises:
            json.JSONDecodeError: it is not JSON.
        """
        return json.loads(self.text())

    def __getitem__(self, name: str) -> Any:
        if name == "method":
            return self.method
        if name == "uri":
            return CalledUri(self.url)
        if name == "params":
            raise KeyError(name)
        return self._keywords[name]

    def __iter__(self) -> Iterator[str]:
        yield "method"
        yield "uri"
        for name in self._keywords:
            if name != "params":
                yield name

    def __len__(self) -> int:
        return 2 + len(self._keywords) - ("params" in self._keywords)

    def __repr__(self) -> str:
        return f"<Call {self.method} {self.url} -> {self.status or 'not answered'}>"


def _headers(head: bytes) -> CIMultiDict[str]:
    headers: CIMultiDict[str] = CIMultiDict()
    for line in head.split(b"\r\n")[1:]:
        name, colon, value = line.partition(b":")
        if colon:
            headers.add(name.decode(), value.strip(b" \t").decode("utf-8", "surrogateescape"))
    return headers


class Unmatched:
    """One request that no route answered, with what was said of it."""

    def __init__(self, method: str, url: URL, error: UnansweredError) -> None:
        self.method = method
        self.url = url
        self.report = str(error)
        self._error = ref(error)
        # Neither may hold the other, and both hold this set. Not a weak reference back to the record: one that dies
        # together with the error, in a cycle, is cleared by the garbage collector before the error can use it.
        self._codes: set[CodeType] = set()
        error.watch(self._codes.update)

    @property
    def codes(self) -> frozenset[CodeType]:
        """The code objects of the frames that the error has passed through."""
        error = self._error()
        return frozenset(self._codes) if error is None else error.codes() | self._codes

    def __repr__(self) -> str:
        return f"<Unmatched {self.method} {self.url}>"

"""Requests as they come over a socket, one behind another, from any client.

Law of this room: aiohttp's own server parser reads them, and what it refuses is refused. What came is spelled anew for
the rooms behind, in one spelling: a head, and a body in pieces.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterator
from typing import Any

from aiohttp.base_protocol import BaseProtocol
from aiohttp.http import HttpProcessingError, HttpRequestParser

# Bounds for what a head may be; those of aiohttp.web hold for its handlers, and a canned reply has none
_LONGEST = 1024 * 1024
# The parser's own is never reached: what it has read is taken away at once
_UNBOUNDED = 2**30


class Arrival:
    """One request: its head is there, its body may still be coming."""

    def __init__(self, message: Any, payload: Any) -> None:
        self.method: str = message.method
        self.target: str = message.path
        """As the request line has it (RFC 9112, 3.2)."""
        self.fields: list[tuple[bytes, bytes]] = list(message.raw_headers)
        """The header fields, as they came."""
        self.host: str = message.headers.get("Host", "").strip()
        self.old = tuple(message.version) < (1, 1)
        """Whether the client speaks HTTP/1.0."""
        self.closes: bool = message.should_close
        """Whether the connection ends with the answer."""
        self.upgrades: bool = message.upgrade
        """Whether the client wants to speak something else then."""
        self.chunked: bool = message.chunked
        self.over = False
        """Whether all of it has been taken."""
        self._payload = payload

    @property
    def length(self) -> int | None:
        """How long the body is; None if that is known only when it has come."""
        if self.chunked:
            return None
        return next((int(value) for name, value in self.fields if name.lower() == b"content-length"), 0)

    @property
    def whole(self) -> bool:
        """Whether all of it has come."""
        return bool(self._payload.is_eof())

    @property
    def broken(self) -> BaseException | None:
        """Why it never will."""
        error: BaseException | None = self._payload.exception()
        return error

    def head(self, target: str, host: str) -> bytes:
        """The head, for the server that is meant: as if it had been sent there."""
        version = "1.0" if self.old else "1.1"
        lines = [f"{self.method} {target} HTTP/{version}".encode("utf-8", "surrogateescape")]
        said = False
        for name, value in self.fields:
            if name.lower() == b"host":
                value, said = host.encode(), True  # noqa: PLW2901
            lines.append(name + b": " + value)
        if not (said or self.old):  # pragma: no cover - aiohttp < 3.14, which takes a request without
            lines.insert(1, b"Host: " + host.encode())
        return b"\r\n".join(lines) + b"\r\n\r\n"

    def pieces(self) -> Iterator[bytes]:
        """What of the body has come since, in its framing; with the last of it, its end."""
        if self.broken is None and (data := self._payload.read_nowait()):
            yield b"%x\r\n%b\r\n" % (len(data), data) if self.chunked else data
        if self.chunked and self.whole:
            yield b"0\r\n\r\n"


class Arrivals:
    """Those of one connection."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._parser = _parser(loop)
        self._upgrading = False
        self.waiting: deque[Arrival] = deque()
        """Those that nobody has taken yet."""
        self.error: Exception | None = None
        """What is wrong with what came behind them."""
        self.rest = b""
        """What came behind a request that would speak something else."""

    def feed(self, data: bytes) -> None:
        """Take what came."""
        if self.error is not None:
            return
        if self._upgrading:
            self.rest += data
            return
        try:
            messages, self._upgrading, tail = self._parser.feed_data(data)
        except (HttpProcessingError, ValueError) as error:
            self.error = error
            return
        self.waiting.extend(Arrival(*pair) for pair in messages)
        if self._upgrading:
            self.rest += bytes(tail)

    def go_on(self) -> None:
        """Nothing else is spoken: what came behind is a request as well."""
        if self._upgrading:
            self._parser = _parser(self._loop)
            self._upgrading = False
            rest, self.rest = self.rest, b""
            if rest:
                self.feed(rest)


def _parser(loop: asyncio.AbstractEventLoop) -> Any:
    kind: Any = HttpRequestParser
    return kind(
        BaseProtocol(loop),
        loop,
        _UNBOUNDED,
        max_line_size=_LONGEST,
        max_field_size=_LONGEST,
        auto_decompress=False,
    )

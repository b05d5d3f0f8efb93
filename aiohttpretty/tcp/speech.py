"""Answers as they are said to any client.

Law of this room: what a reply registers is what goes out, byte for byte, and its framing always holds: a Content-Length
that lies would be believed. What a handler says goes out as it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from ..wire.framing import BROKEN, COMPLETE, Progress, RequestReader

if TYPE_CHECKING:
    from ..wire.protocol import Shown

_HEAD_END = b"\r\n\r\n"
_STATUS = re.compile(rb"HTTP/1\.[01] (\d\d\d)\b")
_FRAMED = re.compile(rb"\r\n(?:content-length|transfer-encoding):")
_LOCATION = re.compile(rb"(?<=\r\n)(location:[ \t]*)([^\r\n]+)", re.IGNORECASE)
_SWITCHING_PROTOCOLS = 101
_BODILESS = (204, 304)
_REASONS = {400: "Bad Request", 500: "Internal Server Error", 501: "Not Implemented"}
_FRAMING = (b"content-length", b"transfer-encoding")


class Speech:
    """One answer, as it is said with `write`.

    Args:
        method: what it answers.
        old: whether the client speaks HTTP/1.0, which has no chunks.
        closes: whether the client wants the connection to end with it.
        moved: what a Location is to be, where the client is to find it.
    """

    shown: Shown | None = None
    """The reply whose head is put in the place of the next one."""
    upgraded = False
    """Whether what is said is no HTTP any more."""
    whole = False
    """Whether all is said."""
    begun = False
    """Whether anything is."""
    endless = False
    """Whether only the end of the connection tells its end."""

    def __init__(
        self,
        write: Callable[[bytes], None],
        *,
        method: str,
        old: bool,
        closes: bool,
        moved: Callable[[bytes], bytes] | None = None,
    ) -> None:
        self.closes = closes
        """Whether the connection ends with it."""
        self._write = write
        self._method = method
        self._old = old
        self._moved = moved
        self._head = b""
        self._reader: RequestReader | None = None  # answers are framed as requests are
        self._framed: Callable[[list[bytes], bool], bytes] | None = None  # another framing than what comes has

    def say(self, data: bytes) -> None:
        """Say some of it."""
        if self.upgraded or self.endless or self.whole:  # a handler may say more than it has announced
            self._write(data)
        elif self._reader is None:
            self._say_head(data)
        else:
            self._say_body(self._reader, data)

    def _say_head(self, data: bytes) -> None:
        before, self._head = len(self._head), self._head + data
        end = self._head.find(_HEAD_END) + len(_HEAD_END)
        status = _STATUS.match(self._head)
        if end < len(_HEAD_END) or status is None:
            self.begun = True
            self.endless = status is None and end >= len(_HEAD_END)  # it is meant to be no answer
            self._write(data)
            return
        head, rest, self._head = self._head[:end], self._head[end:], b""
        code = int(status[1])
        if code < 200 and code != _SWITCHING_PROTOCOLS:
            self._write(head[before:])
            if rest:
                self._say_head(rest)
            return
        self.begun = True
        reader = RequestReader()
        progress = reader.feed(head)
        if self.shown is not None:
            self._write(self._as_shown(self.shown, code, reader, head))
        else:
            self._write((head if self._moved is None or before else _LOCATION.sub(self._relocated, head))[before:])
        self._begin(code, head, reader, progress)
        if rest:
            self.say(rest)

    def _begin(self, code: int, head: bytes, reader: RequestReader, progress: Progress) -> None:
        self.closes = self.closes or reader.closes
        if code == _SWITCHING_PROTOCOLS:
            self.upgraded = True
        elif self._method == "HEAD" or code in _BODILESS:
            self.whole = True
        elif progress is BROKEN or not _FRAMED.search(head.lower()):
            self.endless = self.closes = True
        else:
            self._reader = reader
            if progress is COMPLETE:
                self._say_body(reader, b"")

    def _say_body(self, reader: RequestReader, data: bytes) -> None:
        progress = reader.feed(data) if data else COMPLETE
        pieces, reader.body = reader.body, []
        if self._framed is not None:
            data = self._framed(pieces, progress is COMPLETE)
        if data:
            self._write(data)
        if progress is COMPLETE:
            self.whole = not self.endless
        elif progress is BROKEN:
            self.endless = self.closes = True

    def _as_shown(self, shown: Shown, code: int, reader: RequestReader, head: bytes) -> bytes:
        """A head that says what the reply registers, in a framing that holds; and from now on, that framing."""
        bodiless = self._method == "HEAD" or code in _BODILESS
        fields = list(shown.raw_headers)
        connection = b",".join(value for name, value in fields if name.lower() == b"connection").lower()
        if not bodiless:
            fields = list(self._framing(fields, reader))
        if b"close" in connection:
            self.closes = True
        closes = self.closes or reader.closes
        if not connection and (closes or self._old):
            fields.append((b"Connection", b"close" if closes else b"keep-alive"))
        lines = [b"HTTP/1.1 %d %b" % (code, shown.reason.encode("utf-8", "surrogateescape"))]
        for name, value in fields:
            moved = self._moved is not None and name.lower() == b"location"
            lines.append(name + b": " + (self._moved(value) if moved and self._moved is not None else value))
        return b"\r\n".join(lines) + _HEAD_END

    def _framing(self, fields: list[tuple[bytes, bytes]], reader: RequestReader) -> Iterator[tuple[bytes, bytes]]:
        said = {name: [value for given, value in fields if given.lower() == name] for name in _FRAMING}
        in_chunks = [value for value in said[b"transfer-encoding"] if value.lower().endswith(b"chunked")]
        wanted = b"" if reader.chunked else b"%d" % reader._wanted
        if self._old and reader.chunked:
            self._framed, self.closes = _bare, True
            right = []
        elif (reader.chunked or in_chunks) and not self._old:
            self._framed = None if reader.chunked else _chunks
            right = [(b"transfer-encoding", in_chunks or [b"chunked"])]
        else:
            right = [(b"content-length", [wanted])]
        for name, value in fields:
            if name.lower() not in _FRAMING or any(name.lower() == one and said[one] == given for one, given in right):
                yield name, value
        for one, given in right:
            if said[one] != given:
                yield one.title(), given[0]

    def _relocated(self, found: re.Match[bytes]) -> bytes:
        assert self._moved is not None  # it is asked for then only
        return found[1] + self._moved(found[2])


def refusal_of(status: int, text: str) -> bytes:
    """An answer of the server itself, behind which it closes the connection."""
    body = text.encode("utf-8", "backslashreplace")
    head = f"HTTP/1.1 {status} {_REASONS[status]}\r\nContent-Type: text/plain; charset=utf-8\r\n".encode()
    return head + b"Content-Length: %d\r\nConnection: close\r\n\r\n%b" % (len(body), body)


def _bare(pieces: list[bytes], last: bool) -> bytes:
    return b"".join(pieces)


def _chunks(pieces: list[bytes], last: bool) -> bytes:
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces if piece)
    return chunks + b"0\r\n\r\n" if last else chunks

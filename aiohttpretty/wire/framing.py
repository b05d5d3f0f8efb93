"""Where one HTTP/1.1 request ends in the bytes that aiohttp writes (RFC 9112, 6 and 7.1).

Law of this room: collect, don't interpret. The head is kept as bytes, to be read when somebody looks at the
record; the body loses its chunk framing and nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import Enum, auto

_HEAD_END = b"\r\n\r\n"
_CRLF = b"\r\n"
# One scan of the head for all that is worth a closer look, which most requests have nothing of; and the last byte of
# the first line, which is the version's
_SPECIAL = re.compile(rb"\r\n(?:connection|content-length|expect|transfer-encoding):")
_ZERO = ord("0")
_LONGEST_SIZE_LINE = 32
# Of a number with more digits, Python refuses at some length to read all; nothing is as large either way
_LONGEST_LENGTH = 30
_CHUNK_SIZE = re.compile(rb"[0-9a-fA-F]+")


class Progress(Enum):
    """How far the request has come."""

    MORE = auto()
    """Bytes are missing."""
    CONTINUE = auto()
    """The client waits for `100 Continue` before it sends the body (RFC 9110, 10.1.1)."""
    COMPLETE = auto()
    """The request is whole."""
    BROKEN = auto()
    """The body does not follow the framing that the head announced; no server can find its end."""


# By these names, because CPython 3.11 takes four times as long to find a member in its class
MORE, CONTINUE, COMPLETE, BROKEN = Progress


class RequestReader:
    """Collects one request: `head` with its empty line, `body` in the pieces in which it came."""

    __slots__ = ("_last", "_rest", "_wanted", "body", "chunked", "closes", "head", "size")

    def __init__(self) -> None:
        self.head = b""
        self.body: list[bytes] = []
        self.size = 0
        """How many bytes of the body have come; the pieces may have been taken away."""
        self.closes = False
        """Whether the server is to close after its answer (RFC 9112, 9.3)."""
        self._rest = b""  # of a head or a chunk's framing that is not complete yet
        self._wanted = 0  # bytes of the body, or of the chunk with its line break, still to come
        self.chunked = False
        """Whether the body comes in chunks (RFC 9112, 7.1)."""
        self._last = False  # whether the chunk that ends the body has been announced

    def feed(self, data: bytes) -> Progress:
        """Take the next bytes and say how far the request has come."""
        if self.head:
            return self._feed_chunks(data) if self.chunked else self._feed_length(data)
        if self._rest:
            data, self._rest = self._rest + data, b""
        end = data.find(_HEAD_END)
        if end < 0:
            self._rest = data
            return MORE
        end += len(_HEAD_END)
        self.head = data if end == len(data) else data[:end]
        lowered = self.head.lower()
        expects = False
        if _SPECIAL.search(lowered) or lowered[lowered.index(_CRLF) - 1] == _ZERO:
            expects = self._read_framing(lowered)
        if self.chunked and self._wanted:
            return BROKEN  # RFC 9112, 6.3: both announced; aiohttp does so only for a hand-made header
        if end < len(data):
            return self.feed(data[end:])
        if expects:
            return CONTINUE
        return MORE if self.chunked or self._wanted else COMPLETE

    def replayed(self) -> Iterator[bytes]:
        """The whole request, once more, as it can be read again."""
        yield self.head
        for piece in self.body:
            yield b"%x\r\n%b\r\n" % (len(piece), piece) if self.chunked else piece
        if self.chunked:
            yield b"0\r\n\r\n"

    def _read_framing(self, head: bytes) -> bool:
        self.chunked = _field(head, b"transfer-encoding").endswith(b"chunked")
        length = _field(head, b"content-length")
        if length.isdigit():
            self._wanted = int(length.lstrip(b"0")[:_LONGEST_LENGTH] or b"0")
        connection = _field(head, b"connection")
        self.closes = connection == b"close" or (b" http/1.0\r\n" in head and connection != b"keep-alive")
        return _field(head, b"expect") == b"100-continue"

    def _feed_length(self, data: bytes) -> Progress:
        if data:
            self.body.append(data)
            self.size += len(data)
            self._wanted -= len(data)
        if self._wanted < 0:
            return BROKEN
        return MORE if self._wanted else COMPLETE

    def _feed_chunks(self, data: bytes) -> Progress:
        data, self._rest = self._rest + data if self._rest else data, b""
        at = 0
        while True:
            if self._wanted > len(_CRLF):
                # the last two of the wanted bytes are the line break that ends the chunk
                piece = data[at : at + self._wanted - len(_CRLF)]
                if not piece:
                    return MORE
                self.body.append(piece)
                self.size += len(piece)
                self._wanted -= len(piece)
                at += len(piece)
            end = data.find(_CRLF, at)
            if end < 0:
                self._rest = data[at:]
                return BROKEN if len(self._rest) > _LONGEST_SIZE_LINE else MORE
            line, at = data[at:end], end + len(_CRLF)
            if self._wanted:
                if line:
                    return BROKEN  # the chunk is longer than it said
                self._wanted = 0
                if self._last:
                    return COMPLETE
            elif not _CHUNK_SIZE.fullmatch(line):
                return BROKEN
            else:
                size = int(line, 16)
                self._wanted = size + len(_CRLF)
                self._last = size == 0


def _field(head: bytes, name: bytes) -> bytes:
    """The value of the first field of that name in a head in lower case; empty if there is none."""
    _, found, rest = head.partition(b"\r\n%b:" % name)
    return rest[: rest.index(b"\r\n")].strip(b" \t") if found else b""

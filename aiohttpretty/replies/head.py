"""The head of an answer, in the bytes that go over the wire.

Law of this room: what aiohttp acts on stands in the bytes; the rest is put in place when they have been parsed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from multidict import CIMultiDict

# What aiohttp's connection or decoder acts on must stand in the bytes that it parses
_HOP = ("Content-Encoding", "Connection")
# From here on aiohttp's own limits may refuse a head; then all of it must stand in the bytes that it parses. The
# limits count bytes, these characters, of which one is up to four bytes.
_LONG_FIELD, _MANY_FIELDS = 2000, 100
_FRAMING = ("content-length", "transfer-encoding")


def head(status: int, reason: str, headers: CIMultiDict[str]) -> bytes:
    """As much of a head as has to be parsed; the framing and an empty line come behind it."""
    longest = max(len(reason), *(len(name) + len(value) for name, value in headers.items()), 0)
    long = longest >= _LONG_FIELD or len(headers) >= _MANY_FIELDS
    lines = [f"HTTP/1.1 {status} {reason if long else ''}"]
    for name, value in headers.items():
        if name.lower() not in _FRAMING if long else name.title() in _HOP:
            lines.append(f"{name}: {value}")
    return wire("\r\n".join(lines) + "\r\n")


def full(line: bytes, headers: Iterable[tuple[str, str]], *, length: int | None, last: bool = False) -> bytes:
    """All of a head, with its empty line, as a server says it: behind `line`, the headers with a framing that holds."""
    framing = ("Transfer-Encoding", "chunked") if length is None else ("Content-Length", str(length))
    fields = [(name, value) for name, value in headers if name.lower() not in _FRAMING or name.title() == framing[0]]
    fields = [(name, framing[1] if name.title() == framing[0] else value) for name, value in fields]
    if framing[0] not in (name.title() for name, _ in fields):
        fields.append(framing)
    if last:
        fields.append(("Connection", "close"))
    return line + b"\r\n" + b"".join(wire(f"{name}: {value}\r\n") for name, value in fields) + b"\r\n"


def is_chunked(headers: Mapping[str, str]) -> bool:
    """Whether these say that the body comes in chunks."""
    return headers.get("Transfer-Encoding", "").lower().endswith("chunked")


def announced(headers: Mapping[str, str]) -> int | None:
    """How many bytes these say that the body has; None if they say nothing that can be believed."""
    value = headers.get("Content-Length", "")
    return int(value) if value.isascii() and value.isdecimal() and len(value) < 20 else None


def wire(text: str) -> bytes:
    """The text of a head in bytes, those that were no text as they were."""
    return text.encode("utf-8", "surrogateescape")

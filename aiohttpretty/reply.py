"""What will be said to a request.

Law of this room: everything is checked and rendered when it is registered, on the line that wrote it; a
request only picks the finished bytes up.

A reply goes out with framing of its own, which aiohttp's real parser reads, and carries the registered reason
and headers beside it, to be put in place when the head is parsed. So exactly the registered headers arrive,
whatever they say: none at all, Set-Cookie twice, or a Content-Length that disagrees with the body.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any

from multidict import CIMultiDict, CIMultiDictProxy

from .body import Stream, encode, encode_json
from .errors import OptionTypeError, OptionValueError

# RFC 9110, 5.1 and 5.6.2: a field name is a token
_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
# RFC 9110, 5.5: CR, LF and NUL in a value are dangerous, because of the ways they may be parsed
_INJECTION = re.compile("[\r\n\0]")
# RFC 9110, 6.4.1: no content in an answer with one of these, nor in any answer to HEAD
_BODILESS = frozenset({204, 304})
# What aiohttp's connection or decoder acts on must stand in the bytes that it parses
_HOP = ("Content-Encoding", "Connection")
# From here on aiohttp's own limits may refuse a head; then all of it must stand in the bytes that it parses. The
# limits count bytes, these characters, of which one is up to four bytes.
_LONG_FIELD, _MANY_FIELDS = 2000, 100

# Up to here a body is kept twice: once more behind its head, ready to go out
_SMALL = 64 * 1024


class Reply:
    """One finished answer."""

    __slots__ = ("_head", "body", "headers", "message", "raw_headers", "reason", "status", "whole")

    def __init__(self, *, status: int, reason: str, headers: CIMultiDict[str], body: bytes | Stream) -> None:
        self.status = status
        self.reason = reason
        self.headers = CIMultiDictProxy(headers)
        self.raw_headers = tuple((_wire(name), _wire(value)) for name, value in headers.items())
        self.body = body
        self._head = _head(status, reason, headers)
        self.message: Any = None
        """Room for the parsed head, which is the same each time; the wire fills it."""
        self.whole: bytes | None = None
        """Head and body in one, if the body is small."""
        if isinstance(body, bytes) and len(body) <= _SMALL:
            self.whole = self.head(length=len(body)) + body

    def head(self, *, length: int | None, last: bool = False) -> bytes:
        """The bytes of the head, for a body of `length` bytes, or one of unknown length (chunked).

        `last` says that no other answer follows on this connection.
        """
        framing = b"Transfer-Encoding: chunked" if length is None else b"Content-Length: %d" % length
        return self._head + framing + (b"\r\nConnection: close\r\n\r\n" if last else b"\r\n\r\n")

    def bodiless(self, method: str) -> bool:
        """Whether the answer to such a request has no content (RFC 9110, 6.4.1)."""
        return method == "HEAD" or self.status in _BODILESS

    def __repr__(self) -> str:
        return f"<Reply {self.status} {self.reason}".rstrip() + ">"


def is_token(name: str) -> bool:
    """Whether it can be a method or the name of a header (RFC 9110, 5.6.2)."""
    return _TOKEN.fullmatch(name) is not None


def reply(options: Mapping[str, Any], *, as_json: bool, encoded: bool = False) -> tuple[Reply, dict[str, Any]]:
    """The reply that `options` describe, and the options as they are shown in `registry`.

    `as_json` takes the body for a JSON value, as `register_json_uri` does; with `encoded`, as it does in
    `responses`, text and bytes are taken for JSON that is written already.

    Raises:
        OptionTypeError, OptionValueError: an option can't be served.
    """
    headers = _headers(options.get("headers", ()))
    written = encoded and isinstance(options["body"], (str, bytes, bytearray, memoryview))
    body = _body(options, headers, as_json=as_json, written=written)
    shown = dict(options)
    shown.pop("json", None)
    if "body" in options or "json" in options or as_json:
        shown["body"] = body.reader if isinstance(body, Stream) else body
    if as_json or "json" in options:
        shown["headers"] = dict(headers) if len(set(headers)) == len(headers) else headers.copy()
    if options.get("auto_length", False):
        if isinstance(body, Stream):
            raise OptionValueError(
                "auto_length=True needs a body whose size is known, and this one is a stream. "
                "Give the Content-Length in headers, or the body as bytes."
            )
        headers["Content-Length"] = str(len(body))
    made = Reply(
        status=_status(options.get("status", 200)),
        reason=_reason(options.get("reason", "")),
        headers=headers,
        body=body,
    )
    return made, shown


def _body(options: Mapping[str, Any], headers: CIMultiDict[str], *, as_json: bool, written: bool) -> bytes | Stream:
    if "body" in options and "json" in options:
        raise OptionTypeError("body= and json= are both given, and an answer has one body. Leave one of them out.")
    if not as_json and "json" not in options:
        return encode(options.get("body", b""))
    content = encode(options["body"]) if written else encode_json(options.get("json", options.get("body")))
    headers.setdefault("Content-Type", "application/json")
    return content


def _status(status: object) -> int:
    if isinstance(status, bool) or not isinstance(status, int):
        raise OptionTypeError(
            f"status={status!r} is not a status code. Give an int from 200 to 599, or a member of http.HTTPStatus."
        )
    if not 200 <= status <= 599:
        raise OptionValueError(
            f"status={int(status)} can't end a request. Give an int from 200 to 599, or a member of http.HTTPStatus."
        )
    return int(status)


def _reason(reason: object) -> str:
    if not isinstance(reason, str):
        raise OptionTypeError(
            f"reason={reason!r} is not a str. Give the words behind the status, such as "
            f"{HTTPStatus.NOT_FOUND.phrase!r}, or leave it out."
        )
    if _INJECTION.search(reason):
        raise OptionValueError(
            f"reason={reason!r} has a line break or a NUL in it, which would end the status line. Take it out."
        )
    return reason


def _headers(given: object) -> CIMultiDict[str]:
    headers: CIMultiDict[str] = CIMultiDict()
    for name, value in _pairs(given):
        if not isinstance(name, str):
            raise OptionTypeError(f"The header name {name!r} is not a str. Write it as one, such as 'Content-Type'.")
        if not is_token(name):
            raise OptionValueError(
                f"The header name {name!r} is not a token (RFC 9110, 5.6.2). Use letters, digits "
                "and hyphens, without spaces or colons."
            )
        if isinstance(value, bool) or not isinstance(value, (str, int)):
            raise OptionTypeError(
                f"The header {name} has the value {value!r}, which is not a str. Write it as one; "
                "for a repeated header give a list of pairs."
            )
        if _INJECTION.search(str(value)):
            raise OptionValueError(
                f"The header {name} has the value {value!r}, with a line break or a NUL in it, "
                "which would end the header. Take it out."
            )
        headers.add(name, str(value))
    return headers


def _pairs(given: object) -> Iterable[tuple[object, object]]:
    if given is None:
        return ()
    if isinstance(given, Mapping):
        return given.items()
    try:
        return [(name, value) for name, value in given]  # type: ignore[attr-defined]
    except (TypeError, ValueError):
        raise OptionTypeError(
            f"headers={given!r} are neither a mapping nor pairs. Give a dict, a multidict or a list "
            "of (name, value) pairs."
        ) from None


def _head(status: int, reason: str, headers: CIMultiDict[str]) -> bytes:
    longest = max(len(reason), *(len(name) + len(value) for name, value in headers.items()), 0)
    long = longest >= _LONG_FIELD or len(headers) >= _MANY_FIELDS
    lines = [f"HTTP/1.1 {status} {reason if long else ''}"]
    for name, value in headers.items():
        if name.lower() not in ("content-length", "transfer-encoding") if long else name.title() in _HOP:
            lines.append(f"{name}: {value}")
    return _wire("\r\n".join(lines) + "\r\n")


def _wire(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")

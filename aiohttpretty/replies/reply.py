"""What will be said to a request.

Law of this room: everything is checked and rendered when it is registered, on the line that wrote it; a
request only picks the finished bytes up.

A reply goes out with framing of its own, which aiohttp's real parser reads, and carries the registered reason
and headers beside it, to be put in place when the head is parsed. So exactly the registered headers arrive,
whatever they say: none at all, Set-Cookie twice, or a Content-Length that disagrees with the body.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Iterator, Mapping
from http import HTTPStatus
from types import ModuleType
from typing import Any

from multidict import CIMultiDict, CIMultiDictProxy

from .. import coding
from ..errors import OptionTypeError, OptionValueError
from ..script import Ending, Time, Wait
from ..words import check_time
from .body import Stream, check_charset, content_type, encode, encode_json
from .cookies import set_cookies
from .fault import Fault, check_fault
from .head import head, wire
from .headers import checked, injects, is_token
from .location import check_location
from .outcome import Error, check_delay, check_error, check_expects, check_handler
from .stream import Encoded
from .together import check_together, merged

__all__ = ["Reply", "is_token", "merged", "reply", "shared"]

# RFC 9110, 6.4.1: no content in an answer with one of these, nor in any answer to HEAD
_BODILESS = frozenset({204, 304})
# Up to here a body is kept twice: once more behind its head, ready to go out
_SMALL = 64 * 1024


class Reply:
    """One finished answer."""

    __slots__ = (
        *("_head", "body", "delay", "error", "handler", "headers", "message", "raw_headers", "reason", "status"),
        *("expects_errors", "fault", "time", "whole"),
    )
    host: Any = None
    """Where something that is mounted runs."""

    def __init__(
        self,
        *,
        status: int = 200,
        reason: str = "",
        headers: CIMultiDict[str],
        body: bytes | Stream = b"",
        delay: float = 0.0,
        error: Error | None = None,
        handler: Callable[..., Any] | None = None,
        expects_errors: bool = False,
        fault: Fault | None = None,
        time: Time | None = None,
    ) -> None:
        self.status = status
        self.reason = reason
        self.headers = CIMultiDictProxy(headers)
        self.raw_headers = tuple((wire(name), wire(value)) for name, value in headers.items())
        self.body = body
        self.delay = delay
        """How many seconds pass before anything is said."""
        self.error = error
        """What is raised at the client instead."""
        self.handler = handler
        """Who answers instead."""
        self.expects_errors = expects_errors
        """Whether exceptions that the handler lets out are meant."""
        self.fault = fault
        """What goes wrong below HTTP."""
        self.time: Time | None = time
        """Whether what waits takes its time; None for what the registry's settings say."""
        self._head = head(status, reason, headers)
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

    def exception(self) -> BaseException:
        """What is raised at the client: of a class a new one, of an instance itself, without the last time's traceback.

        Only for a reply that has an `error`.
        """
        assert self.error is not None
        return self.error() if isinstance(self.error, type) else self.error.with_traceback(None)

    def script(self, method: str, *, last: bool, wait: Wait) -> AsyncGenerator[bytes | Ending, None]:
        """What is said, step by step, to a request with that method; only for a reply that has a `fault`."""
        assert self.fault is not None
        return _faulty().script(self, self.fault, method, last=last, wait=wait)  # type: ignore[no-any-return]

    def __repr__(self) -> str:
        for word in ("error", "handler", "fault"):
            if (instead := getattr(self, word)) is not None:
                return f"<Reply {word}={instead!r}>"
        return f"<Reply {self.status} {self.reason}".rstrip() + ">"


def shared(options: Mapping[str, Any], *, as_json: bool) -> dict[str, Any]:
    """What stands beside `responses`, with a body that all items share, so that one of them can use it up.

    Raises:
        OptionTypeError, OptionValueError: the body can't be served.
    """
    shared = dict(options)
    if isinstance(shared.get("headers"), Iterator):
        shared["headers"] = list(shared["headers"])
    if not as_json and not isinstance(shared.get("body", b""), (str, bytes, bytearray, memoryview)):
        shared["body"] = encode(shared["body"], _charset(options))
    if "sse" in shared:
        shared["sse"] = _sse().events(shared["sse"])
    return shared


def reply(options: Mapping[str, Any], *, as_json: bool, encoded: bool = False) -> tuple[Reply, dict[str, Any]]:
    """The reply that `options` describe, and the options as they are shown in `registry`.

    `as_json` takes the body for a JSON value, as `register_json_uri` does; with `encoded`, as it does in
    `responses`, text and bytes are taken for JSON that is written already.

    Raises:
        OptionTypeError, OptionValueError: an option can't be served.
    """
    check_together(options, as_json=as_json)
    delay = check_delay(options.get("delay", 0))
    time = check_time(options["time"]) if "time" in options else None
    if (instead := _instead(options, delay, time)) is not None:
        return instead, dict(options)
    fault = check_fault(options["fault"]) if options.get("fault") is not None else None
    if "expect_errors" in options:
        raise OptionTypeError(
            "expect_errors= is about what a handler lets out, and there is no handler=. Leave it out."
        )
    headers = checked(options.get("headers", ()))
    written = encoded and isinstance(options["body"], (str, bytes, bytearray, memoryview))
    body = _body(options, headers, as_json=as_json, written=written)
    shown = _shown(options, headers, body, as_json=as_json)
    status = check_location(options, headers) if "location" in options else options.get("status", 200)
    body = _coded(options, headers, body)
    for cookie in set_cookies(options.get("cookies", {})):
        headers.add("Set-Cookie", cookie)
    status, reason = _status(status), _reason(options.get("reason", ""))
    if fault is not None:
        status, reason, body = _faulty().prepared(fault, status, reason, headers, body)
    auto_length = options.get("auto_length", False)
    if not isinstance(auto_length, bool):
        raise OptionTypeError(f"auto_length={auto_length!r} is not a bool. Give True, or leave it out.")
    if auto_length:
        headers["Content-Length"] = str(_length(body))
    if "sse" in options:
        delay = 0.0  # it stands between the events
    return Reply(status=status, reason=reason, headers=headers, body=body, delay=delay, fault=fault, time=time), shown


def _instead(options: Mapping[str, Any], delay: float, time: Time | None) -> Reply | None:
    if "error" in options:
        return Reply(headers=CIMultiDict(), delay=delay, error=check_error(options["error"]), time=time)
    if "handler" in options:
        handler = check_handler(options["handler"])
        expects = check_expects(options.get("expect_errors", False))
        return Reply(headers=CIMultiDict(), delay=delay, handler=handler, expects_errors=expects, time=time)
    return None


def _body(options: Mapping[str, Any], headers: CIMultiDict[str], *, as_json: bool, written: bool) -> bytes | Stream:
    if "sse" in options:
        _sse().head(headers)
        events: Stream = _sse().events(options["sse"]).paced(check_delay(options.get("delay", 0)))
        return events
    if not as_json and "json" not in options:
        return _text(options, headers)
    content = encode(options["body"]) if written else encode_json(options.get("json", options.get("body")))
    headers.setdefault("Content-Type", "application/json")
    return content


def _sse() -> ModuleType:
    from . import sse  # noqa: PLC0415 - few replies are events

    return sse


def _faulty() -> ModuleType:
    from . import faulty  # noqa: PLC0415 - few replies are

    return faulty


def _text(options: Mapping[str, Any], headers: CIMultiDict[str]) -> bytes | Stream:
    charset = _charset(options)
    if charset is None:
        return encode(options.get("body", b""))
    if "body" not in options:
        raise OptionTypeError(f"charset={charset!r} is given without a body= whose text it is of. Leave it out.")
    body = encode(options["body"], charset)
    name = next(
        (name for name in headers if name.lower() == "content-type"), "Content-Type"
    )  # in the caller's spelling
    headers[name] = content_type(headers.get(name), charset)
    return body


def _charset(options: Mapping[str, Any]) -> str | None:
    return check_charset(options["charset"]) if "charset" in options else None


def _shown(
    options: Mapping[str, Any], headers: CIMultiDict[str], body: bytes | Stream, *, as_json: bool
) -> dict[str, Any]:
    shown = dict(options)
    shown.pop("json", None)
    if "sse" in options and isinstance(body, Stream):
        return {**shown, "sse": body.source}
    if "body" in options or "json" in options or as_json:
        shown["body"] = body.source if isinstance(body, Stream) else body
    if as_json or "json" in options:
        shown["headers"] = dict(headers) if len(set(headers)) == len(headers) else headers.copy()
    return shown


def _coded(options: Mapping[str, Any], headers: CIMultiDict[str], body: bytes | Stream) -> bytes | Stream:
    if "content_encoding" not in options:
        return body
    given, known = options["content_encoding"], coding.known()
    if given not in known:
        kind = OptionValueError if isinstance(given, str) else OptionTypeError
        raise kind(
            f"content_encoding={given!r} is not known. Give one that aiohttp can decode here: "
            f"{', '.join(repr(name) for name in known)}."
        )
    if "Content-Encoding" in headers:
        raise OptionTypeError(
            f"content_encoding={given!r} is given beside the header Content-Encoding, which it writes. Leave the "
            "header out; or content_encoding, if the body is encoded already."
        )
    headers["Content-Encoding"] = given
    return Encoded(body, given) if isinstance(body, Stream) else coding.encode(given, body)


def _length(body: bytes | Stream) -> int:
    length = body.length if isinstance(body, Stream) else len(body)
    if length is None:
        raise OptionValueError(
            "auto_length=True needs a body whose size is known, and this one is a stream. "
            "Give the Content-Length in headers, or the body as bytes."
        )
    return length


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
    if injects(reason):
        raise OptionValueError(
            f"reason={reason!r} has a line break or a NUL in it, which would end the status line. Take it out."
        )
    return str.__str__(reason)  # of an enum's member, its value

"""What can go wrong below HTTP: give one of these as `fault=` of a reply.

Each happens as it would on a socket: aiohttp itself makes the exception of it, and decides whether to try again.
aiohttp silently repeats GET, HEAD, PUT, DELETE, OPTIONS and TRACE once when the connection is lost before the head of
an answer, so these faults answer that repetition too, unless `attempts=1` is given; each attempt is a call.

Positions (`after`) are in bytes of the body as it goes over the wire, lengths of time in seconds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from types import ModuleType
from typing import Any, Literal, get_args

from .errors import OptionTypeError
from .replies.amounts import (
    check_attempts,
    check_coding,
    check_flag,
    check_line,
    check_refusal,
    check_seconds,
    check_segment,
    check_size,
    check_step,
    check_word,
)
from .replies.fault import Fault
from .script import Unconnected

End = Literal["disconnect", "reset", "stall"]
Ends = End | Sequence[End]
CertificateReason = Literal["expired", "not_yet_valid", "revoked", "self_signed", "untrusted", "wrong_host"]

# -- before there is a connection


def refused() -> Fault:
    """Nobody listens at the server's port: `aiohttp.ClientConnectorError`, errno ECONNREFUSED."""
    return Fault("refused", connection=Unconnected("refused"))


def unreachable() -> Fault:
    """There is no way to the server's network: `aiohttp.ClientConnectorError`, errno ENETUNREACH."""
    return Fault("unreachable", connection=Unconnected("unreachable"))


def dns_failure(*, temporary: bool = False) -> Fault:
    """The server's name does not exist, or cannot be looked up now (`temporary`): `aiohttp.ClientConnectorDNSError`.

    Raises:
        OptionTypeError: `temporary` is no bool.
    """
    words = (("temporary", True),) if check_flag(temporary, "dns_failure", "temporary") else ()
    return Fault("dns_failure", words, connection=Unconnected("dns_failure", temporary))


def connect_timeout() -> Fault:
    """Nobody answers the attempt to connect, until the client's `sock_connect`, `connect` or `total` is over.

    `aiohttp.ConnectionTimeoutError`; where `total` is over, `TimeoutError`.
    """
    return Fault("connect_timeout", connection=Unconnected("connect_timeout"))


def tls_certificate(reason: CertificateReason = "expired") -> Fault:
    """The server's certificate is refused: `aiohttp.ClientConnectorCertificateError`, for an https address.

    Raises:
        OptionTypeError, OptionValueError: `reason` is none of the known ones.
    """
    check_word(reason, get_args(CertificateReason), "tls_certificate({!r}): that reason is not known")
    return Fault("tls_certificate", (("reason", reason),), connection=Unconnected("tls_certificate", reason))


def tls_handshake() -> Fault:
    """The server at the https address does not speak TLS: `aiohttp.ClientConnectorSSLError`."""
    return Fault("tls_handshake", connection=Unconnected("tls_handshake"))


def tls_fingerprint() -> Fault:
    """The server's certificate is not the one of the client's `aiohttp.Fingerprint`.

    `aiohttp.ServerFingerprintMismatch`.
    """
    return Fault("tls_fingerprint", connection=Unconnected("tls_fingerprint"))


def proxy_refused() -> Fault:
    """Nobody listens at the proxy's port: `aiohttp.ClientProxyConnectionError`."""
    return Fault("proxy_refused", connection=Unconnected("proxy_refused"))


def proxy_status(status: int = 407) -> Fault:
    """The proxy itself answers, with the headers and the body of the reply: `aiohttp.ClientHttpProxyError` for https.

    To a plain http request, the answer of the proxy is the response.

    Raises:
        OptionTypeError, OptionValueError: `status` is no status from 300 to 599.
    """
    number = check_refusal(status, "proxy_status")
    return Fault("proxy_status", (("status", number),), connection=Unconnected("proxy_status", number))


# -- before the response, or in its body


def disconnect(*, after: int | None = None, attempts: int | None = None) -> Fault:
    """The server closes the connection (FIN), before it answers or `after` so many bytes of the body.

    `aiohttp.ServerDisconnectedError`; in the body, `aiohttp.ClientPayloadError`.

    Raises:
        OptionTypeError, OptionValueError: `after` is no number of bytes, or `attempts` no number from 1 on.
    """
    return _ending("disconnect", after, attempts)


def reset(*, after: int | None = None, attempts: int | None = None) -> Fault:
    """The connection is reset (RST), before the answer or `after` so many bytes of its body.

    `aiohttp.ClientOSError`, errno ECONNRESET; in the body, `aiohttp.ClientPayloadError`.

    Raises:
        OptionTypeError, OptionValueError: `after` is no number of bytes, or `attempts` no number from 1 on.
    """
    return _ending("reset", after, attempts)


def stall(*, after: int | None = None) -> Fault:
    """The server falls silent, before it answers or `after` so many bytes of the body, until the client's timeout.

    `aiohttp.SocketTimeoutError` where `sock_read` is over, `TimeoutError` where `total` is.

    Raises:
        OptionTypeError, OptionValueError: `after` is no number of bytes.
    """
    return _ending("stall", after, None)


def during_upload(*, after: int, attempts: int | None = None) -> Fault:
    """The connection is reset when `after` bytes of the request's body have come, or all of a smaller one.

    `aiohttp.ClientOSError`.

    Raises:
        OptionTypeError, OptionValueError: `after` is no number of bytes, or `attempts` no number from 1 on.
    """
    size = check_size(after, "during_upload", "after")
    return Fault("during_upload", (("after", size),), upload=size, attempts=check_attempts(attempts, "during_upload"))


def truncate(*, after: int) -> Fault:
    """The answer ends `after` so many bytes of a body that was announced to be longer: `aiohttp.ClientPayloadError`.

    Fewer bytes come than its Content-Length said; or, if it is chunked, no last chunk.

    Raises:
        OptionTypeError, OptionValueError: `after` is no number of bytes.
    """
    return Fault("truncate", (("after", check_size(after, "truncate", "after")),))


def bad_chunk(*, after: int = 0) -> Fault:
    """The body comes in chunks, and `after` so many bytes of it one has a size that is no number.

    aiohttp's usual parser, the one in C, does not tell: reading ends only with the client's `total` (`TimeoutError`).
    The one in Python raises `aiohttp.http_exceptions.TransferEncodingError`.

    Raises:
        OptionTypeError, OptionValueError: `after` is no number of bytes.
    """
    return Fault("bad_chunk", (("after", check_size(after, "bad_chunk", "after")),))


def corrupt(encoding: str = "gzip") -> Fault:
    """The body is said to be encoded ("gzip", "deflate", "br", "zstd"), and can't be decoded.

    `aiohttp.ClientPayloadError`.

    Raises:
        OptionTypeError: `encoding` is no str; which ones aiohttp can decode here is said when it is registered.
    """
    return Fault("corrupt", (("encoding", check_coding(encoding, "corrupt")),))


def drip(*, chunk: int, every: float | timedelta) -> Fault:
    """The body comes in pieces of `chunk` bytes, one `every` so many seconds; nothing else is wrong with it.

    Raises:
        OptionTypeError, OptionValueError: `chunk` is no number of bytes from 1 on, or `every` no length of time.
    """
    size = check_size(chunk, "drip", "chunk", least=1)
    return Fault("drip", (("chunk", size), ("every", check_seconds(every, "drip(every=...)"))))


# -- in the head


def malformed(data: bytes, *, attempts: int | None = None) -> Fault:
    """These bytes come in the place of an answer, then the server closes: `aiohttp.ClientResponseError`, status 400.

    Raises:
        OptionTypeError, OptionValueError: `data` is not bytes, or empty, or `attempts` no number from 1 on.
    """
    segment = check_segment(data, "malformed({!r})")
    return Fault("malformed", (("data", segment),), attempts=check_attempts(attempts, "malformed"), shows=False)


def status_line(line: str | bytes) -> Fault:
    """The answer begins with this line, whatever it says.

    If it is no status line: `aiohttp.ClientResponseError`, status 400.

    Raises:
        OptionTypeError, OptionValueError: `line` is neither str nor bytes, or has a line break in it.
    """
    return Fault("status_line", (("line", check_line(line, "status_line")),), shows=False)


def oversized_header(size: int = 64 * 1024) -> Fault:
    """The answer has one header more, with a value of `size` bytes; aiohttp's limit is 8,190, or `max_field_size`.

    `aiohttp.ClientResponseError`, status 400.

    Raises:
        OptionTypeError, OptionValueError: `size` is no number of bytes, up to 16 MiB.
    """
    return Fault("oversized_header", (("size", check_size(size, "oversized_header", "size")),), shows=False)


def too_many_headers(count: int = 1000) -> Fault:
    """The answer has `count` headers more; where aiohttp has a limit, it is 128, or `max_headers`.

    `aiohttp.ClientResponseError`, status 400; aiohttp 3.12 has no limit, nor have those before it.

    Raises:
        OptionTypeError, OptionValueError: `count` is no number from 0 to 100,000.
    """
    return Fault("too_many_headers", (("count", check_size(count, "too_many_headers", "count")),), shows=False)


def raw(*steps: bytes | float | timedelta | Fault, attempts: int | None = None) -> Fault:
    """The far end, byte by byte: segments (bytes), pauses (seconds, or a timedelta), and at last how it ends.

    The end is `disconnect()`, `reset()` or `stall()`; without one, the connection stays open for the next request.

    Raises:
        OptionTypeError, OptionValueError: a step is none of these, or something stands behind the end.
    """
    if not steps:
        raise OptionTypeError("raw() says nothing. Give segments of bytes, and at last faults.disconnect().")
    said = tuple(check_step(step, at, last=at == len(steps) - 1) for at, step in enumerate(steps))
    return Fault("raw", (("steps", said),), attempts=check_attempts(attempts, "raw"), shows=False)


# -- an answer that breaks off


def cut(reply: Mapping[str, Any], *, at: int | str, end: End = "disconnect", attempts: int | None = None) -> Fault:
    """An answer that breaks off: all of it, the head too, is in `reply`; what else is registered beside it is not said.

    Args:
        reply: options of a reply, such as `{"status": 200, "body": b"ok"}`.
        at: after how many bytes of the answer, or a place in it, such as "in the status line"; `sweep` knows them all.
        end: how it ends then: "disconnect" (FIN), "reset" (RST) or "stall" (silence).
        attempts: how many attempts of one request it answers; all of them, if it is left out.

    Raises:
        OptionTypeError, OptionValueError: `reply` has not all of the bytes of an answer, or there is no such `at`.
    """
    return _sweeping().cut(reply, at, end, attempts)  # type: ignore[no-any-return]


def sweep(reply: Mapping[str, Any], *, ends: Ends = "disconnect", attempts: int | None = None) -> list[Fault]:
    """The same answer cut at every place that is interesting, in order: in and behind the status line and each header,
    in and at the borders of the body, or of its chunks. It is whole in none of them.

    The `str` of each fault says where, so that `pytest.mark.parametrize("fault", faults.sweep({...}), ids=str)` reads
    well. The arguments are those of `cut`; with several `ends`, each place comes with each of them.

    Raises:
        OptionTypeError, OptionValueError: as `cut` does.
    """
    return _sweeping().sweep(reply, ends, attempts)  # type: ignore[no-any-return]


def _sweeping() -> ModuleType:
    from .replies import sweep  # noqa: PLC0415 - few tests do

    return sweep


def _ending(name: str, after: int | None, attempts: int | None) -> Fault:
    words = () if after is None else (("after", check_size(after, name, "after")),)
    return Fault(name, words, attempts=check_attempts(attempts, name))

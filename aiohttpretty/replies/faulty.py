"""How an answer that goes wrong is said: its script, and whether there can be one.

Law of this room: it knows bytes and pauses, and what they are called; who plays them gives the waiting from outside.
"""

from __future__ import annotations

import math
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping
from contextlib import aclosing
from http import HTTPStatus
from typing import TYPE_CHECKING

from multidict import CIMultiDict

from .. import coding
from ..errors import OptionTypeError, OptionValueError
from ..script import Ending, Wait
from . import head
from .fault import Fault
from .possible import check_body
from .stream import Stream

if TYPE_CHECKING:
    from .reply import Reply

Script = AsyncGenerator[bytes | Ending, None]

_ENDINGS = {"disconnect": Ending.DISCONNECT, "truncate": Ending.DISCONNECT, "reset": Ending.RESET}
# What is said in one piece
_AT_ONCE = ("oversized_header", "proxy_status", "status_line", "too_many_headers")
_BAD_SIZE = b"not-a-size\r\n"
# A size of the window that there is not (RFC 7932, 9.1)
_NO_BROTLI = b"\x11"


# -- when it is registered


def prepared(
    fault: Fault, status: int, reason: str, headers: CIMultiDict[str], body: bytes | Stream
) -> tuple[int, str, bytes | Stream]:
    """Status, reason and body that go with the fault, and in `headers` what these need.

    Raises:
        OptionTypeError, OptionValueError: the fault can't happen to this answer.
    """
    length = len(body) if isinstance(body, bytes) else body.length
    check_body(fault, status, length, headers, chunked=_chunked(headers, body))
    if fault.name == "corrupt":
        return status, reason, _damaged(fault["encoding"], headers, body)
    if fault.name == "proxy_status":  # it is the proxy that answers
        status = fault["status"]
        reason = reason or _phrase(status)
    if fault.name in _AT_ONCE and isinstance(body, Stream):
        raise OptionTypeError(
            f"fault={fault!r} needs a body that is sent at once, and this one is a stream. Give it as bytes or str."
        )
    return status, reason, body


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""


def _damaged(encoding: str, headers: CIMultiDict[str], body: bytes | Stream) -> bytes:
    known = coding.known()
    if encoding not in known:
        raise OptionValueError(
            f"fault=faults.corrupt({encoding!r}): that coding is not known. Give one that aiohttp can decode here: "
            f"{', '.join(map(repr, known))}."
        )
    if isinstance(body, Stream):
        raise OptionTypeError(
            f"fault=faults.corrupt({encoding!r}) needs a body whose bytes are known, and this one is a stream. Give it "
            "as bytes or str."
        )
    if "Content-Encoding" in headers:
        raise OptionTypeError(
            f"fault=faults.corrupt({encoding!r}) is given beside the header Content-Encoding, which it writes. Leave "
            "the header out, and content_encoding= too."
        )
    headers["Content-Encoding"] = encoding
    damaged = bytes(255 - byte for byte in coding.encode(encoding, body))
    # Of any other coding, this is no beginning; of brotli, nearly all bytes are one
    return _NO_BROTLI + damaged[1:] if encoding == "br" else damaged


# -- when it is said


async def script(reply: Reply, fault: Fault, method: str, *, last: bool, wait: Wait) -> Script:
    """What is said to a request with that method, step by step; `wait` is for the pauses.

    Raises:
        BodyError: the body can't be read.
    """
    async with aclosing(_SCRIPTS[fault.name](reply, fault, reply.bodiless(method), last, wait)) as steps:
        async for step in steps:
            yield step


async def _cut(reply: Reply, fault: Fault, bodiless: bool, last: bool, wait: Wait) -> Script:
    after = fault["after"]
    if after is not None:
        yield reply.head(length=_announced(reply), last=last)
        if not bodiless:
            whole = fault.name == "truncate"
            async with aclosing(_beginning(reply, after, wait, whole=whole)) as pieces:
                async for piece in pieces:
                    yield piece
    if fault.name != "stall":
        yield _ENDINGS[fault.name]
    elif after is None or not bodiless:  # with its head, an answer without a body is whole
        await wait(math.inf)


async def _bad_chunk(reply: Reply, fault: Fault, bodiless: bool, last: bool, wait: Wait) -> Script:
    yield reply.head(length=None, last=last)
    if not bodiless:
        async with aclosing(_pieces(reply, wait)) as pieces:
            async for piece in _first(pieces, fault["after"]):
                yield _chunk(piece)
        yield _BAD_SIZE
    yield Ending.DISCONNECT


async def _drip(reply: Reply, fault: Fault, bodiless: bool, last: bool, wait: Wait) -> Script:
    yield _head(reply, last=last)
    if bodiless:
        return
    size, chunked, first = fault["chunk"], _length(reply) is None, True
    async with aclosing(_pieces(reply, wait)) as pieces:
        async for piece in pieces:
            for at in range(0, len(piece), size):
                if not first:
                    await wait(fault["every"])
                first = False
                yield _chunk(piece[at : at + size]) if chunked else piece[at : at + size]
    if chunked:
        yield b"0\r\n\r\n"


async def _malformed(reply: Reply, fault: Fault, bodiless: bool, last: bool, wait: Wait) -> Script:
    yield fault["data"]
    yield Ending.DISCONNECT


async def _odd_head(reply: Reply, fault: Fault, bodiless: bool, last: bool, wait: Wait) -> Script:
    line = fault["line"]
    if line is None:
        line = _line(reply)
    elif isinstance(line, str):
        line = head.wire(line)
    headers = [*reply.headers.items(), *_more(fault)]
    yield head.full(line, headers, length=_length(reply), last=last) + (b"" if bodiless else _framed(reply))


async def _broken_off(reply: Reply, fault: Fault, bodiless: bool, last: bool, wait: Wait) -> Script:
    said, end = 0, fault["end"] or "disconnect"
    for segment in fault["reply"].breaking_off(fault["at"], bodiless=bodiless):
        said += len(segment)
        yield segment
    if end != "stall":
        yield _ENDINGS[end]
    elif not bodiless or said < len(fault["reply"].head):
        await wait(math.inf)


async def _at_once(reply: Reply, fault: Fault, bodiless: bool, last: bool, wait: Wait) -> Script:
    yield _head(reply, last=last) + (b"" if bodiless else _framed(reply))


async def _raw(reply: Reply, fault: Fault, bodiless: bool, last: bool, wait: Wait) -> Script:
    for step in fault["steps"]:
        if isinstance(step, bytes):
            yield step
        elif not isinstance(step, Fault):
            await wait(step)
        elif step.name == "stall":
            await wait(math.inf)
        else:
            yield _ENDINGS[step.name]


_SCRIPTS: dict[str, Callable[[Reply, Fault, bool, bool, Wait], Script]] = {
    **dict.fromkeys(("disconnect", "reset", "stall", "truncate"), _cut),
    **dict.fromkeys(("status_line", "oversized_header", "too_many_headers"), _odd_head),
    "bad_chunk": _bad_chunk,
    "corrupt": _at_once,
    "cut": _broken_off,
    "drip": _drip,
    "malformed": _malformed,
    "raw": _raw,
}


# -- its parts


def _chunked(headers: Mapping[str, str], body: bytes | Stream) -> bool:
    # what the reply registers decides; a stream of unknown length can't be sent otherwise
    return head.is_chunked(headers) or (isinstance(body, Stream) and body.length is None)


def _length(reply: Reply) -> int | None:
    if _chunked(reply.headers, reply.body):
        return None
    return len(reply.body) if isinstance(reply.body, bytes) else reply.body.length


def _announced(reply: Reply) -> int | None:
    """The same, or the length that was registered: there may be less of a body that breaks off."""
    length, said = _length(reply), head.announced(reply.headers)
    return length if length is None or said is None else said


def _head(reply: Reply, *, last: bool) -> bytes:
    return reply.head(length=_length(reply), last=last)


def _line(reply: Reply) -> bytes:
    return head.wire(f"HTTP/1.1 {reply.status} {reply.reason}")


def _more(fault: Fault) -> Iterator[tuple[str, str]]:
    if fault["size"] is not None:
        yield "X-Oversized", "x" * fault["size"]
    for number in range(fault["count"] or 0):
        yield f"X-Header-{number}", "x"


def _chunk(piece: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(piece), piece)


def _framed(reply: Reply) -> bytes:
    body = reply.body
    assert isinstance(body, bytes)  # as `prepared` saw to
    return body if _length(reply) is not None else (_chunk(body) if body else b"") + b"0\r\n\r\n"


async def _pieces(reply: Reply, wait: Wait) -> AsyncGenerator[bytes, None]:
    if not isinstance(reply.body, bytes):
        async with aclosing(reply.body.open(wait)) as pieces:
            async for piece in pieces:
                yield piece
    elif reply.body:
        yield reply.body


async def _first(pieces: AsyncGenerator[bytes, None], size: int) -> AsyncGenerator[bytes, None]:
    """The first `size` bytes of them."""
    if not size:
        return
    async for piece in pieces:
        yield piece[:size]
        size -= len(piece)
        if size <= 0:
            return


async def _beginning(reply: Reply, size: int, wait: Wait, *, whole: bool) -> AsyncGenerator[bytes, None]:
    """The first `size` bytes of the body in its framing; of a chunk that is cut, the announcement stays whole,
    unless `whole` chunks are meant."""
    chunked = _length(reply) is None
    if not size:
        return
    async with aclosing(_pieces(reply, wait)) as pieces:
        async for piece in pieces:
            part = piece[:size]
            if chunked:
                announced = part if whole else piece
                yield _chunk(announced) if len(part) == len(announced) else b"%x\r\n%b" % (len(announced), part)
            else:
                yield part
            size -= len(part)
            if not size:
                return

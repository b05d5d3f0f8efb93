"""Faults of the answer: before it, in its head, in its body; and answers that come byte by byte."""

# ruff: noqa: E501 - a message is written as it reads
import asyncio
import gzip
import zlib

from .raw import FIN, RST, Partly, Pause
from .situation import BODY, CHUNKED, FEW, GETS, LENGTH, POSTS, Ends, Situation, Way, chunked

_ANSWER = LENGTH + BODY
_CODED = b"HTTP/1.1 200 \r\nTransfer-Encoding: chunked\r\nContent-Encoding: %b\r\n\r\n"


async def _streamed():
    for at in range(0, 20, 5):
        yield BODY[at : at + 5]


async def _stuck():
    """What a client sends, and comes to no end with."""
    yield BODY[:5]
    await asyncio.get_running_loop().create_future()


def streamed():
    return chunked(body=_streamed())


def _chunk(data):
    return b"%x\r\n%b\r\n" % (len(data), data)


def _damaged(coding, data):
    damaged = bytes(255 - byte for byte in data)
    return [(_CODED % coding, _chunk(damaged), b"0\r\n\r\n")]


BEFORE = [
    Situation(
        "disconnect",
        "faults.disconnect()",
        [(FIN,)],
        Ends("aiohttp.ServerDisconnectedError: Server disconnected", repeats=True),
    ),
    Situation(
        "reset",
        "faults.reset()",
        [(RST,)],
        Ends("aiohttp.ClientOSError: [Errno 104] Connection reset by peer", repeats=True, errno=104),
    ),
    Situation(
        "during_upload",
        "faults.during_upload(after=5)",
        [(Partly(5), RST)],
        Ends("aiohttp.ClientOSError: [Errno 104] Connection reset by peer", repeats=True, errno=104),
    ),
    Situation(
        "during_upload of all",
        "faults.during_upload(after=5000)",
        [(Partly(5000), RST)],
        Ends("aiohttp.ClientOSError: [Errno 104] Connection reset by peer", repeats=True, errno=104),
        said="-",
    ),
    Situation(
        "during_upload of a stream",
        "faults.during_upload(after=5)",
        [(Partly(5), RST)],
        Ends("aiohttp.ClientOSError: [Errno 104] Connection reset by peer", errno=104),
        asking={"data": _stuck, "headers": {"Content-Length": "20"}},
        ways=POSTS,
        said="-",
    ),
]

IN_THE_HEAD = [
    Situation(
        "malformed",
        'faults.malformed(b"not HTTP\\r\\n\\r\\n")',
        [(b"not HTTP\r\n\r\n", FIN)],
        Ends(
            "aiohttp.ClientResponseError: 400, message=\"Bad status line:\\n  Expected HTTP/, RTSP/ or ICE/:\\n\\n  b'not HTTP'\\n    ^\", url='http://example.com/a'"
        ),
    ),
    Situation(
        "malformed header",
        'faults.malformed(b"HTTP/1.1 200 OK\\r\\nno colon\\r\\n\\r\\n")',
        [(b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n", FIN)],
        Ends(
            "aiohttp.ClientResponseError: 400, message=\"Invalid header token:\\n\\n  b'no colon'\\n      ^\", url='http://example.com/a'"
        ),
    ),
    Situation(
        "malformed and cut",
        'faults.malformed(b"HTTP/1.1 200 OK\\r\\nContent-")',
        [(b"HTTP/1.1 200 OK\r\nContent-", FIN)],
        Ends(
            "aiohttp.ServerDisconnectedError: <RawResponseMessage(version=HttpVersion(major=1, minor=1), code=200, reason='OK', headers=<CIMultiDictProxy('Content-': '')>, raw_headers=((b'Content-', b''),), should_close=True, compression=None, upgrade=False, chunked=False)>",
            repeats=True,
        ),
    ),
    Situation(
        "malformed once",
        'faults.malformed(b"SSH-2.0-OpenSSH_9.7\\r\\n", attempts=2)',
        [(b"SSH-2.0-OpenSSH_9.7\r\n", FIN)],
        Ends(
            "aiohttp.ClientResponseError: 400, message=\"Bad status line:\\n  Expected HTTP/, RTSP/ or ICE/:\\n\\n  b'SSH-2.0-OpenSSH_9.7'\\n    ^\", url='http://example.com/a'"
        ),
        said="-",
    ),
    Situation(
        "status_line",
        'faults.status_line("HTTP/1.1 abc OK")',
        [(b"HTTP/1.1 abc OK\r\nContent-Length: 20\r\n\r\n" + BODY,)],
        Ends(
            "aiohttp.ClientResponseError: 400, message=\"Bad status line:\\n  Invalid status code:\\n\\n  b'HTTP/1.1 abc OK'\\n             ^\", url='http://example.com/a'"
        ),
    ),
    Situation(
        "status_line of another",
        'faults.status_line("HTTP/2 200")',
        [(b"HTTP/2 200\r\nContent-Length: 20\r\n\r\n" + BODY,)],
        Ends(
            "aiohttp.ClientResponseError: 400, message=\"Bad status line:\\n  Expected dot:\\n\\n  b'HTTP/2 200'\\n          ^\", url='http://example.com/a'"
        ),
    ),
    Situation(
        "status_line that is one",
        'faults.status_line("HTTP/1.0 299 Odd")',
        [(b"HTTP/1.0 299 Odd\r\nContent-Length: 20\r\n\r\n" + BODY,)],
        Ends(arrived=BODY),
        said="-",
    ),
    Situation(
        "oversized_header",
        "faults.oversized_header(10_000)",
        [(b"HTTP/1.1 200 \r\nContent-Length: 20\r\nX-Oversized: " + 10_000 * b"x" + b"\r\n\r\n" + BODY,)],
        Ends(
            "aiohttp.ClientResponseError: 400, message=\"Got more than 8190 bytes when reading: b'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx...'.\", url='http://example.com/a'"
        ),
    ),
    Situation(
        "oversized_header that is not",
        "faults.oversized_header(100)",
        [(b"HTTP/1.1 200 \r\nContent-Length: 20\r\nX-Oversized: " + 100 * b"x" + b"\r\n\r\n" + BODY,)],
        Ends(arrived=BODY),
        said="-",
    ),
    Situation(
        "too_many_headers",
        "faults.too_many_headers()",
        [
            (
                b"HTTP/1.1 200 \r\nContent-Length: 20\r\n"
                + b"".join(b"X-Header-%d: x\r\n" % number for number in range(1000))
                + b"\r\n"
                + BODY,
            )
        ],
        Ends("aiohttp.ClientResponseError: 400, message='Too many headers received', url='http://example.com/a'"),
    ),
]

IN_THE_BODY = [
    Situation(
        "disconnect in the body",
        "faults.disconnect(after=5)",
        [(LENGTH, BODY[:5], FIN)],
        Ends(
            "aiohttp.ClientPayloadError: Response payload is not completed: <ContentLengthError: 400, message='Not enough data to satisfy content length header (received 5 of 20 bytes).'>",
            reading=True,
            arrived=BODY[:5],
        ),
    ),
    Situation(
        "disconnect behind the head",
        "faults.disconnect(after=0)",
        [(LENGTH, FIN)],
        Ends(
            "aiohttp.ClientPayloadError: Response payload is not completed: <ContentLengthError: 400, message='Not enough data to satisfy content length header (received 0 of 20 bytes).'>",
            reading=True,
        ),
        said="-",
    ),
    Situation(
        "disconnect in a chunk",
        "faults.disconnect(after=5)",
        [(CHUNKED, b"14\r\n01234", FIN)],
        Ends(
            "aiohttp.ClientPayloadError: Response payload is not completed: <TransferEncodingError: 400, message='Not enough data to satisfy transfer length header.'>",
            reading=True,
            arrived=BODY[:5],
        ),
        reply=chunked(),
        said="`faults.disconnect(after=5)`, chunked",
    ),
    Situation(
        "disconnect before a chunk",
        "faults.disconnect(after=0)",
        [(CHUNKED, FIN)],
        Ends(
            "aiohttp.ClientPayloadError: Response payload is not completed: <TransferEncodingError: 400, message='Not enough data to satisfy transfer length header.'>",
            reading=True,
        ),
        reply=chunked(),
        said="-",
    ),
    Situation(
        "disconnect in a stream",
        "faults.disconnect(after=7)",
        [(CHUNKED, b"5\r\n01234\r\n", b"5\r\n56", FIN)],
        Ends(
            "aiohttp.ClientPayloadError: Response payload is not completed: <TransferEncodingError: 400, message='Not enough data to satisfy transfer length header.'>",
            reading=True,
            arrived=BODY[:7],
        ),
        reply=streamed,
        ways=GETS + POSTS[:2],
        said="-",
    ),
    Situation(
        "disconnect between chunks",
        "faults.disconnect(after=5)",
        [(CHUNKED, b"5\r\n01234\r\n", FIN)],
        Ends(
            "aiohttp.ClientPayloadError: Response payload is not completed: <TransferEncodingError: 400, message='Not enough data to satisfy transfer length header.'>",
            reading=True,
            arrived=BODY[:5],
        ),
        reply=streamed,
        ways=GETS,
        said="-",
    ),
    Situation(
        "reset in the body",
        "faults.reset(after=5)",
        [(LENGTH, BODY[:5], RST)],
        Ends(
            "aiohttp.ClientPayloadError: Response payload is not completed: <ContentLengthError: 400, message='Not enough data to satisfy content length header (received 5 of 20 bytes).'>. ConnectionResetError(104, 'Connection reset by peer')",
            reading=True,
            arrived=BODY[:5],
        ),
    ),
    Situation(
        "reset behind the head",
        "faults.reset(after=0)",
        [(LENGTH, RST)],
        Ends(
            "aiohttp.ClientPayloadError: Response payload is not completed: <ContentLengthError: 400, message='Not enough data to satisfy content length header (received 0 of 20 bytes).'>. ConnectionResetError(104, 'Connection reset by peer')",
            reading=True,
        ),
        said="-",
    ),
    Situation(
        "reset in a chunk",
        "faults.reset(after=5)",
        [(CHUNKED, b"14\r\n01234", RST)],
        Ends(
            "aiohttp.ClientPayloadError: Response payload is not completed: <TransferEncodingError: 400, message='Not enough data to satisfy transfer length header.'>. ConnectionResetError(104, 'Connection reset by peer')",
            reading=True,
            arrived=BODY[:5],
        ),
        reply=chunked(),
        said="`faults.reset(after=5)`, chunked",
    ),
    Situation(
        "reset in a stream",
        "faults.reset(after=7)",
        [(CHUNKED, b"5\r\n01234\r\n", b"5\r\n56", RST)],
        Ends(
            "aiohttp.ClientPayloadError: Response payload is not completed: <TransferEncodingError: 400, message='Not enough data to satisfy transfer length header.'>. ConnectionResetError(104, 'Connection reset by peer')",
            reading=True,
            arrived=BODY[:7],
        ),
        reply=streamed,
        ways=GETS,
        said="-",
    ),
    Situation(
        "truncate",
        "faults.truncate(after=5)",
        [(LENGTH, BODY[:5], FIN)],
        Ends(
            "aiohttp.ClientPayloadError: Response payload is not completed: <ContentLengthError: 400, message='Not enough data to satisfy content length header (received 5 of 20 bytes).'>",
            reading=True,
            arrived=BODY[:5],
        ),
    ),
    Situation(
        "truncate chunked",
        "faults.truncate(after=5)",
        [(CHUNKED, b"5\r\n01234\r\n", FIN)],
        Ends(
            "aiohttp.ClientPayloadError: Response payload is not completed: <TransferEncodingError: 400, message='Not enough data to satisfy transfer length header.'>",
            reading=True,
            arrived=BODY[:5],
        ),
        reply=chunked(),
        said="`faults.truncate(after=5)`, chunked",
    ),
    Situation(
        "truncate a stream",
        "faults.truncate(after=7)",
        [(CHUNKED, b"5\r\n01234\r\n", b"2\r\n56\r\n", FIN)],
        Ends(
            "aiohttp.ClientPayloadError: Response payload is not completed: <TransferEncodingError: 400, message='Not enough data to satisfy transfer length header.'>",
            reading=True,
            arrived=BODY[:7],
        ),
        reply=streamed,
        ways=GETS,
        said="-",
    ),
    Situation(
        "bad_chunk",
        "faults.bad_chunk()",
        [(CHUNKED, b"not-a-size\r\n", FIN)],
        Ends("TimeoutError", reading=True),
        timeout={"total": 0.05},
        reply=chunked(),
        said="-",
    ),
    Situation(
        "bad_chunk in the body",
        "faults.bad_chunk(after=5)",
        [(CHUNKED, b"5\r\n01234\r\n", b"not-a-size\r\n", FIN)],
        Ends("TimeoutError", reading=True, arrived=BODY[:5]),
        timeout={"total": 0.05},
        reply=chunked(),
        said="`faults.bad_chunk(after=5)`, `total` is over",
    ),
    Situation(
        "bad_chunk in a stream",
        "faults.bad_chunk(after=7)",
        [(CHUNKED, b"5\r\n01234\r\n", b"2\r\n56\r\n", b"not-a-size\r\n", FIN)],
        Ends("TimeoutError", reading=True, arrived=BODY[:7]),
        timeout={"total": 0.05},
        reply=streamed,
        ways=GETS,
        said="-",
    ),
    Situation(
        "corrupt",
        "faults.corrupt()",
        _damaged(b"gzip", gzip.compress(BODY, mtime=0)),
        Ends("aiohttp.ClientPayloadError: 400, message:\n  Can not decode content-encoding: gzip", reading=True),
        reply=chunked(),
    ),
    Situation(
        "corrupt deflate",
        'faults.corrupt("deflate")',
        _damaged(b"deflate", zlib.compress(BODY)),
        Ends("aiohttp.ClientPayloadError: 400, message:\n  Can not decode content-encoding: deflate", reading=True),
        reply=chunked(),
        said="-",
    ),
    Situation(
        "drip",
        "faults.drip(chunk=8, every=0.005)",
        [(LENGTH, BODY[:8], Pause(0.005), BODY[8:16], Pause(0.005), BODY[16:])],
        Ends(arrived=BODY),
    ),
    Situation(
        "drip chunked",
        "faults.drip(chunk=8, every=0.005)",
        [
            (
                *(CHUNKED, _chunk(BODY[:8]), Pause(0.005), _chunk(BODY[8:16]), Pause(0.005), _chunk(BODY[16:])),
                b"0\r\n\r\n",
            )
        ],
        Ends(arrived=BODY),
        reply=chunked(),
        said="-",
    ),
]

BYTE_BY_BYTE = [
    Situation(
        "raw and whole",
        f"faults.raw({_ANSWER!r})",
        [(_ANSWER,)],
        Ends(arrived=BODY),
        said="-",
    ),
    Situation(
        "raw in segments",
        f"faults.raw({_ANSWER[:9]!r}, 0.002, {_ANSWER[9:-10]!r}, {_ANSWER[-10:]!r})",
        [(_ANSWER[:9], Pause(0.002), _ANSWER[9:-10], _ANSWER[-10:])],
        Ends(arrived=BODY),
        said="-",
    ),
    Situation(
        "raw, cut in the head",
        f"faults.raw({LENGTH[:20]!r}, faults.disconnect())",
        [(LENGTH[:20], FIN)],
        Ends(
            "aiohttp.ServerDisconnectedError: <RawResponseMessage(version=HttpVersion(major=1, minor=1), code=200, reason='', headers=<CIMultiDictProxy('Conte': '')>, raw_headers=((b'Conte', b''),), should_close=True, compression=None, upgrade=False, chunked=False)>",
            repeats=True,
        ),
    ),
    Situation(
        "raw, reset in the head",
        f"faults.raw({LENGTH[:20]!r}, faults.reset())",
        [(LENGTH[:20], RST)],
        Ends("aiohttp.ClientOSError: [Errno 104] Connection reset by peer", repeats=True, errno=104),
    ),
    Situation(
        "cut in the head",
        'faults.cut({"body": b"0123456789abcdefghij"}, at=20)',
        [(b"HTTP/1.1 200 \r\nConte", FIN)],
        Ends(
            "aiohttp.ServerDisconnectedError: <RawResponseMessage(version=HttpVersion(major=1, minor=1), code=200, reason='', headers=<CIMultiDictProxy('Conte': '')>, raw_headers=((b'Conte', b''),), should_close=True, compression=None, upgrade=False, chunked=False)>",
            repeats=True,
        ),
    ),
    Situation(
        "cut in the body",
        'faults.cut({"body": b"0123456789abcdefghij"}, at=42, end="reset")',
        [(LENGTH + BODY[:5], RST)],
        Ends(
            "aiohttp.ClientPayloadError: Response payload is not completed: <ContentLengthError: 400, message='Not enough data to satisfy content length header (received 5 of 20 bytes).'>. ConnectionResetError(104, 'Connection reset by peer')",
            reading=True,
            arrived=BODY[:5],
        ),
    ),
    Situation(
        "raw, until it closes",
        'faults.raw(b"HTTP/1.1 200 OK\\r\\n\\r\\nsome", b" more", faults.disconnect())',
        [(b"HTTP/1.1 200 OK\r\n\r\nsome", b" more", FIN)],
        Ends(arrived=b"some more"),
    ),
    Situation(
        "raw, until it is reset",
        'faults.raw(b"HTTP/1.1 200 OK\\r\\n\\r\\nsome", faults.reset())',
        [(b"HTTP/1.1 200 OK\r\n\r\nsome", RST)],
        Ends(arrived=b"some"),
    ),
    Situation(
        "raw, with a hint before it",
        f"faults.raw(b'HTTP/1.1 103 Early Hints\\r\\nLink: </a>\\r\\n\\r\\n', {_ANSWER!r})",
        [(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n", _ANSWER)],
        Ends(arrived=BODY),
        said="-",
    ),
    Situation(
        "raw, with more than was announced",
        f"faults.raw({_ANSWER + b'xyz'!r}, faults.disconnect())",
        [(_ANSWER + b"xyz", FIN)],
        Ends(
            "aiohttp.ClientResponseError: 400, message=\"Bad status line:\\n  Expected HTTP/, RTSP/ or ICE/:\\n\\n  b'0123456789abcdefghijxyz'\\n                        ^\", url='http://example.com/a'"
        ),
        said="-",
    ),
    Situation(
        "raw, whole and closed",
        f"faults.raw({_ANSWER!r}, faults.disconnect())",
        [(_ANSWER, FIN)],
        Ends(arrived=BODY),
        said="-",
    ),
    Situation(
        "raw, and a fault in the chunks",
        'faults.raw(b"HTTP/1.1 200 OK\\r\\nTransfer-Encoding: chunked\\r\\n\\r\\n", b"3\\r\\nabcd\\r\\n", faults.disconnect())',
        [(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"3\r\nabcd\r\n", FIN)],
        Ends("TimeoutError", reading=True, arrived=b"abc"),
        timeout={"total": 0.05},
        said="-",
    ),
]


def _over(situation, where, **kind):
    ends = situation.ends
    if "https" in kind:
        ends = ends._replace(raises=ends.raises.replace("http://", "https://"))
    ways = (*FEW, Way(plain=True))
    return situation._replace(name=f"{situation.name}, {where}", ends=ends, said="-", ways=ways, **kind)


def _late(situation):
    [(*script,)] = situation.really
    at = isinstance(script[0], Partly)
    reply = situation.reply() if callable(situation.reply) else situation.reply
    return situation._replace(
        name=f"{situation.name}, late",
        really=[(*script[:at], Pause(0.01), *script[at:])],
        reply={**reply, "delay": 0.01},
        ways=FEW,
        said="-",
    )


_NAMED = {one.name: one for one in (*BEFORE, *IN_THE_HEAD, *IN_THE_BODY, *BYTE_BY_BYTE)}
ELSEWHERE = [
    *(
        _over(_NAMED[name], "https", https=True)
        for name in ("disconnect", "reset", "during_upload", "malformed", "truncate", "reset in the body", "drip")
    ),
    *(
        _over(_NAMED[name], "through a proxy", proxy=True)
        for name in ("disconnect", "reset", "malformed", "truncate", "reset in the body")
    ),
    *(
        _late(_NAMED[name])
        for name in (
            *("disconnect", "reset", "during_upload", "malformed", "status_line", "oversized_header"),
            *("disconnect in the body", "truncate chunked", "corrupt", "drip", "raw and whole"),
        )
    ),
]

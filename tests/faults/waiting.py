"""Faults that only a timeout of the client ends."""

from .raw import SILENCE, Pause
from .situation import BODY, CHUNKED, FEW, GETS, LENGTH, POSTS, Ends, Place, Situation, chunked

_SHORT = 0.05
_OVER = {
    "sock_read": "aiohttp.SocketTimeoutError: Timeout on reading data from socket",
    "total": "TimeoutError",
    "connect": "aiohttp.ConnectionTimeoutError: Connection timeout to host http://example.com/a",
    "sock_connect": "aiohttp.ConnectionTimeoutError: Connection timeout to host http://example.com/a",
}


def _stalls(limit):
    timeout = {limit: _SHORT}
    return [
        Situation(
            f"stall, {limit}",
            "faults.stall()",
            [(SILENCE,)],
            Ends(_OVER[limit]),
            timeout=timeout,
            said=f"`faults.stall()`, `{limit}` is over",
        ),
        Situation(
            f"stall late, {limit}",
            "faults.stall()",
            [(Pause(0.01), SILENCE)],
            Ends(_OVER[limit]),
            timeout=timeout,
            reply={"delay": 0.01},
            ways=FEW,
            said="-",
        ),
        Situation(
            f"stall behind the head, {limit}",
            "faults.stall(after=0)",
            [(LENGTH, SILENCE)],
            Ends(_OVER[limit], reading=True),
            timeout=timeout,
            ways=FEW,
            said="-",
        ),
        Situation(
            f"stall in the body, {limit}",
            "faults.stall(after=5)",
            [(LENGTH, BODY[:5], SILENCE)],
            Ends(_OVER[limit], reading=True, arrived=BODY[:5]),
            timeout=timeout,
            said=f"`faults.stall(after=5)`, `{limit}` is over",
        ),
        Situation(
            f"stall in a chunk, {limit}",
            "faults.stall(after=5)",
            [(CHUNKED, b"14\r\n01234", SILENCE)],
            Ends(_OVER[limit], reading=True, arrived=BODY[:5]),
            timeout=timeout,
            reply=chunked(),
            ways=FEW,
            said="-",
        ),
        Situation(
            f"raw stall, {limit}",
            "faults.raw(b'HTTP/1.1 2', faults.stall())",
            [(b"HTTP/1.1 2", SILENCE)],
            Ends(_OVER[limit]),
            timeout=timeout,
            ways=FEW,
            said="-",
        ),
        Situation(
            f"a late disconnect, {limit}",
            "faults.disconnect()",
            [(SILENCE,)],
            Ends(_OVER[limit]),
            timeout=timeout,
            reply={"delay": 600},
            ways=FEW,
            said="-",
        ),
        Situation(
            f"a slow drip, {limit}",
            "faults.drip(chunk=5, every=600)",
            [(LENGTH, BODY[:5], SILENCE)],
            Ends(_OVER[limit], reading=True, arrived=BODY[:5]),
            timeout=timeout,
            ways=FEW,
            said="-",
        ),
    ]


SILENT = [*_stalls("sock_read"), *_stalls("total")]
BEFORE = [one for one in SILENT if not one.ends.reading]
IN_THE_BODY = [one for one in SILENT if one.ends.reading]

UNANSWERED = [
    Situation(
        f"connect_timeout, {limit}",
        "faults.connect_timeout()",
        Place("deaf"),
        Ends(_OVER[limit]),
        timeout={limit: _SHORT},
        ways=GETS + POSTS[:2],
        said=f"`faults.connect_timeout()`, `{limit}` is over",
    )
    for limit in ("connect", "sock_connect", "total")
]

LATE = [
    *(
        Situation(
            f"a late refusal, {limit}",
            "faults.refused()",
            Place("deaf"),
            Ends(_OVER[limit]),
            timeout={limit: _SHORT},
            reply={"delay": 600},
            ways=FEW,
        )
        for limit in ("connect", "sock_connect", "total")
    ),
    *(
        Situation(
            f"a late dns_failure, {limit}",
            "faults.dns_failure()",
            Place("unheard"),
            Ends(_OVER[limit]),
            timeout={limit: _SHORT},
            reply={"delay": 600},
            ways=FEW,
        )
        for limit in ("connect", "total")
    ),
    *(
        Situation(
            f"a late certificate, {limit}",
            "faults.tls_certificate()",
            Place("mute"),
            Ends(_OVER[limit].replace("http:", "https:")),
            timeout={limit: _SHORT},
            reply={"delay": 600},
            https=True,
            ways=FEW,
        )
        for limit in ("connect", "sock_connect", "total")
    ),
]

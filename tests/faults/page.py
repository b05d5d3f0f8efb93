"""The page of all faults, made from what is written of the situations."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from . import answers, unconnected, waiting
from .situation import Situation
from .variations import VARIATIONS

EXAMPLE = """\
aiohttpretty.register_uri(
    "GET",
    "http://example.com/a",
    responses=[{"fault": faults.disconnect(attempts=1)}, {"body": "hello"}],
)
async with session.get("http://example.com/a") as response:
    assert await response.text() == "hello"
assert [call.attempt for call in aiohttpretty.calls] == [1, 2]
"""

HEAD = f"""\
# What a fault raises

Each fault of `aiohttpretty.faults`, and the exception that aiohttp makes of it. The tests play every line of these
tables twice, against a real server on a socket and over the wire, and compare: type, message, errno, cause, what
arrived of the body, trace events, number of attempts; for GET and POST, on a new and on a reused connection, with
asyncio and uvloop, on every supported version of aiohttp. The texts are those of the newest; where a line does not say
otherwise, the body of the answer has 20 bytes and a `Content-Length`.

**aiohttp silently repeats a request.** If the connection is lost before the head of the answer is there, aiohttp sends
a GET, HEAD, OPTIONS, TRACE, PUT or DELETE once more, on another connection, and nobody is told; POST and PATCH fail at
once. The last column says where. A fault answers this second attempt, too, without taking anything from `responses` or
`times`, so that its exception reaches the caller; both attempts are in `calls`. With `attempts=1` it answers the first
attempt only, and the second one gets what comes next, as from a server that hiccups once:

```py
{EXAMPLE}```

<!-- Made from tests/faults. To write it anew: python -m pytest tests/faults --write-faults -->
"""

COLUMNS = """\
| fault | aiohttp raises | where | repeats GET |
|---|---|---|---|
"""


class Phase(NamedTuple):
    """A part of the page: what happens at one point of a request."""

    title: str
    said: str
    situations: Sequence[Situation]
    more: str = ""


PHASES = [
    Phase(
        "Before there is a connection",
        "Nothing is sent, and aiohttp repeats nothing. `call.status` is `None`, and `call.error` the exception.",
        [*unconnected.UNCONNECTED, *waiting.UNANSWERED],
        "A certificate can be refused only by a client that looks at it, `tls_fingerprint` needs one that gives an\n"
        "`aiohttp.Fingerprint`, and `proxy_refused` and `proxy_status` one that uses a proxy; else there is\n"
        "a `FaultError`. To a plain http request, the answer of the proxy is the response. The number behind\n"
        "`_ssl.c` is CPython's.\n",
    ),
    Phase(
        "Before the answer",
        "",
        [*answers.BEFORE, *waiting.BEFORE],
        "Where more is sent than a kernel takes in, the one who writes may hear of the reset before the one who\n"
        "reads: then the message is `[Errno None] Can not write request body for http://example.com/a`.\n",
    ),
    Phase(
        "In the head",
        "",
        answers.IN_THE_HEAD,
        "A head that is cut is a connection that was lost before it was there; what has come of it is the message.\n",
    ),
    Phase(
        "In the body",
        "`session.get` returns; the exception is raised where the body is read. `iter_any` and its like give what has\n"
        "arrived before, `read()` gives nothing.",
        [*answers.IN_THE_BODY, *waiting.IN_THE_BODY],
        "aiohttp's compiled parser closes the connection at a bad chunk, and does not tell whoever reads: only the\n"
        "`total` timeout ends that, in every version; not `sock_read`, which aiohttp has switched off by then. Its\n"
        "parser in Python (`AIOHTTP_NO_EXTENSIONS=1`) raises `aiohttp.http_exceptions.TransferEncodingError`.\n",
    ),
    Phase(
        "Byte by byte",
        "",
        answers.BYTE_BY_BYTE,
        "A body without `Content-Length` and chunks ends with the connection, however that ends.\n",
    ),
]


def page():
    """The whole page."""
    return HEAD + "".join(map(_phase, PHASES)) + _variations()


def _phase(phase):
    rows = "".join(map(_row, [one for one in phase.situations if one.said != "-"]))
    said = f"{phase.said}\n\n" if phase.said else ""
    more = f"\n{phase.more}" if phase.more else ""
    return f"\n## {phase.title}\n\n{said}{COLUMNS}{rows}{more}"


def _row(situation):
    ends = situation.ends
    cells = [
        situation.said or f"`{situation.source}`",
        _raises(ends.raises) if ends.raises else "nothing",
        "" if not ends.raises else "reading the body" if ends.reading else "`session.get`",
        "yes" if ends.repeats else "",
    ]
    return f"| {' | '.join(cells)} |\n".replace("|  |", "| |").replace("|  |", "| |")


def _raises(text):
    name, _, message = text.partition(": ")
    message = re.sub(r"<RawResponseMessage\(.*\)>", "<RawResponseMessage(...)>", message).replace("\n", "\\n")
    assert not {"|", "`"} & set(message)
    return f"`{name}`: `{message}`" if message else f"`{name}`"


def _variations():
    versions = sorted({variation.before for variation in VARIATIONS}, reverse=True)
    told = ["\n## Older versions of aiohttp\n\nWhat differs there, of all that the tables say:\n\n"]
    for version in versions:
        said = " ".join(variation.said for variation in VARIATIONS if variation.before == version)
        told.append(f"- before {version[0]}.{version[1]}: {said}\n")
    told.append(
        "\nBetween asyncio and uvloop, and between the supported versions of CPython, there is no difference.\n"
    )
    return "".join(told)

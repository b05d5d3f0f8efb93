"""One situation: a fault, what a real server does there, and what comes of it at the client."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NamedTuple

from aiohttpretty import faults

from .raw import Script

BODY = b"0123456789abcdefghij"
LENGTH = b"HTTP/1.1 200 \r\nContent-Length: 20\r\n\r\n"
CHUNKED = b"HTTP/1.1 200 \r\nTransfer-Encoding: chunked\r\n\r\n"


class Way(NamedTuple):
    """How a client comes to a situation."""

    method: str = "GET"
    reused: bool = False
    """On the connection of a request before it."""
    plain: bool = False
    """Without traces, which lets the wire connect by a shorter way; the body is read at once."""

    def __str__(self):
        return " ".join([self.method, "reused" if self.reused else "plain" if self.plain else "new"])


GETS = (Way(), Way(reused=True), Way(plain=True))
POSTS = (Way("POST"), Way("POST", reused=True), Way("POST", plain=True))
# A request with a body, in a situation where something is waited for
FEW = (Way(), Way("POST", reused=True))


class Ends(NamedTuple):
    """How it ends for the client, with the newest aiohttp; asserted of the real server and of the wire."""

    raises: str = ""
    """Type and message; empty if nothing is raised."""
    reading: bool = False
    """Whether it is raised where the body is read, not by `session.get`."""
    repeats: bool = False
    """Whether aiohttp silently repeats a GET."""
    errno: int | None = None
    arrived: bytes = b""
    """What came of the body."""


class Place(NamedTuple):
    """Where a real client gets no connection.

    "refusing" (nobody listens), "deaf" (nobody accepts), "unreachable", "unknown" (no such name, `detail` is the number
    of the resolver's error), "unheard" (nobody says where that name is), "tls" (`detail` is why the certificate is
    refused), "plain" (no TLS), "mute" (no answer to a handshake), "other" (another certificate than the one whose
    fingerprint is known).
    """

    kind: str
    detail: Any = None


class Situation(NamedTuple):
    name: str
    source: str
    """The fault, as it is written."""
    really: Place | list[Script]
    """What the real server does: a script for each request, the last one for all that follow."""
    ends: Ends
    reply: Mapping[str, Any] | Callable[[], Mapping[str, Any]] = {}
    """The other options of the reply."""
    timeout: Mapping[str, float] = {}
    """The client's; all others are off."""
    asking: Mapping[str, Any] = {}
    """Other options of the request; `data` may be a function that gives it."""
    proxy: bool = False
    https: bool = False
    ways: tuple[Way, ...] = GETS + POSTS
    said: str = ""
    """What the page says of it in the place of the source; "-" if it is not on the page."""

    @property
    def fault(self):
        return eval(self.source, {"faults": faults})

    def replies(self):
        """The reply, as it is registered."""
        reply = self.reply() if callable(self.reply) else self.reply
        return {"body": BODY, "auto_length": True, **reply, "fault": self.fault}


chunked = partial(dict, auto_length=False, headers={"Transfer-Encoding": "chunked"})

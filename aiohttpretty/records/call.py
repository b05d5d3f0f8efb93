"""The record of one request that came by.

Law of this room: a record is plain data. It keeps no session, request or response of aiohttp's alive, so that
a session that the code under test forgot to close still says so. Neither does it keep an exception, whose traceback
holds frames, and those the session; nor a frame.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from time import monotonic
from types import CodeType
from typing import TYPE_CHECKING, Any, NamedTuple
from weakref import ref

from multidict import CIMultiDictProxy
from yarl import URL

from ..addresses.address import Expression
from ..addresses.uri import CalledUri
from ..errors import UnansweredError
from ..origin import Origin, Spot, line_of
from .recorded import Recorded, fields, shown

if TYPE_CHECKING:
    from ..route import Route
    from .messages import Frames, Message


class Raised(NamedTuple):
    """An exception that was raised, without the exception; prints as the last line of a traceback does."""

    kind: type[BaseException]
    """Its type."""
    text: str
    """Its message."""

    def __str__(self) -> str:
        name = self.kind.__qualname__
        if self.kind.__module__ not in ("builtins", "__main__"):
            name = f"{self.kind.__module__}.{name}"
        return f"{name}: {self.text}" if self.text else name


class Call(Recorded, Mapping[str, Any]):
    """One request that found its route.

    As a mapping it reads as what the caller passed: `method`, `uri` (which compares equal to a URL string, and
    into which `params` are joined), and every keyword exactly as it was given. The attributes are what went
    over the wire.
    """

    __slots__ = (
        *("_answer", "_ended", "_frames", "_keywords", "attempt", "error", "redirected_from", "route", "spot"),
        *("started", "status"),
    )

    passed_through = False
    """Whether it was let through to the real network on purpose; then it has no route."""

    def __init__(self, method: str, url: URL, route: Route | None, keywords: Mapping[str, Any]) -> None:
        # all in one place: this runs for every request, and another call would cost as much again
        self.method = method
        self.url = url
        self._head = b""
        self._headers = None
        self._body = b""
        self.route = route
        """The route that answered; None if the request was passed through."""
        self.status: int | None = None
        """The status that was answered; None until then, and if there is none."""
        self.error: Raised | None = None
        """What was raised instead of an answer, or in the middle of its body; None if nothing was."""
        self.attempt = 1
        """2 for aiohttp's silent second attempt, when the connection of the first was lost before an answer."""
        self.redirected_from: Call | None = None
        """The call whose answer, a redirect, led to this one."""
        self.started: float | None = None
        """When the request was ready to be sent: seconds, as `time.monotonic()` tells them."""
        self.spot: Spot | None = None
        """Who asked; see `asked_at`."""
        self._ended: float | None = None
        self._keywords = keywords
        self._answer: CIMultiDictProxy[str] | bytes = b""

    # -- how it came to be; not for tests

    def received(self, head: bytes, body: Sequence[bytes]) -> None:
        """Take what the wire carried, when the request is complete, and let those know who wait for it."""
        self._head = head
        self._headers = None
        if body:
            self.take(body)
        self.route.came(self)  # type: ignore[union-attr]  # one that was passed through never comes by here

    def answered(self, status: int, headers: CIMultiDictProxy[str] | bytes) -> None:
        """The head of the answer is said: with these headers, or all of it as it went over the wire."""
        self.status = status
        self._answer = headers

    def said(self, status: int, headers: CIMultiDictProxy[str]) -> None:
        """All of the answer is said, at once."""
        self.status = status
        self._answer = headers
        self._ended = monotonic()

    def upgraded(self, frames: Frames) -> None:
        """The connection is a websocket now, whose messages can be read here."""
        from .messages import Kept  # noqa: PLC0415 - few calls have any

        frames.sink = Kept(self.started or monotonic(), whole=self._kept_whole)
        self._frames = frames

    def ended(self, error: BaseException | None = None) -> None:
        """The answer is said to its end, or never will be; the first one to say so is right."""
        if self._ended is None:
            self._ended = monotonic()
        if error is not None and self.error is None:
            self.error = _raised(error)

    def follows(self, before: Call) -> None:
        """aiohttp made it for the sake of the one before, of which it got a redirect, or nothing."""
        if before.status in _REDIRECTS:
            self.redirected_from = before
        elif (before.status, before.method, before.url) == (None, self.method, self.url):
            self.attempt = before.attempt + 1
            self.redirected_from = before.redirected_from

    @property
    def _kept_whole(self) -> bool:
        return self.route is not None and self.route.keeps_bodies

    # -- what was asked

    @property
    def asked_at(self) -> Origin | None:
        """The line that awaited the request: the nearest outside aiohttp and this package; prints as file:line.

        None if nobody did but the event loop, as for `asyncio.create_task(session.get(...))`.
        """
        return None if self.spot is None else line_of(self.spot)

    @property
    def match_info(self) -> Mapping[str, str]:
        """What the variables of the route's template hold, decoded; or the named groups of its pattern."""
        return {} if self.route is None else self.route.address.fits(self.url) or {}

    @property
    def groups(self) -> tuple[str | None, ...]:
        """All groups of the route's pattern, as `re.Match.groups()` gives them; empty for any other route."""
        address = None if self.route is None else self.route.address
        match = address.match(self.url) if isinstance(address, Expression) else None
        return () if match is None else match.groups()

    # -- what was answered

    @property
    def response_headers(self) -> CIMultiDictProxy[str]:
        """The headers of the answer, as the client got them; empty until there is one."""
        if isinstance(self._answer, bytes):
            self._answer = CIMultiDictProxy(fields(self._answer))
        return self._answer

    @property
    def duration(self) -> float | None:
        """How many seconds it took from `started` to the last byte of the answer, or to the error; None until then."""
        return None if self._ended is None or self.started is None else self._ended - self.started

    @property
    def messages(self) -> list[Message]:
        """What has gone over the websocket so far, in order; empty if the call led to none.

        Each has `direction` ("sent" or "received", from the client's side), `type` (an `aiohttp.WSMsgType`), `data`
        (`str` or `bytes`; of a close, code and reason) and `at`, in seconds since the call started. Of messages above
        1 MiB, and of all behind the first 16 MiB, only the beginning is kept, unless the registry keeps bodies whole.
        """
        frames: Frames | None = getattr(self, "_frames", None)  # most calls never have it set
        if frames is None:
            return []
        frames.read()
        return frames.sink.messages.copy()

    def describe(self) -> str:
        """All of it in words, on several lines; the body shortened, secrets masked."""
        from . import described  # noqa: PLC0415 - only for whoever looks

        return described.described(self)

    def __getitem__(self, name: str) -> Any:
        if name == "method":
            return self.method
        if name == "uri":
            return CalledUri(self.url)
        if name == "params":
            raise KeyError(name)
        return self._keywords[name]

    def __iter__(self) -> Iterator[str]:
        yield "method"
        yield "uri"
        for name in self._keywords:
            if name != "params":
                yield name

    def __len__(self) -> int:
        return 2 + len(self._keywords) - ("params" in self._keywords)

    def __repr__(self) -> str:
        return f"<Call {self.method} {shown(self.url)} -> {_outcome(self)}>"


_REDIRECTS = (301, 302, 303, 307, 308)


def _outcome(call: Call) -> str:
    if call.error is None:
        return "not answered" if call.status is None else str(call.status)
    name = call.error.kind.__name__
    return name if call.status is None else f"{call.status}, {name}"


def _raised(error: BaseException) -> Raised:
    try:
        return Raised(type(error), str(error))
    except Exception:  # of a class of somebody's own
        return Raised(type(error), "")


class Unmatched:
    """One request that no route answered, with what was said of it."""

    def __init__(self, method: str, url: URL, error: UnansweredError) -> None:
        self.method = method
        self.url = url
        self.report = str(error)
        self.kind = type(error)
        """Which error it was."""
        self.started = monotonic()
        """When it was refused: seconds, as `time.monotonic()` tells them."""
        self.asked_at: Origin | None = getattr(getattr(error, "request", None), "asked_at", None)
        """The line that asked for it; prints as file:line."""
        self._error = ref(error)
        # Neither may hold the other, and both hold this set. Not a weak reference back to the record: one that dies
        # together with the error, in a cycle, is cleared by the garbage collector before the error can use it.
        self._codes: set[CodeType] = set()
        error.watch(self._codes.update)

    def amend(self, report: str) -> None:
        """Say this of it instead, here and in the error, if somebody still has that."""
        self.report = report
        error = self._error()
        if error is not None:
            error.args = (report,)

    @property
    def codes(self) -> frozenset[CodeType]:
        """The code objects of the frames that the error has passed through."""
        error = self._error()
        return frozenset(self._codes) if error is None else error.codes() | self._codes

    def __repr__(self) -> str:
        return f"<Unmatched {self.method} {shown(self.url)}>"

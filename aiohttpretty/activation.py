"""One stay of a registry in front of aiohttp, and what is asked of the registry meanwhile.

Law of this room: what an activation has begun ends with it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol, TypeVar

from yarl import URL

from .errors import DeactivatedError

if TYPE_CHECKING:
    from contextvars import Context

    from .script import Time
    from .shapes import Record, Spoken
    from .sight import Scope
    from .wire.handlers import HandlerServer, Serving

_T = TypeVar("_T")


class _Undecided:
    """In the place of a route."""

    early: Final = True
    host: Final = None


UNDECIDED: Final = _Undecided()
"""Which route answers depends on what the request carries."""


class Chosen(NamedTuple):
    """What is answered, chosen before there is a connection."""

    reply: Spoken
    route: Any
    record: Record | None
    """The record of the request, if there is no connection for it."""

    @property
    def early(self) -> bool:
        """As of a route for which something is to be done before a connection is asked for."""
        return True


class LetThrough(Exception):  # noqa: N818 - it never leaves this package, and nothing is wrong
    """Nobody answers the request, and it is to go out to the real network."""


class Request(NamedTuple):
    """What came over a wire; of a request that is refused before, head and body are empty."""

    method: str
    url: URL
    keywords: Mapping[str, Any]
    head: bytes = b""
    body: Sequence[bytes] = ()


class Passer(Protocol):
    """Who lets requests through."""

    def passed(self, method: str, url: URL) -> Record | None:
        """Record that one goes out."""
        ...


class Answerer(Passer, Protocol):
    """Who knows what to answer: a registry."""

    version: int
    """Another number whenever `find` may have another answer."""

    @property
    def time(self) -> Time:
        """Whether what waits takes its time, where the reply doesn't say."""
        ...

    @property
    def context(self) -> Context | None:
        """What its handlers inherit; by default nothing."""
        ...

    def find(self, method: str, url: URL) -> Any:
        """The route of such a request, `UNDECIDED`, or None. Raises when no route for it can answer any more."""
        ...

    def answer(self, route: Any, method: str, url: URL, keywords: Mapping[str, Any]) -> tuple[Spoken, Record] | None:
        """Choose the reply and record the call; None if another request was quicker to use the route up."""
        ...

    def choose(self, method: str, url: URL) -> Chosen | object | None:
        """A `Chosen` reply where one of those that may come is that there is no connection.

        None if no route answers; `UNDECIDED` where nothing need be chosen yet, or it depends on what is not known yet.
        """
        ...

    def unconnects(self, method: str, url: URL) -> bool:
        """Whether a route for such requests has a reply that there is no connection."""
        ...

    def again(self, route: Any, method: str, url: URL, keywords: Mapping[str, Any]) -> Record:
        """Record a call of the route for which the reply has been chosen."""
        ...

    def decide(self, request: Request) -> tuple[Spoken, Record] | None:
        """The same for a whole request, or None if no route answers it. Raises as `find` does."""
        ...

    def failed(self, reply: Any, record: Any, error: BaseException) -> None:
        """Take note of what a handler let out."""

    def ready(self, url: URL) -> bool:
        """Whether nothing is mounted there that is yet to be started in the event loop that is running."""
        ...

    async def start(self, url: URL) -> None:
        """Wait until that has started, or failed to."""

    def passes(self, url: URL, proxy: URL | None) -> bool:
        """Whether a request that nobody answers goes out to the real network, on purpose."""
        ...

    def refuse(self, others: list[Any], request: Request, asked: object) -> Exception:
        """Record that neither this one nor the `others` know the request; the error to raise."""
        ...


class Activation:
    """One stay of a registry in front of aiohttp, from `activate()` to `deactivate()`.

    A transparent one answers what it has routes for, and has no say in what becomes of all other requests: they go out
    to the real network, unless another one is active too, which decides.
    """

    __slots__ = ("__weakref__", "_servers", "alive", "answerer", "scope", "transparent")

    def __init__(self, answerer: Answerer, *, transparent: bool = False, scope: Scope | None = None) -> None:
        self.answerer = answerer
        self.transparent = transparent
        self.scope = scope
        """Where it is seen, if it is not seen everywhere."""
        self.alive = True
        self._servers: dict[asyncio.AbstractEventLoop, HandlerServer] = {}

    def server(self, loop: asyncio.AbstractEventLoop, reply: Spoken) -> Serving:
        """What serves the reply's handler, or what is mounted, in the event loop, which is running."""
        if not self.alive:  # since a moment ago, in another thread
            raise deactivated("a request", "on this connection")
        if reply.host is not None:
            return reply.host.server(loop)
        server = self._servers.get(loop)
        if server is None:
            from .wire.handlers import HandlerServer  # noqa: PLC0415 - aiohttp.web, 10 ms that few tests need

            let_go_of_closed(self._servers, HandlerServer.close)
            server = self._servers[loop] = HandlerServer(context=self.answerer.context)
        return server

    @property
    def time(self) -> Time:
        """Whether what waits takes its time, where the reply doesn't say."""
        return self.answerer.time

    def failed(self, reply: Spoken, record: Record, error: BaseException) -> None:
        """Take note of what a handler let out."""
        self.answerer.failed(reply, record, error)

    def end(self) -> None:
        """It answers nothing any more, and what its handlers are doing is cancelled."""
        self.alive = False
        for loop, server in list(self._servers.items()):
            in_thread_of(loop, server.close)
        self._servers.clear()


def deactivated(method: str, url: object) -> DeactivatedError:
    return DeactivatedError(
        f"aiohttpretty was deactivated while {method} {url} was under way; it was neither answered nor let out to the "
        "network. Await the request, or cancel its task, before deactivate() (with the marker or the fixture: before "
        "the test ends)."
    )


def in_thread_of(loop: asyncio.AbstractEventLoop, action: Callable[[], Any]) -> None:
    """Do it here, or, if the event loop is running in another thread, there."""
    if not loop.is_closed() and loop.is_running() and _running_loop() is not loop:
        with suppress(RuntimeError):  # closed in this moment: what was to be done there has nobody to see it
            loop.call_soon_threadsafe(action)
    else:
        action()


def let_go_of_closed(running: dict[asyncio.AbstractEventLoop, _T], end: Callable[[_T], object]) -> None:
    """End what ran in event loops that are closed by now; whoever adds one asks, or all of them would be kept."""
    gone = [running.pop(loop, None) for loop in list(running) if loop.is_closed()]
    for one in filter(None, gone):  # another thread may have been here
        end(one)


def _running_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None

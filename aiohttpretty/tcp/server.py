"""`RegistryServer`: a registry behind a real port, for clients that are no aiohttp of this process.

Law of this room: it answers between its start and its close, and what it has begun ends with it: connections, tasks,
sockets. Which reply is the registry's to say.
"""

from __future__ import annotations

import asyncio
import re
import ssl
from functools import cache, partial
from types import TracebackType
from typing import TYPE_CHECKING, Any, NoReturn

from ..activation import Activation, in_thread_of
from ..diagnosis import listening, report
from ..errors import ControlError, OptionTypeError, UnansweredError
from ..records.failed import HandlerFailure
from . import meant
from .caller import Caller
from .threshold import Threshold
from .visit import Visit

if TYPE_CHECKING:
    from ..answering import Answerer
    from ..records.call import Call, Unmatched
    from .arrivals import Arrival

__unittest = True  # unittest leaves the frames of such a module out of its tracebacks, as pytest those with a mark

# So many connections may wait to be taken
_BACKLOG = 2048
# So often the event loop turns for what is over to end in order
_TURNS = 20
# So many seconds has a handler that was cancelled to take notice
_PATIENCE = 5.0
# Host and port, as one asks for a tunnel to them (RFC 9110, 9.3.6)
_TUNNEL = re.compile(r"[^\s/?#@]+:\d+")

_ASYNC = "{}: the server listens for as long as a block lasts. Write async with aiohttpretty.serve() as server."


class RegistryServer:
    """What `serve()` gives; `async with` has it listen, and so do `start()` and `close()`."""

    def __init__(self, registry: Any, *, host: str, port: int, tls: ssl.SSLContext | None) -> None:
        self._registry = registry
        self._answerer: Answerer = registry._answerer
        self._activation = Activation(self._answerer)
        self._host = host
        self._port = port
        self._tls = tls
        self._listening: dict[meant.Place, asyncio.Server] = {}
        self._callers: set[Caller | Threshold] = set()
        self._empty: asyncio.Future[None] | None = None  # done when nobody is left
        self._loop: asyncio.AbstractEventLoop | None = None
        self._unanswered: list[tuple[Unmatched, bool]] = []  # and whether some activation is there to tell of it
        self._kept: list[Unmatched] = []
        self._closed = False
        self._place: meant.Place | None = None
        self._proxy: meant.Place | None = None

    # -- where it is

    @property
    def url(self) -> str:
        """Its own address, without a slash at the end; a request that says no host means this."""
        return self._at(self._place).url

    @property
    def proxy_url(self) -> str:
        """Where it is an HTTP proxy; with `tls`, also for https addresses."""
        return self._at(self._proxy).url

    def url_for(self, uri: object) -> str:
        """Where a client finds a registered address here; it may add a path and a query behind it.

        Raises:
            OptionValueError: it is no absolute URL of a web server.
            ControlError: the server has not been started.
        """
        return meant.url_for(uri, self._at(self._place))

    def _at(self, place: meant.Place | None) -> meant.Place:
        if place is None:
            raise ControlError(
                "The server has no address yet, because it has not been started. Ask in its block: "
                "async with aiohttpretty.serve() as server."
            )
        return place

    # -- from start to end

    async def start(self) -> RegistryServer:
        """Listen.

        Raises:
            OSError: nobody can listen there.
            ControlError: it was started before.
        """
        if self._loop is not None:
            raise ControlError("The server was started before. Make another one with aiohttpretty.serve().")
        self._loop = asyncio.get_running_loop()
        try:
            place = await self._listen(self._port, self._tls)
            self._proxy = place if self._tls is None else await self._listen(0, None)
        except BaseException:  # it may be tried again
            self._stop()
            self._listening.clear()
            self._loop = None
            raise
        self._place = place
        self._registry._served.add(self)
        return self

    async def _listen(self, port: int, tls: ssl.SSLContext | None) -> meant.Place:
        assert self._loop is not None
        bound = "127.0.0.1" if self._host == "localhost" else self._host
        place: list[meant.Place] = []  # known only when it listens
        # TLS is begun here and not by the event loop, which would wait for clients that say nothing
        made = partial(_made, self, place, tls)
        server = await self._loop.create_server(made, bound, port, backlog=_BACKLOG)
        port = server.sockets[0].getsockname()[1]
        shown = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self._host, self._host)
        place.append(meant.Place("http" if tls is None else "https", shown, port))
        self._listening[place[0]] = server
        listening.served[port] = self._loop
        return place[0]

    async def close(self) -> None:
        """Listen no more, and end all connections; what is being answered is cut off."""
        self._closed = True
        self._registry._served.discard(self)
        self._stop()
        for caller in list(self._callers):
            if not caller.busy:
                caller.transport.close()
        for _ in range(_TURNS if self._callers else 0):
            await asyncio.sleep(0)
        left = self._end()
        if left:
            await asyncio.wait(left, timeout=_PATIENCE)
        if self._callers:  # an aborted connection is lost soon
            self._empty = asyncio.get_running_loop().create_future()
            await self._empty
        for server in self._listening.values():
            await server.wait_closed()
        self._listening.clear()
        if not self._registry._active and not self._registry._served:
            self._registry._end_all()  # nobody else would
            await asyncio.sleep(0)

    def _stop(self) -> None:
        for place, server in self._listening.items():
            listening.served.pop(place.port, None)
            server.close()

    @property
    def gone(self) -> bool:
        """Whether its event loop was closed before it was."""
        return self._loop is not None and self._loop.is_closed()

    def cut(self) -> None:
        """Cut off what is being answered, from any thread; it goes on to listen."""
        assert self._loop is not None  # it has been started
        in_thread_of(self._loop, self._end_busy)

    def _end_busy(self) -> None:
        self._end(busy=True)
        self._activation = Activation(self._answerer)

    def _end(self, *, busy: bool = False) -> list[asyncio.Task[Any]]:
        for caller in list(self._callers):
            if caller.busy or not busy:
                caller.cut()
        servers = list(self._activation._servers.values())
        self._activation.end()
        return [task for server in servers for task in server.close()]

    async def __aenter__(self) -> RegistryServer:
        return await self.start()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        __tracebackhide__ = True  # pytest leaves such frames out of its tracebacks
        await self.close()
        if error is None:
            self._tell(active=self._registry._active)

    def __enter__(self) -> NoReturn:
        raise OptionTypeError(_ASYNC.format("with aiohttpretty.serve()"))

    def __exit__(self, *_: object) -> None:
        """It is never entered."""

    def __await__(self) -> NoReturn:
        raise OptionTypeError(_ASYNC.format("await aiohttpretty.serve()"))

    def _tell(self, *, active: bool) -> None:
        """Fail if requests got no answer, or handlers let something out, and no deactivation will tell."""
        __tracebackhide__ = True
        if unmatched := self._kept + ([] if active else [record for record, _ in self._untold()]):
            raise UnansweredError(report.unmatched(unmatched))
        if not active:
            self._registry._raise_failures()

    def keep_unanswered(self) -> None:
        """Another test is about to clear the lists, and doesn't mean what came before it."""
        self._kept += [record for record, told in self._untold() if not told]
        self._unanswered.clear()

    def _untold(self) -> list[tuple[Unmatched, bool]]:
        """Those that the test has not cleared."""
        there = {id(record) for record in self._registry.unmatched}
        return [one for one in self._unanswered if id(one[0]) in there]

    def __repr__(self) -> str:
        return f"<RegistryServer {self._place.url if self._place else 'not started'}>"

    # -- for its connections

    def came(self, caller: Caller | Threshold) -> None:
        """A connection is there."""
        self._callers.add(caller)
        if self._closed:  # it was waiting to be taken
            caller.cut()

    def left(self, caller: Caller | Threshold) -> None:
        """A connection is gone."""
        self._callers.discard(caller)
        if self._empty is not None and not self._callers and not self._empty.done():
            self._empty.set_result(None)

    def visit(self, arrival: Arrival, place: meant.Place) -> Visit:
        """One request."""
        return Visit(arrival, place, self._answerer, self._activation, self._context, self)

    def tunnel(self, arrival: Arrival) -> tuple[Any, str]:
        """The context for TLS in a tunnel; or a sentence for those who want it there.

        Raises:
            ValueError: it leads nowhere.
        """
        if not arrival.target or not _TUNNEL.fullmatch(arrival.target):
            raise ValueError(
                f"The client asked for a tunnel to {arrival.target or ''!r}, which is no host with a port. Ask for one "
                "such as 'api.example.com:443'."
            )
        if self._tls is not None:
            return self._tls, ""
        return None, (
            f"The client asked for a tunnel to {arrival.target}, in which it would speak TLS, and this server has no "
            "certificate. Give it one that the client trusts, aiohttpretty.serve(tls=context), and the client "
            "server.proxy_url as its proxy; or send the request to server.url_for('https://...')."
        )

    def _context(self) -> ssl.SSLContext:
        return self._tls or _some_context()

    def unanswered(self) -> None:
        """The latest request got no answer."""
        self._unanswered.append((self._registry.unmatched[-1], self._registry._active))

    def failed(self, error: BaseException, call: Call | None, visit: Visit) -> None:
        """An exception that no client can be given."""
        route: Any = visit.route if call is None else call.route
        self._registry.handler_errors.append(HandlerFailure(error, visit.method, visit.url, route))


class _Reception:
    """Receives what comes at one place."""

    def __init__(self, server: RegistryServer, place: list[meant.Place]) -> None:
        self._place = place
        self.came = server.came
        self.left = server.left
        self.tunnel = server.tunnel
        self._visit = server.visit

    def visit(self, arrival: Arrival, *, secure: bool) -> Visit:
        """One request."""
        place = self._place[0]
        return self._visit(arrival, place.in_scheme("https") if secure else place)


def _made(server: RegistryServer, place: list[meant.Place], tls: ssl.SSLContext | None) -> Caller | Threshold:
    """Who takes a new connection."""
    loop, reception = asyncio.get_running_loop(), _Reception(server, place)
    if tls is None:
        return Caller(loop, reception)
    return Threshold(loop, reception, partial(Caller, loop, reception), tls, always=True)


@cache
def _some_context() -> ssl.SSLContext:
    """For handlers of https addresses that are asked for without TLS: to them it looks as it would there."""
    return ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)

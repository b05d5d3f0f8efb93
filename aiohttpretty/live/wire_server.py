"""`WireServer`: a test server that listens nowhere.

Law of this room: it is aiohttp's `TestServer` in all but the socket. What it serves is started and ended by aiohttp's
own runner, and an exception in a handler is the business of the test, which sees the 500.
"""

from __future__ import annotations

import asyncio
import ipaddress
import warnings
from contextvars import copy_context
from itertools import cycle
from typing import TYPE_CHECKING, Any, cast
from weakref import finalize

from aiohttp import web
from aiohttp.test_utils import RawTestServer, TestServer
from yarl import URL

from ..errors import OptionTypeError
from ..replies.outcome import check_handler
from ..steward import AioHTTPretty
from .foreign import adapted

if TYPE_CHECKING:
    from ..records.log import Calls

# None of these is ever given to a server that asks for any port, so that a real one is never taken for a `WireServer`
_ports = cycle(port for port in range(1023, 0, -1) if port not in (80, 443))
_taken: set[int] = set()
_IPV6 = 6


class WireServer(TestServer):
    """Takes the place of aiohttp's `TestServer`: `TestClient(WireServer(app))`, without a socket.

    From its start to its end, requests to its address are answered over the wire, whoever makes them in its event loop.
    All others go where they would go without it.

    Args:
        app: an `aiohttp.web.Application`, or an ASGI or WSGI application; a `web.Server`; or a handler, as
            `RawTestServer` takes it.
        scheme: `"http"` by default. `"https"` needs no certificate.
        host: what `make_url` gives.
        port: the same; nothing listens there. By default a low one that is free.
        **kwargs: as `TestServer` takes them.

    Raises:
        OptionTypeError: (a `TypeError`) it is nothing that can be served.
    """

    def __init__(
        self, app: Any, *, scheme: str = "", host: str = "127.0.0.1", port: int | None = None, **kwargs: Any
    ) -> None:
        made = app if isinstance(app, web.Application) else adapted(app)
        super().__init__(made, scheme=scheme, host=host, port=port, **kwargs)  # type: ignore[arg-type]
        if made is None and not isinstance(app, web.Server):
            _check_served(app)
        self._handler = app
        self._registry = AioHTTPretty()
        self._registry._transparent = True  # all other requests are let through
        self._warning: finalize[..., Any] | None = None

    @property
    def calls(self) -> Calls:
        """Every request that it has answered, in order."""
        return self._registry.calls

    async def start_server(self, loop: asyncio.AbstractEventLoop | None = None, **kwargs: Any) -> None:
        """Start what it serves, in the event loop that is running; then answer requests.

        Args:
            loop: as `TestServer` takes it.
            **kwargs: for aiohttp's runner. `ssl` does no more than to choose the scheme.
        """
        if self.runner is not None:
            return
        self._loop = loop
        self._ssl = kwargs.pop("ssl", None)
        self.runner = runner = await self._make_runner(handler_cancellation=True, **kwargs)
        await runner.setup()
        self.scheme = self.scheme or ("https" if self._ssl else "http")
        self._root, *others = self._settle()
        for address in (self._root, *others):
            self._registry.mount(address, runner.server, expect_errors=True).host.context = copy_context()
        self._registry.activate()
        self._warning = finalize(self, _forgotten, self._registry, self.port, str(self._root))
        self._warning.atexit = False

    async def _make_runner(self, **kwargs: Any) -> Any:
        if self.app is not None:
            return await super()._make_runner(**kwargs)
        if isinstance(self._handler, web.Server):
            return web.ServerRunner(self._handler, **kwargs)
        return await RawTestServer._make_runner(cast("Any", self), **kwargs)

    async def close(self) -> None:
        """End what it serves, as `TestServer` does; requests under way are waited for, or cancelled, by aiohttp."""
        try:
            await super().close()
        finally:
            if self._warning is not None and (known := self._warning.detach()):
                _over(*known[2][:2])

    def _settle(self) -> list[URL]:
        """Choose a port; the addresses under which it answers, the one that it shows first."""
        try:
            hosts = [f"[{self.host}]" if ipaddress.ip_address(self.host).version == _IPV6 else self.host]
        except ValueError:  # a name; a server behind one tells its number, too
            hosts, self.host = [self.host, "127.0.0.1"], "127.0.0.1"
        if not self.port:
            self.port = next(port for port in _ports if port not in _taken)
        _taken.add(self.port)
        return [URL(f"{self.scheme}://{host}:{self.port}") for host in hosts]


def _over(registry: AioHTTPretty, port: int) -> None:
    registry.deactivate()
    _taken.discard(port)


def _forgotten(registry: AioHTTPretty, port: int, address: str) -> None:
    _over(registry, port)
    warnings.warn(
        f"The WireServer at {address} was not closed. Await its close(), or use it in an async with block.",
        ResourceWarning,
        stacklevel=1,
    )


def _check_served(app: object) -> None:
    try:
        check_handler(app)
    except OptionTypeError:
        raise OptionTypeError(
            f"WireServer({app!r}): that can't be served. Give an aiohttp.web.Application, a handler (a coroutine "
            "function that takes a request and returns a response), a web.Server, or an ASGI or WSGI application."
        ) from None

"""Where something mounted runs: what it is, and one run of it for each event loop.

Law of this room: whatever can be served becomes something that serves; the registry knows only that it can be started,
asked and ended. What can't be served is refused when it is mounted.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextvars import Context
from typing import Any

from aiohttp import web

from ..activation import in_thread_of, let_go_of_closed
from ..errors import ApplicationError, OptionValueError
from ..wire.handlers import HandlerServer, Serving
from .foreign import adapted
from .lifetime import Lifetime

Failed = Callable[[BaseException], None]


class Host:
    """Runs a handler; others run the rest."""

    def __init__(
        self,
        app: Any,
        place: str,
        prefix: str,
        *,
        handler_cancellation: bool,
        on_failure: Failed,
        context: Context | None = None,
    ) -> None:
        self.app = app
        """What was mounted."""
        self.context = context
        """What its handlers inherit; by default nothing."""
        self.prefix = prefix
        self.handler_cancellation = handler_cancellation
        self._place = place
        self._on_failure = on_failure
        self._servers: dict[asyncio.AbstractEventLoop, Serving] = {}

    @property
    def handler(self) -> Callable[..., Any]:
        """What answers a request, where that is known without asking the server."""
        return self.app  # type: ignore[no-any-return]

    def is_of(self, app: Any, prefix: str, *, handler_cancellation: bool) -> bool:
        """Whether another mount would be of the same."""
        return self.app is app and self.prefix == prefix and self.handler_cancellation == handler_cancellation

    def ready(self) -> bool:
        """Whether it need not be started in the event loop that is running."""
        return True

    async def start(self) -> None:
        """Start it in the event loop that is running; if that fails, `server` says so."""

    def server(self, loop: asyncio.AbstractEventLoop) -> Serving:
        """What serves it in the event loop, which is running."""
        server = self._servers.get(loop)
        if server is None:
            let_go_of_closed(self._servers, Serving.close)
            server = self._servers[loop] = self._new_server(loop)
        return server

    def end(self) -> None:
        """End it in all event loops, each in its own thread."""
        servers, self._servers = self._servers, {}
        for loop, server in servers.items():
            in_thread_of(loop, server.close)

    def _new_server(self, loop: asyncio.AbstractEventLoop) -> Serving:
        return HandlerServer(handler_cancellation=self.handler_cancellation, context=self.context)


class ServerHost(Host):
    """Runs a `web.Server`."""

    def _new_server(self, loop: asyncio.AbstractEventLoop) -> Serving:
        if self.app._loop is not loop:
            raise ApplicationError(
                f"The web.Server mounted at {self._place} was made in another event loop, and serves in that one only. "
                "Make it in the event loop of the test, for example in a fixture."
            )
        return Serving(self.app, context=self.context)


class AppHost(Host):
    """Runs a `web.Application`; `make` gives the one for an event loop."""

    def __init__(self, make: Callable[[], web.Application], app: Any, place: str, prefix: str, **how: Any) -> None:
        super().__init__(app, place, prefix, **how)
        self._make = make
        self._lives: dict[asyncio.AbstractEventLoop, Lifetime] = {}

    def ready(self) -> bool:
        life = self._lives.get(asyncio.get_running_loop())
        return life is not None and life.begun

    async def start(self) -> None:
        loop = asyncio.get_running_loop()
        life = self._lives.get(loop)
        if life is None:
            let_go_of_closed(self._lives, Lifetime.end)
            life = self._lives[loop] = Lifetime(
                self._make(),
                self._place,
                self.prefix,
                handler_cancellation=self.handler_cancellation,
                on_failure=self._on_failure,
                context=self.context,
            )
        await life.start()

    def server(self, loop: asyncio.AbstractEventLoop) -> Serving:
        life = self._lives.get(loop)
        if life is None:
            raise ApplicationError(
                f"The application mounted at {self._place} was taken away while a request to it was under way. Await "
                "the request before clear(), remove() or another mount() at this address."
            )
        if life.failure is not None:
            raise self._not_started(life.failure) from life.failure
        if life.serving is None:
            raise ApplicationError(
                f"The application mounted at {self._place} was asked by its own start, which would wait for itself. "
                "Ask it once it has started, or mount the part that is asked apart."
            )
        return life.serving

    def end(self) -> None:
        lives, self._lives = self._lives, {}
        for life in lives.values():
            life.end()

    def _not_started(self, failure: BaseException) -> ApplicationError:
        if isinstance(failure, ApplicationError):
            return failure
        text = " ".join(f"{type(failure).__name__}: {failure}".split()).removesuffix(":")
        return ApplicationError(
            f"The application mounted at {self._place} could not be started ({text}). It is started by the first "
            "request; look at its on_startup and cleanup_ctx."
        )


def host(app: Any, place: str, prefix: str, *, handler_cancellation: bool, **how: Any) -> Host | None:
    """Where it runs; None if it is no application and no server: a handler perhaps, which a `Host` runs.

    Raises:
        OptionTypeError: it may be an application of more than one kind.
        OptionValueError: `handler_cancellation` is to be said of a `web.Server`, which has it already.
    """
    how["handler_cancellation"] = handler_cancellation
    if isinstance(app, web.Application):
        return AppHost(lambda: app, app, place, prefix, **how)
    if not isinstance(app, web.Server):
        made = adapted(app)
        return None if made is None else AppHost(lambda: adapted(app) or made, app, place, prefix, **how)
    if handler_cancellation:
        raise OptionValueError(
            "handler_cancellation=True beside a web.Server, which has been told already. Give it to the server: "
            "web.Server(handler, handler_cancellation=True)."
        )
    return ServerHost(app, place, prefix, **how)

"""ASGI 3 applications, behind aiohttp.web.

Law of this room: what the specification says a server does (asgi.readthedocs.io, HTTP & WebSocket 2.4, Lifespan 2.0) is
done with what aiohttp.web offers to everybody, and what the application does against it is told to it, as servers do.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, MutableMapping
from contextlib import suppress
from typing import Any, TypeVar

from aiohttp import web

from ..errors import ApplicationError
from .asgi_http import HttpConnection, untyped
from .asgi_websocket import WebSocketConnection
from .departure import is_of_departure, on_departure

_T = TypeVar("_T")
Message = MutableMapping[str, Any]
App = Callable[[Any, Any, Any], Awaitable[None]]

_VERSIONS = {"version": "3.0", "spec_version": "2.4"}
_LIFESPAN_VERSIONS = {"version": "3.0", "spec_version": "2.0"}
# How long an application that has said that it failed may take to end, in seconds
_GRACE = 1.0


def application(app: App, *, websockets: bool = True) -> web.Application:
    """The aiohttp application that has `app` answer every request at and below where it is mounted.

    Without `websockets`, a request for one reaches the application as any other.
    """
    served = _Served(app, websockets=websockets)
    made = web.Application()
    made.router.register_resource(served)
    made.cleanup_ctx.append(served.lifespan)
    made.on_response_prepare.append(untyped)
    return made


class _Served(web.DynamicResource):
    """Found at every address below its prefix, and at the prefix itself."""

    def __init__(self, app: App, *, websockets: bool) -> None:
        super().__init__("/{path:.*}")
        self._app = app
        self._websockets = websockets
        self._prefix = ""
        self._state: dict[str, Any] = {}
        self._route = self.add_route("*", self._answer)

    async def lifespan(self, _: web.Application) -> AsyncIterator[None]:
        """Start the application, and shut it down.

        Raises:
            ApplicationError: it says that it failed to.
        """
        self._state = {}
        life = _Lifespan(self._app, self._state)
        await life.start()
        yield
        await life.stop()

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        scope = self._scope(request)
        upgrade = request.headers.get("Upgrade", "").lower() == "websocket" and request.method == "GET"
        if self._websockets and upgrade:
            return await self._converse(request, scope)
        scope.update({"type": "http", "method": request.method, "extensions": {}})
        return await self._run(request, scope, HttpConnection(request))

    async def _run(
        self, request: web.Request, scope: Message, connection: HttpConnection | WebSocketConnection
    ) -> web.StreamResponse:
        on_departure(request, connection.client_left)
        try:
            await self._app(scope, connection.receive, connection.send)
        except Exception as error:
            if not (connection.over and is_of_departure(error)):
                raise
        return await connection.finished()

    async def _converse(self, request: web.Request, scope: Message) -> web.StreamResponse:
        wanted = request.headers.getall("Sec-WebSocket-Protocol", [])
        protocols = [name for line in wanted for one in line.split(",") if (name := one.strip())]
        scope.update(
            {
                "type": "websocket",
                "scheme": "wss" if request.scheme == "https" else "ws",
                "subprotocols": protocols,
                "extensions": {"websocket.http.response": {}},
            }
        )
        if not web.WebSocketResponse(protocols=protocols).can_prepare(request):
            await web.WebSocketResponse().prepare(request)  # raises an answer in aiohttp's words
        return await self._run(request, scope, WebSocketConnection(request, protocols))

    def _scope(self, request: web.Request) -> Message:
        url = request.rel_url
        return {
            "asgi": _VERSIONS,
            "http_version": f"{request.version.major}.{request.version.minor}",
            "scheme": request.scheme,
            "path": url.path,
            "raw_path": _wire(url.raw_path),
            "query_string": _wire(url.raw_query_string),
            "root_path": self._prefix,
            "headers": [(name.lower(), value) for name, value in request.raw_headers],
            "client": _place(request.get_extra_info("peername")),
            "server": _place(request.get_extra_info("sockname")),
            "state": self._state.copy(),
        }

    # -- as a resource

    async def resolve(self, request: web.Request) -> tuple[web.UrlMappingMatchInfo, set[str]]:
        return web.UrlMappingMatchInfo({}, self._route), set()

    def add_prefix(self, prefix: str) -> None:
        super().add_prefix(prefix)
        self._prefix = prefix + self._prefix


class _Lifespan:
    """One life of an application, from its startup to its shutdown."""

    def __init__(self, app: App, state: dict[str, Any]) -> None:
        self._app = app
        self._scope = {"type": "lifespan", "asgi": _LIFESPAN_VERSIONS, "state": state}
        self._told: asyncio.Queue[Message] = asyncio.Queue()
        self._heard: asyncio.Queue[Message] = asyncio.Queue()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self._task = task = _unlisted(self._run(), "ASGI lifespan")
        try:
            message = await self._ask(task, "startup")
        except BaseException:
            task.cancel()  # nobody will ask it to end
            raise
        if message is None:
            # The application has no lifespan, and says so by an exception or by returning. Servers go on without.
            task.cancel()
            await asyncio.wait([task])
            with suppress(asyncio.CancelledError):
                task.exception()
            self._task = None

    async def stop(self) -> None:
        task = self._task
        if task is None:
            return
        try:
            await self._ask(task, "shutdown")
            await task
        finally:
            task.cancel()

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            await self._app(self._scope, self._told.get, self._heard.put)
        except RuntimeError:
            if not loop.is_closed():  # else it is only unwound, and a queue can't be left any more
                raise

    async def _ask(self, task: asyncio.Task[None], what: str) -> Message | None:
        """Have it start up or shut down; what it says to that, or None if it has ended without saying anything."""
        self._told.put_nowait({"type": f"lifespan.{what}"})
        hearing = _unlisted(self._heard.get(), "ASGI lifespan, answer")
        try:
            await asyncio.wait([hearing, task], return_when=asyncio.FIRST_COMPLETED)
            if not hearing.done():
                return None
        finally:
            hearing.cancel()
        message = hearing.result()
        if message["type"] == f"lifespan.{what}.failed":
            raise await self._failed(task, what, message.get("message", ""))
        return message

    async def _failed(self, task: asyncio.Task[None], what: str, why: str) -> ApplicationError:
        await asyncio.wait([task], timeout=_GRACE)  # most let the exception out that they have told of
        error = ApplicationError(
            f"The ASGI application {self._app!r} said that its {what} failed: {why or 'it gave no reason'}. Correct "
            "what it does there, or what it needs for it."
        )
        if task.done() and not task.cancelled():
            error.__cause__ = task.exception()
        return error


def _unlisted(coroutine: Coroutine[Any, Any, _T], name: str) -> asyncio.Task[_T]:
    """A task in no list of the event loop's, whose end would cancel it, where there is a shutdown to be told of."""
    task = asyncio.create_task(coroutine, name=name)
    task._log_destroy_pending = False  # type: ignore[attr-defined]
    asyncio.tasks._unregister_task(task)
    return task


def _place(name: object) -> tuple[str, int | None] | None:
    """A socket's end, as ASGI writes it."""
    if isinstance(name, (tuple, list)):
        return name[0], name[1]
    return (str(name), None) if name else None


def _wire(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")

"""Handlers of aiohttp.web, behind aiohttp's own server protocol and application.

Law of this room: the application is real and does all that it does in life; it has one resource, which every address
leads to and which asks the connection whose turn it is. `aiohttp.web` takes several milliseconds to import, and most
tests have no handler: whoever needs this room imports it when the first handler is to answer.
"""

from __future__ import annotations

import asyncio
import inspect
import sys
from collections.abc import Coroutine, Iterator
from contextvars import Context
from typing import Any

from aiohttp import web
from yarl import URL

from ..errors import HandlerResultError
from .exchange import Exchange
from .protocol import WireProtocol
from .served import SERVED_END, ServedEnd, dismiss
from .transport import WireTransport


class HandlerServer:
    """Serves the handlers of any number of routes, in the event loop in which it is made.

    `handler_cancellation` is aiohttp's: whether a handler is cancelled when its client is gone, or runs on to its end.
    Handlers run in copies of `context`, by default an empty one.
    """

    def __init__(self, *, handler_cancellation: bool = False, context: Context | None = None) -> None:
        self._context = context
        self._ends: set[ServedEnd] = set()
        self._running: set[asyncio.Task[Any]] = set()
        # No limit to the size of a body: it would be the application's to set, and a handler alone has none
        app = web.Application(client_max_size=sys.maxsize)
        app.router.register_resource(_Everywhere(self._answer))
        runner = web.AppRunner(app, access_log=None, handler_cancellation=handler_cancellation)
        _run(runner.setup())
        assert runner.server is not None
        self._server = runner.server

    def connect(self, loop: asyncio.AbstractEventLoop, protocol: WireProtocol, transport: WireTransport) -> ServedEnd:
        """The server's end of a connection."""
        end = ServedEnd(loop, protocol, transport, self._server, context=self._context, on_lost=self._lost)
        self._ends.add(end)
        return end

    def close(self) -> list[asyncio.Task[Any]]:
        """Cancel all that is running and end all connections; the tasks that are yet to take notice, to wait for.

        To be called in the event loop's own thread, whether the loop is running, stopped or closed.
        """
        for end in list(self._ends):
            end.close()
        left = list(self._running)
        for task in left:
            dismiss(task)
        return left

    def _lost(self, end: ServedEnd) -> None:
        self._ends.discard(end)
        self._keep(end.task)  # until its last handler is done

    def _keep(self, task: asyncio.Task[Any] | None) -> None:
        if task is not None and not task.done():
            self._running.add(task)
            task.add_done_callback(self._running.discard)

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        end, exchange = _whose_turn(request)
        self._keep(asyncio.current_task())
        assert exchange.handler is not None
        try:
            answer = exchange.handler(request)
            if inspect.isawaitable(answer):
                answer = await answer
        except _NO_BUGS:
            raise
        except BaseException as error:
            if isinstance(error, ConnectionError) and request.transport is None:
                raise  # the handler writes, and the client is gone
            if end.bug(exchange, error):
                return web.Response()  # to nobody, and without the log's complaint
            raise
        if not isinstance(answer, web.StreamResponse) and end.bug(exchange, _no_response(exchange.handler, answer)):
            return web.Response()
        return answer  # type: ignore[no-any-return]  # if it is none, aiohttp says so and answers 500


# Answers, and the ways in which a handler is ended from outside
_NO_BUGS = (web.HTTPException, asyncio.CancelledError, GeneratorExit, KeyboardInterrupt, SystemExit)


class _Everywhere(web.AbstractResource):
    """Found at every address."""

    def __init__(self, answer: Any) -> None:
        super().__init__()
        self._route = web.ResourceRoute("*", answer, self)

    @property
    def canonical(self) -> str:
        return "/{tail:.*}"

    async def resolve(self, request: web.Request) -> tuple[web.UrlMappingMatchInfo, set[str]]:
        _, exchange = _whose_turn(request)
        return web.UrlMappingMatchInfo(dict(exchange.match_info), self._route), set()

    def url_for(self, **kwargs: str) -> URL:
        return URL("/")

    def add_prefix(self, prefix: str) -> None:
        """It is in no sub-application."""

    def get_info(self) -> Any:
        return {"path": "/"}

    def raw_match(self, path: str) -> bool:
        return True

    def __len__(self) -> int:
        return 1

    def __iter__(self) -> Iterator[web.AbstractRoute]:
        return iter((self._route,))


def _whose_turn(request: web.Request) -> tuple[ServedEnd, Exchange]:
    end: ServedEnd | None = request.get_extra_info(SERVED_END)
    if end is None or end.exchange is None:
        raise asyncio.CancelledError  # the client was gone before anybody could look at its request
    return end, end.exchange


def _no_response(handler: Any, answer: object) -> HandlerResultError:
    name = getattr(handler, "__qualname__", None) or repr(handler)
    return HandlerResultError(
        f"The handler {name} returned {answer!r}, which is no response. Return an aiohttp.web.Response, such as "
        "web.json_response({}), or another StreamResponse."
    )


def _run(coroutine: Coroutine[Any, Any, None]) -> None:
    """Run a coroutine that waits for nothing, here and now: an empty application has nothing to start."""
    try:
        coroutine.send(None)
    except StopIteration:
        return
    coroutine.close()
    raise AssertionError("The start of an empty application waits for something")

"""Handlers of aiohttp.web, behind aiohttp's own server protocol and application.

Law of this room: the application is real and does all that it does in life; it has one resource, which every address
leads to and which asks the connection whose turn it is. `aiohttp.web` takes several milliseconds to import, and most
tests have no handler: whoever needs this room imports it when the first handler is to answer.
"""

from __future__ import annotations

import asyncio
import inspect
import sys
from collections.abc import Callable
from contextlib import suppress
from contextvars import Context
from copy import copy
from functools import cache, partial
from typing import Any
from weakref import ref

from aiohttp import web

from ..errors import HandlerError, HandlerResultError
from .exchange import AtClient, Exchange
from .protocol import WireProtocol
from .served import ServedEnd, dismiss
from .server_socket import SERVED_END
from .transport import WireTransport


class Serving:
    """Connections to a server of aiohttp.web, in the event loop that the server belongs to.

    What it does runs in copies of `context`, by default an empty one.
    """

    def __init__(self, server: web.Server, *, context: Context | None = None) -> None:
        self._server = server
        self._context = context
        self._ends: set[ServedEnd] = set()
        self._running: set[asyncio.Task[Any]] = set()

    def connect(
        self,
        loop: asyncio.AbstractEventLoop,
        protocol: WireProtocol,
        transport: WireTransport,
        on_lost: Callable[[Serving], None] = lambda serving: None,
    ) -> ServedEnd:
        """The server's end of a connection; `on_lost` is told when it has ended."""

        def lost(end: ServedEnd) -> None:
            self._lost(end)
            on_lost(self)

        end = ServedEnd(loop, protocol, transport, self._protocol, context=self._context, on_lost=lost)
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

    def _protocol(self) -> asyncio.Protocol:
        protocol: Any = self._server()
        # In front of all that an application does; what it lets out, aiohttp answers as it always does
        protocol._request_handler = self._observed
        return protocol  # type: ignore[no-any-return]

    async def _observed(self, request: web.BaseRequest) -> web.StreamResponse:
        end, exchange = _whose_turn(request)
        task: Any = asyncio.current_task()
        end.handling = ref(task)
        # aiohttp sends the answer in the same task, and what it meets there may be a bug just as well
        task.add_done_callback(partial(_sent, end, exchange))
        try:
            answer: Any = await self._server.request_handler(request)
            if not isinstance(answer, web.StreamResponse):
                exchange.on_bug(_no_response(self._asked(request, exchange), answer))
            return answer  # type: ignore[no-any-return]  # noqa: TRY300 - if it is none, aiohttp says so and answers 500
        except _NO_BUGS:
            raise
        except AtClient as given:
            end.fail(exchange, given.error)
            return web.Response()  # to nobody
        except BaseException as error:
            if isinstance(error, _OF_THE_CLIENT) and _is_gone(request.transport):
                raise
            exchange.on_bug(error)
            if isinstance(error, Exception):
                raise
            # such as pytest.fail(): anything else would leave a client without an answer
            raise HandlerError(f"A handler raised {error!r}.") from error

    def _asked(self, request: web.BaseRequest, exchange: Exchange) -> object:
        """Whose answer it is."""
        return request.match_info.handler if isinstance(request, web.Request) else self._server.request_handler

    def _lost(self, end: ServedEnd) -> None:
        self._ends.discard(end)
        self._keep(end.task)  # until its last handler is done
        self._keep(end.handling())

    def _keep(self, task: asyncio.Task[Any] | None) -> None:
        if task is not None and not task.done():
            self._running.add(task)
            task.add_done_callback(self._running.discard)


class HandlerServer(Serving):
    """Serves the handlers of any number of routes, in the event loop in which it is made.

    `handler_cancellation` is aiohttp's: whether a handler is cancelled when its client is gone, or runs on to its end.
    Handlers run in copies of `context`, by default an empty one.
    """

    def __init__(self, *, handler_cancellation: bool = False, context: Context | None = None) -> None:
        # Its own, because a handler may keep something in it; a copy, because an application takes a while to be made
        app: Any = copy(_application())
        app._state = {}
        loop = asyncio.get_running_loop()
        server = app._make_handler(loop=loop, access_log=None, handler_cancellation=handler_cancellation)
        super().__init__(server, context=context)

    def _asked(self, request: web.BaseRequest, exchange: Exchange) -> object:
        return exchange.handler


# Answers, and the ways in which a handler is ended from outside
_ENDED = (asyncio.CancelledError, GeneratorExit, KeyboardInterrupt, SystemExit)
_NO_BUGS = (web.HTTPException, *_ENDED)
# What a handler meets that reads or writes when the client is gone
_OF_THE_CLIENT = (ConnectionError, web.RequestPayloadError)


class _Found(web.UrlMappingMatchInfo):
    """Who answers a request."""

    exchange: Exchange


class _Everywhere(web.DynamicResource):
    """Found at every address."""

    def __init__(self, answer: Any) -> None:
        super().__init__("/{tail:.*}")
        self._route = self.add_route("*", answer)

    async def resolve(self, request: web.Request) -> tuple[web.UrlMappingMatchInfo, set[str]]:
        _, exchange = _whose_turn(request)
        found = _Found(dict(exchange.match_info), self._route)
        found.exchange = exchange
        return found, set()


@cache
def _application() -> web.Application:
    # No limit to the size of a body: it would be the application's to set, and a handler alone has none
    app = web.Application(client_max_size=sys.maxsize)
    app.router.register_resource(_Everywhere(_answer))
    app.freeze()
    return app


async def _answer(request: web.Request) -> web.StreamResponse:
    handler = request.match_info.exchange.handler  # type: ignore[attr-defined]
    answer = handler(request)
    return (await answer) if inspect.isawaitable(answer) else answer  # type: ignore[no-any-return]


def watch(request: web.BaseRequest) -> Callable[[], bool]:
    """What tells of a request that is being handled whether its client still waits for the answer, or the rest."""
    end, exchange = _whose_turn(request)
    return lambda: end.exchange is exchange and end.busy


def _whose_turn(request: web.BaseRequest) -> tuple[ServedEnd, Exchange]:
    # It is there: a server hears that its client is gone only when the task for the request has begun
    end: Any = request.get_extra_info(SERVED_END)
    return end, end.exchange


def _sent(end: ServedEnd, exchange: Exchange, task: asyncio.Task[Any]) -> None:
    """A handler has ended, and what it returned has been sent, unless that failed."""
    error = None if task.cancelled() else task.exception()
    # a ConnectionError is aiohttp's own word for an answer that it can't send any more
    if error is not None and not isinstance(error, (*_ENDED, ConnectionError)) and not end.gone:
        exchange.on_bug(error)
        if not isinstance(error, Exception):
            end.close()  # aiohttp 3.10 would leave the client without an answer
            end.task.add_done_callback(_heard)
    exchange.on_over()


def _heard(task: asyncio.Task[Any]) -> None:
    """The test has been told of its exception, so that the event loop need not."""
    with suppress(asyncio.CancelledError):
        task.exception()


def _is_gone(transport: asyncio.BaseTransport | None) -> bool:
    return transport is None or transport.is_closing()


def _no_response(handler: Any, answer: object) -> HandlerResultError:
    name = getattr(handler, "__qualname__", None) or repr(handler)
    return HandlerResultError(
        f"The handler {name} returned {answer!r}, which is no response. Return an aiohttp.web.Response, such as "
        "web.json_response({}), or another StreamResponse."
    )

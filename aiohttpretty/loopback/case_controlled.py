"""A server on a real port, under the test's control: the words of `controlled()`, over TCP.

Law of this room: it is aiohttp's own test server, and an application of aiohttp.web that answers at every address.
Nobody hangs: whoever closes it ends every connection on which an answer is owed.
"""

from __future__ import annotations

import asyncio
import inspect
import sys
from collections.abc import Callable
from ssl import SSLContext
from types import TracebackType
from typing import Any

import aiohttp
from aiohttp import web
from aiohttp.test_utils import BaseTestServer, RawTestServer
from yarl import URL

from ..errors import ControlError, DeactivatedError, OptionTypeError, OptionValueError, VerificationError
from ..live.desk import Desk
from ..words import check_words
from . import socket_end
from .tls import check_server_side

__unittest = True  # unittest leaves the frames of such a module out of its tracebacks, as pytest those with a mark

# How long a client may take to read what was answered just before the end, in seconds
_GRACE = 1.0
# What it takes a client to hear that its connection has ended, and to connect once more, in seconds
_NOTICE = 0.05
_HINTS = {"tls": " Did you mean 'ssl'?"}


class CaseControlledTestServer(Desk, RawTestServer):
    """aiohttp's `RawTestServer`, whose requests the test receives, and answers when and as it likes.

    The words are those of `aiohttpretty.controlled()`. An exception can't travel over a socket: `send_error` closes the
    connection for `aiohttp.ServerDisconnectedError`, resets it for `ConnectionResetError`, and refuses any other.

    Leaving its `async with` block fails if a request was left without an answer. `close()` ends it, too, and says
    nothing; in both cases, handlers that wait are cancelled, so that their clients see the connection lost.

    Args:
        ssl: the server's side of TLS, such as the fixture `aiohttp_tls` makes; then it speaks https.
        scheme, host, port, **kwargs: as `RawTestServer` takes them.

    Raises:
        OptionTypeError, OptionValueError: (a `TypeError`, a `ValueError`) there is no such word, or that is no context
            of a server.
    """

    def __init__(
        self,
        *,
        ssl: SSLContext | None = None,
        scheme: str = "",
        host: str = "127.0.0.1",
        port: int | None = None,
        **kwargs: Any,
    ) -> None:
        # aiohttp's own would take any word, and not even look at it
        check_words(kwargs, _words(), "CaseControlledTestServer", _HINTS)
        self._tls = check_server_side(ssl, "CaseControlledTestServer(ssl=...)")
        Desk.__init__(self, "the controlled server that has not been started")
        RawTestServer.__init__(self, self.handle, scheme=scheme, host=host, port=port, **kwargs)  # type: ignore[arg-type]

    async def start_server(self, loop: asyncio.AbstractEventLoop | None = None, **kwargs: Any) -> None:
        """Listen.

        Args:
            loop: as `RawTestServer` takes it.
            **kwargs: for aiohttp's runner. `shutdown_timeout` is how long, at the end, a client may take to read what
                was answered before, by default 1 second.

        Raises:
            ControlError: it was closed before.
            OptionTypeError, OptionValueError: (a `TypeError`, a `ValueError`) `ssl` is no context of a server.
        """
        if self.closed:
            raise ControlError(f"{self._sentence} was closed before. Make another CaseControlledTestServer().")
        if self.started:
            return
        if "tls" in kwargs:
            raise OptionTypeError("start_server() has no option 'tls'. Write it as ssl=context.")
        tls = check_server_side(kwargs.pop("ssl", self._tls), "start_server(ssl=...)")
        await super().start_server(loop=loop, ssl=tls, **kwargs)
        assert self.port is not None
        self._call_it(f"the controlled server at {URL.build(scheme=self.scheme, host=self.host, port=self.port)}")

    async def _make_runner(self, **kwargs: Any) -> web.BaseRunner:  # type: ignore[override]
        # An application, so that requests are whole ones of aiohttp.web, and "Expect: 100-continue" is answered; all it
        # has is a middleware, which is asked for every address, also where there is no route
        app = web.Application(middlewares=[self._everything], client_max_size=sys.maxsize)
        return web.AppRunner(app, **{"shutdown_timeout": _GRACE, **kwargs})

    @property
    def _everything(self) -> Any:
        @web.middleware
        async def everything(request: web.Request, handler: object) -> web.StreamResponse:
            try:
                return await self.handle(request)
            except _Ended as ended:
                ended.end(request.transport)
                raise

        return everything

    async def close(self) -> None:
        """Cancel what has no answer, and listen no more; what was answered just now still reaches its client."""
        await self._end()

    async def __aenter__(self) -> CaseControlledTestServer:
        await super().__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        __tracebackhide__ = True  # pytest leaves such frames out of its tracebacks
        failure = await self._end()
        if error is None and failure is not None:
            raise failure

    async def _end(self) -> VerificationError | None:
        if not self.started or self.closed:
            return None
        failure = self.leave()
        try:
            if failure is not None:
                # aiohttp's client makes some requests once more, and would be told that nobody listens
                await asyncio.sleep(_NOTICE)
        finally:
            await super().close()
        return failure

    def _watch(self, request: web.Request) -> Callable[[], bool]:
        return socket_end.watch(request)

    def _at_client(self, error: BaseException) -> BaseException:
        if isinstance(error, (DeactivatedError, aiohttp.ServerDisconnectedError)):
            return _Ended(socket_end.close)
        if isinstance(error, ConnectionResetError):
            return _Ended(socket_end.reset)
        raise OptionValueError(
            f"send_error(request, {error!r}): an exception can't be raised at the other end of a socket. Give a status "
            "of an error; or aiohttp.ServerDisconnectedError, to close the connection; or ConnectionResetError, to "
            "reset it. With aiohttpretty.controlled(), any can be raised."
        )


class _Ended(asyncio.CancelledError):
    """A request gets no answer, and its connection ends; aiohttp 3.10 would leave some open."""

    def __init__(self, end: Callable[[asyncio.Transport | None], None]) -> None:
        super().__init__()
        self.end = end


def _words() -> list[str]:
    """What aiohttp's test servers know, in whichever version this is."""
    known = inspect.signature(BaseTestServer.__init__).parameters.values()
    return ["ssl", *(each.name for each in known if each.kind is each.KEYWORD_ONLY)]

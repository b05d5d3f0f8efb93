"""WSGI applications (PEP 3333), as ASGI applications, by a2wsgi.

Law of this room: the threads are a2wsgi's, and none is left waiting for a client or an event loop that is gone: whoever
writes is stopped at the next piece, and whoever reads gets an `OSError`, as from a server.
"""

from __future__ import annotations

import asyncio
import io
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, MutableMapping
from contextlib import suppress
from typing import Any

from ..errors import ApplicationError, MissingPackageError

Message = MutableMapping[str, Any]
App = Callable[[Any, Any], Iterable[bytes]]

# How many requests it answers at once; a thread is made when it is needed
_THREADS = 40
# How many pieces of an answer may wait to be sent
_AHEAD = 2
_BUFFER = 64 * 1024
# How long requests under way may take to end when the application is shut down, in seconds
_GRACE = 5.0
_VISIT = "aiohttpretty.visit"


class Threaded:
    """A WSGI application as an ASGI application.

    Raises:
        MissingPackageError: a2wsgi is not installed.
    """

    def __init__(self, app: App) -> None:
        self._app = app
        self._make = _middleware()
        self._bridge: Any = None
        self._visits: set[_Visit] = set()

    async def __call__(self, scope: Message, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        else:
            await self._visit(scope, receive, send)

    async def _live(self, receive: Any, send: Any) -> None:
        # a2wsgi's own limit to what waits would have a thread wait for an event loop that has ended
        self._bridge = bridge = self._make(self._guarded, workers=_THREADS, send_queue_size=0)
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        for visit in list(self._visits):
            visit.leave()
        await _ended(bridge.executor)
        await send({"type": "lifespan.shutdown.complete"})

    async def _visit(self, scope: Message, receive: Any, send: Any) -> None:
        visit = _Visit(receive, send)
        self._visits.add(visit)
        # a task of its own, because to cancel it would have its thread wait for ever
        task = asyncio.create_task(self._bridge({**scope, _VISIT: visit}, visit.receive, visit.send))
        task.add_done_callback(lambda _: self._visits.discard(visit))
        task.add_done_callback(_heard)
        try:
            await asyncio.shield(task)
        finally:
            visit.leave()
        if visit.error is not None:
            raise visit.error

    def _guarded(self, environ: dict[str, Any], start_response: Any) -> Iterator[bytes]:
        """The application's answer, for as long as somebody takes it. This runs in a thread."""
        visit: _Visit = environ["asgi.scope"][_VISIT]
        # a2wsgi's own input gives up too early when it is read by lines of limited length
        environ["wsgi.input"] = io.BufferedReader(_Input(environ["wsgi.input"]), _BUFFER)
        environ["wsgi.input_terminated"] = True  # a chunked body has an end, too
        environ["wsgi.errors"] = sys.stderr

        started = False

        def start(*args: Any) -> Callable[[bytes], None]:
            nonlocal started
            if visit.left:  # a2wsgi would wait for an event loop that may have ended
                raise ConnectionResetError("The client is gone")
            write = start_response(*args)
            started = True

            def guarded(data: bytes) -> None:
                if not visit.has_room():
                    raise ConnectionResetError("The client is gone")
                write(data)

            return guarded

        pieces = self._app(environ, start)
        try:
            for piece in pieces:
                if not started:
                    break
                if not visit.has_room():
                    return
                yield piece
            if not started:
                raise ApplicationError(
                    f"The WSGI application {self._app!r} gave its answer without calling start_response, so that it "
                    "has no status. Call start_response('200 OK', headers) before the first piece."
                )
        finally:
            if (close := getattr(pieces, "close", None)) is not None:
                close()


class _Visit:
    """One request, on its way through a2wsgi."""

    def __init__(self, receive: Any, send: Any) -> None:
        self.error: Exception | None = None
        """Why a part of the answer could not be sent."""
        self._receive = receive
        self._send = send
        self._room = threading.Semaphore(_AHEAD)
        self._left = False

    @property
    def left(self) -> bool:
        """Whether nobody takes the answer any more."""
        return self._left

    def leave(self) -> None:
        """Nobody takes the answer any more."""
        self._left = True
        self._room.release()

    def has_room(self) -> bool:
        """Wait until a piece of the answer can be taken; whether somebody is there to take it. For the thread."""
        if not self._left:
            self._room.acquire()
        return not self._left

    async def receive(self) -> Message:
        message: Message = await self._receive()
        if message["type"] == "http.disconnect":
            self.leave()
            raise ConnectionResetError("The client is gone")  # in the thread, where the application reads
        return message

    async def send(self, message: Message) -> None:
        if self._left:
            return
        try:
            await self._send(message)
        except Exception as error:  # let out here, it would stop a2wsgi from taking what the thread gives
            self.error = error
            self.leave()
        if message["type"] == "http.response.body":
            self._room.release()


class _Input(io.RawIOBase):
    """The body of a request, as far as it has come."""

    def __init__(self, body: Any) -> None:
        self._body = body

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data: bytes = self._body.read(1)
        if data:
            data += self._body.read(min(len(buffer) - 1, len(self._body.buffer)))
        buffer[: len(data)] = data
        return len(data)


def _heard(task: asyncio.Task[None]) -> None:
    """Whoever waits for the task is told of its exception; if nobody does any more, nobody need be."""
    if not task.cancelled():
        task.exception()


async def _ended(executor: Any) -> None:
    """Wait for the threads, in one that is not theirs."""
    loop = asyncio.get_running_loop()
    over = loop.create_future()

    def wait() -> None:
        executor.shutdown(wait=True)
        with suppress(RuntimeError):  # the event loop is closed: nobody waits any more
            loop.call_soon_threadsafe(over.set_result, None)

    threading.Thread(target=wait, name="WSGI end", daemon=True).start()
    # not wait_for(), whose task the end of the event loop may cancel
    await asyncio.wait([over], timeout=_GRACE)
    if not over.done():
        executor.shutdown(wait=False, cancel_futures=True)


def _middleware() -> Any:
    try:
        from a2wsgi import WSGIMiddleware  # noqa: PLC0415 - an optional package
    except ImportError as error:
        raise MissingPackageError(
            "A WSGI application is mounted with the package a2wsgi, which is not installed. Install it: "
            "pip install 'aiohttpretty[wsgi]'."
        ) from error
    return WSGIMiddleware

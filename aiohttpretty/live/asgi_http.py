"""One request as ASGI tells it to an application, and the answer that the application gives.

Law of this room: the head is not sent before the first piece of the body, and each piece when it is given; `send`
returns when there is room for more. What breaks the rules is refused where the application breaks it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, MutableMapping
from typing import Any

from aiohttp import web
from multidict import CIMultiDict

from ..errors import ApplicationError

Message = MutableMapping[str, Any]

_DISCONNECTED = {"type": "http.disconnect"}


class HttpConnection:
    """What an application gets for one request: `receive` and `send`."""

    def __init__(self, request: web.Request, prefix: str = "http.response") -> None:
        self._request = request
        self._content = request.content
        self._prefix = prefix
        self._start: Message | None = None
        self._response: web.StreamResponse | None = None
        self._left: int | None = None  # bytes of the Content-Length that are still to come
        self._complete = False
        self._read = False
        self._over = asyncio.Event()
        self._gone = False

    # -- what happens

    def client_left(self) -> None:
        """The connection is lost."""
        self._gone = True
        self._over.set()

    @property
    def over(self) -> bool:
        """Whether nobody hears the application any more."""
        return self._gone

    async def finished(self) -> web.StreamResponse:
        """The response, when the application has returned.

        Raises:
            ApplicationError: there is none, or not all of it.
        """
        if self._response is not None and (self._complete or self._gone):
            return self._response
        if self._gone:
            return web.Response(status=500)  # to nobody
        if self._start is None:
            raise ApplicationError(
                f"The ASGI application returned without an answer to {self._request.method} {self._request.path}. Send "
                f"{self._prefix}.start and {self._prefix}.body."
            )
        raise ApplicationError(
            f"The ASGI application returned before its answer to {self._request.method} {self._request.path} was "
            f"complete. Send a last {self._prefix}.body, without more_body."
        )

    # -- what the application calls

    async def receive(self) -> Message:
        """The next piece of the request's body, and after the last one, when it is so, that the client is gone."""
        if not (self._read or self._gone or self._complete):
            try:
                body = await self._content.readany()
            except OSError:
                self.client_left()
            else:
                self._read = self._content.at_eof()
                return {"type": "http.request", "body": body, "more_body": not self._read}
        await self._over.wait()
        return dict(_DISCONNECTED)

    async def send(self, message: Message) -> None:
        """Send a part of the answer.

        Raises:
            ApplicationError: it can't be sent, or not now.
            OSError: the client is gone.
        """
        kind = message["type"]
        if kind == f"{self._prefix}.start" and self._start is None:
            _check_status(message)
            self._start = message
        elif kind == f"{self._prefix}.body" and self._start is not None and not self._complete:
            await self._body(self._start, message.get("body", b""), more=message.get("more_body", False))
        else:
            raise ApplicationError(
                f"The ASGI application sent {kind!r}, which can't come here. Send {self._prefix}.start once, then "
                f"{self._prefix}.body until one has no more_body."
            )

    async def _body(self, start: Message, body: bytes, *, more: bool) -> None:
        if not isinstance(body, (bytes, bytearray, memoryview)):
            raise ApplicationError(
                f"The ASGI application sent the body {body!r}, which is a {type(body).__name__}. Send bytes."
            )
        try:
            await self._write(start, bytes(body), more=more)
        except OSError:
            self.client_left()
            raise

    async def _write(self, start: Message, body: bytes, *, more: bool) -> None:
        if self._response is None:
            self._response = await self._begin(start)
        if self._gone or self._request.transport is None:
            raise ConnectionResetError("The client is gone")
        self._count(len(body), more=more)
        if body and not self._bodiless(start["status"]):
            await self._response.write(body)
        if not more:
            self._complete = True
            await self._response.write_eof()
            self._over.set()

    async def _begin(self, start: Message) -> web.StreamResponse:
        headers = decoded(start.get("headers", ()))
        made = web.StreamResponse if "Content-Type" in headers else _Untyped
        response = made(status=start["status"], headers=headers)
        if headers.get("Connection", "").lower() == "close":
            response.force_close()
        self._left = response.content_length
        await response.prepare(self._request)
        return response

    def _bodiless(self, status: int) -> bool:
        return self._request.method == "HEAD" or status in (204, 304)

    def _count(self, length: int, *, more: bool) -> None:
        assert self._start is not None
        if self._left is None or self._bodiless(self._start["status"]):
            return
        self._left -= length
        if self._left < 0 or (self._left and not more):
            how = "longer" if self._left < 0 else "shorter"
            raise ApplicationError(
                f"The body of the ASGI application is {how} than the Content-Length that it gave, by {abs(self._left)} "
                "bytes. Give the right length, or none."
            )


class _Untyped(web.StreamResponse):
    """A response without a Content-Type."""


async def untyped(_: web.Request, response: web.StreamResponse) -> None:
    """Take off the Content-Type that aiohttp adds, as servers of ASGI do not."""
    if isinstance(response, _Untyped):
        response.headers.pop("Content-Type", None)


def decoded(headers: Iterable[tuple[bytes, bytes]]) -> CIMultiDict[str]:
    """The headers as aiohttp takes them, without the framing, which is the server's.

    Raises:
        ApplicationError: they are no pairs of bytes.
    """
    made: CIMultiDict[str] = CIMultiDict()
    for name, value in headers:
        if not (isinstance(name, bytes) and isinstance(value, bytes)):
            raise ApplicationError(
                f"The ASGI application sent the header ({name!r}, {value!r}). Send name and value as bytes."
            )
        if name.lower() != b"transfer-encoding":
            made.add(_text(name), _text(value))
    return made


def _text(header: bytes) -> str:
    try:
        return header.decode()
    except UnicodeDecodeError:
        return header.decode("latin-1")


def _check_status(message: Message) -> None:
    status = message.get("status")
    if not isinstance(status, int) or not 100 <= status <= 999:
        raise ApplicationError(f"The ASGI application sent the status {status!r}. Send an int from 200 to 599.")

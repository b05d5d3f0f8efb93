"""A websocket as ASGI tells it to an application.

Law of this room: the handshake is the application's to accept or to refuse; all that follows is aiohttp's websocket.
"""

from __future__ import annotations

import asyncio
from collections.abc import MutableMapping, Sequence
from typing import Any

from aiohttp import WSMsgType, web

from ..errors import ApplicationError
from .asgi_http import HttpConnection, decoded

Message = MutableMapping[str, Any]

# As much as servers of ASGI take by default, in bytes
_LARGEST_MESSAGE = 16 * 1024 * 1024
_NO_STATUS, _ABNORMAL = 1005, 1006  # RFC 6455, 7.4.1


class WebSocketConnection:
    """What an application gets for one websocket: `receive` and `send`."""

    def __init__(self, request: web.Request, offered: Sequence[str]) -> None:
        self._request = request
        self._offered = offered
        self._told = False
        self._socket: web.WebSocketResponse | None = None
        self._refusal: HttpConnection | None = None
        self._refused: web.Response | None = None
        self._decided = asyncio.Event()
        self._gone = False

    # -- what happens

    def client_left(self) -> None:
        """The connection is lost."""
        self._gone = True
        self._decided.set()
        if self._refusal is not None:
            self._refusal.client_left()

    @property
    def over(self) -> bool:
        """Whether nobody hears the application any more."""
        return self._gone or (self._socket is not None and self._socket.closed)

    async def finished(self) -> web.StreamResponse:
        """The response, when the application has returned.

        Raises:
            ApplicationError: it has neither accepted nor refused.
        """
        if self._socket is not None:
            return self._socket  # aiohttp closes it, if it is open
        if self._refusal is not None:
            return await self._refusal.finished()
        if self._refused is not None:
            return self._refused
        if self._gone:
            return web.Response(status=500)  # to nobody
        raise ApplicationError(
            f"The ASGI application returned without an answer to the websocket {self._request.path}. Send "
            "websocket.accept or websocket.close."
        )

    # -- what the application calls

    async def receive(self) -> Message:
        """The next message: that somebody wants to connect, what they say, and that they are gone."""
        if not self._told:
            self._told = True
            return {"type": "websocket.connect"}
        await self._decided.wait()
        if self._socket is None:
            return _disconnect(_ABNORMAL)
        message = await self._socket.receive()
        if message.type is WSMsgType.TEXT:
            return {"type": "websocket.receive", "text": message.data, "bytes": None}
        if message.type is WSMsgType.BINARY:
            return {"type": "websocket.receive", "text": None, "bytes": bytes(message.data)}
        if message.type is WSMsgType.CLOSE:
            return _disconnect(message.data or _NO_STATUS, message.extra or "")
        return _disconnect(self._socket.close_code or _NO_STATUS)

    async def send(self, message: Message) -> None:
        """Accept, refuse, say something, or close.

        Raises:
            ApplicationError: it can't be sent, or not now.
            OSError: the client is gone.
        """
        kind = message["type"]
        if self._socket is not None:
            await self._say(self._socket, kind, message)
        elif self._refused is None and kind.startswith("websocket.http.response."):
            self._refusal = self._refusal or HttpConnection(self._request, "websocket.http.response")
            await self._refusal.send(message)
        elif self._refused is None and self._refusal is None and kind == "websocket.accept":
            await self._accept(message)
        elif self._refused is None and self._refusal is None and kind == "websocket.close":
            self._refused = web.Response(status=403)
            self._decided.set()
        else:
            raise self._misplaced(kind)

    async def _accept(self, message: Message) -> None:
        if self._gone:
            raise ConnectionResetError("The client is gone")
        chosen = message.get("subprotocol")
        socket = web.WebSocketResponse(protocols=(chosen,) if chosen else (), max_msg_size=_LARGEST_MESSAGE)
        socket.headers.extend(decoded(message.get("headers") or ()))
        if chosen and chosen not in self._offered:
            socket.headers["Sec-WebSocket-Protocol"] = chosen  # a server sends it all the same
        await socket.prepare(self._request)
        self._socket = socket
        self._decided.set()

    async def _say(self, socket: web.WebSocketResponse, kind: str, message: Message) -> None:
        if kind == "websocket.close":
            reason = (message.get("reason") or "").encode()
            await socket.close(code=message.get("code") or 1000, message=reason)
            return
        if kind != "websocket.send":
            raise self._misplaced(kind)
        text, data = message.get("text"), message.get("bytes")
        if (text is None) == (data is None):
            raise ApplicationError(
                f"The ASGI application sent a websocket message with text {text!r} and bytes {data!r}. Send one of "
                "them."
            )
        if text is not None:
            await socket.send_str(text)
        else:
            await socket.send_bytes(data)  # type: ignore[arg-type]

    def _misplaced(self, kind: str) -> ApplicationError:
        return ApplicationError(
            f"The ASGI application sent {kind!r} to the websocket {self._request.path}, which can't come here. Send "
            "websocket.accept once, then websocket.send, and websocket.close at the end; or only websocket.close to "
            "refuse."
        )


def _disconnect(code: int, reason: str = "") -> Message:
    return {"type": "websocket.disconnect", "code": code, "reason": reason}

"""The server's end of a websocket, played by a test, step by step.

Law of this room: whatever can't be done, or does not come in time, is a failed test, and the error says what state the
websocket is in, and what was exchanged so far.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, cast

from aiohttp import WSMessage, WSMsgType, web

from ..diagnosis import masking
from ..errors import OptionTypeError, OptionValueError, PeerError
from ..records.messages import listed
from ..verification.checks import check_timeout
from .line import LAST, Line

if TYPE_CHECKING:
    from ..records.call import Call

# So many bytes a ping holds, and the reason of a closing beside its code (RFC 6455, 5.5)
_PING = 125
_REASON = 123


class Peer:
    """The other end of one websocket that the code under test has opened.

    Pings and closings of the client's are answered by themselves. Timeouts are in seconds; None waits for ever.
    """

    def __init__(self, request: web.Request, line: Line, call: Call) -> None:
        self.request = request
        """The request that opened it."""
        self.call = call
        """Its record; `call.messages` is what was exchanged so far."""
        self._line = line

    # -- the state

    @property
    def closed(self) -> bool:
        """Whether it is closed, by whomever; what was not fetched can still be."""
        return self._line.closed

    @property
    def close_code(self) -> int | None:
        """The code with which the client closed, or answered the closing; 1006 without that; None until then."""
        return self._line.socket.close_code

    @property
    def protocol(self) -> str | None:
        """The subprotocol that was agreed upon."""
        return self._line.socket.ws_protocol

    @property
    def compress(self) -> bool:
        """Whether compression (permessage-deflate) was agreed upon."""
        return bool(self._line.socket.compress)

    # -- receiving

    async def receive(self, timeout: float | None = 1.0) -> WSMessage:
        """The next message, as aiohttp has them; the last is of type CLOSE, or CLOSED or ERROR without a closing.

        Raises:
            PeerError: (an `AssertionError`) none came in time, or the last has been fetched.
            OptionTypeError, OptionValueError: (a `TypeError`, a `ValueError`) `timeout` is no length of time.
        """
        __tracebackhide__ = True
        message = await self._fetch("receive()", timeout)
        if message is None:
            raise self._ended("receive()")
        return message

    async def receive_str(self, timeout: float | None = 1.0) -> str:
        """The next message, a text; raises as `receive`, and if it is none."""
        __tracebackhide__ = True
        return cast("str", await self._fetch_of("receive_str()", WSMsgType.TEXT, timeout))

    async def receive_bytes(self, timeout: float | None = 1.0) -> bytes:
        """The next message, bytes; raises as `receive`, and if it is none."""
        __tracebackhide__ = True
        return cast("bytes", await self._fetch_of("receive_bytes()", WSMsgType.BINARY, timeout))

    async def receive_json(self, timeout: float | None = 1.0, *, loads: Callable[[str], Any] = json.loads) -> Any:
        """The next message, a text, read as JSON; raises as `receive`, and if it is none."""
        __tracebackhide__ = True
        text = await self._fetch_of("receive_json()", WSMsgType.TEXT, timeout)
        try:
            return loads(text)
        except ValueError as error:
            raise self._failure(
                f"receive_json() got a text that is not JSON: {error}. If it is right that the client sends that, "
                "fetch it with receive_str()."
            ) from error

    def __aiter__(self) -> Peer:
        return self

    async def __anext__(self) -> WSMessage:
        """The next message, awaited for a second; the iteration ends when it is closed, by whomever."""
        __tracebackhide__ = True
        message = None if self._line.drained else await self._fetch("async for", 1.0)
        if message is None or message.type in LAST:
            raise StopAsyncIteration
        return message

    # -- sending

    async def send_str(self, data: str, compress: int | None = None) -> None:
        """Send a text; return when there is room for more.

        Raises:
            PeerError: (an `AssertionError`) it is closed.
        """
        __tracebackhide__ = True
        await self._send("send_str()", lambda: self._line.socket.send_str(data, compress))

    async def send_bytes(self, data: bytes, compress: int | None = None) -> None:
        """Send bytes; raises as `send_str`."""
        __tracebackhide__ = True
        await self._send("send_bytes()", lambda: self._line.socket.send_bytes(data, compress))

    async def send_json(
        self, data: Any, compress: int | None = None, *, dumps: Callable[[Any], str] = json.dumps
    ) -> None:
        """Send a value as JSON, in a text; raises as `send_str`."""
        __tracebackhide__ = True
        text = dumps(data)
        await self._send("send_json()", lambda: self._line.socket.send_str(text, compress))

    async def ping(self, message: bytes | str = b"") -> None:
        """Send a ping; the client's pong will be among `call.messages`. Raises as `send_str`.

        Raises:
            OptionTypeError, OptionValueError: (a `TypeError`, a `ValueError`) the message is none, or too long.
        """
        __tracebackhide__ = True
        data = _fitting("ping", message, _PING)
        await self._send("ping()", lambda: self._line.socket.ping(data))

    # -- the end

    async def close(self, code: int = 1000, message: bytes | str = b"") -> None:
        """Close it, with this code and reason; nothing happens if it is closed already.

        The client's answer is not waited for, because the test may be about to have it receive; `wait_closed` does.

        Raises:
            OptionTypeError, OptionValueError: (a `TypeError`, a `ValueError`) no close frame can say that.
        """
        __tracebackhide__ = True
        _check_code(code)
        reason = _fitting("close", message, _REASON)
        self._check_loop("close()")
        await self._line.close(code, reason)

    async def wait_closed(self, timeout: float | None = 1.0) -> int | None:
        """Wait until it is closed at both ends, and give `close_code`; what was not fetched can still be.

        Raises:
            PeerError: (an `AssertionError`) it is not closed in time.
            OptionTypeError, OptionValueError: (a `TypeError`, a `ValueError`) that is no length of time.
        """
        __tracebackhide__ = True
        self._check_loop("wait_closed()")
        if not await self._line.until(lambda: self._line.over, check_timeout(timeout)):
            raise self._failure(
                f"wait_closed() waited {timeout} s in vain: {self._line.state}. Have the client close it, or receive "
                "until it hears that it is closed; or give it more time with timeout=."
            )
        return self.close_code

    async def abort(self) -> None:
        """Cut the connection without a word, as when a server dies; the client has an abnormal closure (1006)."""
        __tracebackhide__ = True
        self._check_loop("abort()")
        self._line.abort()

    # -- how it fails

    async def _fetch(self, what: str, timeout: float | None) -> WSMessage | None:
        """The next message; None if there is none, and none will come."""
        __tracebackhide__ = True
        self._check_loop(what)
        message = await self._line.fetch(check_timeout(timeout))
        if message is not None or self._line.drained:
            return message
        cure = "receive(timeout=...)" if what == "async for" else "timeout="
        raise self._failure(
            f"{what} got nothing for {timeout} s: {self._line.state}, and silent. Have it send something first, or "
            f"give it more time with {cure}."
        )

    async def _fetch_of(self, what: str, kind: WSMsgType, timeout: float | None) -> Any:
        __tracebackhide__ = True
        message = await self._fetch(what, timeout)
        if message is None or message.type in LAST:
            raise self._ended(what)
        if message.type is kind:
            return message.data
        other = "receive_bytes()" if message.type is WSMsgType.BINARY else "receive_str() or receive_json()"
        raise self._failure(
            f"{what} got a message of type {message.type.name}, not {kind.name}. If it is right that the client sends "
            f"that, fetch it with {other}."
        )

    async def _send(self, what: str, send: Callable[[], Awaitable[None]]) -> None:
        __tracebackhide__ = True
        self._check_loop(what)
        if self.closed:
            raise self._unreached(what)
        try:
            await send()
        except ConnectionError as error:
            self._line.ended_by("the client is gone without a closing")
            raise self._unreached(what) from error

    def _check_loop(self, what: str) -> None:
        __tracebackhide__ = True
        loop = self._line.loop
        if asyncio.get_running_loop() is not loop:
            state = "is closed" if loop.is_closed() else "is another one"
            raise self._failure(
                f"{what} can't be used here: the client that opened this websocket lives in an event loop that "
                f"{state}. Use the peer in the event loop of its client, and accept a new one for each client."
            )

    def _ended(self, what: str) -> PeerError:
        return self._failure(f"{what} can get nothing any more: {self._line.state}. Receive before that.")

    def _unreached(self, what: str) -> PeerError:
        return self._failure(f"{what} reaches nobody: {self._line.state}. Send before that.")

    def _failure(self, sentence: str) -> PeerError:
        return PeerError(f"{sentence}\n{exchanged(self.call)}")

    def __repr__(self) -> str:
        return f"<Peer of {masking.url(self.call.url)}: {self._line.state}>"


def exchanged(call: Call) -> str:
    """What has gone over a websocket so far, in lines."""
    place = f"over {masking.url(call.url)}"
    if call.asked_at is not None:
        place += f", opened at {call.asked_at}"
    messages = call.messages
    if not messages:
        return f"Nothing was exchanged {place}."
    return "\n".join([f"Exchanged {place}, from the client's side:", *listed(messages)])


def _check_code(code: object) -> None:
    if isinstance(code, bool) or not isinstance(code, int):
        raise OptionTypeError(f"close(code={code!r}): that is no close code. Give an int, such as 1000 or 4001.")
    if not 0 <= code <= 0xFFFF:
        raise OptionValueError(
            f"close(code={code!r}): a close frame has two bytes for its code (RFC 6455, 5.5.1). Give one of them, from "
            "0 to 65535; those of applications are 4000 to 4999."
        )


def _fitting(what: str, message: object, room: int) -> bytes:
    if isinstance(message, str):
        message = message.encode()
    if not isinstance(message, bytes):
        raise OptionTypeError(f"{what}(message={message!r}): that is no message. Give a str or bytes.")
    if len(message) > room:
        raise OptionValueError(
            f"{what}(message=...): it is {len(message)} bytes long, and there is room for {room} in such a frame (RFC "
            "6455, 5.5). Shorten it."
        )
    return message

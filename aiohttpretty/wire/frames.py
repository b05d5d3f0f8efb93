"""The messages in the bytes of a websocket, read by aiohttp's own reader.

Law of this room: whoever sends or receives bytes is not kept waiting. What went over the wire is put aside, and read
when somebody asks, or before there is too much of it.
"""

from __future__ import annotations

import re
import threading
from collections import deque
from collections.abc import Iterable, Iterator
from time import monotonic
from typing import Any, Protocol

from aiohttp import WSMsgType, web_ws
from aiohttp.base_protocol import BaseProtocol
from aiohttp.http_websocket import WebSocketReader

# So many bytes are put aside before they are read
_ASIDE = 1024 * 1024
# The queue is emptied after every piece; with no limit of its own it would have the connection wait
_NO_LIMIT = 1 << 30
_COMPRESSED = re.compile(rb"(?im)^sec-websocket-extensions:[^\r]*permessage-deflate")
_WEBSOCKET = re.compile(rb"(?im)^upgrade:[ \t]*websocket")
_Queue: Any = getattr(web_ws, "WebSocketDataQueue", None) or getattr(web_ws, "FlowControlDataQueue", None)


class Sink(Protocol):
    """Who takes what is read."""

    def take(self, direction: Any, kind: WSMsgType, data: Any, extra: str | None, moment: float) -> None: ...


class Told(Protocol):
    """The shape of a record."""

    def upgraded(self, frames: Frames) -> None:
        """The connection is a websocket now, with these messages; to set the sink of which."""


def opened(head: bytes, behind: int, told: Iterable[Told]) -> Frames | None:
    """The messages behind the head of an answer with 101, if that opens a websocket and somebody is told of it.

    Args:
        behind: how many bytes the client is still to receive up to the end of that head.
    """
    if _WEBSOCKET.search(head) is None:
        return None
    for record in told:
        frames = Frames(behind, compressed=_COMPRESSED.search(head) is not None)
        record.upgraded(frames)
        return frames
    return None


class Frames:
    """What goes over one websocket, which its `sink` is told of."""

    def __init__(self, behind: int, *, compressed: bool) -> None:
        self.sink: Sink
        """Takes each message; to be set before the first comes."""
        self._behind = behind
        self._aside: deque[tuple[str, bytes, float]] = deque()
        self._size = 0
        self._lock = threading.RLock()  # a test may look in another thread than the client's
        self._readers = {direction: _Reader(compressed=compressed) for direction in ("sent", "received")}

    def sent(self, data: bytes) -> None:
        """The client has sent these bytes."""
        self._put("sent", data)

    def received(self, data: bytes) -> None:
        """The client has received these bytes."""
        if self._behind:
            skipped = min(self._behind, len(data))
            self._behind -= skipped
            data = data[skipped:]
        if data:
            self._put("received", data)

    def read(self) -> None:
        """Have the sink take all that has come."""
        with self._lock:
            while self._aside:
                direction, data, moment = self._aside.popleft()
                self._size -= len(data)
                for message in self._readers[direction].read(data):
                    self.sink.take(direction, *message, moment)

    def _put(self, direction: str, data: bytes) -> None:
        with self._lock:
            self._aside.append((direction, data, monotonic()))
            self._size += len(data)
            if self._size > _ASIDE:
                self.read()


class _Reader:
    """One direction."""

    def __init__(self, *, compressed: bool) -> None:
        # Neither ever waits, so that there is no event loop they would need, and that would be held
        self._queue = _Queue(BaseProtocol(None), _NO_LIMIT, loop=None)  # type: ignore[arg-type]
        self._reader = _reader(self._queue, compressed)
        self._broken = False

    def read(self, data: bytes) -> Iterator[tuple[WSMsgType, Any, str | None]]:
        """The messages that are whole with these bytes."""
        if self._broken:
            return
        self._reader.feed_data(data)
        while self._queue._buffer:
            kind, content, extra = _now(self._queue.read())
            # That of a ping or a pong may be a bytearray
            yield kind, bytes(content) if isinstance(content, bytearray) else content, extra
        if (error := self._queue.exception()) is not None:
            self._broken = True
            yield WSMsgType.ERROR, str(error), None


def _reader(queue: Any, compressed: bool) -> Any:
    make: Any = WebSocketReader
    try:
        return make(queue, 0, compressed, True)
    except TypeError:  # pragma: no cover - aiohttp < 3.14, which knows no text that is left undecoded
        return make(queue, 0, compressed)


def _now(reading: Any) -> Any:
    """What a coroutine gives that need not wait."""
    try:
        return reading.send(None)  # never: a queue with a message in it does not wait for one
    except StopIteration as stop:
        return stop.value

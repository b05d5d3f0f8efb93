"""Bytes on their way from a writer to a reader, neither of them faster than the other.

Law of this room: the reader gets no more than it wants, one slice a tick of the event loop. The writer is told to pause
and to go on as asyncio's own transports would tell it. What is passed on at once saves the tick that a kernel would
take; that is for readers that do nothing with bytes but take note of them, and wake a task.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from contextvars import Context

# As much as a selector event loop reads from a socket at a time
_SLICE = 256 * 1024
# asyncio's own marks: above the first a writer pauses, at the second it goes on
_HIGH = 64 * 1024
_LOW = 16 * 1024


class Flow:
    """One direction of a connection."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        context: Context,
        *,
        writer: asyncio.BaseProtocol,
        wanted: Callable[[], bool],
        deliver: Callable[[bytes], None],
        finish: Callable[[], None],
    ) -> None:
        self._loop = loop
        self._context = context
        self._writer = writer
        self._wanted = wanted
        self._deliver = deliver
        self._finish = finish
        self._pieces: deque[bytes | memoryview] = deque()
        self.size = 0
        """How many bytes are still to be delivered."""
        self._held = False  # whether the writer was told to pause
        self._awake = False  # whether the event loop is going to run `_step`
        self._ended = False

    def put(self, data: bytes) -> None:
        """Take what the writer wrote; after the end, it is lost."""
        if self._ended:
            return
        self._pieces.append(data)
        self.size += len(data)
        if self.size > _HIGH and not self._held:
            self._held = True
            self._writer.pause_writing()
        self.wake()

    def pass_on(self, data: bytes) -> None:
        """The same, delivered at once if nothing is in the way."""
        if self._pieces or self._ended or len(data) > _SLICE or not self._wanted() or self._loop.is_closed():
            self.put(data)
        else:
            self._context.run(self._deliver, data)

    def hurry(self) -> None:
        """Deliver at once what waits for the event loop: the writer waits for the reader now."""
        if self._pieces and not self._loop.is_closed():
            self._context.run(self._step)

    def wake(self) -> None:
        """The reader may want more."""
        if not self._awake and not self._loop.is_closed():
            self._awake = True
            # a context of its own, or what the reader does with the bytes would be done in the writer's
            self._loop.call_soon(self._step, context=self._context)

    def end(self) -> None:
        """The writer has nothing more to say; when the reader has all, `finish` is called."""
        self._ended = True
        self.wake()

    def cut(self) -> None:
        """Lose what is on its way, and all that is still to come. A writer that waits goes on, and will see."""
        self.size = 0
        self._pieces.clear()
        self._ended = True
        self._finish = _nothing
        self._let_go()

    def _step(self) -> None:
        self._awake = False
        if not self._wanted():
            return
        if self._pieces:
            data = self._next()
            if self.size <= _LOW:
                self._let_go()  # first: a writer has its last bytes with the kernel before anybody reads them there
            self._deliver(data)
            if self._pieces or self._ended:
                self.wake()  # the end comes after the bytes, as from a socket, and not with the last of them
        elif self._ended:
            finish, self._finish = self._finish, _nothing
            finish()

    def _next(self) -> bytes:
        """Up to a slice, joined from what was written apart."""
        taken: list[bytes | memoryview] = []
        room = _SLICE
        while self._pieces and room:
            piece = self._pieces.popleft()
            if len(piece) > room:
                # a view, because a large body must not be in memory twice
                rest = memoryview(piece)
                self._pieces.appendleft(rest[room:])
                piece = rest[:room]
            taken.append(piece)
            room -= len(piece)
        self.size -= _SLICE - room
        first = taken[0]
        return first if len(taken) == 1 and isinstance(first, bytes) else b"".join(taken)

    def _let_go(self) -> None:
        if self._held:
            self._held = False
            self._writer.resume_writing()


def _nothing() -> None:
    """There is nothing to do at the end."""

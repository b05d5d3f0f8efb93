"""Waiting for what other tasks, threads and event loops bring.

Law of this room: nobody polls. Whoever waits has an inbox and a bell; what comes is put into every inbox, and the bell
is rung in the event loop of the one who waits. Nothing that comes between looking and waiting is missed.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any

from .activation import in_thread_of


class Waiter:
    """One who waits, in the event loop that is running."""

    def __init__(self) -> None:
        self.inbox: deque[Any] = deque()
        self.over = False
        """Whether it is in vain."""
        self._loop = asyncio.get_running_loop()
        self._bell: asyncio.Future[None] | None = None

    def wake(self) -> None:
        """Have it look; from any thread."""
        if not self._loop.is_closed():  # else there is nobody to wake
            in_thread_of(self._loop, self._ring)

    def _ring(self) -> None:
        if self._bell is not None and not self._bell.done():
            self._bell.set_result(None)

    async def until(self, look: Callable[[Iterable[Any]], bool], timeout: float | None) -> bool:
        """Whether `look` says yes, given what has come since it was asked last, before `timeout` seconds are over."""
        late = False

        def alarm() -> None:
            nonlocal late
            late = True
            self._ring()

        timer = None if timeout is None else self._loop.call_later(timeout, alarm)
        try:
            while True:
                self._bell = self._loop.create_future()  # before looking, so that what comes then rings it
                if look(self._emptied()):
                    return True
                if late or self.over or timeout == 0:
                    return False
                await self._bell
        finally:
            self._bell = None
            if timer is not None:
                timer.cancel()

    def _emptied(self) -> Iterable[Any]:
        while self.inbox:
            yield self.inbox.popleft()

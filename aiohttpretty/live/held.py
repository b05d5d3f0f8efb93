"""A request that is held until the test answers it.

Law of this room: it is answered once, from any thread, and knows what became of it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from functools import partial

from aiohttp import web

from ..activation import in_thread_of
from ..diagnosis import masking
from ..diagnosis.difference import cut
from ..errors import ControlError

ADDRESS = 72
_LISTED = 10  # so many stand in a list: the first and the last of them


class Held:
    """One request; made in the handler that waits for its answer."""

    def __init__(self, number: int, request: web.Request, waits: Callable[[], bool]) -> None:
        self.number = number
        """Which one it is, counted from 1."""
        self.request = request
        self.waits = waits
        """Whether its client still waits for the answer, or the rest of it."""
        self.open = True
        """Whether the test may still answer it."""
        self.begun: web.StreamResponse | None = None
        """The response that the test is writing."""
        self.fate = "not received yet"
        self._answered = False
        self._left = False
        self._answer: asyncio.Future[web.StreamResponse] = asyncio.get_running_loop().create_future()

    async def wait(self) -> web.StreamResponse:
        """The answer, when it is there."""
        try:
            return await self._answer
        except (asyncio.CancelledError, GeneratorExit):
            if self.open:
                self.open = False
                self.fate = "its client is gone"
            raise

    def received(self) -> web.Request:
        """The request, for the test."""
        if self.open and self.begun is None:
            self.fate = "received, not answered"
        return self.request

    def begin(self, response: web.StreamResponse) -> None:
        """The test is going to write this.

        Raises:
            ControlError: it is writing something, or has sent this already.
        """
        if self.begun is not None:
            raise ControlError(
                f"The answer to {self} has been begun already. Write more of it with `await response.write(...)`, and "
                "end it with send_response(request, response)."
            )
        self.check_new(response)
        self.begun = response
        self.fate = f"begun to be answered {response.status}"

    def answer(self, answer: web.StreamResponse | BaseException, fate: str) -> None:
        """Let the handler return this, or raise it."""
        self._answered = True
        self.fate = fate
        self._settle(answer)

    def drop(self, error: BaseException) -> None:
        """Nobody will answer it any more: let the handler raise this."""
        self._left = True
        self._settle(error)

    def check_open(self) -> None:
        """Refuse what can't be answered.

        Raises:
            ControlError: it has been answered, or its client is gone, or the server was left.
        """
        if self._answered:
            raise ControlError(f"{self} was {self.fate}, and can't be answered again. Answer each request once.")
        if self._left:
            raise ControlError(f"{self} can't be answered any more. Answer it before the block ends.")
        if not self.open or (self.begun is None and not self.waits()):
            raise ControlError(
                f"{self} can't be answered: its client is gone, because it was cancelled, closed or timed out. Leave "
                "such a request unanswered."
            )

    def check_new(self, answer: web.StreamResponse) -> None:
        """Refuse a response that can't be sent to this request.

        Raises:
            ControlError: it has been sent to another, or another response was begun.
        """
        if self.begun is not None and answer is not self.begun:
            raise ControlError(
                f"The answer to {self} was begun with prepare(), and no other can take its place. Give that response "
                "to end it: send_response(request, response)."
            )
        if answer.prepared and answer is not self.begun:
            raise ControlError(
                f"The answer to {self} was sent to another request before. Make a new response for each."
            )

    def _settle(self, answer: web.StreamResponse | BaseException) -> None:
        self.open = False
        loop = self._answer.get_loop()
        if not loop.is_closed():  # else nobody waits there any more
            in_thread_of(loop, partial(self._give, answer))

    def _give(self, answer: web.StreamResponse | BaseException) -> None:
        if self._answer.done():
            return  # the client went in this moment
        if isinstance(answer, BaseException):  # an HTTPException, too: aiohttp.web wants to see it raised
            self._answer.set_exception(answer)
        else:
            self._answer.set_result(answer)

    def __str__(self) -> str:
        return f"{self.request.method} {cut(str(masking.url(self.request.url)), ADDRESS)}"


def listed(requests: Iterable[Held]) -> str:
    """Requests with what became of them, one on a line."""
    return "\n".join(shortened([f"  {held.number}. {held} -> {held.fate}" for held in requests]))


def shortened(rows: list[str]) -> list[str]:
    """A list without its middle, if it is long."""
    left_out = len(rows) - _LISTED
    if left_out < 2:
        return rows
    return [*rows[: _LISTED // 2], f"  … {left_out} more …", *rows[-_LISTED // 2 :]]

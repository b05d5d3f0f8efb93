"""One request at the server's end of a wire: who answers it, and who is told of the answer.

Law of this room: what is told is told once, in the order in which it happens.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .frames import Told

_NOTHING: Mapping[str, str] = {}


class AtClient(Exception):  # noqa: N818 - it is no failure, but a way to say something
    """What a handler of this package's own raises to have `error` raised where the client waits."""

    def __init__(self, error: BaseException) -> None:
        super().__init__(error)
        self.error = error


class Exchange:
    """What is to be known about the next request. Who wants to know of its answer overrides the methods.

    They must not raise.
    """

    __slots__ = ("handler",)

    def __init__(self, handler: Callable[[Any], Any] | None = None) -> None:
        self.handler = handler
        """Answers it, given a `web.Request`; None if the server itself knows who does."""

    @property
    def told(self) -> Sequence[Told]:
        """The record of the request, for as long as its answer goes on: one, or none."""
        return ()

    @property
    def match_info(self) -> Mapping[str, str]:
        """For the handler."""
        return _NOTHING

    def on_head(self, status: int, head: bytes) -> None:
        """The head of the answer is written (not that of a 100 Continue before it)."""

    def on_end(self) -> None:
        """The client has got the last of the answer; not if the connection is lost before."""

    def on_bug(self, error: BaseException) -> None:
        """The handler let out an exception; the client gets aiohttp's own answer to that, as in life."""

    def on_fail(self, error: BaseException) -> None:
        """An exception is about to be raised where the client waits, in the place of an answer."""

    def on_over(self) -> None:
        """The handler has ended, which may be after the answer."""

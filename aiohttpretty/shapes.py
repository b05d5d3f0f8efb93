"""The shapes of what the far end of a wire is given: replies, records, those whose they are.

Law of this room: it holds shapes only, so that the rooms that give and the one that takes need not know each other.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from .delivery import Deliverable, Told
from .origin import Spot
from .script import Time

if TYPE_CHECKING:
    from .wire.handlers import Serving


class Spoken(Deliverable, Protocol):
    """The shape of a reply."""

    @property
    def delay(self) -> float: ...
    @property
    def time(self) -> Time | None: ...
    @property
    def error(self) -> BaseException | type[BaseException] | None: ...
    def exception(self) -> BaseException: ...
    @property
    def handler(self) -> Callable[[Any], Any] | None: ...
    @property
    def host(self) -> Host | None: ...
    @property
    def expects_errors(self) -> bool: ...


class Host(Protocol):
    """Where a mounted application runs."""

    def server(self, loop: asyncio.AbstractEventLoop) -> Serving:
        """What serves it in the event loop, where it has been started. Raises if it has ended."""
        ...


class Record(Told, Protocol):
    """The shape of a call."""

    url: Any
    route: Any
    started: float | None
    spot: Spot | None
    large: ClassVar[int]

    @property
    def match_info(self) -> Mapping[str, str]: ...
    @property
    def whole(self) -> bool: ...
    def follows(self, before: Any) -> None: ...
    def receiving(self, body: list[bytes]) -> None: ...
    def received(self, head: bytes, body: list[bytes]) -> None: ...
    def upgraded(self, frames: Any) -> None: ...


class Answering(Protocol):
    """Whose answers are said."""

    @property
    def time(self) -> Time:
        """Whether what waits takes its time, where the reply doesn't say."""
        ...

    def server(self, loop: asyncio.AbstractEventLoop, reply: Spoken) -> Serving:
        """What serves the reply's handler, or what is mounted, in the event loop, which is running."""
        ...

    def failed(self, reply: Spoken, record: Record, error: BaseException) -> None:
        """Take note of what a handler let out."""
        ...


class Timed(Protocol):
    """A request, and how long its client would wait."""

    began: float
    """When it began, by `time.monotonic()`."""
    timeout: Any
    """Its `aiohttp.ClientTimeout`."""

    @property
    def hop(self) -> float:
        """When this redirect of it, or this attempt, began."""
        ...

    @property
    def timer(self) -> Any:
        """What aiohttp tells when its `total` is over."""
        ...

    @property
    def within(self) -> Timed | None:
        """The request that waits for this one."""
        ...


class Turn(Timed, Protocol):
    """Whose turn it is to be answered."""

    open: bool
    """Whether it still waits for an answer."""
    error: BaseException | None
    """What it was answered with, if that is an exception."""

    def unconnected(self, reply: Spoken) -> BaseException | None:
        """What aiohttp raises where there is no connection, for a reply whose fault that is; None: an answer."""
        ...

    def decide(self, head: bytes, body: list[bytes]) -> tuple[Spoken, Record, Answering]:
        """The answer to the request that is whole now, its record, and whose it is. Raises if there is none."""
        ...

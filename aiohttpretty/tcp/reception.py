"""The shapes of what stands behind a socket: who receives a request, and what is made of it.

Law of this room: it holds shapes only, so that the rooms that give and the one that takes need not know each other.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from ..shapes import Answering, Record, Spoken
    from .arrivals import Arrival


class Visit(Protocol):
    """One request, for whoever answers it."""

    head: bytes
    """Its head, as the server that is meant would have got it."""
    origin: tuple[str, str]
    """Scheme and authority of that server."""
    moved: Callable[[bytes], bytes] | None
    """What a Location is to be, where the client is to find it."""
    answering: Answering
    context: Any
    """What its handlers see of TLS, if that is how it was to be sent; None if not."""

    @property
    def turn(self) -> Any:
        """Whose turn it is, for the far end."""
        ...

    def ready(self) -> bool:
        """Whether nothing need be started before it is answered."""
        ...

    async def start(self) -> None:
        """Start it."""

    def choose(self) -> tuple[Spoken, Record] | None:
        """The answer and the record; None if that depends on its body."""
        ...

    def failed(self, error: BaseException) -> str:
        """Take note that what was to be said can't be; what is told to a client that has heard nothing, or nothing."""
        ...


class Reception(Protocol):
    """Who answers what comes over sockets."""

    def visit(self, arrival: Arrival, *, secure: bool) -> Visit:
        """One request. Raises `ValueError` if nobody can tell what it asks for."""
        ...

    def came(self, caller: Any) -> None:
        """A connection is there."""

    def left(self, caller: Any) -> None:
        """A connection is gone."""

    def tunnel(self, arrival: Arrival) -> tuple[Any, str]:
        """The context for TLS in a tunnel; or a sentence for those who want it there.

        Raises `ValueError` if it leads nowhere.
        """
        ...

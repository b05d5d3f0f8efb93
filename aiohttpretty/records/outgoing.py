"""The record of a request that no wire of ours carried: what the client was about to send.

Law of this room: it tells what is known without touching the request. A body that is a stream is read by nobody.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from ..errors import BodyNotKeptError
from .call import Call
from .recorded import Shortened, shown

if TYPE_CHECKING:
    from yarl import URL

    from ..route import Route


class OutgoingCall(Call):
    """One request of which only is known what was to be sent."""

    __slots__ = ()
    _why: ClassVar[str]
    """Why a stream is not known; and what to look at."""

    def __init__(
        self,
        method: str,
        url: URL,
        route: Route | None,
        keywords: Mapping[str, Any],
        head: bytes,
        body: Sequence[bytes] | None,
    ) -> None:
        super().__init__(method, url, route, keywords)
        self._head = head
        self._body = _Unseen() if body is None else body

    @property
    def body(self) -> bytes:
        """The request's body, as the client was about to send it.

        Raises:
            BodyNotKeptError: it is a stream, or is compressed on its way; or it is larger than 1 MiB, and the registry
                does not keep such bodies.
        """
        self._look()
        return super().body

    @property
    def body_size(self) -> int:
        """The size of the body in bytes. Raises as `body`, but for its size."""
        self._look()
        return super().body_size

    @property
    def body_digest(self) -> str:
        """The SHA-256 of the body in hexadecimal digits. Raises as `body`, but for its size."""
        self._look()
        return super().body_digest

    def _look(self) -> None:
        if isinstance(self._body, _Unseen):
            raise BodyNotKeptError(f"The body of {self.method} {shown(self.url)} is not known: {self._why}")


class UnconnectedCall(OutgoingCall):
    """One request for which there was no connection."""

    __slots__ = ()
    _why = (
        "there was no connection to send it over, and it was a stream, or was to be compressed on the way. Look at "
        "what the caller passed, call['data']."
    )


class _Unseen(Shortened):
    """A body of which nothing is known."""

    __slots__ = ()

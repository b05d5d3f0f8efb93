"""The record of a request that was let through to the real network.

Law of this room: it tells what is known without touching the request: what the client was about to send, and the head
of the answer. A body that is a stream is the network's alone, and so is the end of the answer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..errors import BodyNotKeptError
from .call import Call
from .recorded import Shortened, shown

if TYPE_CHECKING:
    from yarl import URL


class PassedCall(Call):
    """One request that was let through on purpose; it has no route."""

    __slots__ = ("_keeps",)
    passed_through = True

    def __init__(
        self,
        method: str,
        url: URL,
        keywords: Mapping[str, Any],
        head: bytes,
        body: Sequence[bytes] | None,
        *,
        keeps: bool,
    ) -> None:
        super().__init__(method, url, None, keywords)
        self._keeps = keeps
        self._head = head
        if body is None:
            self._body = _Unseen()
        else:
            self.take(body)

    @property
    def _kept_whole(self) -> bool:
        return self._keeps

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
            raise BodyNotKeptError(
                f"The body of {self.method} {shown(self.url)} is not known: the request was passed through, and its "
                "body was a stream, or was compressed on the way, which only the real server gets to see. Look at what "
                "the caller passed, call['data'], or register the address to have all of it."
            )

    def __repr__(self) -> str:
        return f"{super().__repr__()[:-1]}, passed through>"


class _Unseen(Shortened):
    """A body of which nothing is known."""

    __slots__ = ()

"""The record of a request that was let through to the real network.

Law of this room: it tells what is known without touching the request: what the client was about to send, and the head
of the answer. A body that is a stream is the network's alone, and so is the end of the answer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from .outgoing import OutgoingCall

if TYPE_CHECKING:
    from yarl import URL


class PassedCall(OutgoingCall):
    """One request that was let through on purpose; it has no route."""

    __slots__ = ("_keeps",)
    passed_through = True
    _why = (
        "the request was passed through, and its body was a stream, or was compressed on the way, which only the real "
        "server gets to see. Look at what the caller passed, call['data'], or register the address to have all of it."
    )

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
        super().__init__(method, url, None, keywords, head, body)
        self._keeps = keeps
        self.settle()

    @property
    def _kept_whole(self) -> bool:
        return self._keeps

    def __repr__(self) -> str:
        return f"{super().__repr__()[:-1]}, passed through>"

"""One request that a handler answers, and the record that is told of the answer.

Law of this room: it is kept until the connection's next request, and must not hold what this one was.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from .wire.exchange import Exchange

if TYPE_CHECKING:
    from .shapes import Answering, Record, Spoken, Turn


class Handled(Exchange):
    """Tells the record of the answer, and `answered_by` of what the reply's handler lets out."""

    __slots__ = ("_answered_by", "_asked", "_records", "_turn")

    def __init__(self, turn: Turn, reply: Spoken, record: Record, answered_by: Answering) -> None:
        super().__init__(reply.handler)
        self._records = [record]
        self._turn: Turn | None = turn
        self._asked: tuple[Spoken, Record] | None = reply, record
        self._answered_by = answered_by

    @property
    def told(self) -> list[Record]:
        return self._records

    @property
    def match_info(self) -> Mapping[str, str]:
        return self._records[0].match_info if self._records else {}

    def on_head(self, status: int, head: bytes) -> None:
        for record in self._records:
            record.answered(status, head)

    def on_end(self, error: BaseException | None = None) -> None:
        for record in self._records:
            record.ended(error)
        self._records.clear()

    def on_bug(self, error: BaseException) -> None:
        assert self._asked is not None  # until it is over
        self._answered_by.failed(*self._asked, error)

    def on_fail(self, error: BaseException) -> None:
        self.on_end(error)
        if self._turn is not None and self._turn.open:
            self._turn.error = error

    def on_over(self) -> None:
        self._asked = self._turn = None

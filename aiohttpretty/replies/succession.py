"""The replies of a route, one call after another.

Law of this room: one reply is never given to two requests, whichever threads they come from, unless it was meant
for both.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from .stream import Stream

if TYPE_CHECKING:
    from .fault import Fault
    from .reply import Reply


class Succession:
    """The replies of a route, one call after another."""

    def __init__(
        self, replies: list[Reply], *, times: float, then: str, shown: Any, written: Mapping[str, Any]
    ) -> None:
        self.count = len(replies)
        """How many replies there are."""
        self.times = times
        """How many requests are answered; infinite for any number."""
        self.shown = shown
        """What was registered, as `registry` shows it."""
        self.written = written
        """The options as they were written."""
        self.given = 0
        """How many requests have been answered."""
        self._replies = replies
        self._then = then
        self.early = any(reply.fault is not None and reply.fault.connection is not None for reply in replies)
        """Whether a reply is chosen before a connection is asked for: one of them is that there is none."""
        self._lock = threading.Lock()
        self.endless = replies[0] if self.count == 1 and self.inexhaustible else None
        """The reply to any number of requests, if there is just one."""

    def anew(self) -> Succession:
        """The same replies, from the first on."""
        return Succession(self._replies, times=self.times, then=self._then, shown=self.shown, written=self.written)

    @property
    def faults(self) -> list[Fault]:
        """What goes wrong in them."""
        return [reply.fault for reply in self._replies if reply.fault is not None]

    @property
    def inexhaustible(self) -> bool:
        """Whether it answers any number of requests."""
        return self.times == float("inf") and not any(map(_once, self._replies))

    @property
    def exhausted(self) -> bool:
        """Whether the last reply has been given."""
        return self.given >= self.times

    @property
    def consumed(self) -> bool:
        """Whether the next reply's body could be read only once, and has been."""
        return not self.exhausted and _taken(self._upcoming())

    @property
    def due(self) -> Reply | None:
        """The reply that comes next, which is not given by this; None when there is none any more."""
        return None if self.exhausted else self._upcoming()

    def next_reply(self, method: str, expected: Reply | None = None) -> Reply | None:
        """The reply to this call, or None when there is none any more, or another one than `expected`."""
        with self._lock:
            if self.exhausted:
                return None
            chosen = self._upcoming()
            if expected is not None and chosen is not expected:
                return None
            if method != "HEAD" and _taken(chosen):
                return None
            if isinstance(chosen.body, Stream) and not chosen.bodiless(method):
                chosen.body.taken = True
            self.given += 1
            return chosen

    def _upcoming(self) -> Reply:
        at = self.given % self.count if self._then == "cycle" else min(self.given, self.count - 1)
        return self._replies[at]


def _once(reply: Reply) -> bool:
    return isinstance(reply.body, Stream) and reply.body.once


def _taken(reply: Reply) -> bool:
    return isinstance(reply.body, Stream) and reply.body.once and reply.body.taken

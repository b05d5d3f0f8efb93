"""Which requests, and the succession of replies."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

from yarl import URL

from .body import Stream
from .uri import Key, key

if TYPE_CHECKING:
    from .origin import Origin
    from .reply import Reply


class Route:
    """One registration: a method and an address, and what is said to it, call after call."""

    def __init__(
        self, method: str, url: URL, *, replies: list[Reply], shown: Any, successive: bool, origin: Origin
    ) -> None:
        self.method = method
        """The method, in upper case."""
        self.url = url
        """The full URL, with `params` joined in."""
        self.key: Key = key(url)
        self.origin = origin
        """Where it was registered; prints as file:line."""
        self.shown = shown
        """What was registered, as `registry` shows it."""
        self.count = len(replies)
        """How many replies there are."""
        self._single = None if successive else replies[0]
        once = successive or isinstance(replies[0].body, Stream)
        self.endless = None if once else replies[0]
        """The reply to any number of requests, if there is one."""
        # popleft() is atomic, so that requests of several threads never get one reply twice
        self._left = deque(replies if successive else ())

    @property
    def exhausted(self) -> bool:
        """Whether the last of `responses` has been given."""
        return self._single is None and not self._left

    @property
    def consumed(self) -> bool:
        """Whether the next reply's body could be read only once, and has been."""
        upcoming = self._upcoming()
        return upcoming is not None and isinstance(upcoming.body, Stream) and upcoming.body.taken

    def next_reply(self) -> Reply | None:
        """The reply to this call, or None when all have been given."""
        if self._single is not None:
            return self._single
        try:
            return self._left.popleft()
        except IndexError:
            return None

    def _upcoming(self) -> Reply | None:
        if self._single is not None:
            return self._single
        return self._left[0] if self._left else None

    def __repr__(self) -> str:
        return f"<Route {self.method} {self.url} registered at {self.origin}>"

"""Hearing of the exceptions that end threads, for all tests that run at the same time.

Law of this room: `threading.excepthook` is the whole process's. One hook of ours stands there for all who listen, it
passes on what none of them takes, and it is gone when the last of them has stopped.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Taker = Callable[[threading.ExceptHookArgs], bool]
_lock = threading.Lock()


class _Hook:
    """In place of the hook that was there before."""

    def __init__(self) -> None:
        self.takers: list[Taker] = []
        self._former = threading.excepthook

    def __call__(self, args: threading.ExceptHookArgs, /) -> None:
        # All are asked: whose thread it is cannot be told, and a failure must not pass for another test's
        taken = [take(args) for take in list(self.takers)]
        if not any(taken):
            self._former(args)

    def leave(self) -> None:
        """If somebody has put another hook over it, which stays, it is one that passes on everything."""
        if threading.excepthook is self:
            threading.excepthook = self._former


_hooks: list[_Hook] = []


@contextmanager
def heard(taker: Taker) -> Iterator[None]:
    """Meanwhile the exceptions that end threads are told to it; it says whether it takes them."""
    with _lock:
        if not _hooks:
            _hooks.append(_Hook())
            threading.excepthook = _hooks[0]
        hook = _hooks[0]
        hook.takers.append(taker)
    try:
        yield
    finally:
        with _lock:
            hook.takers.remove(taker)
            if not hook.takers:
                _hooks.clear()
                hook.leave()

"""Which event loop is the thread's current one.

Law of this room: looking makes no loop and warns of nothing, and what was current before is current again afterwards;
also where there was none, so that `asyncio.get_event_loop()` does later what it would have done without us.
"""

from __future__ import annotations

import asyncio
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ..errors import LoopError


@contextmanager
def current_loop() -> Iterator[asyncio.AbstractEventLoop]:
    """The event loop that is running here, or else the one that `asyncio.set_event_loop()` has set; it stays open.

    For `loop=` of the decorators, where several tests, or a test and what is around it, share a loop; and inside of
    a test: `with current_loop() as loop:`.

    Raises:
        LoopError: there is none, or it is closed.
    """
    loop = asyncio._get_running_loop() or _found(_policy())
    if loop is None:
        raise LoopError(
            "current_loop() found no event loop: none is running in this thread, and none has been set. Set one before "
            "the test, such as in setUp: asyncio.set_event_loop(asyncio.new_event_loop()); or leave loop= out, and "
            "each test gets a loop of its own."
        )
    if loop.is_closed():
        raise LoopError(
            "current_loop() found an event loop that is closed: whoever closed it has left it set as the current one. "
            "Set another one before the test: asyncio.set_event_loop(asyncio.new_event_loop()); or leave loop= out, "
            "and each test gets a loop of its own."
        )
    yield loop


@contextmanager
def fresh_loop() -> Iterator[asyncio.AbstractEventLoop]:
    """A loop of the kind that asyncio makes here; closed at the end."""
    loop = asyncio.new_event_loop()
    try:
        yield loop
    finally:
        loop.close()


@contextmanager
def as_before() -> Iterator[None]:
    """Whatever is set as the current event loop inside: afterwards it is what it was."""
    policy = _policy()
    former = _found(policy)
    local = getattr(policy, "_local", None)
    untouched = getattr(local, "_set_called", True) is False
    try:
        yield
    finally:
        policy.set_event_loop(former)
        if untouched:  # then get_event_loop() makes a loop in the main thread, which it must be free to do again
            local._set_called = False  # type: ignore[union-attr]


def _policy() -> Any:
    # from 3.14 on, the public function warns
    return getattr(asyncio.events, "_get_event_loop_policy", asyncio.get_event_loop_policy)()


def _found(policy: Any) -> asyncio.AbstractEventLoop | None:
    """The loop that is set; `get_event_loop()` may make one, and warn of it, so it is asked only as a last resort."""
    loop: asyncio.AbstractEventLoop | None
    if hasattr(policy, "_local"):
        loop = getattr(policy._local, "_loop", None)
        return loop
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            loop = policy.get_event_loop()
        except RuntimeError:
            return None
    return loop

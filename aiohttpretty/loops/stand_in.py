"""Something of ours in place of a method of one event loop.

Law of this room: it stands on the instance, so that no other loop has it, and is taken away again; if somebody has put
something else in its place meanwhile, that stays.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def stand_in(loop: asyncio.AbstractEventLoop, name: str, function: Callable[..., Any]) -> Iterator[None]:
    """The loop's method is `function` meanwhile; in a loop that takes no attributes it stays what it is."""
    names: dict[str, Any] = getattr(loop, "__dict__", {})
    had = {name: names[name]} if name in names else {}
    names[name] = function
    try:
        yield
    finally:
        if names.get(name) is function:
            del names[name]
            names.update(had)

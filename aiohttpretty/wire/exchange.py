"""One request at the server's end of a wire: who answers it, and who is told of the answer.

Law of this room: what is told is told once, in the order in which it happens.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Exchange:
    """What is to be known about the next request, and who is to know about its answer. The callables must not raise."""

    handler: Callable[[Any], Any] | None = None
    """Answers it, given a `web.Request`; None if the server itself knows who does."""
    match_info: Mapping[str, str] = field(default_factory=dict)
    on_status: Callable[[int], None] = lambda status: None
    """Is told the status of the answer when its head is written (not of a 100 Continue before it)."""
    on_bug: Callable[[BaseException], bool] = lambda error: False
    """Is told of an exception that the handler let out; whether the client shall get that, or a 500 as in life."""
    on_head: Callable[[bytes], None] = lambda head: None
    """Is told the head itself, right before."""
    on_end: Callable[[], None] = lambda: None
    """Is told when the client has got the last of the answer; not if the connection is lost before."""

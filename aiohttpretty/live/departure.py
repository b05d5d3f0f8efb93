"""The moment at which the client of a request is gone.

Law of this room: it only listens. aiohttp tells a handler of it by way of the request's body, and where there is no
body, or it has been read, by no way at all; so it listens there, before the body.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from aiohttp import web


def on_departure(request: web.Request, tell: Callable[[], None]) -> None:
    """Have `tell` called when the connection of the request is lost."""
    request._payload = _Listening(request._payload, tell)  # type: ignore[assignment]


def is_of_departure(error: BaseException) -> bool:
    """Whether an error that an application let out, after its client had gone, says only that."""
    seen: BaseException | None = error
    while seen is not None:
        # asyncio's and aiohttp's are OSErrors; frameworks let out an exception of their own, of this name
        if isinstance(seen, OSError) or type(seen).__name__.startswith("WebSocketDisconnect"):
            return True
        inner = getattr(seen, "exceptions", ())
        if inner and all(map(is_of_departure, inner)):
            return True
        seen = seen.__cause__ or seen.__context__
    return False


class _Listening:
    """A request's body, in all but the message that nothing more will come."""

    def __init__(self, payload: Any, tell: Callable[[], None]) -> None:
        self._payload = payload
        self._tell = tell

    def set_exception(self, *error: Any) -> None:
        self._payload.set_exception(*error)
        self._tell()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._payload, name)

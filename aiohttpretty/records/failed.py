"""The record of an exception that a handler, or a mounted application, let out.

Law of this room: it keeps the exception itself, because its traceback is what a test needs; so it is there only until
the test has seen it, or the registry is cleared.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from yarl import URL

    from ..route import Route


class HandlerFailure:
    """An exception that got out of a handler, where a client of a real server would see a 500."""

    __slots__ = ("error", "method", "route", "told", "url")

    def __init__(self, error: BaseException, method: str | None, url: URL, route: Route) -> None:
        self.error = error
        """The exception, with its traceback."""
        self.method = method
        """The method of the request; None if it got out of the start or the end of a mounted application."""
        self.url = url
        """The full URL of the request, or the address of the mount."""
        self.route = route
        """The route, or the mount, that answered."""
        self.told = False
        """Whether the test has been told of it."""

    def __repr__(self) -> str:
        return f"<HandlerFailure {self.method or 'mount'} {self.url}: {self.error!r}>"

"""aiohttp's `ResponseHandler`, which can be told what the next head shall show."""

from __future__ import annotations

from typing import Any, Protocol

from aiohttp.client_proto import ResponseHandler
from multidict import CIMultiDictProxy

from .transport import FarEnd, WireTransport


class Shown(Protocol):
    """What the client sees of a head, whatever framing it came in."""

    @property
    def reason(self) -> str: ...
    @property
    def headers(self) -> CIMultiDictProxy[str]: ...
    @property
    def raw_headers(self) -> tuple[tuple[bytes, bytes], ...]: ...

    message: Any
    """The parsed head as it was shown the last time; None before."""


class WireProtocol(ResponseHandler):
    """The client's end of a wire. All parsing is aiohttp's."""

    shown: Shown | None = None
    """Put in place of the next final head's reason and headers, once."""
    failed: BaseException | None = None
    """What is raised where the client waits, also if it is yet to begin waiting."""
    left: tuple[FarEnd, Any] | None = None
    """The far end of a connection that is gone, and where the client waits for the rest of a body all the same."""

    holding = 0
    """How many have the writer wait."""

    def feed_data(self, data: Any, *size: Any) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Hand a parsed head on to the response that waits for it."""
        message, payload = data
        shown = self.shown
        if shown is not None and message.code >= 200:  # not the 100 Continue before it
            self.shown = None
            known = shown.message
            if known is None or known.should_close != message.should_close or known.chunked != message.chunked:
                known = shown.message = _as_shown(message, shown)
            data = known, payload
        # not super(), which is slow before CPython 3.12: this runs for every request
        ResponseHandler.feed_data(self, data, *size)

    def start_timeout(self) -> None:
        """Wait for the answer: aiohttp calls this when it has written the body, or is about to write a head without."""
        ResponseHandler.start_timeout(self)
        transport: Any = self.transport
        if transport is not None:
            transport.far_end.end_of_request()

    def pause_writing(self) -> None:
        """Have the writer wait, until all who said so have called `resume_writing`: aiohttp expects but one of them."""
        self.holding += 1
        if self.holding == 1:
            ResponseHandler.pause_writing(self)

    def resume_writing(self) -> None:
        self.holding -= 1
        if not self.holding:
            ResponseHandler.resume_writing(self)

    def set_parser(self, parser: Any, payload: Any, *others: Any, **more: Any) -> None:
        """Read what comes as a websocket."""
        ResponseHandler.set_parser(self, parser, payload, *others, **more)
        if self.failed is not None:  # between the end of the handshake and now
            payload.set_exception(self.failed)

    def fail(self, error: BaseException) -> None:
        """Raise `error` where the client waits, for the head or in the body; from here on the far end is silent.

        The connection is left for the client to close: a write to one that is gone would put an error of aiohttp's
        own, which it may retry, in the place of this one. So is the first error, which says what happened.
        """
        if self.failed is not None:
            return
        self.failed = error
        self.set_exception(error)
        left, self.left = self.left, None
        payload = self._payload if left is None else left[1]
        if payload is not None:
            payload.set_exception(error)
        if left is not None:
            left[0].hang_up()
        if isinstance(self.transport, WireTransport):
            self.transport.far_end.hang_up()


def _as_shown(message: Any, shown: Shown) -> Any:
    return type(message)(
        message.version,
        message.code,
        shown.reason,
        shown.headers,
        shown.raw_headers,
        message.should_close,
        message.compression,
        message.upgrade,
        message.chunked,
    )

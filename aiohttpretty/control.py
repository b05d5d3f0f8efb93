"""The servers of a registry that the test plays itself.

Law of this room: what makes them is imported by those who ask for one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .live.controlled import ControlledServer


class Control:
    """A registry, as far as tests play its servers."""

    def controlled(self, uri: object) -> ControlledServer:
        """A server that the test plays itself: `async with` has it answer every request at and below an address.

        The registry is active meanwhile, and what is registered answers first. In the block, `receive_request()` gives
        one request after the other; `send_response()` and `send_error()` answer them, in any order.

        Args:
            uri: an absolute URL without a query.

        Raises:
            OptionValueError: (a `ValueError`) no server can be at such an address.
            VerificationError: (an `AssertionError`) the block ends, and a request was not answered.
        """
        from .live.controlled import ControlledServer  # noqa: PLC0415 - aiohttp.web, 10 ms that few tests need

        registry: Any = self
        return ControlledServer(registry, uri)

"""The log of a registry: its calls.

Law of this room: it is a list, and whatever can be done with one can be done with it. What passed by itself is no
call, and stands beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, NoReturn

from ..origin import caller
from .call import Call

if TYPE_CHECKING:
    from ..matching.matcher import Matcher


class Calls(list[Call]):
    """Calls in order, to be filtered."""

    def __init__(self, calls: Iterable[Call] = ()) -> None:
        super().__init__(calls)
        self.to_test_servers: list[Call] = []
        """The requests that reached a server of `aiohttp.test_utils`, or of `serve()`, by themselves: what a test asks
        of its own application, and so none of the calls."""

    def clear(self) -> None:
        """Purge them all."""
        super().clear()
        self.to_test_servers.clear()

    def matching(
        self,
        method: str,
        uri: object,
        *,
        params: Any = None,
        check_params: bool = True,
        match: Matcher | Callable[[Any], object] | Sequence[Matcher | Callable[[Any], object]] | None = None,
        **others: NoReturn,
    ) -> Calls:
        """Those that would have found a route registered with these words.

        Args:
            method: in any case; `"*"` for any.
            uri: an address, a template or a pattern, as in `register_uri`.
            params: added to the uri's own query.
            check_params: False for any query.
            match: one matcher or several, as in `register_uri`.

        Raises:
            OptionTypeError: (a `TypeError`) a value is of the wrong kind.
            OptionValueError: (a `ValueError`) no call could have this address.
            BodyNotKeptError: a matcher needs more of a large body than was kept.
        """
        from ..verification.expectation import expected, refuse_words  # noqa: PLC0415 - only for whoever looks

        refuse_words(others, (), "calls.matching")
        asking = {"params": params, "check_params": check_params, "match": match}
        wanted = expected(method, uri, asking, caller())
        return Calls(call for call in self if wanted.fits(call))

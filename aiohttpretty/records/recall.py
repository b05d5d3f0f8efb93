"""What `has_call` was asked, and which call it found.

Law of this room: it says yes or no, and can say later why; `has_call` itself gives a plain bool.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from yarl import URL

    from ..addresses.address import Address
    from ..matching.matcher import Matcher
    from ..origin import Origin
    from .call import Call
    from .log import Calls


class Recall:
    """One question: the address, the method if it was given, and keywords as the caller should have passed them."""

    __slots__ = ("_elsewhere", "address", "asked_at", "check_params", "found", "matchers", "method", "near", "words")

    def __init__(
        self,
        address: Address,
        matchers: tuple[Matcher, ...],
        check_params: bool,
        words: Mapping[str, Any],
        *,
        asked_at: Origin,
    ) -> None:
        self.address = address
        """Where it should have gone."""
        self.matchers = matchers
        """Of the query, if that has values that compare."""
        self.check_params = check_params
        self.words = dict(words)
        method = self.words.pop("method", None)
        self.method: Any = method.upper() if isinstance(method, str) else method
        self.asked_at = asked_at
        """The line that asked; prints as file:line."""
        self.found: Call | None = None
        """The first call that is meant."""
        self.near: list[Call] = []
        """If there is none, those that there are."""
        self._elsewhere: list[Call] = []

    def answer(self, calls: Calls) -> bool:
        """Whether one of the calls is meant."""
        every = list(calls)
        self.found = next((call for call in every if self._means(call)), None)
        self.near = [] if self.found is not None else every
        self._elsewhere = [] if self.found is not None else list(calls.to_test_servers)
        return self.found is not None

    def called(self, call: Call) -> URL:
        """The address of a call, as far as it is compared."""
        return call.url if self.check_params else call.url.with_query(None)

    @property
    def elsewhere(self) -> list[Call]:
        """If there is none, the requests to servers of the test's own that would be meant."""
        return [call for call in self._elsewhere if self._means(call)]

    def _means(self, call: Call) -> bool:
        return (
            self.address.fits(self.called(call)) is not None
            and all(matcher.why_not(call) is None for matcher in self.matchers)
            and self.method in (None, call.method)
            and all(_passed(call, name, value) for name, value in self.words.items())
        )


def _passed(call: Call, name: str, value: object) -> bool:
    return bool(value == call[name]) if name in call else value is None  # what was not passed is no ANY

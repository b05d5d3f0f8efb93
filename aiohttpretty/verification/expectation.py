"""Which calls are meant: the words of registering, asked of what came by.

Law of this room: an expectation is written and read as a registration is, and looks at a call as a route looks at a
request, so that one language serves answering and asserting.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar, cast

from ..addresses.address import Exact
from ..diagnosis import masking
from ..errors import OptionTypeError, OptionValueError
from ..legible import legible
from ..notation import written
from ..registration import ASKING_WORDS, asked, matchers_of
from ..words import check_words

if TYPE_CHECKING:
    from ..addresses.address import Address
    from ..matching.matcher import Matcher
    from ..origin import Origin
    from ..records.call import Call
    from ..route import Route

WHICH_WORDS = ("method", "uri", *ASKING_WORDS)
_REPEATED = " Write the item once for each call."
_HINTS = {
    "auth": " Write it as match=match.basic_auth(...).",
    "body": " Write it as match=match.body(...).",
    "call_count": " Did you mean 'times'?",
    "content": " Write it as match=match.body(...).",
    "cookies": " Write it as match=match.cookie(...).",
    "count": " Did you mean 'times'?",
    "data": " Write it as match=match.form(...) or match.body(...).",
    "files": " Write it as match=match.multipart(...).",
    "headers": " Write it as match=match.headers(...).",
    "json": " Write it as match=match.json(...) or match.json_contains(...).",
    "query": " Did you mean 'params'?",
    "timeout": " To wait for a call, await aiohttpretty.wait_for_call(...).",
    "url": " Did you mean 'uri'?",
}
_ITEM_HINTS = {**_HINTS, "times": _REPEATED, "at_least": _REPEATED, "at_most": _REPEATED, "count": _REPEATED}
_NEEDED = {"method": "Give it, or '*' as the method for any.", "uri": "Give an address."}


class Expectation:
    """Calls with this method and address, which these matchers fit."""

    route: Route | None = None
    """The route that must have answered; None for any."""

    def __init__(self, method: str, address: Address, matchers: tuple[Matcher, ...], origin: Origin) -> None:
        self.method = method
        """The method, in upper case; `"*"` for any."""
        self.address = address
        self.matchers = matchers
        """What else a call must fulfil."""
        self.origin = origin
        """Where it was written; prints as file:line."""

    def fits(self, call: Call) -> bool:
        """Whether the call is one that is meant.

        Raises:
            BodyNotKeptError: that can't be said, because a matcher needs more of the body than was kept.
        """
        if self.method not in ("*", call.method) or self.address.fits(call.url) is None:
            return False
        seen = self.seen(call)
        return all(matcher.why_not(seen) is None for matcher in self.matchers)

    def seen(self, call: Any) -> Any:
        """The call as the matchers see it: with what the variables of this address hold, not those of the route."""
        return call if isinstance(self.address, Exact) else _Seen(call, self.address)


class Answered(Expectation):
    """Calls that one route has answered, and which these matchers fit, beside those of the route."""

    def __init__(self, route: Route, matchers: tuple[Matcher, ...], origin: Origin) -> None:
        super().__init__(route.method, route.address, (*route.matchers, *matchers), origin)
        self.route = route
        self._beside = matchers

    def fits(self, call: Call) -> bool:
        """Whether the call is one that is meant; as for any expectation."""
        return call.route is self.route and all(matcher.why_not(call) is None for matcher in self._beside)


class _Seen:
    """A call by way of another address than its route's."""

    def __init__(self, call: Any, address: Address) -> None:
        self._call = call
        self._address = address

    @property
    def match_info(self) -> Mapping[str, str]:
        return self._address.fits(self._call.url) or {}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._call, name)


_F = TypeVar("_F", bound=Callable[..., object])


def _keeping_secrets(function: _F) -> _F:
    """What is refused is told without the secrets in it."""

    @wraps(function)
    def without_secrets(*arguments: Any) -> object:
        __tracebackhide__ = True
        try:
            return function(*arguments)
        except (OptionTypeError, OptionValueError) as error:
            error.args = tuple(map(masking.assigned, error.args))
            raise

    return cast("_F", without_secrets)


@_keeping_secrets
def expected(method: object, uri: object, options: Mapping[str, Any], origin: Origin) -> Expectation:
    """The calls that are meant by a method, an address and the words of registering beside them.

    Raises:
        OptionTypeError, OptionValueError: no call can be.
    """
    return Expectation(*asked(method, uri, options), origin)


@_keeping_secrets
@legible
def expected_list(items: object, origin: Origin) -> list[Expectation]:
    """The calls that are meant by a list of pairs of method and uri, or dicts.

    Raises:
        OptionTypeError, OptionValueError: it is no such list, or no call can be meant by one of them.
    """
    if not isinstance(items, Iterable) or isinstance(items, (str, bytes, Mapping)):
        raise OptionTypeError(
            f"assert_calls: {written(items)} is not a list. Give the calls as one, such as [('GET', 'http://example.com/')]."
        )
    return [_item(item, number, origin) for number, item in enumerate(items)]


@_keeping_secrets
def answered_by(route: Route, match: object, origin: Origin) -> Expectation:
    """The calls that a route has answered and these matchers fit.

    Raises:
        OptionTypeError: `match` is no matcher, and no list of them.
    """
    return Answered(route, matchers_of(match), origin)


def _item(item: object, number: int, origin: Origin) -> Expectation:
    where = f"assert_calls: item {number}"
    if isinstance(item, (tuple, list)) and len(item) == 2:
        return expected(item[0], item[1], {}, origin)
    if not isinstance(item, Mapping):
        raise OptionTypeError(
            f"{where} is {written(item)}. Give a pair, such as ('GET', 'http://example.com/'), or a dict with method "
            "and uri, and params, check_params or match."
        )
    check_words(item, WHICH_WORDS, where, _ITEM_HINTS)
    for word, cure in _NEEDED.items():
        if word not in item:
            raise OptionTypeError(f"{where} has no {word}: {written(dict(item))}. {cure}")
    return expected(item["method"], item["uri"], item, origin)


@legible
def refuse_words(given: Iterable[object], beside: tuple[str, ...], where: str) -> None:
    """Refuse words that an assertion does not have, with what to write instead.

    Args:
        beside: the words that it has beside those that say which calls are meant.

    Raises:
        OptionTypeError: there are such.
    """
    check_words(given, (*ASKING_WORDS, *beside), where, _HINTS)

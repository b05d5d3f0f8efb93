"""`AioHTTPretty`: each public method is the sentence that joins the rooms below."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar, overload

from aiohttp import ClientResponse
from yarl import URL

from . import interception, patch, report
from .body import Stream
from .call import Call, Unmatched
from .errors import BodyConsumedError, NoMatchError, OptionTypeError, OptionValueError, ResponsesExhausted
from .ledger import Ledger, RegistryView
from .options import ROUTE_WORDS, check_responses, check_words
from .origin import Origin, caller
from .reply import Reply, is_token, reply
from .route import Route
from .switch import Handle, wrapped
from .uri import absolute, joined, key

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from .options import JsonRouteOptions, RouteOptions

_T = TypeVar("_T", bound=Callable[..., Any])


class AioHTTPretty:
    """A registry: its routes, its calls, and the switch that puts it in front of aiohttp.

    The functions of the module `aiohttpretty` are the methods of one global instance; make another one for a
    registry of your own.
    """

    def __init__(self) -> None:
        self._ledger = Ledger()
        self._answerer = _Answerer(self)
        self._activation: interception.Activation | None = None
        self._depth = 0
        self.registry = RegistryView(self._ledger)
        """A read-only mapping from (method, uri) to what was registered."""
        self.calls: list[Call] = []
        """Every request that found its route, in order, as a server would have seen them."""
        self.unmatched: list[Unmatched] = []
        """Every request that got no answer; empty it to say that the test meant that to happen."""

    # -- registering

    def register_uri(self, method: str, uri: object, **options: Unpack[RouteOptions]) -> Route:
        """Answer requests with this method, address and query; the same three again replace the earlier route.

        Args:
            method: in any case.
            uri: a `str`, a `yarl.URL`, or anything whose `str()` is an absolute URL.
            **options: see the table in the README.

        Raises:
            OptionTypeError: (a `TypeError`) an option does not exist, or its value is of the wrong kind.
            OptionValueError: (a `ValueError`) an option has a value that can't be served.
        """
        return self._register(method, uri, options, as_json=False, origin=caller())

    def register_json_uri(self, method: str, uri: object, **options: Unpack[JsonRouteOptions]) -> Route:
        """The same as `register_uri`, with any JSON value as the body, and its Content-Type unless one is given."""
        return self._register(method, uri, options, as_json=True, origin=caller())

    def _register(
        self, method: str, uri: object, options: Mapping[str, Any], *, as_json: bool, origin: Origin
    ) -> Route:
        check_words(options, ROUTE_WORDS, "register_json_uri" if as_json else "register_uri")
        common = {word: value for word, value in options.items() if word not in ("params", "responses")}
        successive = "responses" in options
        items = check_responses(options["responses"]) if successive else [{}]
        made = [reply({**common, **item}, as_json=as_json, encoded="body" in item) for item in items]
        shown: Any = [item for _, item in made] if successive else made[0][1]
        route = Route(
            _method(method),
            joined(absolute(uri), options.get("params")),
            replies=[one for one, _ in made],
            shown=shown,
            successive=successive,
            origin=origin,
        )
        self._ledger.add(route)
        self._answerer.version += 1
        return route

    # -- switching

    @overload
    def activate(self, target: None = None) -> Handle: ...
    @overload
    def activate(self, target: _T) -> _T: ...
    def activate(self, target: _T | None = None) -> Handle | _T:
        """From here on, requests of aiohttp's client are answered by this registry; re-entrant, it counts.

        Usable as `with aiohttpretty.activate():` and `async with`, and as `@aiohttpretty.activate` on functions,
        coroutine functions and test classes; the decorator also clears when it switches off.
        """
        if target is not None:
            return wrapped(target, self._activate_and_clear)
        if self._activation is None:
            self._activation = patch.enter(self._answerer)
        self._depth += 1
        return Handle(self.deactivate, self._activate_and_clear)

    def deactivate(self) -> None:
        """Undo one `activate()`; the last one restores aiohttp exactly. Without one, do nothing."""
        if self._activation is None:
            return
        self._depth -= 1
        if not self._depth:
            activation, self._activation = self._activation, None
            patch.leave(activation)

    def _activate_and_clear(self) -> Handle:
        self.activate()

        def off() -> None:
            self.deactivate()
            if self._activation is None:
                self.clear()

        return Handle(off, self._activate_and_clear)

    def clear(self) -> None:
        """Purge the routes and the calls."""
        self._ledger.clear()
        self._answerer.version += 1
        self.calls.clear()
        self.unmatched.clear()

    # -- looking

    def has_call(self, uri: object, check_params: bool = True, **kwargs: Any) -> bool:
        """Whether a call has that address and every given keyword equal to what the caller passed.

        Args:
            uri: the address; `params` are added to it.
            check_params: False compares without the query of the *called* address.
            **kwargs: `method`, in any case, and any keyword of a request: `headers`, `data`, `json`, ...
        """
        wanted = key(joined(absolute(uri), kwargs.pop("params", None)))
        method = kwargs.pop("method", None)
        for call in self.calls:
            called = key(call.url if check_params else call.url.with_query(None))
            if (
                called == wanted
                and (method is None or str(method).upper() == call.method)
                and all(call.get(name) == value for name, value in kwargs.items())
            ):
                return True
        return False

    async def fake_request(self, method: str, uri: object, **kwargs: Any) -> ClientResponse:
        """The same mocked request without a session, active or not."""
        response: ClientResponse = await patch.request(self._answerer, method, uri, kwargs)
        return response

    def __repr__(self) -> str:
        state = "active" if self._activation is not None else "not active"
        return f"<AioHTTPretty, {state}: {len(self.registry)} routes, {len(self.calls)} calls>"


class _Answerer:
    """What the interception asks of a registry."""

    def __init__(self, steward: AioHTTPretty) -> None:
        self._steward = steward
        self._find = steward._ledger.find
        self.version = 0

    def find(self, method: str, url: URL) -> Route | None:
        route = self._find(method, url)
        if route is not None and route.endless is None:
            self._check(route, method, url)
        return route

    def answer(self, route: Route, method: str, url: URL, keywords: Mapping[str, Any]) -> tuple[Reply, Call]:
        chosen = route.endless or self._next_reply(route, method, url)
        call = Call(method, url, route, keywords)
        self._steward.calls.append(call)
        return chosen, call

    def _next_reply(self, route: Route, method: str, url: URL) -> Reply:
        self._check(route, method, url)  # again: another request may have been quicker
        chosen = route.next_reply()
        if chosen is None:  # another thread was quicker still
            raise self._unanswered(ResponsesExhausted(report.exhausted(method, url, route)), method, url)
        if isinstance(chosen.body, Stream) and not chosen.bodiless(method):
            chosen.body.taken = True
        return chosen

    def _check(self, route: Route, method: str, url: URL) -> None:
        if route.exhausted:
            raise self._unanswered(ResponsesExhausted(report.exhausted(method, url, route)), method, url)
        if method != "HEAD" and route.consumed:
            raise self._unanswered(BodyConsumedError(report.consumed(method, url, route)), method, url)

    def refuse(self, others: list[_Answerer], method: str, url: URL, asked: object) -> NoMatchError:
        stewards = [self._steward, *(other._steward for other in others)]
        routes = [route for steward in stewards for route in steward._ledger.routes()]
        error = NoMatchError(report.no_match(method, url, asked, routes))
        record = Unmatched(method, url, error)
        for steward in stewards:
            steward.unmatched.append(record)
        return error

    def _unanswered(self, error: Any, method: str, url: URL) -> Any:
        self._steward.unmatched.append(Unmatched(method, url, error))
        return error


def _method(method: object) -> str:
    if not isinstance(method, str):
        raise OptionTypeError(f"method={method!r} is not a str. Give an HTTP method, such as 'GET'.")
    if not is_token(method):
        raise OptionValueError(f"method={method!r} is not an HTTP method. Give one such as 'GET'.")
    return method.upper()

"""`AioHTTPretty`: each public method is the sentence that joins the rooms below."""

from __future__ import annotations

import asyncio
import warnings
from collections.abc import Mapping
from types import ModuleType
from typing import TYPE_CHECKING, Any
from weakref import WeakValueDictionary

from aiohttp import ClientResponse
from yarl import URL

from . import patch
from .answering import Answerer
from .control import Control
from .diagnosis import report
from .errors import OptionValueError, UnreachableRouteWarning
from .hosting import Hosting
from .isolation import Isolation
from .ledger import Ledger, RegistryView
from .looking import Looking
from .origin import caller
from .records.call import Unmatched
from .records.log import Calls
from .records.recall import Recall
from .route import Route
from .serving import Serve
from .settings import check_settings
from .sockets import Sockets
from .switch import Switch

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from .activation import Activation
    from .addresses.hosts import Host, Rules
    from .options import JsonRouteOptions, RouteOptions
    from .settings import SettingWords


class AioHTTPretty(Looking, Hosting, Sockets, Control, Serve, Isolation, Switch):
    """A registry: its routes, its calls, and the switch that puts it in front of aiohttp.

    The functions of the module `aiohttpretty` are the methods of one global instance; make another one for a
    registry of your own. Settings are keywords, here and of `activate`; the closest wins.
    """

    def __init__(self, **settings: Unpack[SettingWords]) -> None:
        Switch.__init__(self, check_settings(settings, "AioHTTPretty"))
        Looking.__init__(self)
        Hosting.__init__(self)
        Sockets.__init__(self)
        Serve.__init__(self)
        Isolation.__init__(self)
        self._ledger = Ledger()
        self.unconnects = False
        self._passing: Rules = ()
        self._answerer = Answerer(self, _unseen)
        self._transparent = False  # whether all that nothing answers is let through, for the tools of this package
        self._activation: Activation | None = None
        self._recall: Recall | None = None
        self._takes_paths = True
        _all[id(self)] = self
        self.registry = RegistryView(self._ledger)
        """A read-only mapping from (method, uri) to what was registered."""
        self.calls = Calls()
        """Every request that found its route, in order, as a server would have seen them."""
        self.unmatched: list[Unmatched] = []
        """Every request that got no answer; empty it to say that the test meant that to happen."""

    # -- registering

    def register_uri(self, method: str, uri: object, **options: Unpack[RouteOptions]) -> Route:
        """Answer requests with this method, address and query; the same again replace the earlier route.

        Args:
            method: in any case; `"*"` for any.
            uri: a `str`, a `yarl.URL`, or anything whose `str()` is an absolute URL; a `str` with aiohttp.web's
                `{name}` or `{name:regex}` in its path; or a compiled `re.Pattern`, matched from the start of the
                full URL. In a registry that is not active, a path, for `include`.
            **options: see the table in the README.

        Raises:
            OptionTypeError: (a `TypeError`) an option does not exist, or its value is of the wrong kind.
            OptionValueError: (a `ValueError`) an option has a value that can't be served.

        Warns:
            UnreachableRouteWarning: an earlier route could never answer any more.
        """
        return self._register(method, uri, options, as_json=False)

    def register_json_uri(self, method: str, uri: object, **options: Unpack[JsonRouteOptions]) -> Route:
        """The same as `register_uri`, with any JSON value as the body, and its Content-Type unless one is given."""
        return self._register(method, uri, options, as_json=True)

    def include(self, other: AioHTTPretty, base: str | URL | None = None) -> list[Route]:
        """Answer what another registry answers, too: a team can keep the mock of one service in one module.

        Args:
            other: what is registered in it by now is copied, each `responses` from the first on; its own calls and
                counts stay as they are.
            base: an absolute URL that goes before the paths among its addresses; absolute addresses stay.

        Returns:
            The new routes, in the order in which `other` has them.

        Raises:
            OptionTypeError: `other` is no `AioHTTPretty`.
            OptionValueError: `other` is this registry itself, the base is not an absolute URL without a query, or there
                is none and `other` has paths.
        """
        registration = _registration()
        below = registration.check_base(base)
        registration.check_bundle(other, into=self)
        if below is None:
            other._refuse_paths()
        added = [registration.copied(route, below, home=self) for route in other._ledger.routes()]
        self._enter(*added)
        return added

    def passthrough(self, *hosts: Host) -> None:
        """Let requests through to the real network, if no route answers them; `clear()` forgets it.

        Args:
            *hosts: a name (`"localhost"`), `"host:port"`, an origin (`"http://localhost:8080"`), any sub-domain
                (`"*.example.com"`); an IP address or network, as a `str` or of `ipaddress`; a compiled `re.Pattern`,
                matched from the start of the full URL; or a function that takes the `yarl.URL` and returns a bool.
                Without a port, any port is meant.

        Raises:
            OptionTypeError: (a `TypeError`) one is of a kind that names no host.
            OptionValueError: (a `ValueError`) one could never be a host, or says more than a host; or there is none.
        """
        if not hosts:
            raise OptionValueError(
                "passthrough() was given no host. Give one or several, such as passthrough('localhost:8080'); what it "
                "was given before is forgotten by clear()."
            )
        from .addresses.hosts import rules  # noqa: PLC0415 - few tests let something through

        self._passing += rules(hosts, "passthrough()")
        self._answerer.version += 1

    def _register(
        self, method: str, uri: object, options: Mapping[str, Any], *, as_json: bool, kind: type[Route] = Route
    ) -> Route:
        made: Route = _registration().route(
            method,
            uri,
            options,
            as_json=as_json,
            beneath=self._takes_paths and self._activation is None,
            origin=caller(),
            home=self,
            kind=kind,
        )
        self._enter(made)
        return made

    def _enter(self, *routes: Route) -> None:
        # a warning may be an error, so that nothing is entered before the last one is given
        for route in routes:
            for hidden in self._ledger.hidden_by(route):
                warnings.warn_explicit(report.hidden(hidden, route), UnreachableRouteWarning, *route.origin)
        for route in routes:
            if self.unmatched:
                from .diagnosis import inquiry as late  # noqa: PLC0415 - only when something has failed

                late.registered_after(self.unmatched, route)
            self._ledger.add(route)
        self._changed(unmounts=any(route.host is not None for route in routes))

    def _changed(self, *, unmounts: bool) -> None:
        self._answerer.version += 1
        if unmounts and self._hosts:
            self._end_unmounted()

    def strike(self, route: Route) -> None:
        """For `Route.remove()`."""
        self._ledger.strike(route)
        self._changed(unmounts=route.host is not None)

    def rewrite(self, route: Route, options: Mapping[str, Any]) -> None:
        """For `Route.replace()`."""
        route.say(_registration().rewritten(route, options, registered=route in self._ledger))
        self._answerer.version += 1

    def _refuse_paths(self) -> None:
        if paths := self._ledger.beneath():
            raise OptionValueError(report.beneath(paths))

    # -- switching

    def _turn_on(self) -> None:
        self._refuse_paths()
        self._activation = patch.enter(self._answerer, transparent=self._transparent, scope=self._scope)
        self._look_around()

    def _turn_off(self) -> None:
        activation, self._activation = self._activation, None
        self._sockets_over()
        self._cut_served()
        assert activation is not None  # it is on
        patch.leave(activation)
        self._end_all()
        self._over()

    @property
    def _active(self) -> bool:
        return self._activation is not None

    def _another(self) -> AioHTTPretty:
        return AioHTTPretty()

    def _others(self) -> list[AioHTTPretty]:
        return [one for one in _registries() if one is not self]

    def clear(self) -> None:
        """Purge the routes and the calls."""
        self._end_sockets()
        self._ledger.clear()
        self._changed(unmounts=True)
        self.calls.clear()
        self.unmatched.clear()
        self.handler_errors.clear()
        self._recall = None
        self._passing = ()
        self.unconnects = False

    # -- looking

    def has_call(self, uri: object, check_params: bool = True, **kwargs: Any) -> bool:
        """Whether a call has that address and every given keyword equal to what the caller passed.

        Args:
            uri: the address, a template or a compiled pattern, as in registering; `params` are added to it.
            check_params: False compares without the query of the *called* address.
            **kwargs: `method`, in any case, and any keyword of a request: `headers`, `data`, `json`, ...
        """
        # kept, so that a failing assertion can say which calls come near
        where, matchers, _ = _registration().asked_for(uri, {"params": kwargs.pop("params", None)})
        self._recall = Recall(where, matchers, check_params, kwargs, asked_at=caller())
        return self._recall.answer(self.calls)

    async def fake_request(self, method: str, uri: object, **kwargs: Any) -> ClientResponse:
        """The same mocked request without a session, active or not."""
        response: ClientResponse = await patch.request(self._answerer, method, uri, kwargs)
        return response

    def __repr__(self) -> str:
        state = "active" if self._activation is not None else "not active"
        return f"<AioHTTPretty, {state}: {len(self.registry)} routes, {len(self.calls)} calls>"


_all: WeakValueDictionary[int, AioHTTPretty] = WeakValueDictionary()


def _registration() -> ModuleType:
    # pytest's plug-in imports this package in every run, also where nothing is ever registered
    from . import registration  # noqa: PLC0415 - with the replies, a third of what it takes to import it
    from .replies import stream  # noqa: PLC0415 - it is there by now

    stream.aside = asyncio.to_thread
    return registration


def _unseen() -> list[Ledger]:
    """Those that a request need not see: of registries that are not active, or isolated."""
    return [one._ledger for one in _registries() if one._activation is None or one._scope is not None]


def _registries() -> list[AioHTTPretty]:
    found = [reference() for reference in _all.valuerefs()]  # at once: another thread may be making one
    return [one for one in found if one is not None]

"""What a registry answers to the interception: which route, which reply, and who may pass.

Law of this room: it goes by the ledger's rule of precedence, and records what it decides. Where nothing fits, it asks
whether the address is one to be let through; where nobody lets it through, it says why there is no answer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import ModuleType
from typing import TYPE_CHECKING, Any, Protocol

from yarl import URL

from . import activation, neighbours
from .errors import BodyNotKeptError, NoMatchError, UnansweredError
from .records.call import Call, Unmatched
from .route import Route

if TYPE_CHECKING:
    from contextvars import Context

    from .addresses.hosts import Rules
    from .ledger import Ledger
    from .origin import Origin
    from .records.log import Calls
    from .records.outgoing import OutgoingCall, UnconnectedCall
    from .records.through import PassedCall
    from .replies.reply import Reply
    from .script import Time
    from .settings import Settings


class Registry(Protocol):
    """Whose answers they are."""

    calls: Calls
    unmatched: list[Unmatched]
    unconnects: bool
    _passing: Rules
    """The hosts that `passthrough()` was called with."""
    isolated_at: Origin | None
    _ledger: Ledger
    _context: Context | None

    @property
    def settings(self) -> Settings: ...
    @property
    def waiting(self) -> Mapping[Any, Any]: ...
    def came(self, call: Call) -> None: ...
    def ready(self, url: URL) -> bool: ...
    async def start(self, url: URL) -> None: ...
    def failed(self, reply: Any, record: Any, error: BaseException) -> None: ...
    def shuts_out(self) -> list[Ledger]:
        """The ledgers that requests could have found, if this one were not in between."""
        ...


class Answerer:
    """What the interception asks of a registry."""

    def __init__(self, registry: Registry, idle: Callable[[], list[Ledger]]) -> None:
        self._registry = registry
        self._idle = idle  # those of the registries that a request need not see: not active, or isolated
        self._sure = registry._ledger.sure
        self._fitting = registry._ledger.fitting
        self.ready = registry.ready
        self.start = registry.start
        self.failed = registry.failed
        self.version = 0

    @property
    def time(self) -> Time:
        return self._registry.settings.time

    @property
    def context(self) -> Context | None:
        return self._registry._context

    def find(self, method: str, url: URL) -> Any:
        __tracebackhide__ = True  # pytest leaves such frames out of its tracebacks
        return self._sure(method, url) or self._look(method, url)

    def _look(self, method: str, url: URL) -> Any:
        __tracebackhide__ = True
        spent: Route | None = None
        sent: PassedCall | None = None
        for route in self._fitting(method, url):
            if route.matchers:
                if sent is None and not _known().passes():
                    return activation.UNDECIDED
                # Behind the wire it could go out no more, so they are asked now
                sent = sent or _outgoing(method, url, keeps=True)
                if _may_accept(route, sent):
                    return activation.UNDECIDED
            elif not route.spent(method):
                return route
            else:
                spent = spent or route
        if spent is not None:
            raise self._used_up(spent, activation.Request(method, url, {}))
        return None

    def answer(self, route: Route, method: str, url: URL, keywords: Mapping[str, Any]) -> tuple[Reply, Call] | None:
        chosen = route.endless or route.next_reply(method)
        if chosen is None:
            return None
        route.used = True
        call = Call(method, url, route, keywords)
        self._registry.calls.append(call)
        return chosen, call

    def unconnects(self, method: str, url: URL) -> bool:
        return self._registry.unconnects and any(route.succession.early for route in self._fitting(method, url))

    def choose(self, method: str, url: URL) -> activation.Chosen | object | None:
        sent: UnconnectedCall | None = None
        for route in self._fitting(method, url):
            sent = sent or _unsent(method, url, route)
            sent.route = route
            if (accepted := _accepts(route, sent)) is False:
                continue
            if accepted is None or route.host is not None:
                return activation.UNDECIDED
            if (due := route.due(method)) is None:
                continue
            if not route.give(due, method):
                return self.choose(method, url)
            if not _unconnected(due):
                return activation.Chosen(due, route, None)
            route.used = True
            sent.settle()
            self._registry.calls.append(sent)
            route.came(sent)
            return activation.Chosen(due, route, sent)
        return None

    def again(self, route: Route, method: str, url: URL, keywords: Mapping[str, Any]) -> Call:
        route.used = True
        call = Call(method, url, route, keywords)
        self._registry.calls.append(call)
        return call

    def decide(self, request: activation.Request) -> tuple[Reply, Call] | None:
        __tracebackhide__ = True
        spent: Route | None = None
        method, url = request.method, request.url
        call: Call | None = None
        for route in self._fitting(method, url):
            call = call or _call(request, route)  # one for all, so that its headers and body are read once
            call.route = route
            if not route.accepts(call):
                continue
            chosen = route.next_reply(method)
            if chosen is not None:
                route.used = True
                call.settle()
                self._registry.calls.append(call)
                route.came(call)
                return chosen, call
            spent = spent or route
        if spent is not None:
            raise self._used_up(spent, request)
        return None

    def passes(self, url: URL, proxy: URL | None) -> bool:
        if self._meant(url):
            return True
        return neighbours.is_one(url) and (proxy is None or neighbours.is_one(proxy))

    def passed(self, method: str, url: URL) -> PassedCall:
        call = _outgoing(method, url, keeps=self._registry.settings.keep_bodies)
        if not self._meant(url):
            self._registry.calls.to_test_servers.append(call)
            return call
        self._registry.calls.append(call)
        if self._registry.waiting:
            self._registry.came(call)
        return call

    def _meant(self, url: URL) -> bool:
        """Whether the test has named where it goes; a server of the test tools is reached without that."""
        rules = (*self._registry._passing, *self._registry.settings.passthrough)
        return any(rule.fits(url) for rule in rules) or bool(_known().redirected())

    def refuse(self, others: list[Answerer], request: activation.Request, asked: object) -> NoMatchError:
        registries = [self._registry, *(other._registry for other in others)]
        calls = [call for each in registries for call in (*each.calls, *each.calls.to_test_servers)]
        ledgers = [ledger for each in (self, *others) for ledger in each._offered()]
        error: NoMatchError = _inquiry().no_match(
            request,
            _known().known(),
            ledgers,
            self._idle,
            calls,
            shut=registries[-1].shuts_out(),
            unseen=self._unseen,
            isolated=self._unseen is None and self._registry.isolated_at is not None,
        )
        record = Unmatched(request.method, request.url, error)
        for registry in registries:
            registry.unmatched.append(record)
        return error

    _unseen: Origin | None = None

    def _offered(self) -> list[Ledger]:
        """Whose routes could have answered."""
        return [self._registry._ledger]

    def _used_up(self, route: Route, request: activation.Request) -> UnansweredError:
        error: UnansweredError = _inquiry().used_up(request, _known().known(), route)
        self._registry.unmatched.append(Unmatched(request.method, request.url, error))
        return error


class Guard(Answerer):
    """Answers nothing, and refuses in the name of a registry that may not even be active.

    Two in the name of one registry are equal: a request is asked of one of them, and noted once.

    Args:
        unseen: where the block was opened that the requests do not see.
    """

    def __init__(self, registry: Registry, idle: Callable[[], list[Ledger]], unseen: Origin) -> None:
        super().__init__(registry, idle)
        self._unseen = unseen

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Guard) and self._registry is other._registry

    def __hash__(self) -> int:
        return id(self._registry)

    def find(self, method: str, url: URL) -> None:
        """Nothing."""

    def choose(self, method: str, url: URL) -> None:
        """Nothing."""

    def decide(self, request: activation.Request) -> None:
        """Nothing."""

    def unconnects(self, method: str, url: URL) -> bool:
        return False

    def _offered(self) -> list[Ledger]:
        return []


def _inquiry() -> ModuleType:
    from .diagnosis import inquiry  # noqa: PLC0415 - only when something has failed

    return inquiry


def _known() -> ModuleType:
    from . import known  # noqa: PLC0415 - only behind a condition, or when something has failed

    return known


def _call(request: activation.Request, route: Route) -> Call:
    call = Call(request.method, request.url, route, request.keywords)
    call.considered(request.head, request.body)
    return call


def _outgoing(method: str, url: URL, *, keeps: bool) -> PassedCall:
    from .records.through import PassedCall  # noqa: PLC0415 - few tests let something through

    return PassedCall(method, url, *_known().outgoing(), keeps=keeps)


def _unsent(method: str, url: URL, route: Route) -> UnconnectedCall:
    from .records.outgoing import UnconnectedCall  # noqa: PLC0415 - few tests have a server that is not there

    return UnconnectedCall(method, url, route, *_known().outgoing())


def _unconnected(reply: Reply) -> bool:
    fault = reply.fault
    if fault is None or fault.connection is None:
        return False
    return fault.connection.kind != "proxy_status" or not _known().proxy_answers()


def _may_accept(route: Route, sent: PassedCall) -> bool:
    """Whether a route may answer what is about to be sent: yes, if that depends on a stream."""
    sent.route = route
    return _accepts(route, sent) is not False


def _accepts(route: Route, sent: OutgoingCall) -> bool | None:
    """Whether a route answers what is about to be sent; None if that depends on a stream."""
    try:
        return route.accepts(sent)
    except BodyNotKeptError:
        return None

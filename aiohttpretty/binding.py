"""What a request belongs to, for all of its life: through redirects, silent retries, waits for the pool.

Law of this room: a request belongs to the activations under which it began. When they end, it fails with an error of
ours; it is never answered by a later activation, and never let out but where one of them lets it through on purpose.

Who answers is noted in a context variable for as long as aiohttp's `_request` runs.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextvars import ContextVar
from time import monotonic
from typing import TYPE_CHECKING, Any, Protocol

import aiohttp
from aiohttp import ClientOSError, ServerDisconnectedError
from yarl import URL

from .activation import UNDECIDED, Activation, Chosen, LetThrough, Passer, Request, deactivated
from .origin import spot

if TYPE_CHECKING:
    from .shapes import Record, Spoken

# For these, aiohttp silently makes a second attempt of idempotent requests; the versions without middlewares do so
# even if the body can't be sent again
_RETRIED = (ClientOSError, ServerDisconnectedError)
_RETRIES_BLINDLY = not hasattr(aiohttp, "ClientMiddlewareType")

_NOTHING: Mapping[str, Any] = {}


class _Nobody:
    """Where all are transparent, nobody need know."""

    def passed(self, method: str, url: URL) -> None:
        """Nothing to record."""


_NOBODY = _Nobody()


class UnderWay(Protocol):
    """Who counts the requests that are under way through a connector."""

    under_way: int
    leaving: bool

    def leave(self) -> None: ...
    def unconnected(self, request: Any, reply: Spoken) -> BaseException | None:
        """What is raised instead of an answer to the request, if the reply is that there is no connection."""
        ...


class Binding:
    """What a request belongs to: made when it begins, and ended when it is over."""

    __slots__ = (
        *("__weakref__", "_again", "_asking", "_before", "_by", "_hook", "_passed", "_record", "_reply", "_spot"),
        *("_started", "_token"),
        *("activations", "asked", "began", "error", "keywords", "open", "timeout"),
    )

    def __init__(
        self, hook: UnderWay, activations: tuple[Activation, ...], asked: Any, keywords: dict[str, Any]
    ) -> None:
        self.activations = activations
        self.asked = asked
        self.keywords: Mapping[str, Any] = keywords
        self.open = True  # a task that the request left behind inherits the binding, and must not use it
        self.error: BaseException | None = None
        """What the request was answered with, if that is an exception: it reaches the caller as it is."""
        self._asking: Any = None
        self._again: Any = None  # aiohttp's silent second attempt
        self._before: Record | None = None  # of the hop or the attempt before this one
        self._record: Record | None = None
        self._reply: Spoken | None = None  # what it was answered with, by whom
        self._by: Activation | None = None
        # If it is the real network that is to answer now: the response that the request had before
        self._passed: tuple[Any] | None = None
        self.began = self._started = monotonic()
        self.timeout: Any = None
        """The `aiohttp.ClientTimeout`, when aiohttp has asked for a connection."""
        self._spot = spot(2)  # who called the function that makes this, and that is the first of the request's own
        self._hook = hook
        hook.under_way += 1
        hook.leaving = False
        self._token = bound.set(self)

    def end(self) -> None:
        """The request is over."""
        self.open = False
        if self._passed is not None:
            self._hear(self._passed)
        # Timers that were set meanwhile, such as the pool's, keep the context, and it keeps this
        self.keywords = _NOTHING
        self._asking = self._again = self._before = self._record = self._passed = self.asked = self.error = None
        self._reply = self._by = None
        try:  # noqa: SIM105 - suppress() costs as much as all the rest
            bound.reset(self._token)
        except ValueError:
            pass  # the coroutine is being thrown away in another context than the one it ran in; that one is gone
        self._hook.under_way -= 1
        if self._hook.leaving:
            self._hook.leave()

    @property
    def hop(self) -> float:
        """When this redirect of it, or this attempt, began."""
        return self._started

    @property
    def timer(self) -> Any:
        """What aiohttp tells when its `total` is over."""
        return self._asking._timer if self._asking is not None else None

    @property
    def within(self) -> Binding | None:
        """The request that waits for this one: a middleware of its has made it."""
        around = self._token.old_value
        return around if isinstance(around, Binding) and around.open else None

    @property
    def alive(self) -> bool:
        return any(activation.alive for activation in self.activations)

    def asks(self, request: Any, timeout: Any) -> tuple[Activation, Any] | None:
        """aiohttp asks for the connection of a request.

        If the one before it was answered with an exception that aiohttp takes for a lost connection, this is its
        silent second attempt, which gets the same: what the test registered is one failure of one request. If it was
        answered with a fault, the second attempt is a request of its own; what is returned is the answer to it, if
        that is the same fault again.
        """
        again: tuple[Activation, Chosen] | None = None
        self.timeout = timeout
        if self.error is not None:
            before, self._asking = self._asking, request
            if before is not request and (before.method, before.url) == (request.method, request.url):
                self._again = request
            if self._again is request:  # also if a middleware, which knows nothing of the first one, insists
                raise self.error
            self.error = None  # a middleware tries again; that is another attempt
        if self._asking is not None:
            if self._passed is not None:
                self._hear(self._passed)
                self._passed = None
            if self._reply is not None and self._reply.fault is not None:
                again = self._repeated(request, self._reply)
            self.asked = None  # what the caller wrote is the address of the first hop only
            # aiohttp makes another request for a redirect or a second attempt, and hands the same to a middleware's
            self._before = None if self._asking is request else self._record
            self._record = None
            self._reply = None
            self._started = monotonic()
        self._asking = request
        return again

    def _repeated(self, request: Any, reply: Spoken) -> tuple[Activation, Chosen] | None:
        """The fault once more, if aiohttp makes its silent second attempt and the fault is for that, too."""
        before, by, fault = self._asking, self._by, reply.fault
        if by is None or not by.alive or fault is None or fault.attempts == 1 or self._record is None:
            return None
        if before is request or (before.method, before.url) != (request.method, request.url):
            return None  # a middleware asks for the same again, or it is a redirect
        if before.response is not None and before.response.status is not None:
            return None  # so is this
        return by, Chosen(reply, self._record.route, None)

    def note(self, record: Record, reply: Spoken | None = None, by: Activation | None = None) -> None:
        """This is the record of the request, and this is said to it, if it is one of ours."""
        self._reply = reply
        self._by = by
        record.started = self._started
        record.spot = self._spot
        if self._before is not None:
            record.follows(self._before)
        self._record = record

    def raised(self, error: BaseException) -> BaseException:
        """What reaches the caller where aiohttp raises `error`: what the request was answered with, unchanged.

        A record without an answer is told of it.
        """
        given = self._unwrapped(error)
        if self._passed is not None:
            self._hear(self._passed)
        if self._record is not None and self._record.status is None:
            self._record.ended(given)
        return given

    def _unwrapped(self, error: BaseException) -> BaseException:
        given = self.error
        if given is None or given is error:
            return error
        if type(error) is ClientOSError and error.__cause__ is given and error.args == given.args:
            return given  # which aiohttp took for a failure of its socket, and wrapped
        blindly = _RETRIES_BLINDLY and isinstance(given, _RETRIED)
        if blindly and error.__context__ is None:  # pragma: no cover - aiohttp < 3.12
            return given  # and the second attempt can't even be made, because the body has been read
        return error

    def route(self, method: str, url: URL) -> tuple[Activation, Any]:
        """Who answers, and with which route, as far as that can be said yet; raises if nobody does.

        Raises:
            LetThrough: nobody does, and it is to go out; that has been recorded.
        """
        __tracebackhide__ = True  # pytest leaves such frames out of its tracebacks
        for activation in self.activations:
            if activation.alive and (route := activation.answerer.find(method, url)) is not None:
                return activation, route
        if (by := self.passer()) is None:
            raise self._refused(Request(method, url, self.keywords))
        self._passed = (self._asking.response,)
        if (record := by.passed(method, url)) is not None:
            self.note(record)
        raise LetThrough

    def passer(self) -> Passer | None:
        """Who lets the request through if nobody answers it; None if nobody does."""
        opaque = self._opaque()
        if not opaque:
            return _NOBODY
        url, proxy = self._asking.url, self._asking.proxy
        alive = (activation.answerer for activation in opaque if activation.alive)
        return next((answerer for answerer in alive if answerer.passes(url, proxy)), None)

    def _opaque(self) -> tuple[Activation, ...]:
        return tuple(activation for activation in self.activations if not activation.transparent)

    def _hear(self, before: tuple[Any]) -> None:
        """Note what the real network has answered, as far as it has; a middleware may send the same request again."""
        response = self._asking.response
        if self._record is not None and response not in (None, *before) and response.status is not None:
            self._record.answered(response.status, response.headers)

    async def started(self, method: str, url: URL) -> tuple[Activation, Any]:
        """The same, when all that may be mounted there has started; the test may have gone on meanwhile."""
        __tracebackhide__ = True
        while True:
            found = self.route(method, url)
            asked = self.activations if found[1] is UNDECIDED else found[:1]
            late = [one for one in asked if one.alive and not one.answerer.ready(url)]
            if not late:
                return found
            for activation in late:
                await activation.answerer.start(url)

    async def early(self, by: Activation, route: Any) -> tuple[Activation, Any]:
        """The same as `route`, when all that may be mounted there has started.

        Instead of the route it is a `Chosen` reply where one of those that may come is that there is no connection; but
        not if it depends on a stream who answers.
        """
        __tracebackhide__ = True
        if isinstance(route, Chosen):
            return by, route
        method, url = self._asking.method, self._asking.url
        if route is UNDECIDED or (route.host is not None and not route.host.ready()):
            by, route = await self.started(method, url)
        alive = [activation for activation in self.activations if activation.alive]
        if any(activation.answerer.unconnects(method, url) for activation in alive):
            for activation in alive:
                if (found := activation.answerer.choose(method, url)) is not None:
                    return (activation, found) if isinstance(found, Chosen) else (by, route)
        return by, route

    def unconnected(self, reply: Spoken) -> BaseException | None:
        """What is raised for a reply that there is no connection, where there is one, because it was known too late.

        None if the reply is what a proxy answers to a request that goes through no tunnel.
        """
        return self._hook.unconnected(self._asking, reply)

    def decide(self, head: bytes, body: list[bytes]) -> tuple[Spoken, Record, Activation]:
        """What is said to the request that came whole, and by whom; raises if nobody knows it."""
        __tracebackhide__ = True
        request = Request(self._asking.method, self._asking.url, self.keywords, head, body)
        for activation in self.activations:
            if activation.alive and (answer := activation.answerer.decide(request)) is not None:
                self.note(answer[1], answer[0], activation)
                return (*answer, activation)
        raise self._refused(request)

    def _refused(self, request: Request) -> Exception:
        deciding = self._opaque() or self.activations
        answerers = [activation.answerer for activation in deciding if activation.alive]
        if not answerers:
            return deactivated(request.method, request.url)
        return answerers[0].refuse(answerers[1:], request, self.asked)

    def __str__(self) -> str:
        return "that is over" if self._asking is None else f"{self._asking.method} {self._asking.url}"


bound: ContextVar[Binding | None] = ContextVar("aiohttpretty_binding", default=None)

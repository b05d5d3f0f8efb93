"""What a request belongs to, for all of its life: through redirects, silent retries, waits for the pool.

Law of this room: a request belongs to the activations under which it began. When they end, it fails with an error of
ours; it is never let out, and never answered by a later activation.

Who answers is noted in a context variable for as long as aiohttp's `_request` runs.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextvars import ContextVar
from time import monotonic
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol

import aiohttp
from aiohttp import ClientOSError, ServerDisconnectedError
from yarl import URL

from .errors import DeactivatedError
from .far_end import Record, Spoken
from .origin import spot

if TYPE_CHECKING:
    from .wire.handlers import HandlerServer

# For these, aiohttp silently makes a second attempt of idempotent requests; the versions without middlewares do so
# even if the body can't be sent again
_RETRIED = (ClientOSError, ServerDisconnectedError)
_RETRIES_BLINDLY = not hasattr(aiohttp, "ClientMiddlewareType")

_NOTHING: Mapping[str, Any] = {}

UNDECIDED: Final = object()
"""Which route answers depends on what the request carries."""


class Answerer(Protocol):
    """Who knows what to answer: a registry."""

    version: int
    """Another number whenever `find` may have another answer."""

    def find(self, method: str, url: URL) -> Any:
        """The route of such a request, `UNDECIDED`, or None. Raises when no route for it can answer any more."""
        ...

    def answer(self, route: Any, method: str, url: URL, keywords: Mapping[str, Any]) -> tuple[Spoken, Record] | None:
        """Choose the reply and record the call; None if another request was quicker to use the route up."""
        ...

    def decide(self, request: Request) -> tuple[Spoken, Record] | None:
        """The same for a whole request, or None if no route answers it. Raises as `find` does."""
        ...

    def refuse(self, others: list[Any], request: Request, asked: object) -> Exception:
        """Record that neither this one nor the `others` know the request; the error to raise."""
        ...


class Request(NamedTuple):
    """What came over a wire; of a request that is refused before, head and body are empty."""

    method: str
    url: URL
    keywords: Mapping[str, Any]
    head: bytes = b""
    body: Sequence[bytes] = ()


class UnderWay(Protocol):
    """Who counts the requests that are under way through a connector."""

    under_way: int
    leaving: bool

    def leave(self) -> None: ...


class Activation:
    """One stay of a registry in front of aiohttp, from `activate()` to `deactivate()`."""

    __slots__ = ("_servers", "alive", "answerer")

    def __init__(self, answerer: Answerer) -> None:
        self.answerer = answerer
        self.alive = True
        self._servers: dict[asyncio.AbstractEventLoop, HandlerServer] = {}

    def server(self, loop: asyncio.AbstractEventLoop) -> HandlerServer:
        """What serves the handlers of its routes in the event loop, which is running."""
        if not self.alive:  # since a moment ago, in another thread
            raise deactivated("a request", "on this connection")
        server = self._servers.get(loop)
        if server is None:
            from .wire.handlers import HandlerServer  # noqa: PLC0415 - aiohttp.web, 10 ms that few tests need

            server = self._servers[loop] = HandlerServer()
        return server

    def end(self) -> None:
        """It answers nothing any more, and what its handlers are doing is cancelled."""
        self.alive = False
        for loop, server in list(self._servers.items()):
            in_thread_of(loop, server.close)
        self._servers.clear()


class Binding:
    """What a request belongs to: made when it begins, and ended when it is over."""

    __slots__ = (
        *("__weakref__", "_again", "_asking", "_before", "_hook", "_record", "_spot", "_started", "_token"),
        *("activations", "asked", "error", "keywords", "open"),
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
        self._started = 0.0
        self._spot = spot(2)  # who called the function that makes this, and that is the first of the request's own
        self._hook = hook
        hook.under_way += 1
        hook.leaving = False
        self._token = bound.set(self)

    def end(self) -> None:
        """The request is over."""
        self.open = False
        # Timers that were set meanwhile, such as the pool's, keep the context, and it keeps this
        self.keywords = _NOTHING
        self._asking = self._again = self._before = self._record = self.asked = self.error = None
        try:  # noqa: SIM105 - suppress() costs as much as all the rest
            bound.reset(self._token)
        except ValueError:
            pass  # the coroutine is being thrown away in another context than the one it ran in; that one is gone
        self._hook.under_way -= 1
        if self._hook.leaving:
            self._hook.leave()

    @property
    def alive(self) -> bool:
        return any(activation.alive for activation in self.activations)

    def asks(self, request: Any) -> None:
        """aiohttp asks for the connection of a request.

        If the one before it was answered with an exception that aiohttp takes for a lost connection, this is its
        silent second attempt, which gets the same: what the test registered is one failure of one request.
        """
        if self.error is not None:
            before, self._asking = self._asking, request
            if before is not request and (before.method, before.url) == (request.method, request.url):
                self._again = request
            if self._again is request:  # also if a middleware, which knows nothing of the first one, insists
                raise self.error
            self.error = None  # a middleware tries again; that is another attempt
        if self._asking is not None:
            self.asked = None  # what the caller wrote is the address of the first hop only
            # aiohttp makes another request for a redirect or a second attempt, and hands the same to a middleware's
            self._before = None if self._asking is request else self._record
            self._record = None
        self._asking = request
        self._started = monotonic()

    def note(self, record: Record) -> None:
        """This is the record of the request."""
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
        if self._record is not None and self._record.status is None:
            self._record.ended(given)
        return given

    def _unwrapped(self, error: BaseException) -> BaseException:
        given = self.error
        if given is None or given is error:
            return error
        if type(error) is ClientOSError and error.__cause__ is given and error.args == given.args:
            return given  # which aiohttp took for a failure of its socket, and wrapped
        if _RETRIES_BLINDLY and isinstance(given, _RETRIED) and error.__context__ is None:
            return given  # and the second attempt can't even be made, because the body has been read
        return error

    def route(self, method: str, url: URL) -> tuple[Activation, Any]:
        """Who answers, and with which route, as far as that can be said yet; raises if nobody does."""
        __tracebackhide__ = True  # pytest leaves such frames out of its tracebacks
        for activation in self.activations:
            if activation.alive and (route := activation.answerer.find(method, url)) is not None:
                return activation, route
        raise self._refused(Request(method, url, self.keywords))

    def decide(self, head: bytes, body: list[bytes]) -> tuple[Spoken, Record, Activation]:
        """What is said to the request that came whole, and by whom; raises if nobody knows it."""
        __tracebackhide__ = True
        request = Request(self._asking.method, self._asking.url, self.keywords, head, body)
        for activation in self.activations:
            if activation.alive and (answer := activation.answerer.decide(request)) is not None:
                self.note(answer[1])
                return (*answer, activation)
        raise self._refused(request)

    def _refused(self, request: Request) -> Exception:
        answerers = [activation.answerer for activation in self.activations if activation.alive]
        if not answerers:
            return deactivated(request.method, request.url)
        return answerers[0].refuse(answerers[1:], request, self.asked)

    def __str__(self) -> str:
        return "that is over" if self._asking is None else f"{self._asking.method} {self._asking.url}"


def in_thread_of(loop: asyncio.AbstractEventLoop, action: Callable[[], Any]) -> None:
    """Do it here, or, if the event loop is running in another thread, there."""
    if not loop.is_closed() and loop.is_running() and _running_loop() is not loop:
        loop.call_soon_threadsafe(action)
    else:
        action()


def _running_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


bound: ContextVar[Binding | None] = ContextVar("aiohttpretty_binding", default=None)


def deactivated(method: str, url: object) -> DeactivatedError:
    return DeactivatedError(
        f"aiohttpretty was deactivated while {method} {url} was under way; it was neither answered nor let out to the "
        "network. Await the request, or cancel its task, before deactivate() (with the marker or the fixture: before "
        "the test ends)."
    )


class Known(NamedTuple):
    """What is known of a request that gets no answer, before anything of it has gone over the wire."""

    headers: Mapping[str, str]
    content: bytes | None
    """Its body, if that is at hand: a stream is not read to say why nobody wants it."""
    asked: Any
    """The address as the caller wrote it; None behind a redirect."""
    spot: Any
    """Who asked, if the stack told."""
    token: Binding
    task: asyncio.Task[Any] | None
    """The one that is running; None in a callback of the event loop."""
    tasks: tuple[asyncio.Task[Any], ...]
    """Those of this event loop, in no order."""


def known() -> Known | None:
    """The same of the request that is being answered here; None outside of one. For failures only."""
    binding = bound.get()
    request = binding._asking if binding is not None else None
    if binding is None or request is None:
        return None
    headers = {name: value for name, value in request.headers.items() if not (request.compress and _is_coding(name))}
    task, tasks = asyncio.current_task(), tuple(asyncio.all_tasks())
    return Known(headers, _content(request.body), binding.asked, binding._spot, binding, task, tasks)


def _is_coding(name: str) -> bool:
    return name.lower() == "content-encoding"  # aiohttp is still to compress the body


def _content(body: Any) -> bytes | None:
    if body is None or isinstance(body, bytes):
        return body or b""
    value = getattr(body, "_value", None)  # aiohttp's payloads of bytes, of text, of JSON
    return bytes(value) if isinstance(value, (bytes, bytearray, memoryview)) else None

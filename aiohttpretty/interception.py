"""In front of the session's real connector, and out of the way again.

Law of this room: the session is never touched, and what is touched is put back exactly. A request belongs to the
activations under which it began, for all of its life: through redirects, silent retries, waits for the pool. When
they end, it fails with an error of ours; it is never let out, and never answered by a later activation.

`ClientSession._request` becomes a plain coroutine function of ours, which notes who answers this request in a context
variable and then runs what it found there: aiohttp's own. On first contact it gives the real connector's instance two
attributes, `connect` and `_close`, that lead to a shadow connector on the wire. Undoing it deletes the two.
"""

from __future__ import annotations

import asyncio
import inspect
import threading
import warnings
from collections.abc import Callable, Mapping
from contextlib import suppress
from contextvars import ContextVar, Token
from functools import partial
from typing import Any, Protocol
from weakref import ref

from aiohttp import BaseConnector, ClientSession, TCPConnector
from yarl import URL

from .errors import AiohttprettyWarning, DeactivatedError
from .far_end import Exchange, Speaker
from .wire.connector import CLOSE, WireConnector, WireResolver, WireTCPConnector, shadow


class Answerer(Protocol):
    """Who knows what to answer: a registry."""

    def find(self, method: str, url: URL) -> Any:
        """The route of such a request, or None. Raises when the route can't answer any more."""
        ...

    def answer(self, route: Any, method: str, url: URL, keywords: Mapping[str, Any]) -> Exchange:
        """Choose the reply and record the call. Raises when the route can't answer any more."""
        ...

    def refuse(self, others: list[Any], method: str, url: URL, asked: object) -> Exception:
        """Record that neither this one nor the `others` know the request; the error to raise."""
        ...


class Activation:
    """One stay of a registry in front of aiohttp, from `activate()` to `deactivate()`."""

    __slots__ = ("alive", "answerer")

    def __init__(self, answerer: Answerer) -> None:
        self.answerer = answerer
        self.alive = True


class Binding:
    """What a request belongs to."""

    __slots__ = ("activations", "asked", "keywords", "method", "open")

    def __init__(self, activations: tuple[Activation, ...], method: Any, asked: Any, keywords: dict[str, Any]) -> None:
        self.activations = activations
        self.method = method
        self.asked = asked
        self.keywords = keywords
        self.open = True  # a task that the request left behind inherits the binding, and must not use it

    @property
    def alive(self) -> bool:
        return any(activation.alive for activation in self.activations)

    def route(self, method: str, url: URL) -> tuple[Activation, Any]:
        """Who answers, and with which route; raises if nobody does."""
        for activation in self.activations:
            if activation.alive and (route := activation.answerer.find(method, url)) is not None:
                return activation, route
        answerers = [activation.answerer for activation in self.activations if activation.alive]
        if not answerers:
            raise _deactivated(method, url)
        raise answerers[0].refuse(answerers[1:], method, url, self.asked)

    def answer(self, activation: Activation, route: Any, method: str, url: URL) -> Exchange:
        """The exchange that `route` chooses for this hop."""
        exchange = activation.answerer.answer(route, method, url, self.keywords)
        self.asked = None  # what the caller wrote is the address of the first hop only
        return exchange


_binding: ContextVar[Binding | None] = ContextVar("aiohttpretty_binding", default=None)


def _deactivated(method: str, url: object) -> DeactivatedError:
    return DeactivatedError(
        f"aiohttpretty was deactivated while {method} {url} was under way; it was neither answered nor let out to the "
        "network. Await the request, or cancel its task, before deactivate() (with the marker or the fixture: before "
        "the test ends)."
    )


class Hook:
    """What hangs on a real connector: its shadow on the wire, and how many requests are under way through it."""

    def __init__(self, connector: BaseConnector) -> None:
        # weakly: a connector that the user forgot must be able to die and say so
        self._connector = ref(connector, partial(_forget, id(connector)))
        self._loop = connector._loop
        self._shadow: WireConnector | WireTCPConnector | None = None
        self._found = {name: connector.__dict__[name] for name in ("connect", CLOSE) if name in connector.__dict__}
        self.under_way = 0
        connector.connect = self.connect  # type: ignore[method-assign]
        setattr(connector, CLOSE, self.close)

    async def connect(self, req: Any, traces: Any, timeout: Any) -> Any:
        """Stands for `connector.connect`."""
        binding = _binding.get()
        if binding is None or not binding.open:
            return await self._original("connect")(req, traces=traces, timeout=timeout)
        return await connect(self._wire, binding, req, traces, timeout)

    def close(self, *args: Any, **kwargs: Any) -> Any:
        """Stands for `connector._close`."""
        left = self._shadow.hang_up() if self._shadow is not None else []
        waiters = self._original(CLOSE)(*args, **kwargs)
        return waiters + left if isinstance(waiters, list) else waiters

    def is_of(self, reference: object) -> bool:
        """Whether the weak reference is the one to this hook's connector."""
        return self._connector is reference

    def drop(self, activation: Activation) -> None:
        """Fail what is being answered by `activation`; others go on."""
        if self._shadow is not None and not self._loop.is_closed():
            self._shadow.fail(
                lambda end: isinstance(end, Speaker) and end.answered_by is activation,
                lambda: _deactivated("a request", "on this connection"),
            )

    def retire(self) -> None:
        """Nobody answers any more: fail what is under way, and go as soon as nothing is."""
        running, self._shadow = self._shadow, None
        if running is not None and not self._loop.is_closed():
            running.abandon(lambda: _deactivated("a request", "on this connection"))
        self.leave()

    def leave(self) -> None:
        """Put the connector back as it was, unless a request of ours is still under way through it."""
        connector = self._connector()
        if self.under_way or connector is None:
            return
        for name in ("connect", CLOSE):
            if getattr(connector.__dict__.get(name), "__self__", None) is self:
                del connector.__dict__[name]
                if name in self._found:
                    connector.__dict__[name] = self._found[name]
        _hooks.pop(id(connector), None)

    def in_own_thread(self, action: Callable[[], None]) -> None:
        """Do it here, or, if the connector's event loop is running in another thread, there."""
        if not self._loop.is_closed() and self._loop.is_running() and _running_loop() is not self._loop:
            self._loop.call_soon_threadsafe(action)
        else:
            action()

    def _wire(self) -> WireConnector | WireTCPConnector:
        if self._shadow is None:
            connector = self._connector()
            assert connector is not None  # it is calling us
            self._shadow = shadow(connector, Speaker)
        return self._shadow

    def _original(self, name: str) -> Callable[..., Any]:
        connector = self._connector()
        found: Callable[..., Any] | None = self._found.get(name)
        return found if found is not None else getattr(type(connector), name).__get__(connector)


async def connect(wire: Callable[[], Any], binding: Binding, req: Any, traces: Any, timeout: Any) -> Any:
    """A connection at whose far end the reply to `req` is waiting; the errors of the registry come from here."""
    method, url = req.method, req.url
    # Before a connection is made or waited for, and before anything of the body is read
    binding.route(method, url)
    try:
        connection = await wire().connect(req, traces=traces, timeout=timeout)
    except Exception:
        if binding.alive:
            raise
        raise _deactivated(method, url) from None
    try:
        # Again: another request may have used the last reply up meanwhile, or the test may be over
        activation, route = binding.route(method, url)
        exchange = binding.answer(activation, route, method, url)
    except BaseException:
        connection.release()
        raise
    connection.protocol.transport.far_end.expect(exchange, activation)
    return connection


def _forget(identity: int, dead: object) -> None:
    hook = _hooks.get(identity)
    if hook is not None and hook.is_of(dead):
        del _hooks[identity]


_lock = threading.RLock()
_stack: list[Activation] = []
_hooks: dict[int, Hook] = {}
_patch: Patch | None = None
_signatures: dict[object, inspect.Signature] = {}


class Patch:
    """The function that stands in `ClientSession._request` from the first `activate()` to the last `deactivate()`."""

    def __init__(self) -> None:
        self.activations: tuple[Activation, ...] = ()
        found = ClientSession.__dict__["_request"]
        # A dead one of ours stays behind when another tool had wrapped it; what it stood for is below it.
        while (dead := getattr(found, "aiohttpretty_patch", None)) is not None:
            found = dead.found
        self.found = found
        # Other tools undo themselves by putting back what `__wrapped__` says: that must still be a mock. It stands
        # for the function as it would be had that tool not been there.
        self.inner = self._function(getattr(found, "__wrapped__", found))
        self.function = self._function(found)
        self.function.__wrapped__ = self.inner  # type: ignore[attr-defined]
        ClientSession._request = self.function  # type: ignore[method-assign]

    def restore(self) -> None:
        """Put back what was found, if nobody has put anything else there since."""
        self.activations = ()
        current = ClientSession.__dict__["_request"]
        if current is self.function:
            ClientSession._request = self.found  # type: ignore[method-assign]
        elif current is self.inner:
            ClientSession._request = getattr(self.found, "__wrapped__", self.found)  # type: ignore[method-assign]
        else:
            warnings.warn(
                "Another tool has replaced or wrapped aiohttp.ClientSession._request since aiohttpretty was activated. "
                "Its wrapper was left in place, and aiohttpretty's function below it now passes every request through. "
                "To have all of it gone, undo the other tool first and then deactivate().",
                AiohttprettyWarning,
                stacklevel=4,
            )

    def _function(self, below: Callable[..., Any]) -> Callable[..., Any]:
        # A plain function: a descriptor or a bound method fails inspect.iscoroutinefunction, mock's autospec, newrelic
        async def _request(self: ClientSession, method: str, str_or_url: Any, *args: Any, **kwargs: Any) -> Any:
            activations = patch.activations
            connector = self._connector
            if not activations or connector is None:
                return await below(self, method, str_or_url, *args, **kwargs)
            return await _mocked(below, self, activations, connector, method, str_or_url, args, kwargs)

        patch = self
        for name in ("__module__", "__name__", "__qualname__", "__doc__", "__annotations__"):
            if hasattr(below, name):
                setattr(_request, name, getattr(below, name))
        _request.__signature__ = _signature(below)  # type: ignore[attr-defined]
        _request.aiohttpretty_patch = self  # type: ignore[attr-defined]
        return _request


async def _mocked(
    below: Callable[..., Any],
    session: ClientSession,
    activations: tuple[Activation, ...],
    connector: BaseConnector,
    method: Any,
    asked: Any,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
) -> Any:
    hook = _hook(connector)
    binding = Binding(activations, method, asked, kwargs)
    token = _binding.set(binding)
    hook.under_way += 1
    try:
        return await below(session, method, asked, *args, **kwargs)
    finally:
        binding.open = False
        _reset(token)
        hook.under_way -= 1
        if not _stack and not hook.under_way:
            hook.leave()


def _reset(token: Token[Binding | None]) -> None:
    # ValueError: the coroutine is being thrown away in another context than the one it ran in; that one is gone
    with suppress(ValueError):
        _binding.reset(token)


def _hook(connector: Any) -> Hook:
    hook = getattr(connector.__dict__.get("connect"), "__self__", None)
    if isinstance(hook, Hook):
        return hook
    while (peeled := getattr(connector, "__wrapped__", None)) is not None:
        connector = peeled  # ddtrace hands sessions a proxy of their connector
    hook = _hooks[id(connector)] = Hook(connector)
    return hook


async def request(answerer: Answerer, method: str, uri: Any, keywords: dict[str, Any]) -> Any:
    """One mocked request without a session of the caller's and without an activation."""
    connector = TCPConnector(resolver=WireResolver(), force_close=True)
    Hook(connector)
    below = ClientSession.__dict__["_request"] if _patch is None else _patch.found
    session = ClientSession(connector=connector)
    try:
        return await _mocked(below, session, (Activation(answerer),), connector, method, uri, (), keywords)
    finally:
        # The response may still be read; its connection lets go by itself.
        session.detach()


def _signature(function: Callable[..., Any]) -> inspect.Signature:
    # remembered: it costs more than the rest of an activation
    signature = _signatures.get(function)
    if signature is None:
        _signatures.clear()
        signature = _signatures[function] = inspect.signature(function)
    return signature


def _running_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


def enter(answerer: Answerer) -> Activation:
    """Put `answerer` in front of aiohttp, to be asked before those that are there already."""
    global _patch
    with _lock:
        activation = Activation(answerer)
        _stack.insert(0, activation)
        if _patch is None:
            _patch = Patch()
        _patch.activations = tuple(_stack)
        return activation


def leave(activation: Activation) -> None:
    """Take it away; after the last one, everything is as it was before the first."""
    global _patch
    with _lock:
        activation.alive = False
        _stack.remove(activation)
        if _patch is None:
            return
        _patch.activations = tuple(_stack)
        if _stack:
            for hook in list(_hooks.values()):
                hook.in_own_thread(partial(hook.drop, activation))
            return
        patch, _patch = _patch, None
        for hook in list(_hooks.values()):
            hook.in_own_thread(hook.retire)
        patch.restore()

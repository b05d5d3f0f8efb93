"""In front of a session's real connector, and out of the way again.

Law of this room: the session is never touched, and what is touched is put back exactly. A request belongs to the
activations under which it began, for all of its life: through redirects, silent retries, waits for the pool. When
they end, it fails with an error of ours; it is never let out, and never answered by a later activation.

Who answers a request is noted in a context variable for as long as aiohttp's `_request` runs. On first contact the real
connector's instance gets two attributes, `connect` and `_close`, that lead to a shadow connector on the wire. Undoing
it deletes the two.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from functools import partial
from typing import Any, Protocol
from weakref import ref

from aiohttp import BaseConnector
from yarl import URL

from .errors import DeactivatedError
from .far_end import Record, Speaker, Spoken
from .wire.connector import CLOSE, Shadow


class Answerer(Protocol):
    """Who knows what to answer: a registry."""

    version: int
    """Another number whenever `find` may have another answer."""

    def find(self, method: str, url: URL) -> Any:
        """The route of such a request, or None. Raises when the route can't answer any more."""
        ...

    def answer(self, route: Any, method: str, url: URL, keywords: Mapping[str, Any]) -> tuple[Spoken, Record]:
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
    """What a request belongs to: made when it begins, and ended when it is over."""

    __slots__ = ("_hook", "_token", "activations", "asked", "keywords", "open")

    def __init__(self, hook: Hook, activations: tuple[Activation, ...], asked: Any, keywords: dict[str, Any]) -> None:
        self.activations = activations
        self.asked = asked
        self.keywords = keywords
        self.open = True  # a task that the request left behind inherits the binding, and must not use it
        self._hook = hook
        hook.under_way += 1
        hook.leaving = False
        self._token = _binding.set(self)

    def end(self) -> None:
        """The request is over."""
        self.open = False
        try:  # noqa: SIM105 - suppress() costs as much as all the rest
            _binding.reset(self._token)
        except ValueError:
            pass  # the coroutine is being thrown away in another context than the one it ran in; that one is gone
        self._hook.under_way -= 1
        if self._hook.leaving:
            self._hook.leave()

    @property
    def alive(self) -> bool:
        return any(activation.alive for activation in self.activations)

    def route(self, method: str, url: URL) -> tuple[Activation, Any]:
        """Who answers, and with which route; raises if nobody does."""
        __tracebackhide__ = True  # pytest leaves such frames out of its tracebacks
        for activation in self.activations:
            if activation.alive and (route := activation.answerer.find(method, url)) is not None:
                return activation, route
        answerers = [activation.answerer for activation in self.activations if activation.alive]
        if not answerers:
            raise _deactivated(method, url)
        raise answerers[0].refuse(answerers[1:], method, url, self.asked)


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
        self._shadow: Shadow | None = None
        self._found = {name: connector.__dict__[name] for name in ("connect", CLOSE) if name in connector.__dict__}
        self.under_way = 0
        self.leaving = False
        """Whether it shall go as soon as nothing is under way."""
        connector.connect = self.connect  # type: ignore[method-assign]
        setattr(connector, CLOSE, self.close)

    async def connect(self, req: Any, traces: Any, timeout: Any) -> Any:
        """Stands for `connector.connect`: a connection at whose far end the reply to `req` is waiting."""
        __tracebackhide__ = True
        binding = _binding.get()
        if binding is None or not binding.open:
            return await self._original("connect")(req, traces=traces, timeout=timeout)
        method, url = req.method, req.url
        # Before a connection is made or waited for, and before anything of the body is read
        activation, route = binding.route(method, url)
        version = activation.answerer.version
        try:
            connection: Any = await (self._shadow or self._new_shadow()).connect(req, traces=traces, timeout=timeout)
        except Exception:
            if binding.alive:
                raise
            raise _deactivated(method, url) from None
        try:
            if not activation.alive or activation.answerer.version != version:
                activation, route = binding.route(method, url)  # the test went on while the connection was waited for
            reply, call = activation.answerer.answer(route, method, url, binding.keywords)
        except BaseException:
            connection.release()
            raise
        binding.asked = None  # what the caller wrote is the address of the first hop only
        connection._protocol.transport.far_end.expect(reply, call, activation)
        return connection

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
                lambda end: isinstance(end, Speaker) and end.owes(activation),
                lambda: _deactivated("a request", "on this connection"),
            )

    def retire(self) -> None:
        """Nobody answers any more: fail what is under way, and go as soon as nothing is."""
        # now, and not in the connector's own thread: by then it may be a new activation's
        running, self._shadow = self._shadow, None
        self.leaving = True
        self.in_own_thread(partial(self._abandon, running))

    def _abandon(self, running: Shadow | None) -> None:
        if running is not None and not self._loop.is_closed():
            running.abandon(lambda: _deactivated("a request", "on this connection"))
        if self.leaving:
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

    def _new_shadow(self) -> Shadow:
        connector = self._connector()
        assert connector is not None  # it is calling us
        behind = self._shadow = Shadow(connector, Speaker)
        if connector.closed:
            behind.hang_up()
        return behind

    def _original(self, name: str) -> Callable[..., Any]:
        connector = self._connector()
        found: Callable[..., Any] | None = self._found.get(name)
        return found if found is not None else getattr(type(connector), name).__get__(connector)


def _forget(identity: int, dead: object) -> None:
    hook = _hooks.get(identity)
    if hook is not None and hook.is_of(dead):
        del _hooks[identity]


_hooks: dict[int, Hook] = {}


def hook_of(connector: Any) -> Hook:
    """What hangs on the connector; from now on, if nothing did."""
    known = _hooks.get(id(connector))
    if known is not None:
        return known
    hook = getattr(connector.__dict__.get("connect"), "__self__", None)
    if isinstance(hook, Hook):
        return hook
    while (peeled := getattr(connector, "__wrapped__", None)) is not None:
        connector = peeled  # ddtrace hands sessions a proxy of their connector
    known = _hooks.get(id(connector))
    if known is None:
        known = _hooks[id(connector)] = Hook(connector)
    return known


def hooks() -> list[Hook]:
    """All that hang on a connector now."""
    return list(_hooks.values())


def _running_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None

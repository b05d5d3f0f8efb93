"""`aiohttp.ClientSession._request`, there and back.

Law of this room: what was there before the first `activate()` is there again after the last `deactivate()`, exactly.
Where another tool stands in the way of that, nothing of that tool's is thrown away, and it is said.

`_request` becomes a plain coroutine function of ours, which notes who answers this request and then runs what it found
there: aiohttp's own.
"""

from __future__ import annotations

import asyncio
import inspect
import re
import socket
import threading
import warnings
from collections.abc import Callable, Iterable
from types import FunctionType
from typing import Any
from weakref import WeakSet

import aiohttp
from aiohttp import ClientSession, DefaultResolver, TCPConnector
from aiohttp.abc import AbstractResolver

from . import sight
from .activation import Activation, Answerer, deactivated
from .binding import Binding
from .errors import AiohttprettyWarning
from .interception import Hook, hook_of, hooks
from .origin import caller
from .sight import Scope

# aiohttp's own, most often; to tell a wrapper around ours from one that is gone
_AT_FIRST = ClientSession.__dict__["_request"]
# The newest that this package was tested with, and the one that is here
_TESTED = (3, 14, 5)
_VERSION = tuple(map(int, re.findall(r"\d+", aiohttp.__version__)[:3]))
_lock = threading.RLock()
_activations: tuple[Activation, ...] = ()
# Those that not all of the process sees, in the order in which they came
_isolated: dict[Activation, None] = {}
_patch: Patch | None = None
_signatures: dict[object, inspect.Signature] = {}


class Patch:
    """The function that stands in `ClientSession._request` from the first `activate()` to the last `deactivate()`."""

    minds = False
    """Whether there was one among its activations that lets nothing out."""

    def __init__(self) -> None:
        self.gone: WeakSet[Any] = WeakSet()
        """The event loops that were there when nobody could find it any more.

        Where it still comes by in one of them, it was asked before, as by an unawaited `session.get()`; elsewhere,
        somebody has kept a copy of it.
        """
        # A dead one of ours stays behind when another tool had wrapped it; what it stood for is below it.
        self.found = _peeled(ClientSession.__dict__["_request"])
        # Other tools undo themselves by putting back what `__wrapped__` says: that must still be a mock. It stands
        # for the function as it would be had that tool not been there.
        self.unwrapped = getattr(self.found, "__wrapped__", self.found)
        self.inner = self._function(self.unwrapped)
        self.function = self._function(self.found)
        self.function.__wrapped__ = self.inner  # type: ignore[attr-defined]
        ClientSession._request = self.function  # type: ignore[method-assign]

    def restore(self, loops: Iterable[object]) -> None:
        """Put back what was found, if nobody has put anything else there since; `loops` are those that know of it."""
        current = ClientSession.__dict__["_request"]
        if (found := _peeled(current)) is not current:
            ClientSession._request = found  # type: ignore[method-assign]
            if self.minds:
                self.gone.update(loops)
            return
        if current in (self.found, self.unwrapped, _AT_FIRST):
            message = (
                "Another tool has put aiohttp.ClientSession._request back while aiohttpretty was active, so the "
                "requests that were made since then were not mocked. What was installed before activate() can be "
                "undone after deactivate()."
            )
        else:
            message = (
                "Another tool has replaced or wrapped aiohttp.ClientSession._request since aiohttpretty was activated. "
                "Its wrapper was left in place, and aiohttpretty's function below it now passes every request through. "
                "To have all of it gone, undo the other tool first and then deactivate()."
            )
        warnings.warn_explicit(message, AiohttprettyWarning, *caller())

    def _function(self, below: Callable[..., Any]) -> Callable[..., Any]:
        # A plain function: a descriptor or a bound method fails inspect.iscoroutinefunction, mock's autospec, newrelic
        async def _request(self: ClientSession, method: str, str_or_url: Any, *args: Any, **kwargs: Any) -> Any:
            __tracebackhide__ = True
            # those of all, not of this patch: one that stayed behind below another tool's wrapper must mock, too
            activations = sight.seen(_activations, _isolated) if _isolated else _activations
            connector = self._connector
            if not activations or connector is None:
                if patch.gone and asyncio.get_running_loop() in patch.gone:
                    raise deactivated(method, str_or_url)
                return await run(self, method, str_or_url, *args, **kwargs)
            binding = Binding(hook_of(connector), activations, str_or_url, kwargs)
            try:
                return await run(self, method, str_or_url, *args, **kwargs)
            except BaseException as error:
                given = binding.raised(error)
                if given is error:
                    raise
            finally:
                binding.end()
            raise given  # out here, where it gets no context

        run, patch = _unbound(below), self
        for name in ("__module__", "__name__", "__qualname__", "__doc__", "__annotations__"):
            if hasattr(below, name):
                setattr(_request, name, getattr(below, name))
        if (signature := _signature(below)) is not None:
            _request.__signature__ = signature  # type: ignore[attr-defined]
        _request.aiohttpretty_patch = self  # type: ignore[attr-defined]
        return _request


def enter(answerer: Answerer, *, transparent: bool = False, scope: Scope | None = None) -> Activation:
    """Put `answerer` in front of aiohttp, to be asked before those that are there already.

    Args:
        transparent: What it has no route for goes out to the real network, unless another one is there that minds.
        scope: It is seen only here, and by what comes of this; without one, everywhere.
    """
    global _activations, _patch
    with _lock:
        if _patch is None:
            if _TESTED < _VERSION:
                _check_private()
            _patch = Patch()
        _patch.minds |= not transparent
        activation = Activation(answerer, transparent=transparent, scope=scope)
        if scope is None:
            _activations = (activation, *_activations)
        else:
            sight.enter(activation)
            _isolated[activation] = None
        return activation


def leave(activation: Activation) -> None:
    """Take it away; after the last one, everything is as it was before the first."""
    global _activations, _patch
    with _lock:
        activation.alive = False
        if activation.scope is None:
            _activations = tuple(other for other in _activations if other is not activation)
        else:
            _isolated.pop(activation, None)
        if _activations or _isolated:
            for hook in hooks():
                hook.drop(activation)
            activation.end()
            return
        patch, _patch = _patch, None
        loops = {hook.loop for hook in hooks()} | {asyncio._get_running_loop()}
        for hook in hooks():
            hook.retire()
        activation.end()
        assert patch is not None  # somebody was there
        patch.restore(loops - {None})


async def request(answerer: Answerer, method: str, uri: Any, keywords: dict[str, Any]) -> Any:
    """One mocked request without a session of the caller's and without an activation."""
    connector = TCPConnector(resolver=_Resolver(), force_close=True)
    below = _unbound(_peeled(ClientSession.__dict__["_request"]) if _patch is None else _patch.found)
    session = ClientSession(connector=connector)
    binding = Binding(Hook(connector), (Activation(answerer),), uri, keywords)
    try:
        return await below(session, method, uri, **keywords)
    except BaseException as error:
        given = binding.raised(error)
        if given is error:
            raise
    finally:
        binding.end()
        # The response may still be read; its connection lets go by itself.
        session.detach()
    raise given


class _Resolver(AbstractResolver):
    """aiohttp's own, made when something is let through: most often nothing is, and to make one takes its time."""

    async def resolve(self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET) -> list[Any]:
        resolver = DefaultResolver()
        try:
            return list(await resolver.resolve(host, port, family))
        finally:
            await resolver.close()

    async def close(self) -> None:
        """There is nothing to close."""


def _check_private() -> None:
    from . import private  # noqa: PLC0415 - only where aiohttp is newer than what is known

    private.check()


def _peeled(function: Any) -> Any:
    """What is there without the functions of ours."""
    # By identity: whoever wraps a function takes its attributes over, too
    while isinstance(patch := getattr(function, "aiohttpretty_patch", None), Patch):
        if function is patch.function:
            function = patch.found
        elif function is patch.inner:
            function = patch.unwrapped
        else:
            break
    return function


def _unbound(found: Any) -> Callable[..., Any]:
    """As a function of the session, whatever kind of object stands in the class."""
    # by its type: wrapt's wrappers pass for functions with inspect.isfunction
    if type(found) is FunctionType:
        return found
    bind = getattr(type(found), "__get__", None)
    if bind is None:  # as a mock; such a one never gets the session
        return lambda session, *args, **kwargs: found(*args, **kwargs)
    # as the wrappers of wrapt, which tell by it whether they have been given a session
    return lambda session, *args, **kwargs: bind(found, session, type(session))(*args, **kwargs)


def _signature(function: Callable[..., Any]) -> inspect.Signature | None:
    # remembered: it costs more than the rest of an activation
    signature = _signatures.get(function)
    if signature is None:
        _signatures.clear()
        try:
            signature = _signatures[function] = inspect.signature(function)
        except (TypeError, ValueError):  # an AsyncMock on CPython 3.10 has none that can be read
            return None
    return signature

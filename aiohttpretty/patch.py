"""`aiohttp.ClientSession._request`, there and back.

Law of this room: what was there before the first `activate()` is there again after the last `deactivate()`, exactly.
Where another tool stands in the way of that, nothing of that tool's is thrown away, and it is said.

`_request` becomes a plain coroutine function of ours, which notes who answers this request and then runs what it found
there: aiohttp's own.
"""

from __future__ import annotations

import inspect
import threading
import warnings
from collections.abc import Callable
from functools import partial
from typing import Any

from aiohttp import ClientSession, TCPConnector

from .errors import AiohttprettyWarning
from .interception import Activation, Answerer, Hook, hooks, mocked
from .wire.connector import WireResolver

_lock = threading.RLock()
_stack: list[Activation] = []
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
            return await mocked(below, self, activations, connector, method, str_or_url, args, kwargs)

        patch = self
        for name in ("__module__", "__name__", "__qualname__", "__doc__", "__annotations__"):
            if hasattr(below, name):
                setattr(_request, name, getattr(below, name))
        _request.__signature__ = _signature(below)  # type: ignore[attr-defined]
        _request.aiohttpretty_patch = self  # type: ignore[attr-defined]
        return _request


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
            for hook in hooks():
                hook.in_own_thread(partial(hook.drop, activation))
            return
        patch, _patch = _patch, None
        for hook in hooks():
            hook.in_own_thread(hook.retire)
        patch.restore()


async def request(answerer: Answerer, method: str, uri: Any, keywords: dict[str, Any]) -> Any:
    """One mocked request without a session of the caller's and without an activation."""
    connector = TCPConnector(resolver=WireResolver(), force_close=True)
    Hook(connector)
    below = ClientSession.__dict__["_request"] if _patch is None else _patch.found
    session = ClientSession(connector=connector)
    try:
        return await mocked(below, session, (Activation(answerer),), connector, method, uri, (), keywords)
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

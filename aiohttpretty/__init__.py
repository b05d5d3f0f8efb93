"""Mock aiohttp client requests: aiohttp's real client stack, over a wire in memory.

The functions here are those of one global registry; `AioHTTPretty()` makes one of your own.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .errors import (
    AiohttprettyError,
    AiohttprettyWarning,
    BodyConsumedError,
    BodyError,
    BodyNotKeptError,
    DeactivatedError,
    HandlerResultError,
    MalformedRequestError,
    NoMatchError,
    OptionTypeError,
    OptionValueError,
    ResponsesExhausted,
    UnansweredError,
    UnreachableRouteWarning,
    UnreadableBodyError,
    VerificationError,
)
from .records.call import Call, Unmatched
from .route import Route
from .steward import AioHTTPretty

__version__ = "0.1.0"

_registry = AioHTTPretty()
_registry._takes_paths = False  # a path there is a slip, and should be told at once

activate = _registry.activate
deactivate = _registry.deactivate
clear = _registry.clear
register_uri = _registry.register_uri
include = _registry.include
passthrough = _registry.passthrough
register_json_uri = _registry.register_json_uri
fake_request = _registry.fake_request
has_call = _registry.has_call
assert_called = _registry.assert_called
assert_not_called = _registry.assert_not_called
assert_calls = _registry.assert_calls
assert_all_called = _registry.assert_all_called
wait_for_call = _registry.wait_for_call
calls = _registry.calls
unmatched = _registry.unmatched
registry = _registry.registry

if TYPE_CHECKING:
    from . import match as match


def __getattr__(name: str) -> Any:
    if name == "match":  # only when it is asked for: it takes as long to import as a third of all the rest
        return import_module(f"{__name__}.match")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


__all__ = [
    "AioHTTPretty",
    "AiohttprettyError",
    "AiohttprettyWarning",
    "BodyConsumedError",
    "BodyError",
    "BodyNotKeptError",
    "Call",
    "DeactivatedError",
    "HandlerResultError",
    "MalformedRequestError",
    "NoMatchError",
    "OptionTypeError",
    "OptionValueError",
    "ResponsesExhausted",
    "Route",
    "UnansweredError",
    "Unmatched",
    "UnreachableRouteWarning",
    "UnreadableBodyError",
    "VerificationError",
    "activate",
    "assert_all_called",
    "assert_called",
    "assert_calls",
    "assert_not_called",
    "calls",
    "clear",
    "deactivate",
    "fake_request",
    "has_call",
    "include",
    "match",
    "passthrough",
    "register_json_uri",
    "register_uri",
    "registry",
    "unmatched",
    "wait_for_call",
]

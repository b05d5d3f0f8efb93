"""Mock aiohttp client requests: aiohttp's real client stack, over a wire in memory.

The functions here are those of one global registry; `AioHTTPretty()` makes one of your own.
"""

from __future__ import annotations

from .call import Call, Unmatched
from .errors import (
    AiohttprettyError,
    AiohttprettyWarning,
    BodyConsumedError,
    DeactivatedError,
    MalformedRequestError,
    NoMatchError,
    OptionTypeError,
    OptionValueError,
    ResponsesExhausted,
    UnansweredError,
)
from .route import Route
from .steward import AioHTTPretty

__version__ = "0.1.0"

_registry = AioHTTPretty()

activate = _registry.activate
deactivate = _registry.deactivate
clear = _registry.clear
register_uri = _registry.register_uri
register_json_uri = _registry.register_json_uri
fake_request = _registry.fake_request
has_call = _registry.has_call
calls = _registry.calls
unmatched = _registry.unmatched
registry = _registry.registry

__all__ = [
    "AioHTTPretty",
    "AiohttprettyError",
    "AiohttprettyWarning",
    "BodyConsumedError",
    "Call",
    "DeactivatedError",
    "MalformedRequestError",
    "NoMatchError",
    "OptionTypeError",
    "OptionValueError",
    "ResponsesExhausted",
    "Route",
    "UnansweredError",
    "Unmatched",
    "activate",
    "calls",
    "clear",
    "deactivate",
    "fake_request",
    "has_call",
    "register_json_uri",
    "register_uri",
    "registry",
    "unmatched",
]

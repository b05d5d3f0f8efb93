"""Mock aiohttp client requests: aiohttp's real client stack, over a wire in memory.

The functions here are those of one global registry; `AioHTTPretty()` makes one of your own.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .errors import (
    AiohttprettyError,
    AiohttprettyWarning,
    ApplicationError,
    BackgroundError,
    BodyConsumedError,
    BodyError,
    BodyNotKeptError,
    ControlError,
    DeactivatedError,
    FaultError,
    HandlerError,
    HandlerResultError,
    LoopError,
    MalformedRequestError,
    NoMatchError,
    OptionTypeError,
    OptionValueError,
    PeerError,
    ResponsesExhausted,
    UnansweredError,
    UnreachableRouteWarning,
    UnreadableBodyError,
    VerificationError,
)
from .records.call import Call, Unmatched
from .records.failed import HandlerFailure
from .route import Route
from .steward import AioHTTPretty

__version__ = "0.1.0"

_registry = AioHTTPretty()
_registry._takes_paths = False  # a path there is a slip, and should be told at once

activate = _registry.activate
deactivate = _registry.deactivate
clear = _registry.clear
register_uri = _registry.register_uri
mount = _registry.mount
controlled = _registry.controlled
include = _registry.include
passthrough = _registry.passthrough
register_json_uri = _registry.register_json_uri
register_websocket = _registry.register_websocket
isolated = _registry.isolated
serve = _registry.serve
fake_request = _registry.fake_request
has_call = _registry.has_call
assert_called = _registry.assert_called
assert_not_called = _registry.assert_not_called
assert_calls = _registry.assert_calls
assert_all_called = _registry.assert_all_called
wait_for_call = _registry.wait_for_call
calls = _registry.calls
unmatched = _registry.unmatched
handler_errors = _registry.handler_errors
registry = _registry.registry

if TYPE_CHECKING:
    from . import faults as faults
    from . import match as match
    from . import testing as testing
    from .live.controlled import ControlledServer
    from .live.peer import Peer
    from .live.websocket import WebSocketRoute
    from .live.wire_server import WireServer
    from .loopback.case_controlled import CaseControlledTestServer
    from .loopback.redirector import Redirector
    from .loopback.resolver import FakeResolver
    from .loopback.tls import Authority
    from .records.messages import Message
    from .tcp.server import RegistryServer


# These bring something along that takes its time to import, and few tests name them
_LATE = {
    "Authority": "loopback.tls",
    "CaseControlledTestServer": "loopback.case_controlled",
    "ControlledServer": "live.controlled",
    "FakeResolver": "loopback.resolver",
    "Message": "records.messages",
    "Peer": "live.peer",
    "Redirector": "loopback.redirector",
    "RegistryServer": "tcp.server",
    "WebSocketRoute": "live.websocket",
    "WireServer": "live.wire_server",
}
# So do these rooms: the matchers take as long as a third of all the rest
_LATE_ROOMS = ("faults", "match", "testing")


def __getattr__(name: str) -> Any:
    if name in _LATE_ROOMS:
        return import_module(f"{__name__}.{name}")
    if name in _LATE:
        return getattr(import_module(f"{__name__}.{_LATE[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


__all__ = [
    "AioHTTPretty",
    "AiohttprettyError",
    "AiohttprettyWarning",
    "ApplicationError",
    "Authority",
    "BackgroundError",
    "BodyConsumedError",
    "BodyError",
    "BodyNotKeptError",
    "Call",
    "CaseControlledTestServer",
    "ControlError",
    "ControlledServer",
    "DeactivatedError",
    "FakeResolver",
    "FaultError",
    "HandlerError",
    "HandlerFailure",
    "HandlerResultError",
    "LoopError",
    "MalformedRequestError",
    "Message",
    "NoMatchError",
    "OptionTypeError",
    "OptionValueError",
    "Peer",
    "PeerError",
    "Redirector",
    "RegistryServer",
    "ResponsesExhausted",
    "Route",
    "UnansweredError",
    "Unmatched",
    "UnreachableRouteWarning",
    "UnreadableBodyError",
    "VerificationError",
    "WebSocketRoute",
    "WireServer",
    "activate",
    "assert_all_called",
    "assert_called",
    "assert_calls",
    "assert_not_called",
    "calls",
    "clear",
    "controlled",
    "deactivate",
    "fake_request",
    "faults",
    "handler_errors",
    "has_call",
    "include",
    "isolated",
    "match",
    "mount",
    "passthrough",
    "register_json_uri",
    "register_uri",
    "register_websocket",
    "registry",
    "serve",
    "testing",
    "unmatched",
    "wait_for_call",
]

"""Every private name of aiohttp's that this package uses: which room, and what breaks without it.

Law of this room: nothing that is not in this table is used anywhere (a test sees to that), and nobody pays for it: it
is entered only where aiohttp is newer than any that this package was tested with.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator
from dis import get_instructions
from functools import cache
from importlib import import_module
from operator import itemgetter
from types import CodeType
from typing import Any, NamedTuple

import aiohttp

from .errors import AiohttprettyError, AiohttprettyWarning
from .origin import caller


class Private(NamedTuple):
    """Names of one class of aiohttp's."""

    owner: str
    """The class, as `module:name`."""
    names: str
    """Its attributes, with blanks between them; `a|b` where versions differ, and a `?` behind what only some have."""
    rooms: str
    """Who uses them, with blanks between."""
    breaks: str
    """What breaks without them."""


ALL = "every mocked request"
_PROXIED = "mocked requests through proxies, with traces, or to addresses in digits"
_UNCONNECTED = "faults of servers that are not there, such as faults.refused()"
_HANDLERS = "handlers, mounted applications and websockets"
_TOLD = "time='instant'"

TABLE = (
    Private("aiohttp:ClientSession", "_request _connector", "patch", ALL),
    Private("aiohttp:BaseConnector", "_close|_close_immediately", "wire.connector", ALL),
    Private("aiohttp:BaseConnector", "_loop", "interception wire.connector wire.said", ALL),
    Private("aiohttp:BaseConnector", "_limit _limit_per_host _force_close _keepalive_timeout", "wire.connector", ALL),
    Private("aiohttp:BaseConnector", "_timeout_ceil_threshold", "wire.connector", ALL),
    Private("aiohttp:BaseConnector", "_conns _acquired _waiters _release", "wire.connector", "the end of a test"),
    Private("aiohttp:BaseConnector", "_create_connection", "wire.connector wire.unconnected", ALL),
    Private("aiohttp:BaseConnector", "_get", "wire.connector", _UNCONNECTED),
    Private("aiohttp:TCPConnector", "_family", "loopback.resolver wire.connector wire.said", ALL),
    Private("aiohttp:TCPConnector", "_get_ssl_context", "wire.connector wire.unconnected", ALL),
    Private(
        "aiohttp:TCPConnector", "_ssl _use_dns_cache _interleave? _ssl_shutdown_timeout?", "wire.connector", _PROXIED
    ),
    Private("aiohttp:TCPConnector", "_resolve_host_tasks?", "wire.connector", _PROXIED),
    Private("aiohttp:TCPConnector", "_factory", "loopback.resolver wire.connector", _PROXIED),
    Private("aiohttp:TCPConnector", "_cached_hosts", "wire.connector wire.unconnected", _PROXIED),
    Private(
        "aiohttp:TCPConnector",
        "_wrap_create_connection _start_tls_connection",
        "wire.connector wire.unconnected",
        _PROXIED,
    ),
    Private("aiohttp:TCPConnector", "_get_fingerprint", "wire.connector wire.unconnected", _PROXIED),
    Private("aiohttp:TCPConnector", "_create_direct_connection", "wire.unconnected", _UNCONNECTED),
    Private("aiohttp:TCPConnector", "_resolver", "loopback.resolver wire.unconnected", "aiohttp_redirector"),
    Private("aiohttp:TCPConnector", "_resolve_host", "loopback.resolver", "aiohttp_redirector"),
    Private("aiohttp:TCPConnector", "_loop", "loopback.resolver", "aiohttp_redirector"),
    Private("aiohttp.connector:_DNSCacheTable", "_ttl _max_size?", "wire.connector", _PROXIED),
    Private("aiohttp:UnixConnector", "_path", "wire.connector", "mocked requests through Unix sockets"),
    Private("aiohttp.connector:Connection", "_protocol", "interception", ALL),
    Private("aiohttp.client_proto:ResponseHandler", "_payload", "pace play wire.protocol wire.served", ALL),
    Private("aiohttp.client_proto:ResponseHandler", "_parser _drop_timeout", "pace", _TOLD),
    Private("aiohttp.client_proto:ResponseHandler", "_on_read_timeout _read_timeout_handle", "pace", _TOLD),
    Private("aiohttp.client_proto:ResponseHandler", "_waiter", "pace", _TOLD),
    Private("aiohttp:StreamReader", "_waiter _eof_waiter", "pace play", "faults in the midst of an answer"),
    Private("aiohttp.helpers:TimerContext", "_cancelled", "pace", _TOLD),
    Private("aiohttp.client_reqrep:ClientResponse", "_timer", "binding", _TOLD),
    Private("aiohttp.payload:BytesPayload", "_value", "known", "what a report says of a request's body"),
    Private("aiohttp.web_ws:WebSocketDataQueue|FlowControlDataQueue", "_buffer", "wire.frames", "call.messages"),
    Private("aiohttp.web:Application", "_state _make_handler", "wire.handlers", _HANDLERS),
    Private("aiohttp.web:Application", "_loop", "live.lifetime", _HANDLERS),
    Private("aiohttp.web:Server", "_loop", "live.hosts", _HANDLERS),
    Private("aiohttp.web_protocol:RequestHandler", "_request_handler", "wire.handlers", _HANDLERS),
    Private("aiohttp.web_protocol:RequestHandler", "_task_handler", "wire.served", _HANDLERS),
    Private(
        "aiohttp.web:UrlDispatcher", "_resource_index", "live.prefix", "applications that are mounted below a path"
    ),
    Private(
        "aiohttp.web_urldispatcher:PrefixedSubAppResource", "_app", "live.prefix", "applications with sub-applications"
    ),
    Private("aiohttp.web:BaseRequest", "_payload", "live.departure", "mounted ASGI applications"),
    Private("aiohttp.http_writer:StreamWriter", "_eof", "loopback.socket_end", "CaseControlledTestServer"),
    Private(
        "aiohttp.test_utils:RawTestServer",
        "_make_runner",
        "live.wire_server loopback.case_controlled",
        "WireServer, CaseControlledTestServer",
    ),
    Private("aiohttp.test_utils:RawTestServer", "_handler", "live.wire_server", "WireServer"),
    Private("aiohttp.test_utils:BaseTestServer", "_root", "live.wire_server", "WireServer"),
)


class Missing(NamedTuple):
    """A name that is not there."""

    name: str
    """As `Class._name`."""
    rooms: str
    breaks: str

    def __str__(self) -> str:
        files = " and ".join(f"aiohttpretty/{room.replace('.', '/')}.py" for room in self.rooms.split())
        return f"{self.name} ({files}; without it, {self.breaks} can't work)"


def missing(table: Iterable[Private] = TABLE) -> Iterator[Missing]:
    """Those that the installed aiohttp does not have."""
    for row in table:
        owner = _class(row.owner)
        for names in row.names.split():
            if names.endswith("?"):
                continue
            if owner is None or not any(_has(owner, name) for name in names.split("|")):
                yield Missing(f"{row.owner.partition(':')[2]}.{names}", row.rooms, row.breaks)


@cache
def check() -> None:
    """See that aiohttp still has what is needed of it; what some do lack is said once.

    Raises:
        AiohttprettyError: it lacks what every mocked request needs.

    Warns:
        AiohttprettyWarning: it lacks what some do.
    """
    gone = list(missing())
    if not gone:
        return
    sentence = (
        f"aiohttp {aiohttp.__version__} is newer than any that this aiohttpretty was tested with, and lacks what it "
        f"needs: {'; '.join(map(str, gone))}. Install a newer aiohttpretty, or an older aiohttp."
    )
    if any(one.breaks == ALL for one in gone):
        raise AiohttprettyError(sentence)
    warnings.warn_explicit(sentence, AiohttprettyWarning, *caller())


def _class(place: str) -> Any:
    module, _, names = place.partition(":")
    try:
        found = import_module(module)
    except ImportError:
        return None
    return next((getattr(found, name) for name in names.split("|") if hasattr(found, name)), None)


def _has(owner: type, name: str) -> bool:
    """Whether instances have such an attribute, by their class or because one of its functions sets it."""
    if hasattr(owner, name):
        return True
    members = [(word != "__init__", member) for base in owner.__mro__ for word, member in vars(base).items()]
    members.sort(key=itemgetter(0))  # most are set there, and reading code takes its time
    codes = (code for _, member in members for code in _codes(member))
    return any(name in code.co_names and _sets(code, name) for code in codes)


def _codes(member: Any) -> Iterator[CodeType]:
    functions = (member, *(getattr(member, word, None) for word in ("fget", "fset", "__func__", "__wrapped__")))
    return (code for function in functions if isinstance(code := getattr(function, "__code__", None), CodeType))


def _sets(code: CodeType, name: str) -> bool:
    return any(step.opname == "STORE_ATTR" and step.argval == name for step in get_instructions(code))

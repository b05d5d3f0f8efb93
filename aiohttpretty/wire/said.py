"""What is said where there is no connection: by the system and the `ssl` module, and what aiohttp makes of it.

Law of this room: the words are those that a real socket leads to, on this machine and this interpreter.
"""

from __future__ import annotations

import asyncio
import errno
import os
import socket
import ssl
from typing import TYPE_CHECKING, Any, NoReturn, Protocol

import aiohttp
from aiohttp import TCPConnector
from aiohttp.client_exceptions import UnixClientConnectorError

from . import handshake
from .connector import LOOPBACK

if TYPE_CHECKING:
    from ..script import Unconnected


class Reply(Protocol):
    """The shape of a reply that there is no connection."""

    @property
    def fault(self) -> Any: ...
    @property
    def delay(self) -> float: ...
    @property
    def status(self) -> int: ...
    @property
    def reason(self) -> str: ...
    @property
    def headers(self) -> Any: ...
    @property
    def body(self) -> Any: ...
    def head(self, *, length: int | None, last: bool) -> bytes: ...


def by_system(why: Unconnected, address: Any, context: ssl.SSLContext | None, hostname: str) -> Exception:
    """What the system, or the `ssl` module, says to the last step."""
    kind, detail = why
    if kind == "unreachable":
        return system(errno.ENETUNREACH)
    if kind == "dns_failure":
        return _unknown_name(temporary=detail)
    if kind.startswith("tls_"):
        assert context is not None  # it has been seen to that
        if kind == "tls_handshake":
            return handshake.refused(context, hostname)
        return handshake.unverified(context, hostname, detail)
    # as asyncio words it
    return OSError(errno.ECONNREFUSED, f"Connect call failed {address}")


def system(number: int) -> OSError:
    """What the system says."""
    return OSError(number, os.strerror(number))


def by_aiohttp(key: Any, error: Exception, client_error: Any) -> Exception:
    """What aiohttp makes of it, as at the end of its `_wrap_create_connection`."""
    if isinstance(error, ssl.CertificateError):
        return aiohttp.ClientConnectorCertificateError(key, error)
    if isinstance(error, ssl.SSLError):
        return aiohttp.ClientConnectorSSLError(key, error)
    made: Exception = client_error(key, error)
    return made


def is_timeout(error: OSError) -> bool:
    """Whether it is a timeout of the client's, which aiohttp leaves as it is."""
    return error.errno is None and isinstance(error, asyncio.TimeoutError)


def afterwards(reply: Reply, req: Any, real: Any, context: ssl.SSLContext | None, fingerprint: Any) -> NoReturn:
    """Raise what would have been raised, where it is known too late, with a connection there."""
    why: Unconnected = reply.fault.connection
    key, client_error, port = req.connection_key, aiohttp.ClientConnectorError, req.port
    if why.kind == "connect_timeout":
        raise aiohttp.ConnectionTimeoutError(f"Connection timeout to host {req.url}") from asyncio.TimeoutError()
    if not isinstance(real, TCPConnector):
        refused = system(errno.ECONNREFUSED)
        raise UnixClientConnectorError(real.path, key, refused) from refused
    if why.kind == "proxy_status":
        about = aiohttp.RequestInfo(req.url, "CONNECT", req.headers, req.proxy)
        raise aiohttp.ClientHttpProxyError(about, (), status=reply.status, message=reply.reason, headers=reply.headers)
    if why.kind == "proxy_refused":
        client_error, port = aiohttp.ClientProxyConnectionError, req.proxy.port
        key = aiohttp.ClientRequest("GET", req.proxy, loop=real._loop, ssl=req.ssl).connection_key
    if why.kind == "dns_failure":
        client_error = aiohttp.ClientConnectorDNSError
    address = (LOOPBACK.get(real._family, "127.0.0.1"), port)
    if why.kind == "tls_fingerprint":
        fingerprint.check(Stranger(context, address))
    error = by_system(why, address, context, req.server_hostname or req.url.raw_host)
    raise by_aiohttp(key, error, client_error) from error


class Stranger:
    """A server with another certificate: as much of a transport as a fingerprint is compared with."""

    def __init__(self, context: Any, address: Any) -> None:
        self.about = {
            "peername": address,
            "sslcontext": context,
            "ssl_object": handshake.Peer(),
            "socket": _Socket(address),
        }
        """What a transport tells about itself."""

    def get_extra_info(self, name: str) -> Any:
        return self.about.get(name)


class _Socket:
    """aiohttp asks it which of the addresses was the wrong one."""

    family = socket.AF_UNSPEC  # it has no options to be set

    def __init__(self, address: Any) -> None:
        self._address = address

    def getpeername(self) -> Any:
        return self._address


def _unknown_name(*, temporary: bool) -> socket.gaierror:
    if temporary:
        number, words = socket.EAI_AGAIN, "Temporary failure in name resolution"
    else:
        number, words = socket.EAI_NONAME, "Name or service not known"
    try:
        from ctypes import CDLL, c_char_p  # noqa: PLC0415 - slow to import

        text = CDLL(None).gai_strerror  # other C libraries have other words
        text.restype = c_char_p
        words = text(number).decode()
    except (ImportError, OSError, AttributeError, TypeError):  # pragma: no cover - other systems
        pass
    return socket.gaierror(number, words)

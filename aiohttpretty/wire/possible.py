"""Whether there can be such a fault for the connection of a request; and if not, what else to do.

Law of this room: a table of questions, each with a sentence that says why not, and one that says what to do.
"""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING, Any

from aiohttp import TCPConnector, UnixConnector
from aiohttp.helpers import is_ip_address

from ..script import NO_NAME, NO_TLS

if TYPE_CHECKING:
    from ..script import Unconnected

_TLS = ("tls_certificate", "tls_handshake", "tls_fingerprint")
_PROXY = ("proxy_refused", "proxy_status")
_ON_A_PATH = ("refused", "connect_timeout")


def obstacle(why: Unconnected, req: Any, real: Any, context: ssl.SSLContext | None, fingerprint: Any) -> str | None:
    """Why that can't happen to the request, and what to do; None if it can."""
    kind = why.kind
    if not isinstance(real, TCPConnector):
        return _not_tcp(kind, real)
    if kind in _PROXY:
        return None if req.proxy else _DIRECT
    if kind in _TLS:
        return _no_tls(why, req, context, fingerprint)
    if req.proxy:
        return _BEHIND_PROXY
    return (
        NO_NAME.format("the host of the address") if kind == "dns_failure" and is_ip_address(req.url.raw_host) else None
    )


def _not_tcp(kind: str, real: Any) -> str | None:
    if not isinstance(real, UnixConnector):
        return (
            f"the session's connector is a {type(real).__qualname__}, and only that knows how it fails. Use an "
            "aiohttp.TCPConnector, or give error= with what it raises."
        )
    return None if kind in _ON_A_PATH else _BY_PATH


def _no_tls(why: Unconnected, req: Any, context: ssl.SSLContext | None, fingerprint: Any) -> str | None:
    if not req.is_ssl() or context is None:
        return NO_TLS.format("http")
    if why.kind == "tls_fingerprint":
        return _NO_FINGERPRINT if fingerprint is None else None
    return _no_check(why.detail, context) if why.kind == "tls_certificate" else None


def _no_check(reason: str, context: ssl.SSLContext) -> str | None:
    if context.verify_mode == ssl.CERT_NONE:
        return _UNCHECKED
    if reason == "wrong_host" and not context.check_hostname:
        return _ANY_HOST
    if reason == "revoked" and not context.verify_flags & ssl.VERIFY_CRL_CHECK_LEAF:
        return _NOT_ASKED
    return None


_DIRECT = (
    "the client asks the server itself, without a proxy. Give the request a proxy (proxy=, or trust_env=True), or a "
    "fault of the server's, such as faults.refused()."
)
_BEHIND_PROXY = (
    "the client connects to a proxy, and only that connects to the server. Give a fault of the proxy's, "
    "faults.proxy_refused(), or what the proxy would say, such as faults.proxy_status(502)."
)
_BY_PATH = (
    "the session's connector is an aiohttp.UnixConnector, which only opens a path: without a name, a network, TLS or a "
    "proxy. Give faults.refused() or faults.connect_timeout(), or use an aiohttp.TCPConnector."
)
_NO_FINGERPRINT = (
    "the client has no fingerprint to compare with. Give one to the request or the connector "
    "(ssl=aiohttp.Fingerprint(...)), or give faults.tls_certificate()."
)
_UNCHECKED = (
    "the client checks no certificate (ssl=False, an aiohttp.Fingerprint, or an SSL context with "
    "verify_mode=ssl.CERT_NONE). Have it check them, or give faults.tls_handshake()."
)
_ANY_HOST = (
    "the client's SSL context has check_hostname=False. Have it check the name, or give another reason, such as "
    "faults.tls_certificate('untrusted')."
)
_NOT_ASKED = (
    "the client's SSL context has no revocation lists checked, as by default. Set context.verify_flags |= "
    "ssl.VERIFY_CRL_CHECK_LEAF, or give another reason, such as faults.tls_certificate('expired')."
)

"""Faults before there is a connection."""

# ruff: noqa: E501 - a message is written as it reads
import socket

from .situation import BODY, Ends, Place, Situation, Way

_DENIED = (
    b"HTTP/1.1 407 Proxy Authentication Required\r\n"
    b'Proxy-Authenticate: Basic realm="proxy"\r\nContent-Length: 20\r\n\r\n' + BODY
)
_DENYING = {"headers": {"Proxy-Authenticate": 'Basic realm="proxy"'}}


_VERIFICATION = {
    "expired": "certificate has expired",
    "not_yet_valid": "certificate is not yet valid",
    "revoked": "certificate revoked",
    "self_signed": "self-signed certificate",
    "untrusted": "unable to get local issuer certificate",
    "wrong_host": "Hostname mismatch, certificate is not valid for 'example.com'.",
}


def _refused_certificate(reason):
    text = f"[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: {_VERIFICATION[reason]} (_ssl.c:...)"
    return Situation(
        f"tls_certificate {reason}",
        f'faults.tls_certificate("{reason}")',
        Place("tls", reason),
        Ends(
            "aiohttp.ClientConnectorCertificateError: Cannot connect to host example.com:443 ssl:True "
            f"[SSLCertVerificationError: (1, {text!r})]",
            errno=1,
        ),
        https=True,
    )


UNCONNECTED = [
    Situation(
        "refused",
        "faults.refused()",
        Place("refusing"),
        Ends(
            "aiohttp.ClientConnectorError: Cannot connect to host example.com:80 ssl:default [Connect call failed ('127.0.0.1', 80)]",
            errno=111,
        ),
    ),
    Situation(
        "refused, https",
        "faults.refused()",
        Place("refusing"),
        Ends(
            "aiohttp.ClientConnectorError: Cannot connect to host example.com:443 ssl:default [Connect call failed ('127.0.0.1', 443)]",
            errno=111,
        ),
        https=True,
        said="-",
    ),
    Situation(
        "unreachable",
        "faults.unreachable()",
        Place("unreachable"),
        Ends(
            "aiohttp.ClientConnectorError: Cannot connect to host example.com:80 ssl:default [Network is unreachable]",
            errno=101,
        ),
    ),
    Situation(
        "dns_failure",
        "faults.dns_failure()",
        Place("unknown", socket.EAI_NONAME),
        Ends(
            "aiohttp.ClientConnectorDNSError: Cannot connect to host example.com:80 ssl:default [Name or service not known]",
            errno=-2,
        ),
    ),
    Situation(
        "dns_failure, temporary",
        "faults.dns_failure(temporary=True)",
        Place("unknown", socket.EAI_AGAIN),
        Ends(
            "aiohttp.ClientConnectorDNSError: Cannot connect to host example.com:80 ssl:default [Temporary failure in name resolution]",
            errno=-3,
        ),
    ),
    *map(_refused_certificate, _VERIFICATION),
    Situation(
        "tls_handshake",
        "faults.tls_handshake()",
        Place("plain"),
        Ends(
            "aiohttp.ClientConnectorSSLError: Cannot connect to host example.com:443 ssl:default [[SSL: WRONG_VERSION_NUMBER] wrong version number (_ssl.c:...)]",
            errno=1,
        ),
        https=True,
    ),
    Situation(
        "tls_fingerprint",
        "faults.tls_fingerprint()",
        Place("other", "expired"),
        Ends("aiohttp.ServerFingerprintMismatch: (b'...', b'...', '127.0.0.1', 443)"),
        https=True,
    ),
    Situation(
        "proxy_refused",
        "faults.proxy_refused()",
        Place("refusing"),
        Ends(
            "aiohttp.ClientProxyConnectionError: Cannot connect to host proxy.example:3128 ssl:default [Connect call failed ('127.0.0.1', 3128)]",
            errno=111,
        ),
        proxy=True,
    ),
    Situation(
        "proxy_refused, https",
        "faults.proxy_refused()",
        Place("refusing"),
        Ends(
            "aiohttp.ClientProxyConnectionError: Cannot connect to host proxy.example:3128 ssl:default [Connect call failed ('127.0.0.1', 3128)]",
            errno=111,
        ),
        proxy=True,
        https=True,
        ways=(Way(), Way(plain=True), Way("POST")),
        said="-",
    ),
    Situation(
        "proxy_status",
        "faults.proxy_status(407)",
        [(_DENIED,)],
        Ends(arrived=BODY),
        reply=_DENYING,
        proxy=True,
        said="`faults.proxy_status(407)`, http",
    ),
    Situation(
        "proxy_status, https",
        "faults.proxy_status(407)",
        [(_DENIED,)],
        Ends(
            "aiohttp.ClientHttpProxyError: 407, message='Proxy Authentication Required', url='http://proxy.example:3128'"
        ),
        reply=_DENYING,
        proxy=True,
        https=True,
        ways=(Way(), Way(plain=True), Way("POST")),
        said="`faults.proxy_status(407)`, https",
    ),
]

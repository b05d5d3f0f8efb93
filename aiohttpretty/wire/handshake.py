"""What goes wrong in a TLS handshake, as the `ssl` module of this interpreter says it.

Law of this room: the words are OpenSSL's. What can be made to happen in memory does happen; the line of C that
stands in every message is taken from that.
"""

from __future__ import annotations

import ipaddress
import re
import ssl
from typing import Any, NamedTuple

_PLAIN = b"HTTP/1.1 400 Bad Request\r\n\r\n"
# OpenSSL's code, and its words
_REASONS = {
    "expired": (10, "certificate has expired"),
    "not_yet_valid": (9, "certificate is not yet valid"),
    "revoked": (23, "certificate revoked"),
    "self_signed": (18, "self-signed certificate" if ssl.OPENSSL_VERSION_INFO >= (3,) else "self signed certificate"),
    "untrusted": (20, "unable to get local issuer certificate"),
}


def refused(context: ssl.SSLContext, hostname: str) -> ssl.SSLError:
    """What a client says to a server that does not speak TLS: to one that speaks plain HTTP."""
    incoming = ssl.MemoryBIO()
    connection = context.wrap_bio(incoming, ssl.MemoryBIO(), server_hostname=hostname)
    incoming.write(_PLAIN)
    refusal = ssl.SSLError()  # never this one: plain HTTP does not pass for TLS
    try:
        connection.do_handshake()
    except ssl.SSLError as error:
        refusal = error
    return refusal.with_traceback(None)


def unverified(context: ssl.SSLContext, hostname: str, reason: str) -> ssl.SSLCertVerificationError:
    """What a client says to a server whose certificate is not right."""
    code, words = _REASONS.get(reason) or _elsewhere(hostname)
    line = re.search(r"\(_ssl\.c:\d+\)$", str(refused(context, hostname)))
    text = f"[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: {words}" + (f" {line[0]}" if line else "")
    error = ssl.SSLCertVerificationError(1, text)
    error.library, error.reason = "SSL", "CERTIFICATE_VERIFY_FAILED"
    error.verify_code, error.verify_message = code, words
    return error


def _elsewhere(hostname: str) -> tuple[int, str]:
    try:
        ipaddress.ip_address(hostname)
    except ValueError:
        return 62, f"Hostname mismatch, certificate is not valid for '{hostname}'."
    return 64, f"IP address mismatch, certificate is not valid for '{hostname}'."


class Peer(NamedTuple):
    """The TLS of a server with another certificate, as far as a fingerprint is compared with it."""

    certificate: bytes = b"another certificate"

    def getpeercert(self, binary_form: bool = False) -> Any:
        return self.certificate if binary_form else {}

"""TLS that is real: an authority, certificates for any host, and those that a client has a reason to refuse.

Law of this room: trustme makes them, when the first one is asked for. Keys and certificates are never older than the
run, and no client trusts them but one that is told to.
"""

from __future__ import annotations

import datetime as dt
import ssl
from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, get_args
from weakref import WeakSet

from ..errors import MissingPackageError, OptionTypeError, OptionValueError

if TYPE_CHECKING:
    import trustme

Reason = Literal["expired", "not_yet_valid", "self_signed", "untrusted", "wrong_host"]

_LOCAL = ("localhost", "127.0.0.1", "::1")
_OTHER = "wrong-host.invalid"
_DAY = dt.timedelta(days=1)
_YEARS = dt.timedelta(days=900)


class Authority:
    """Makes the contexts of servers, and of clients that trust them; what the fixture `aiohttp_tls` gives.

    Raises, by its methods:
        MissingPackageError: trustme is not installed.
    """

    def __init__(self) -> None:
        self._made = False
        self._awaiting: WeakSet[ssl.SSLContext] = WeakSet()

    def server_context(self, *hosts: str, reason: Reason | None = None) -> ssl.SSLContext:
        """For a server: `CaseControlledTestServer(ssl=context)`.

        Args:
            *hosts: names and IP addresses for which its certificate is; `*.example.com` for sub-domains. By default, it
                is for whatever host a client asks for, and for localhost.
            reason: why a client is to refuse the certificate: `"expired"`, `"not_yet_valid"`, `"self_signed"`,
                `"untrusted"` (signed by an unknown authority) or `"wrong_host"`.

        Raises:
            OptionTypeError, OptionValueError: (a `TypeError`, a `ValueError`) that is no host, or no reason.
        """
        if reason is not None and reason not in get_args(Reason):
            raise OptionValueError(
                f"server_context(reason={reason!r}): that reason is not known. Give one of "
                f"{', '.join(map(repr, get_args(Reason)))}."
            )
        context = self._issued(hosts or _LOCAL, reason)
        if not hosts and reason != "wrong_host":
            known: dict[str, ssl.SSLContext] = {}

            def choose(connection: Any, name: str | None, context: object) -> None:
                if name is not None:
                    if name not in known:
                        known[name] = self._issued((name,), reason)
                    connection.context = known[name]

            context.sni_callback = choose
        return context

    def client_context(self) -> ssl.SSLContext:
        """For a client: it trusts this authority, and no other. `session.get(url, ssl=context)`."""
        context = self.trusting_context()
        self._ca  # noqa: B018 - is made now, or its package is missed now
        return context

    def trusting_context(self) -> ssl.SSLContext:
        """The same; but while nothing was asked of the authority, there is nothing to trust, and nothing is made."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        if self._made:
            self._ca.configure_trust(context)
        else:
            self._awaiting.add(context)
        return context

    @property
    def pem(self) -> bytes:
        """The authority's certificate, for clients that take it as a text, or in a file."""
        return self._ca.cert_pem.bytes()

    @cached_property
    def _ca(self) -> trustme.CA:
        ca: trustme.CA = _trustme().CA()
        self._made = True
        for context in self._awaiting:
            ca.configure_trust(context)
        self._awaiting.clear()
        return ca

    def _issued(self, hosts: tuple[str, ...], reason: str | None) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        try:
            _MAKERS.get(reason, _trusted)(self._ca, hosts).configure_cert(context)
        except (TypeError, ValueError) as error:
            given = ", ".join(map(repr, hosts))
            kind = OptionTypeError if isinstance(error, TypeError) else OptionValueError
            raise kind(
                f"server_context({given}): no certificate can be made for that. Give names of hosts, or IP addresses. "
                f"trustme says: {error}"
            ) from error
        return context


def _trusted(ca: Any, hosts: tuple[str, ...]) -> Any:
    return ca.issue_cert(*hosts)


def _expired(ca: Any, hosts: tuple[str, ...]) -> Any:
    return ca.issue_cert(*hosts, not_before=_now() - _YEARS, not_after=_now() - _DAY)


def _not_yet_valid(ca: Any, hosts: tuple[str, ...]) -> Any:
    return ca.issue_cert(*hosts, not_before=_now() + _DAY, not_after=_now() + _YEARS)


def _untrusted(ca: Any, hosts: tuple[str, ...]) -> Any:
    return _trustme().CA().issue_cert(*hosts)


def _wrong_host(ca: Any, hosts: tuple[str, ...]) -> Any:
    return ca.issue_cert(_OTHER)


def _self_signed(ca: Any, hosts: tuple[str, ...]) -> Any:
    """One that vouches for itself: trustme's for the hosts, signed once more by its own key."""
    from cryptography import x509  # noqa: PLC0415 - comes with trustme
    from cryptography.hazmat.primitives import hashes, serialization  # noqa: PLC0415

    leaf = ca.issue_cert(*hosts)
    key: Any = serialization.load_pem_private_key(leaf.private_key_pem.bytes(), None)
    like = x509.load_pem_x509_certificate(leaf.cert_chain_pems[0].bytes())
    builder = x509.CertificateBuilder(
        like.subject,
        like.subject,
        key.public_key(),
        like.serial_number,
        _now() - _DAY,
        _now() + _YEARS,
    ).add_extension(like.extensions.get_extension_for_class(x509.SubjectAlternativeName).value, critical=True)
    certificate = builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    return _trustme().LeafCert(leaf.private_key_pem.bytes(), certificate, [])


_MAKERS: dict[str | None, Callable[[Any, tuple[str, ...]], Any]] = {
    "expired": _expired,
    "not_yet_valid": _not_yet_valid,
    "self_signed": _self_signed,
    "untrusted": _untrusted,
    "wrong_host": _wrong_host,
}


def _now() -> dt.datetime:
    return dt.datetime.now(dt.timezone.utc)


def _trustme() -> Any:
    try:
        import trustme  # noqa: PLC0415 - few tests have TLS
    except ModuleNotFoundError as error:
        raise MissingPackageError(
            "Certificates are made with the package trustme, which is not installed. Install it: "
            "pip install 'aiohttpretty[tls]'."
        ) from error
    return trustme

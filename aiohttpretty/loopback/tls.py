"""TLS that is real: an authority, certificates for any host, and those that a client has a reason to refuse.

Law of this room: trustme makes them, when the first one is asked for. Keys and certificates are never older than the
run, and no client trusts them but one that is told to.
"""

from __future__ import annotations

import datetime as dt
import re
import ssl
from collections.abc import Callable, Mapping
from contextlib import suppress
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
# As trustme has it; some systems know no later day
_SINCE, _UNTIL = dt.datetime(2000, 1, 1, tzinfo=dt.timezone.utc), dt.datetime(3000, 1, 1, tzinfo=dt.timezone.utc)
# What networks ask for, even where no registry of names has it: "my_service", "proxy-", "de--mo". Not "*.my_zone": no
# client takes that for "a.my_zone"
_ASKED_FOR = re.compile(r"(?![\d.]+\Z)[\w-]{1,63}(\.[\w-]{1,63})*\.?", re.ASCII)
_STAND_IN = "stand-in.invalid"


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
                is for whatever host a client asks for by its name, and for localhost, 127.0.0.1 and ::1. No client
                says which other address it means: such a one is to be named.
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
                    with suppress(OptionValueError):  # that is no name, and what is issued for others is refused
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


def check_server_side(context: object, where: str) -> ssl.SSLContext | None:
    """What a server may take to speak TLS; with any other, its clients would see no more than a connection lost.

    Raises:
        OptionTypeError, OptionValueError: it is no context, or a client's.
    """
    if context is None:
        return None
    if isinstance(context, Authority):
        raise OptionTypeError(
            f"{where}: that is the authority, which makes contexts, and is none. Give one that it makes: "
            "ssl=aiohttp_tls.server_context()."
        )
    if not isinstance(context, ssl.SSLContext):
        raise OptionTypeError(
            f"{where}: {context!r} is no ssl.SSLContext. Give a server's, such as ssl=aiohttp_tls.server_context(), or "
            "leave it out for plain http."
        )
    if context.protocol == ssl.PROTOCOL_TLS_CLIENT:
        raise OptionValueError(
            f"{where}: that is a client's context, and no server can speak TLS with it. Give a server's, such as "
            "ssl=aiohttp_tls.server_context(); without aiohttp_tls, "
            "ssl.create_default_context(ssl.Purpose.CLIENT_AUTH) with a certificate loaded into it."
        )
    return context


def _trusted(ca: Any, hosts: tuple[str, ...]) -> Any:
    return _leaf(ca, hosts, _SINCE, _UNTIL)


def _expired(ca: Any, hosts: tuple[str, ...]) -> Any:
    return _leaf(ca, hosts, _now() - _YEARS, _now() - _DAY)


def _not_yet_valid(ca: Any, hosts: tuple[str, ...]) -> Any:
    return _leaf(ca, hosts, _now() + _DAY, _now() + _YEARS)


def _untrusted(ca: Any, hosts: tuple[str, ...]) -> Any:
    return _leaf(_trustme().CA(), hosts, _SINCE, _UNTIL)


def _wrong_host(ca: Any, hosts: tuple[str, ...]) -> Any:
    return ca.issue_cert(_OTHER)


def _leaf(ca: Any, hosts: tuple[str, ...], since: dt.datetime, until: dt.datetime) -> Any:
    """trustme's for the hosts; a name that it refuses, and that is asked for all the same, is put in afterwards."""
    dates = {"not_before": since, "not_after": until}
    try:
        return ca.issue_cert(*hosts, **dates)
    except ValueError:
        odd = {at: host for at, host in enumerate(hosts) if isinstance(host, str) and _ASKED_FOR.fullmatch(host)}
        if not odd:
            raise
    like = ca.issue_cert(*(_STAND_IN if at in odd else host for at, host in enumerate(hosts)))
    return _signed_anew(like, since, until, by=ca, names=odd)


def _self_signed(ca: Any, hosts: tuple[str, ...]) -> Any:
    """One that vouches for itself: the one for the hosts, signed once more by its own key."""
    return _signed_anew(_trusted(ca, hosts), _now() - _DAY, _now() + _YEARS)


def _signed_anew(
    leaf: Any, since: dt.datetime, until: dt.datetime, *, by: Any = None, names: Mapping[int, str] | None = None
) -> Any:
    """Like that leaf, signed by the authority, or by itself; `names` take the places of those which it had there."""
    from cryptography import x509  # noqa: PLC0415 - comes with trustme
    from cryptography.hazmat.primitives import hashes, serialization  # noqa: PLC0415

    key: Any = serialization.load_pem_private_key(leaf.private_key_pem.bytes(), None)
    signer: Any = key if by is None else serialization.load_pem_private_key(by.private_key_pem.bytes(), None)
    like = x509.load_pem_x509_certificate(leaf.cert_chain_pems[0].bytes())
    issuer = like.subject if by is None else like.issuer
    builder = x509.CertificateBuilder(issuer, like.subject, key.public_key(), like.serial_number, since, until)
    for extension in like.extensions:
        value = extension.value
        if isinstance(value, x509.SubjectAlternativeName):
            held: list[x509.GeneralName] = list(value)
            for at, name in (names or {}).items():
                held[at] = x509.DNSName(name)
            value = x509.SubjectAlternativeName(held)
        elif by is None:  # what it says of the authority
            continue
        builder = builder.add_extension(value, critical=extension.critical)
    certificate = builder.sign(signer, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
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

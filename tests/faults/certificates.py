"""Certificates that a client has a reason to refuse, and the contexts of both sides, made once."""

import datetime as dt
import ssl
from functools import cache
from hashlib import sha256

import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

HOST = "example.com"
_NOW = dt.datetime.now(dt.timezone.utc)
_LONG_AGO, _LONG_HENCE = _NOW - dt.timedelta(days=900), _NOW + dt.timedelta(days=900)
_DAY = dt.timedelta(days=1)


@cache
def _authority():
    return trustme.CA()


@cache
def _leaf(reason):
    if reason == "self_signed":
        return _self_signed()
    issuer = trustme.CA() if reason == "untrusted" else _authority()
    times = {
        "expired": {"not_before": _LONG_AGO, "not_after": _NOW - _DAY},
        "not_yet_valid": {"not_before": _NOW + _DAY, "not_after": _LONG_HENCE},
    }
    host = "other.example" if reason == "wrong_host" else HOST
    return issuer.issue_cert(host, **times.get(reason, {}))


@cache
def server(reason=""):
    """The server's context: with a certificate that is refused for this reason, or with a good one."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    _leaf(reason).configure_cert(context)
    return context


@cache
def client(reason=""):
    """A client's context that trusts the authority; for "revoked", one that looks at its list of the revoked, too."""
    context = ssl.create_default_context()
    context.set_alpn_protocols(("http/1.1",))
    _authority().configure_trust(context)
    if reason == "revoked":
        with trustme.Blob(_revoked_list(_leaf(reason))).tempfile() as file:
            context.load_verify_locations(file)
        context.verify_flags |= ssl.VERIFY_CRL_CHECK_LEAF
    return context


def fingerprint():
    """Of the good certificate."""
    return sha256(ssl.PEM_cert_to_DER_cert(_leaf("").cert_chain_pems[0].bytes().decode())).digest()


def _self_signed():
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, HOST)])
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), _LONG_AGO, _LONG_HENCE)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(HOST)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    return trustme.LeafCert(_pem(key), certificate.public_bytes(serialization.Encoding.PEM), [])


def _revoked_list(leaf):
    """The authority's list, with this certificate in it, as PEM."""
    issuer = x509.load_pem_x509_certificate(_authority().cert_pem.bytes())
    revoked = x509.load_pem_x509_certificate(leaf.cert_chain_pems[0].bytes())
    entry = x509.RevokedCertificateBuilder(revoked.serial_number, _LONG_AGO).build()
    made = (
        x509.CertificateRevocationListBuilder(issuer.subject, _LONG_AGO, _LONG_HENCE)
        .add_revoked_certificate(entry)
        .sign(serialization.load_pem_private_key(_authority().private_key_pem.bytes(), None), hashes.SHA256())
    )
    return made.public_bytes(serialization.Encoding.PEM)


def _pem(key):
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )

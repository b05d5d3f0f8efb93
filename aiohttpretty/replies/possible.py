"""Whether a fault can happen at an address, or to an answer, as far as that is sure when it is registered.

Law of this room: it asks nothing that the client has a say in; such questions are answered when there is a request.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from ipaddress import ip_address
from typing import TYPE_CHECKING

from ..errors import OptionValueError
from ..script import NO_NAME, NO_TLS
from . import head

if TYPE_CHECKING:
    from yarl import URL

    from .fault import Fault

# What aiohttp silently repeats
_REPEATED = ("*", "GET", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE")
_WITHOUT_TLS = ("http", "ws")
# What happens in a body, wherever that is
_IN_BODY = ("corrupt", "drip")


def check_possible(faults: Iterable[Fault], url: URL | None, name: object) -> None:
    """Refuse what can't happen at the address, which is shown as `name`; of a pattern or a path, nothing is known.

    Raises:
        OptionValueError: there is no TLS, or no name to look up.
    """
    for fault in faults:
        if url is not None and (why := _obstacle(fault, url)) is not None:
            raise OptionValueError(f"fault={fault!r} can't happen at {str(name)!r}: {why}")


def check_next(fault: Fault, method: str) -> None:
    """Refuse to have a second attempt answered by what comes next where nothing does, because this comes each time.

    Raises:
        OptionValueError: it is so.
    """
    if fault.attempts == 1 and method in _REPEATED:
        raise OptionValueError(
            f"fault={fault!r} is all that this route ever answers, so that aiohttp's silent second attempt would get "
            "it, too. Say what that gets: responses=[{'fault': ...}, {...}], or times=1 and another route; or leave "
            "attempts=1 out."
        )


def check_body(fault: Fault, status: int, length: int | None, headers: Mapping[str, str], *, chunked: bool) -> None:
    """Refuse what can't happen to a body of `length` bytes (None: nobody knows).

    Raises:
        OptionValueError: there is none, or less than that, or the answer is whole by then.
    """
    after = fault["after"]
    if fault.upload is not None or (after is None and fault.name not in _IN_BODY):
        return
    if status in (204, 304):
        raise OptionValueError(
            f"fault={fault!r} happens to the body, and an answer with status {status} has none. Give another status."
        )
    if after is None or length is None:
        return
    # in chunks, an answer is whole only with the last, empty one
    last = chunked or fault.name == "bad_chunk"
    said = None if last else head.announced(headers)
    late = f"fault={fault!r} comes too late: the body has {length} bytes"
    if after >= (length + last if said is None else said):
        late = late if said is None else f"fault={fault!r} comes too late: the Content-Length says {said} bytes"
        raise OptionValueError(
            f"{late}, and with the last of them the answer is whole. Give fewer bytes, or a longer body."
        )
    if after > length:
        raise OptionValueError(f"{late}, and no more can be sent. Give fewer bytes, or a longer body.")


def _obstacle(fault: Fault, url: URL) -> str | None:
    if fault.name.startswith("tls_") and url.scheme in _WITHOUT_TLS:
        return NO_TLS.format(url.scheme)
    if fault.name == "dns_failure" and _is_ip(url.raw_host or ""):
        return NO_NAME.format("its host")
    return None


def _is_ip(host: str) -> bool:
    try:
        ip_address(host.partition("%")[0])  # an IPv6 address may have a zone
    except ValueError:
        return False
    return True

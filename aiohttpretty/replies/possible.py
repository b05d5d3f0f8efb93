"""Whether a fault can happen at an address, as far as that is sure when it is registered.

Law of this room: it asks nothing that the client has a say in; such questions are answered when there is a request.
"""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import ip_address
from typing import TYPE_CHECKING

from ..errors import OptionValueError

if TYPE_CHECKING:
    from yarl import URL

    from .fault import Fault

_WITHOUT_TLS = ("http", "ws")


def check_possible(faults: Iterable[Fault], url: URL | None, name: object) -> None:
    """Refuse what can't happen at the address, which is shown as `name`; of a pattern or a path, nothing is known.

    Raises:
        OptionValueError: there is no TLS, or no name to look up.
    """
    for fault in faults:
        if url is not None and (why := _obstacle(fault, url)) is not None:
            raise OptionValueError(f"fault={fault!r} can't happen at {str(name)!r}: {why}")


def _obstacle(fault: Fault, url: URL) -> str | None:
    if fault.name.startswith("tls_") and url.scheme in _WITHOUT_TLS:
        return (
            f"the address is {url.scheme}, so that no TLS is spoken. Register it for an {url.scheme}s address, or give "
            "a fault of plain connections, such as faults.refused()."
        )
    if fault.name == "dns_failure" and _is_ip(url.raw_host or ""):
        return (
            "its host is an IP address, so that no name is looked up. Register it for an address with a name, or give "
            "faults.unreachable()."
        )
    return None


def _is_ip(host: str) -> bool:
    try:
        ip_address(host.partition("%")[0])  # an IPv6 address may have a zone
    except ValueError:
        return False
    return True

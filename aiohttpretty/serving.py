"""A registry that other clients and processes can reach.

Law of this room: what makes a server is imported by those who ask for one.
"""

from __future__ import annotations

import sys
from abc import abstractmethod
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

from .errors import OptionTypeError, OptionValueError
from .legible import legible

if TYPE_CHECKING:
    from ssl import SSLContext

    from .tcp.server import RegistryServer

_CONTEXT = "ssl.create_default_context(ssl.Purpose.CLIENT_AUTH) with a certificate loaded into it"


class Serve:
    """A registry, as far as it is a server."""

    def __init__(self) -> None:
        self._served: set[RegistryServer] = set()

    @property
    @abstractmethod
    def _active(self) -> bool: ...

    def serve(self, port: int = 0, *, host: str = "127.0.0.1", tls: SSLContext | None = None) -> RegistryServer:
        """This registry behind a real port: `async with` has it listen there, for any client and any process.

        What is registered is answered, recorded and verified as ever, whether the registry is active or not. A request
        that no route answers gets a 501 with the report.

        Args:
            port: where it listens; 0 chooses one that is free.
            host: the IP address to listen at, or "localhost".
            tls: a server's context, to speak TLS.

        Raises:
            OptionTypeError, OptionValueError: (a `TypeError`, a `ValueError`) nobody can listen there.
        """
        _check(port, host, tls)
        from .tcp.server import RegistryServer  # noqa: PLC0415 - few tests need a socket

        return RegistryServer(self, host=host, port=port, tls=tls)

    def _cut_served(self) -> None:
        for server in list(self._served):
            if server.gone:
                self._served.discard(server)
            else:
                server.cut()

    def _keep_unanswered(self) -> None:
        """The lists are about to be cleared for another test."""
        for server in self._served:
            server.keep_unanswered()


@legible
def _check(port: Any, host: Any, tls: Any) -> None:
    if isinstance(port, bool) or not isinstance(port, int):
        raise OptionTypeError(f"serve(port={port!r}): that is no port. Give a number, or leave it out for a free one.")
    if not 0 <= port <= 65535:
        raise OptionValueError(f"serve(port={port!r}): ports go from 1 to 65535. Leave it out for a free one.")
    if not isinstance(host, str):
        raise OptionTypeError(f"serve(host={host!r}): that is no host. Give an IP address of this machine as a str.")
    if host != "localhost" and not _is_ip(host):
        raise OptionValueError(
            f"serve(host={host!r}): that is no IP address of this machine. Give one, such as '127.0.0.1' or '::1'. "
            "Which hosts it answers for is a matter of what is registered; see url_for()."
        )
    # ssl need not be imported to find out
    if tls is None:
        return
    if not isinstance(tls, getattr(sys.modules.get("ssl"), "SSLContext", ())):
        cure = _CONTEXT if not hasattr(tls, "server_context") else "aiohttp_tls.server_context()"
        raise OptionTypeError(f"serve(tls={tls!r}): that is no ssl.SSLContext. Give a server's, such as {cure}.")
    if getattr(tls, "protocol", None) is sys.modules["ssl"].PROTOCOL_TLS_CLIENT:
        raise OptionValueError(f"serve(tls={tls!r}): that is a client's context. Give a server's, such as {_CONTEXT}.")


def _is_ip(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True

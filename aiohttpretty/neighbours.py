"""The servers of `aiohttp.test_utils` that run in this process: what a test has started, it means to reach.

Law of this room: nothing of theirs is wrapped, and nothing is imported for their sake. They are looked for when a
request to this machine finds no route, and remembered weakly. Any thread may ask: what is shared is replaced, and never
changed.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterable, Iterator
from typing import Any
from weakref import ref

from yarl import URL

_TOOLS = "aiohttp.test_utils"
_LISTENING = f"{__package__}.diagnosis.listening"
_IPV4_EVERYWHERE, _EVERYWHERE = "0.0.0.0", "::"  # what a server is bound to that has several addresses
_known: tuple[ref[Any], ...] = ()


def is_one(url: URL) -> bool:
    """Whether a running server of `aiohttp.test_utils`, in this process, is at such an address."""
    if (port := url.port) is None or not (_LISTENING in sys.modules or _TOOLS in sys.modules):
        return False
    # Few tests get here. Another thread may be importing it just now; the statement waits for that
    from .diagnosis import listening  # noqa: PLC0415

    if listening.is_served(url.raw_host, port):
        return True  # a registry, to those of its clients that are no part of the test
    base = getattr(sys.modules.get(_TOOLS), "BaseTestServer", None)  # None, too, until another thread has imported it
    meant = listening.meant(url.raw_host)
    if base is None or not meant:
        return False
    if _leads(meant, port, [server for known in _known if (server := known()) is not None]):
        return True
    if listening.listens(port) is False:
        return False
    return _leads(meant, port, _searched(base))


def _searched(base: type) -> list[Any]:
    """None of its classes has a list of them. The garbage collector has; it takes some milliseconds, once a server."""
    global _known
    classes = list(_classes(base))
    found = [one for one in gc.get_referrers(*classes) if type(one) in classes]
    _known = tuple(map(ref, found))
    return found


def _classes(base: type) -> Iterator[type]:
    yield base
    inner: list[type] = base.__subclasses__()
    for one in inner:
        yield from _classes(one)


def _leads(meant: frozenset[str], port: int, servers: Iterable[Any]) -> bool:
    """Whether addresses lead to these servers at a port, and to no other server of this process."""
    bound = {at for server in servers for at, its_port in _bound(server) if its_port == port}
    if meant <= bound:
        return True
    covered = _EVERYWHERE in bound or (_IPV4_EVERYWHERE in bound and any(":" not in at for at in meant))
    if not covered and not meant & bound:
        return False
    from .diagnosis import listening  # noqa: PLC0415 - as above

    # Of two addresses of a name, or of those of a server that is bound to all, one may be a stranger's
    others = (listening.addresses(port) or set()) - bound
    return not others & {*meant, _IPV4_EVERYWHERE, _EVERYWHERE}


def _bound(server: Any) -> list[Any]:
    try:  # another thread may have just begun to make it
        return [address[:2] for address in getattr(getattr(server, "runner", None), "addresses", ())]
    except OSError:  # it is just being closed, in another thread
        return []

"""The servers of `aiohttp.test_utils` that run in this process: what a test has started, it means to reach.

Law of this room: nothing of theirs is wrapped, and nothing is imported for their sake. They are looked for when a
request to this machine finds no route, and remembered weakly.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from typing import Any
from weakref import WeakSet

from yarl import URL

_TOOLS = "aiohttp.test_utils"
_LISTENING = f"{__package__}.diagnosis.listening"
_EVERYWHERE = {"0.0.0.0", "::"}  # what a server is bound to that is to be reached by any address
_LOCALHOST = {"127.0.0.1", "::1"}
_known: WeakSet[Any] = WeakSet()


def is_one(url: URL) -> bool:
    """Whether a running server of `aiohttp.test_utils`, in this process, is at such an address."""
    if _LISTENING in sys.modules and sys.modules[_LISTENING].is_served(url.host, url.port):
        return True  # a registry, to those of its clients that are no part of the test
    if _TOOLS not in sys.modules or (port := url.port) is None:
        return False
    from .diagnosis import listening  # noqa: PLC0415 - few tests get here

    if not listening.is_own(url.host):
        return False
    if _found(url):
        return True
    if listening.listens(port) is False:
        return False
    # None of its classes has a list of them. The garbage collector has; to ask it takes some milliseconds, once for
    # each server
    classes = list(_classes(sys.modules[_TOOLS].BaseTestServer))
    for one in gc.get_referrers(*classes):
        if type(one) in classes:
            _known.add(one)
    return _found(url)


def _classes(base: type) -> Iterator[type]:
    yield base
    inner: list[type] = base.__subclasses__()
    for one in inner:
        yield from _classes(one)


def _found(url: URL) -> bool:
    return any(_is_at(server, url) for server in list(_known))


def _is_at(server: Any, url: URL) -> bool:
    try:
        bound = [address[:2] for address in getattr(server.runner, "addresses", ())]
    except OSError:  # it is just being closed, in another thread
        return False
    host = url.host or ""
    reached = {host} if host[:1].isdigit() or ":" in host else _LOCALHOST
    if host in _EVERYWHERE:
        reached = _LOCALHOST
    return any(port == url.port and (at in reached or at in _EVERYWHERE) for at, port in bound)

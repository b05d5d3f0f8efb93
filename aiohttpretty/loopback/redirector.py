"""What the fixture `aiohttp_redirector` gives: a session whose hosts are servers of the test's own.

Law of this room: nothing is patched, and no session is left open: each ends with its event loop, or with the fixture,
whichever is first.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import suppress
from typing import Any, NamedTuple

import aiohttp

from ..errors import ControlError
from .resolver import FakeResolver, RedirectingConnector
from .tls import Authority


class _Open(NamedTuple):
    session: aiohttp.ClientSession
    keeper: AsyncGenerator[None, None]


class Redirector:
    """Leads the requests of its `session` to servers on this machine; give the session to the code under test.

    Any other address is refused with an `OSError`, which reaches the code as `aiohttp.ClientConnectorDNSError`.

    Args:
        authority: whose certificates the session trusts, and no others.
    """

    def __init__(self, authority: Authority | None = None) -> None:
        self._authority = Authority() if authority is None else authority
        self._resolver = FakeResolver()
        self._open: dict[asyncio.AbstractEventLoop, _Open] = {}

    def add_server(self, host: str, port: int, target_port: int | None, *, target_host: str | None = None) -> None:
        """Lead what is asked of `host` at `port` to a server on this machine: `FakeResolver.add_server`."""
        self._resolver.add_server(host, port, target_port, target_host=target_host)

    @property
    def session(self) -> aiohttp.ClientSession:
        """The session, for the event loop that is running; it is closed by itself.

        Raises:
            ControlError: none is running.
        """
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            raise ControlError(
                "The redirector's session was asked for where no event loop is running, and a session belongs to one. "
                "Ask for it in the test, or in an async fixture."
            ) from None
        found = self._open.get(loop)
        if found is None or found.session.closed:
            connector = RedirectingConnector(self._resolver, ssl=self._authority.trusting_context())
            session = aiohttp.ClientSession(connector=connector)
            found = self._open[loop] = _Open(session, _keep(session))
            _go_on(found.keeper.__anext__())
        return found.session

    def end(self) -> None:
        """Close what is open; for where no event loop is running."""
        while self._open:
            loop, (session, keeper) = self._open.popitem()
            if loop.is_closed():  # by one who does not end asynchronous generators
                _go_on(session.close())
            elif not loop.is_running():
                loop.run_until_complete(_end(keeper))
            else:
                asyncio.run_coroutine_threadsafe(_end(keeper), loop)

    def __repr__(self) -> str:
        return repr(self._resolver).replace("FakeResolver", "Redirector")


async def _keep(session: aiohttp.ClientSession) -> AsyncGenerator[None, None]:
    """Every event loop ends its asynchronous generators before it is closed."""
    try:
        yield
    finally:
        await session.close()


async def _end(keeper: AsyncGenerator[None, None]) -> None:
    await keeper.aclose()


def _go_on(awaitable: Any) -> None:
    """Let it run until it waits for something, or is over."""
    with suppress(StopIteration):
        awaitable.send(None)

"""The client's protocol on a wire: aiohttp's own, and what it is asked when the connection is gone."""

import asyncio

from aiohttpretty.wire.protocol import WireProtocol


async def test_the_clients_last_word_on_a_connection_that_is_gone():
    """aiohttp may say that all is written when the connection has been lost meanwhile; nobody hears that."""
    protocol = WireProtocol(asyncio.get_running_loop())
    protocol.start_timeout()
    assert protocol.transport is None
    assert protocol.exception() is None

"""An event loop for many cases, none of which may hang or leave an exception behind."""

import asyncio
import logging
import os

import pytest
from settling import PATIENCE


@pytest.fixture
def run():
    """Runs a coroutine to its end; a hang is a failure, and so is what a callback of the loop raises."""
    logging.disable()  # a server logs each of what it refuses, and some tests give it nothing else
    loop = _loop()
    complaints = []
    loop.set_exception_handler(lambda _, context: complaints.append(context))

    def ran(coroutine):
        complaints.clear()
        result = loop.run_until_complete(asyncio.wait_for(coroutine, PATIENCE))
        assert complaints == []
        return result

    yield ran
    loop.run_until_complete(loop.shutdown_asyncgens())
    loop.close()
    logging.disable(logging.NOTSET)


def _loop():
    if os.environ.get("AIOHTTPRETTY_LOOP") == "uvloop":
        import uvloop

        return uvloop.new_event_loop()
    return asyncio.new_event_loop()

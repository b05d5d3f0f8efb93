"""No test in here may touch a network: whatever leads there raises, and is noted in case somebody swallows it."""

import asyncio
import socket

import aiohttp
import pytest

import aiohttpretty


class Escaped(AssertionError):
    """Something was about to leave this process."""


# Where a request could get out. uvloop's own connecting is below Python; what aiohttp does before it is not.
_DOORS = [
    (socket.socket, "connect"),
    (socket.socket, "connect_ex"),
    (socket, "getaddrinfo"),
    (socket, "create_connection"),
    (asyncio.BaseEventLoop, "create_connection"),
    (asyncio.BaseEventLoop, "getaddrinfo"),
    (asyncio.SelectorEventLoop, "sock_connect"),
    (asyncio.SelectorEventLoop, "create_unix_connection"),
    (aiohttp.ThreadedResolver, "resolve"),
    (aiohttp.AsyncResolver, "resolve"),
    (aiohttp.connector.aiohappyeyeballs, "start_connection"),
]


@pytest.fixture(autouse=True)
def escapes(monkeypatch):
    """What tried to get out; a test that means it to must clear the list."""
    seen = []

    def closed(door):
        def escape(*args, **kwargs):
            seen.append(door)
            raise Escaped(door)

        return escape

    for owner, name in _DOORS:
        monkeypatch.setattr(owner, name, closed(name))
    yield seen
    monkeypatch.undo()
    assert seen == []


@pytest.fixture(autouse=True)
def original():
    """aiohttp's own `_request`, which is there again after the test."""
    found = aiohttp.ClientSession.__dict__["_request"]
    yield found
    assert aiohttp.ClientSession.__dict__["_request"] is found


@pytest.fixture
async def complaints():
    """What the event loop of the test would have logged."""
    seen = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda loop, context: seen.append(context))
    yield seen
    assert seen == []


@pytest.fixture
def active():
    """The global registry is active during the test."""
    with aiohttpretty.activate():
        yield

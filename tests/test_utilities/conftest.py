"""What the tests beside aiohttp's own test tools share."""

import aiohttp
import pytest
from plugin.conftest import play  # noqa: F401 - a child pytest

import aiohttpretty

from .shop import RATE


@pytest.fixture
def active():
    """The global registry is active during the test, and the external API is mocked."""
    with aiohttpretty.activate():
        aiohttpretty.register_json_uri("GET", RATE, body={"rate": 2})
        yield aiohttpretty


@pytest.fixture
async def session():
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture(autouse=True)
def original():
    """aiohttp's own `_request` is there again after the test."""
    found = aiohttp.ClientSession.__dict__["_request"]
    yield
    assert aiohttp.ClientSession.__dict__["_request"] is found

"""Clients built on aiohttp's session, and tools that try again: they work, and none of them eats our errors."""

import asyncio

import aiohttp
import aiohttp_retry
import backoff
import pytest
import tenacity
from aiohttp_client_cache import CacheBackend, CachedSession

import aiohttpretty
from aiohttpretty import faults

URL = "http://example.com/"
LOST = (aiohttp.ClientError, OSError, asyncio.TimeoutError)

# aiohttp warns of every attribute that a subclass gives its session
pytestmark = pytest.mark.filterwarnings("ignore:Setting custom:DeprecationWarning")


@pytest.fixture(autouse=True)
def _active():
    with aiohttpretty.activate():
        yield


async def ask(session=None, url=URL, method="GET"):
    if session is None:
        async with aiohttp.ClientSession(raise_for_status=True) as session:
            return await ask(session, url, method)
    async with session.request(method, url) as response:
        return await response.text()


def retrying_client():
    options = aiohttp_retry.ExponentialRetry(attempts=3, start_timeout=0.001, exceptions=set(LOST))
    return aiohttp_retry.RetryClient(retry_options=options)


def with_backoff():
    return backoff.on_exception(backoff.constant, LOST, max_tries=3, interval=0, jitter=None)(ask)


def with_tenacity():
    return tenacity.retry(
        stop=tenacity.stop_after_attempt(3), retry=tenacity.retry_if_exception_type(LOST), reraise=True
    )(ask)


async def with_aiohttp_retry(session=None, url=URL, method="GET"):
    async with retrying_client() as client:
        return await ask(client, url, method)


AGAIN = {"aiohttp-retry": lambda: with_aiohttp_retry, "backoff": with_backoff, "tenacity": with_tenacity}


@pytest.fixture(params=AGAIN)
def again(request):
    """Asks up to three times."""
    return AGAIN[request.param]()


async def test_trying_again(again):
    """Each attempt is a call of its own, and gets the next reply."""
    replies = [{"status": 503}, {"fault": faults.reset()}, {"body": "here"}]
    aiohttpretty.register_uri("POST", URL, responses=replies)
    assert await again(method="POST") == "here"
    assert [call.status for call in aiohttpretty.calls] == [503, None, 200]


async def test_aiohttps_own_second_attempt_comes_first(again):
    """What aiohttp repeats by itself, these tools do not see."""
    aiohttpretty.register_uri("GET", URL, responses=[{"fault": faults.disconnect()}, {"body": "here"}])
    assert await again() == "here"
    assert [call.attempt for call in aiohttpretty.calls] == [1, 2, 1]


async def test_our_errors_are_not_tried_again(again):
    """A request that nobody registered fails at once, and so does one for which no reply is left."""
    with pytest.raises(aiohttpretty.NoMatchError):
        await again(url=URL + "none")
    aiohttpretty.register_uri("GET", URL, status=503, times=1)
    with pytest.raises(aiohttpretty.ResponsesExhausted):
        await again()
    assert [request.url.path for request in aiohttpretty.unmatched] == ["/none", "/"]


async def test_a_cache():
    """What is in the cache is not asked for; what is not, is."""
    aiohttpretty.register_uri("GET", URL, responses=[{"body": "first"}, {"body": "second"}])
    aiohttpretty.register_uri("GET", URL + "moved", status=302, headers={"Location": URL})
    async with CachedSession(cache=CacheBackend(expire_after=60)) as session:
        assert await ask(session, URL + "moved") == "first"
        assert await ask(session, URL + "moved") == "first"
        assert [call.url.path for call in aiohttpretty.calls] == ["/moved", "/"]
        async with session.disabled():
            assert await ask(session) == "second"
    assert len(aiohttpretty.calls) == 3


async def test_a_cache_without_an_answer():
    """A request that nobody registered fails through the cache as without it, and is not kept."""
    async with CachedSession(cache=CacheBackend()) as session:
        with pytest.raises(aiohttpretty.NoMatchError):
            await ask(session)
        aiohttpretty.register_uri("GET", URL, body="here")
        assert await ask(session) == "here"

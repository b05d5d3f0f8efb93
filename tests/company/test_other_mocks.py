"""Beside the mocks of other clients, and those that stand at the same place as we do: in any order, to their limits."""

import aiohttp
import httpx
import pytest
import respx
import vcr
from aioresponses import aioresponses
from vcr.errors import CannotOverwriteExistingCassetteException

import aiohttpretty

URL = "http://example.com/"
ORIGINAL = aiohttp.ClientSession.__dict__["_request"]


def request_function():
    return aiohttp.ClientSession.__dict__["_request"]


@pytest.fixture(autouse=True)
def _restored():
    yield
    assert request_function() is ORIGINAL


async def ask(url=URL):
    async with aiohttp.ClientSession() as session, session.get(url) as response:
        return await response.text()


async def ask_with_httpx():
    async with httpx.AsyncClient() as client:
        return (await client.get(URL)).text


async def test_respx():
    """The same address may mean two things, for two clients."""
    with aiohttpretty.activate(), respx.mock:
        aiohttpretty.register_uri("GET", URL, body="ours")
        respx.get(URL).mock(return_value=httpx.Response(200, text="theirs"))
        assert (await ask(), await ask_with_httpx()) == ("ours", "theirs")


async def test_pytest_httpx(httpx_mock):
    """So with the fixture of pytest-httpx."""
    httpx_mock.add_response(url=URL, text="theirs")
    with aiohttpretty.activate():
        aiohttpretty.register_uri("GET", URL, body="ours")
        assert (await ask(), await ask_with_httpx()) == ("ours", "theirs")


async def test_a_mock_of_the_sessions_method(mocker):
    """pytest-mock may replace the function that we are, and put us back."""
    with aiohttpretty.activate():
        aiohttpretty.register_uri("GET", URL, body="ours")
        for options in ({"side_effect": aiohttp.ClientError}, {"autospec": True, "side_effect": aiohttp.ClientError}):
            replaced = mocker.patch.object(aiohttp.ClientSession, "_request", **options)
            with pytest.raises(aiohttp.ClientError):
                await ask()
            mocker.stop(replaced)
            assert await ask() == "ours"


async def test_a_spy(mocker):
    """pytest-mock may watch us."""
    with aiohttpretty.activate():
        aiohttpretty.register_uri("GET", URL, body="ours")
        spy = mocker.spy(aiohttp.ClientSession, "_request")
        assert await ask() == "ours"
        spy.assert_called_once_with(mocker.ANY, "GET", URL, allow_redirects=True)
        mocker.stop(spy)
        assert await ask() == "ours"


async def test_a_mock_that_outlives_us(mocker):
    """What was put in our place is left there, with a warning; what it puts back later is gone after the next time."""
    aiohttpretty.activate()
    replacing = mocker.patch.object(aiohttp.ClientSession, "_request", side_effect=aiohttp.ClientError)
    with pytest.warns(aiohttpretty.AiohttprettyWarning, match="^Another tool has replaced or wrapped "):
        aiohttpretty.deactivate()
    assert request_function() is replacing
    mocker.stopall()
    with aiohttpretty.activate():
        aiohttpretty.register_uri("GET", URL, body="ours")
        assert await ask() == "ours"


async def test_aioresponses_within():
    """Its block may stand in ours, and lets through to us what it is told to; behind it, we answer as before."""
    with aiohttpretty.activate():
        aiohttpretty.register_uri("GET", URL, body="ours")
        with aioresponses(passthrough=[URL]) as theirs:
            theirs.get("http://theirs.example/", exception=aiohttp.ClientPayloadError("theirs"))
            assert await ask() == "ours"
            with pytest.raises(aiohttp.ClientPayloadError, match="theirs"):
                await ask("http://theirs.example/")
        assert await ask() == "ours"


async def test_aioresponses_around():
    """Around ours it comes first, as all that we find there does: it answers by itself, and we are not asked."""
    with aioresponses() as theirs:
        theirs.get(URL, exception=aiohttp.ClientPayloadError("theirs"))
        with aiohttpretty.activate():
            aiohttpretty.register_uri("GET", URL, body="ours")
            with pytest.raises(aiohttp.ClientPayloadError, match="theirs"):
                await ask()
            assert not aiohttpretty.calls


async def test_vcr_around(tmp_path):
    """A cassette around our block records what we answer; what it has, it plays, and we are not asked."""
    recorder = vcr.VCR(cassette_library_dir=str(tmp_path))
    for calls in (1, 0):
        with recorder.use_cassette("ours.yaml"), aiohttpretty.activate():
            aiohttpretty.register_uri("GET", URL, body="ours")
            assert await ask() == "ours"
        assert len(aiohttpretty.calls) == calls
        aiohttpretty.clear()
    with recorder.use_cassette("none.yaml"), aiohttpretty.activate():
        with pytest.raises(aiohttpretty.NoMatchError):
            await ask()


async def test_vcr_within(tmp_path):
    """In our block it takes our place, and what it does not have, it would ask aiohttp itself: record_mode="none" keeps
    it from that; behind its block, we answer again."""
    recorder = vcr.VCR(cassette_library_dir=str(tmp_path))
    with aiohttpretty.activate():
        aiohttpretty.register_uri("GET", URL, body="ours")
        with recorder.use_cassette("empty.yaml", record_mode="none"):
            with pytest.raises(CannotOverwriteExistingCassetteException):
                await ask()
        assert not aiohttpretty.calls
        assert await ask() == "ours"

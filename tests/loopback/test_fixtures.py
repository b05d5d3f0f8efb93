"""The fixtures `aiohttp_redirector` and `aiohttp_tls`, whoever runs the tests."""

import os
from textwrap import dedent

import pytest
import trustme  # noqa: F401 - now, because a child pytest takes away what it has imported, and Rust can't do it twice

HEAD = """
import asyncio
import sys
import unittest

import aiohttp
import aiohttpretty
import pytest
from aiohttpretty import CaseControlledTestServer


async def play(redirector, server, url):
    port = 443 if url.startswith("https") else 80
    redirector.add_server("api.kraken.com", port, server.port)
    asking = asyncio.ensure_future(redirector.session.get(url))
    request = await server.receive_request(timeout=30)
    assert str(request.url) == url
    server.send_response(request, text="led here")
    async with await asking as response:
        assert await response.text() == "led here"
    return redirector.session

"""
# What a project writes; the mark is its test runner's
TESTS = """
sessions = []

@pytest.fixture
async def kraken(aiohttp_redirector):
    return aiohttp_redirector.session

MARK
async def test_plain(aiohttp_redirector):
    async with CaseControlledTestServer() as server:
        sessions.append(await play(aiohttp_redirector, server, "http://api.kraken.com/"))

MARK
async def test_tls(aiohttp_redirector, aiohttp_tls):
    assert [session.closed for session in sessions] == [True]
    async with CaseControlledTestServer(ssl=aiohttp_tls.server_context("api.kraken.com")) as server:
        sessions.append(await play(aiohttp_redirector, server, "https://api.kraken.com/"))

MARK
@pytest.mark.aiohttpretty
async def test_beside_a_registry(aiohttp_tls, aiohttp_redirector):
    assert [session.closed for session in sessions] == [True, True]
    async with CaseControlledTestServer(ssl=aiohttp_tls.server_context()) as server:
        await play(aiohttp_redirector, server, "https://api.kraken.com/")

MARK
async def test_the_next_one_knows_no_server(aiohttp_redirector):
    with pytest.raises(aiohttp.ClientConnectorDNSError, match="No test server known for api.kraken.com:80"):
        await aiohttp_redirector.session.get("http://api.kraken.com/")
"""
ASYNC_FIXTURE = """
MARK
async def test_in_a_fixture(kraken, aiohttp_redirector):
    assert kraken is aiohttp_redirector.session
"""
UVLOOP = """
import pytest

@pytest.hookimpl(optionalhook=True)
def pytest_asyncio_loop_factories(config, item):
    import uvloop

    return {"uvloop": uvloop.new_event_loop}
"""


@pytest.fixture
def play(pytester):
    """Run a test file in a child pytest, with every warning an error; gives the result."""

    def run(source, *options, without=(), conftest="", subprocess=False):
        uvloop = os.environ.get("AIOHTTPRETTY_LOOP") == "uvloop" and "asyncio" not in without
        pytester.makeconftest((UVLOOP if uvloop else "") + dedent(conftest))
        pytester.makepyfile(HEAD + dedent(source))
        start = pytester.runpytest_subprocess if subprocess else pytester.runpytest_inprocess
        absent = [
            word
            for name in ("cacheprovider", "hypothesispytest", "randomly", *without)
            for word in ("-p", f"no:{name}")
        ]
        if "asyncio" not in without:
            options = (*options, "-oasyncio_default_fixture_loop_scope=function")
        return start(*absent, "-W", "error", *options)

    return run


@pytest.mark.parametrize("without", [[], ["aiohttp"]])
def test_pytest_asyncio_auto(play, without):
    """Tests and fixtures that are coroutine functions need no mark; with pytest-aiohttp beside it, or without."""
    source = TESTS.replace("MARK", "") + ASYNC_FIXTURE.replace("MARK", "")
    play(source, "-oasyncio_mode=auto", without=without).assert_outcomes(passed=5)


def test_pytest_asyncio_strict(play):
    """In strict mode, tests have the mark, and the fixture needs none."""
    source = "import pytest_asyncio\n" + TESTS.replace("@pytest.fixture", "@pytest_asyncio.fixture") + ASYNC_FIXTURE
    play(source.replace("MARK", "@pytest.mark.asyncio"), "-oasyncio_mode=strict").assert_outcomes(passed=5)


def test_pytest_asyncio_with_one_loop_for_all(play):
    """Where the event loop goes on, the session still ends with its test."""
    source = TESTS.replace("MARK", "@pytest.mark.asyncio(loop_scope='module')")
    play(source, "-oasyncio_mode=strict").assert_outcomes(passed=4)


def test_pytest_aiohttp(play):
    """Beside the fixtures of pytest-aiohttp: the application is reached on a port, what it calls is redirected."""
    source = """
        from aiohttp import web

        async def test_it(aiohttp_client, aiohttp_redirector):
            async def answer(request):
                async with aiohttp_redirector.session.get("http://api.kraken.com/") as response:
                    return web.Response(text=await response.text())

            app = web.Application()
            app.router.add_get("/", answer)
            client = await aiohttp_client(app)
            async with CaseControlledTestServer() as server:
                aiohttp_redirector.add_server("api.kraken.com", 80, server.port)
                asking = asyncio.ensure_future(client.get("/"))
                server.send_response(await server.receive_request(timeout=30), text="from Kraken")
                response = await asking
                assert await response.text() == "from Kraken"
    """
    play(source, "-oasyncio_mode=auto").assert_outcomes(passed=1)


@pytest.mark.parametrize("uvloop", [False, True])
@pytest.mark.parametrize("without", [["asyncio", "aiohttp"], []])
def test_anyio(play, uvloop, without):
    """anyio's own runner, alone or beside pytest-asyncio in its strict mode."""
    backend = f"""
        @pytest.fixture
        def anyio_backend():
            return "asyncio", {{"use_uvloop": {uvloop}}}
    """
    source = dedent(backend) + (TESTS + ASYNC_FIXTURE).replace("MARK", "@pytest.mark.anyio")
    options = [] if without else ["-oasyncio_mode=strict"]
    play(source, *options, without=without).assert_outcomes(passed=5)


def test_without_any_of_them(play):
    """The plug-in needs none of them; a plain test runs its own event loop."""
    source = """
        def test_plain(aiohttp_redirector):
            assert not {"pytest_asyncio", "pytest_aiohttp", "anyio"} & {*sys.modules}

            async def run():
                async with CaseControlledTestServer() as server:
                    return await play(aiohttp_redirector, server, "http://api.kraken.com/")

            assert asyncio.run(run()).closed

        def test_nothing_is_made_that_is_not_needed(aiohttp_redirector, aiohttp_tls):
            assert not {"trustme", "cryptography"} & {*sys.modules}

        class OfUnittest(unittest.IsolatedAsyncioTestCase):
            async def test_it(self):
                redirector = aiohttpretty.Redirector()
                async with CaseControlledTestServer() as server:
                    await play(redirector, server, "http://api.kraken.com/")
    """
    play(source, without=["asyncio", "aiohttp", "anyio"], subprocess=True).assert_outcomes(passed=3)


def test_without_trustme(play):
    """Without trustme there is no TLS, and whoever needs it is told; the redirector works."""
    source = """
        async def test_plain(aiohttp_redirector):
            async with CaseControlledTestServer() as server:
                await play(aiohttp_redirector, server, "http://api.kraken.com/")

        async def test_tls(aiohttp_tls):
            aiohttp_tls.server_context("api.kraken.com")
    """
    conftest = "import sys\nsys.modules['trustme'] = None"
    result = play(source, "-oasyncio_mode=auto", conftest=conftest)
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["*MissingPackageError: Certificates are made with the package trustme, which*"])


def test_one_authority_for_all(play):
    """A wider fixture may use the authority, and every test of the run trusts what it has certified."""
    source = """
        @pytest.fixture(scope="session")
        def context(aiohttp_tls):
            return aiohttp_tls.server_context()

        @pytest.mark.parametrize("number", range(2))
        async def test_it(aiohttp_redirector, context, number):
            async with CaseControlledTestServer(ssl=context) as server:
                await play(aiohttp_redirector, server, "https://api.kraken.com/")
    """
    play(source, "-oasyncio_mode=auto").assert_outcomes(passed=2)

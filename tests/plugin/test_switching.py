"""The marker and the fixture switch on before a test and off after it, and leave every other test alone."""

import pytest

# Two tests, one that is mocked and one after it that must not be
SYNC = """
def test_mocked({fixture}):
    aiohttpretty.register_uri("GET", URL, body="hello")
    assert asyncio.run(fetch()) == "hello"
"""
ASYNC = """
async def test_mocked({fixture}):
    aiohttpretty.register_uri("GET", URL, body="hello")
    assert await fetch() == "hello"
"""
AFTER = """
def test_after():
    assert not mocked()
"""
WAYS = {
    "marker": ("@pytest.mark.aiohttpretty", ""),
    "fixture": ("", "aiohttpretty"),
    "marker and fixture": ("@pytest.mark.aiohttpretty", "aiohttpretty"),
    "usefixtures": ("@pytest.mark.usefixtures('aiohttpretty')", ""),
}
RUNNERS = {
    "plain": (SYNC, "", "auto"),
    "asyncio auto": (ASYNC, "", "auto"),
    "asyncio strict": (ASYNC, "@pytest.mark.asyncio", "strict"),
    "anyio": (ASYNC, "@pytest.mark.anyio", "strict"),
}
ANYIO = """
import pytest

@pytest.fixture
def anyio_backend():
    return "asyncio"
"""


@pytest.mark.parametrize("runner", RUNNERS)
@pytest.mark.parametrize("way", WAYS)
def test_on_and_off(way, runner, play):
    """Both ways, alone and together, mock a test of every runner and nothing after it."""
    mark, fixture = WAYS[way]
    source, runner_mark, mode = RUNNERS[runner]
    test = f"{mark}\n{runner_mark}\n{source.format(fixture=fixture)}"
    result = play(test + AFTER, mode=mode, conftest=ANYIO)
    assert result.parseoutcomes() == {"passed": 2}


@pytest.mark.parametrize("way", WAYS)
def test_nothing_is_left_of_earlier_tests(way, play):
    """A test begins with no routes, no calls and nothing unmatched, whatever an earlier one has left."""
    mark, fixture = WAYS[way]
    result = play(f"""
        async def test_before():
            with aiohttpretty.activate():
                aiohttpretty.register_uri("GET", URL)
                await fetch()
                await swallow("http://example.com/other")
            assert len(aiohttpretty.registry) == len(aiohttpretty.calls) == len(aiohttpretty.unmatched) == 1

        {mark}
        def test_it({fixture}):
            assert len(aiohttpretty.registry) == len(aiohttpretty.calls) == len(aiohttpretty.unmatched) == 0
            assert mocked()
    """)
    assert result.parseoutcomes() == {"passed": 2}


def test_what_a_marked_test_leaves_can_be_looked_at(play):
    """The teardown switches off and does not clear: a hook or fixture that ends later still finds the calls."""
    result = play("""
        @pytest.mark.aiohttpretty
        async def test_it():
            aiohttpretty.register_uri("GET", URL)
            await fetch()

        def test_after():
            assert aiohttpretty.has_call(URL)
            assert not mocked()
    """)
    assert result.parseoutcomes() == {"passed": 2}


def test_the_marker_is_on_before_any_fixture(play):
    """A fixture may register and ask before the test begins, an autouse one too, and its end is still mocked."""
    result = play("""
        @pytest.fixture(autouse=True)
        def registered():
            assert mocked()
            aiohttpretty.register_uri("GET", URL, body="hello")

        @pytest.fixture
        async def fetched():
            yield await fetch()
            assert await fetch() == "hello"

        @pytest.mark.aiohttpretty
        async def test_it(fetched):
            assert fetched == "hello"
    """)
    assert result.parseoutcomes() == {"passed": 1}


def test_a_fixture_that_registers_asks_for_the_fixture(play):
    """Without the marker, mocking begins with the fixture; one that builds upon it may register and ask."""
    result = play("""
        @pytest.fixture
        async def fetched(aiohttpretty):
            aiohttpretty.register_uri("GET", URL, body="hello")
            yield await fetch()
            assert await fetch() == "hello"

        async def test_it(fetched):
            assert fetched == "hello"
            assert mocked()

        def test_after():
            assert not mocked()
    """)
    assert result.parseoutcomes() == {"passed": 2}


def test_the_marker_and_the_fixture_together_clear_once(play):
    """What was registered between the marker's setup and the fixture's stays."""
    result = play("""
        @pytest.fixture
        def registered():
            aiohttpretty.register_uri("GET", URL, body="hello")

        @pytest.mark.aiohttpretty
        async def test_it(registered, aiohttpretty):
            assert await fetch() == "hello"

        def test_after():
            assert not mocked()
    """)
    assert result.parseoutcomes() == {"passed": 2}


def test_the_fixture_gives_the_front_door(play):
    """The fixture's value is the module `aiohttpretty`, however it is asked for."""
    result = play("""
        def test_by_name(aiohttpretty):
            assert aiohttpretty is sys.modules["aiohttpretty"]

        def test_by_request(request):
            assert not mocked()
            assert request.getfixturevalue("aiohttpretty") is sys.modules["aiohttpretty"]
            assert mocked()

        def test_after():
            assert not mocked()
    """)
    assert result.parseoutcomes() == {"passed": 3}


@pytest.mark.parametrize("way", WAYS)
def test_off_whatever_became_of_the_test(way, play):
    """Failed, broken before or after, skipped, expected to fail: the test after it is not mocked."""
    mark, fixture = WAYS[way]
    result = play(f"""
        @pytest.fixture
        def broken_start():
            raise RuntimeError("start")

        @pytest.fixture
        def broken_end():
            yield
            raise RuntimeError("end")

        {mark}
        def test_failing({fixture}):
            assert False

        def test_after_failing():
            assert not mocked()

        {mark}
        def test_broken_start({", ".join(["broken_start", fixture])}):
            pass

        {mark}
        def test_broken_start_later({", ".join([fixture, "broken_start"]).removeprefix(", ")}):
            pass

        def test_after_broken_start():
            assert not mocked()

        {mark}
        def test_broken_end({", ".join(["broken_end", fixture])}):
            pass

        {mark}
        def test_broken_end_earlier({", ".join([fixture, "broken_end"]).removeprefix(", ")}):
            pass

        def test_after_broken_end():
            assert not mocked()

        @pytest.mark.skip
        {mark}
        def test_skipped({fixture}):
            pass

        {mark}
        def test_skipping({fixture}):
            pytest.skip()

        @pytest.mark.xfail(strict=True)
        {mark}
        def test_expected({fixture}):
            assert False

        {mark}
        def test_system_exit({fixture}):
            raise SystemExit

        def test_after_all():
            assert not mocked()
    """)
    assert result.parseoutcomes() == {"failed": 2, "errors": 4, "passed": 6, "skipped": 2, "xfailed": 1}


@pytest.mark.parametrize("stop", ["raise KeyboardInterrupt", "pytest.exit('enough')"])
@pytest.mark.parametrize("where", ["test", "fixture"])
@pytest.mark.parametrize("way", ["marker", "fixture"])
def test_off_when_the_run_is_stopped(way, where, stop, play):
    """pytest leaves a test's teardown out when it is interrupted; aiohttp is restored before the run is over."""
    mark, fixture = WAYS[way]
    result = play(
        f"""
        @pytest.fixture
        def other({fixture}):
            {stop if where == "fixture" else "pass"}

        {mark}
        def test_it({", ".join(["other", fixture])}):
            {stop}
        """,
        conftest="""
        import sdk
        import pytest

        @pytest.hookimpl(trylast=True)
        def pytest_sessionstart(session):
            print("before:", "mocked" if sdk.mocked() else "real")

        def pytest_unconfigure(config):
            print("after:", "mocked" if sdk.mocked() else "real")
        """,
        subprocess=True,
    )
    assert result.ret == pytest.ExitCode.INTERRUPTED
    result.stdout.fnmatch_lines(["before: real", "after: real"])


def test_wherever_a_mark_may_stand(play):
    """A class, a base class, one of several parameters and a whole module may be marked."""
    result = play("""
        @pytest.mark.aiohttpretty
        class TestMarked:
            def test_it(self):
                assert mocked()

            async def test_awaited(self):
                assert mocked()

        class TestInheriting(TestMarked):
            pass

        class TestUnmarked:
            def test_it(self):
                assert not mocked()

        @pytest.mark.parametrize("on", [pytest.param(True, marks=pytest.mark.aiohttpretty), False])
        def test_parameters(on):
            assert mocked() is on
    """)
    assert result.parseoutcomes() == {"passed": 7}
    result = play("""
        pytestmark = pytest.mark.aiohttpretty

        def test_it():
            assert mocked()

        class TestIt:
            async def test_it(self):
                assert mocked()
    """)
    assert result.parseoutcomes() == {"passed": 2}


def test_a_mark_that_comes_too_late(play):
    """A mark that a fixture adds can't mock the test any more; that is said before a request goes out."""
    result = play("""
        @pytest.fixture
        def late(request):
            request.applymarker(pytest.mark.aiohttpretty)

        def test_late(late):
            print("it ran")

        @pytest.fixture
        def in_time(request):
            request.applymarker(pytest.mark.aiohttpretty)
            request.getfixturevalue("aiohttpretty")

        def test_in_time(in_time):
            assert mocked()

        def test_after():
            assert not mocked()
    """)
    assert result.parseoutcomes() == {"passed": 2, "failed": 1}
    assert (
        "\nThe marker aiohttpretty was added to this test after its setup had begun, so that nothing is mocked. "
        "Ask for the fixture instead: request.getfixturevalue('aiohttpretty').\n"
    ) in result.stdout.str()
    assert "it ran" not in result.stdout.str()


def test_unittest_classes(play):
    """TestCases of both kinds may be marked, as classes and as methods; setUp and tearDown are mocked too."""
    result = play("""
        @pytest.mark.aiohttpretty
        class PlainTest(unittest.TestCase):
            def setUp(self):
                aiohttpretty.register_uri("GET", URL, body="hello")

            def tearDown(self):
                assert mocked()

            def test_it(self):
                self.assertEqual(asyncio.run(fetch()), "hello")

        @pytest.mark.aiohttpretty
        class AsyncTest(unittest.IsolatedAsyncioTestCase):
            async def asyncSetUp(self):
                aiohttpretty.register_uri("GET", URL, body="hello")

            async def asyncTearDown(self):
                assert mocked()

            async def test_it(self):
                self.assertEqual(await fetch(), "hello")

        class PartlyTest(unittest.IsolatedAsyncioTestCase):
            @pytest.mark.aiohttpretty
            async def test_a_marked_one(self):
                assert mocked()

            async def test_another(self):
                assert not mocked()

        def test_after():
            assert not mocked()
    """)
    assert result.parseoutcomes() == {"passed": 5}


def test_the_marker_is_declared(play):
    """`--strict-markers` accepts it, and `--markers` shows it."""
    result = play(SYNC.format(fixture="") + "\ntest_mocked = pytest.mark.aiohttpretty(test_mocked)", "--strict-markers")
    assert result.parseoutcomes() == {"passed": 1}
    result = play("", "--markers")
    result.stdout.fnmatch_lines(
        ["@pytest.mark.aiohttpretty(**settings): mock the requests of aiohttp's client in this test"]
    )


def test_other_tests_are_not_touched(play):
    """Without the marker and the fixture: aiohttp is itself, and nothing of ours is set up or shown."""
    result = play(
        """
        @pytest.fixture
        def broken():
            yield
            raise RuntimeError("end")

        def test_plain():
            assert not mocked()

        async def test_awaited():
            assert aiohttp.ClientSession.__dict__["_request"] is ORIGINAL
            assert len(aiohttpretty.unmatched) == 0

        async def test_own_registry():
            with aiohttpretty.activate():
                assert await swallow() == "swallowed"

        def test_broken(broken):
            assert not mocked()
        """,
        "--setup-show",
        "--fulltrace",
    )
    assert result.parseoutcomes() == {"passed": 4, "errors": 1}
    result.stdout.no_fnmatch_line("*SETUP * aiohttpretty*")


@pytest.mark.parametrize("style", ["long", "short"])
def test_the_errors_of_other_tests_are_theirs(style, play):
    """What pytest shows of a fixture that breaks, at either end, does not lead through the plug-in."""
    result = play(
        """
        def test_start(broken_start):
            pass

        def test_end(broken_end):
            pass
        """,
        f"--tb={style}",
        conftest="""
        import pytest

        @pytest.fixture
        def broken_start():
            raise RuntimeError("start")

        @pytest.fixture
        def broken_end():
            yield
            raise RuntimeError("end")
        """,
    )
    assert result.parseoutcomes() == {"passed": 1, "errors": 2}
    result.stdout.no_fnmatch_line("*pytest_plugin.py*")


def test_the_clients_of_pytest_aiohttp(play):
    """Where a route is registered for it, a TestClient's request is mocked as any; else it reaches its server."""
    result = play("""
        from aiohttp import web

        async def serve(request):
            return web.Response(text="served")

        @pytest.fixture
        async def client(aiohttp_client):
            app = web.Application()
            app.router.add_get("/", serve)
            return await aiohttp_client(app)

        @pytest.mark.aiohttpretty
        async def test_marked(client):
            aiohttpretty.register_uri("GET", client.make_url("/"), body="mocked")
            async with client.get("/") as response:
                assert await response.text() == "mocked"

        async def test_with_the_fixture(client, aiohttpretty):
            async with client.get("/") as response:
                assert await response.text() == "served"
            assert aiohttpretty.calls.to_test_servers[0].passed_through

        async def test_after(client):
            async with client.get("/") as response:
                assert await response.text() == "served"
    """)
    assert result.parseoutcomes() == {"passed": 3}


def test_the_decorator_fits_pytest(play):
    """`@aiohttpretty.activate` keeps parameters, fixtures and marks of functions, of classes and of fixtures."""
    result = play("""
        @pytest.fixture
        def word():
            return "hello"

        @pytest.mark.parametrize("status", [200, 201])
        @aiohttpretty.activate
        def test_plain(word, status):
            aiohttpretty.register_uri("GET", URL, body=word, status=status)
            assert asyncio.run(fetch()) == "hello"

        @aiohttpretty.activate
        @pytest.mark.parametrize("status", [200, 201])
        async def test_awaited(word, status):
            aiohttpretty.register_uri("GET", URL, body=word, status=status)
            assert await fetch() == "hello"

        @aiohttpretty.activate
        class TestClass:
            def test_plain(self, word):
                aiohttpretty.register_uri("GET", URL, body=word)
                assert asyncio.run(fetch()) == "hello"

            async def test_awaited(self, word):
                aiohttpretty.register_uri("GET", URL, body=word)
                assert await fetch() == "hello"

        @pytest.fixture
        @aiohttpretty.activate
        def lent(word):
            aiohttpretty.register_uri("GET", URL, body=word)
            yield word
            assert mocked()

        async def test_with_a_fixture(lent):
            assert await fetch() == lent

        @pytest.fixture
        @aiohttpretty.activate
        async def lent_later(word):
            aiohttpretty.register_uri("GET", URL, body=word)
            yield await fetch()
            assert mocked()

        async def test_with_an_async_fixture(lent_later):
            assert await fetch() == lent_later

        def test_after():
            assert not mocked()
            assert not aiohttpretty.registry and not aiohttpretty.calls
    """)
    assert result.parseoutcomes() == {"passed": 9}


def test_the_decorator_refuses_what_it_cannot_wrap(play):
    """A mistaken argument is refused on the line that wrote it."""
    result = play("""
        def test_it():
            with pytest.raises(TypeError) as caught:
                aiohttpretty.activate("http://example.com/")
            assert str(caught.value) == (
                "activate() takes nothing, or decorates a function or a test class, not 'http://example.com/'."
            )
            assert not mocked()
    """)
    assert result.parseoutcomes() == {"passed": 1}

"""A request without an answer fails the test at its end, unless its error reached the test function or was meant."""

import re

import pytest

WAYS = {"marker": ("@pytest.mark.aiohttpretty", ""), "fixture": ("", "aiohttpretty")}

NO_MATCH = "No URLs matching GET http://example.com/ with params {}. Not making request. Go fix your test."
# What stands between the first line and the last is told elsewhere
FIRST = "A request was not answered, and the error did not reach the test:"
LAST = "If the test means this to happen, let it say so: aiohttpretty.unmatched.clear()."


def reports(result):
    """How often the output tells of a request to URL that nobody noticed."""
    told = re.findall(rf"^{FIRST}\n\n(.*?)\n\n{re.escape(LAST)}$", result.stdout.str(), re.DOTALL | re.MULTILINE)
    assert {report.splitlines()[0] for report in told} <= {NO_MATCH}
    return len(told)


# The error passed through the frame of the test function, or of one written inside it
SEEN = {
    "pytest.raises, awaited": """
        async def test_it():
            with pytest.raises(aiohttpretty.NoMatchError):
                await fetch()
        """,
    "pytest.raises in a nested coroutine": """
        def test_it():
            async def main():
                with pytest.raises(aiohttpretty.NoMatchError):
                    await fetch()

            asyncio.run(main())
        """,
    "pytest.raises around asyncio.run": """
        def test_it():
            with pytest.raises(aiohttpretty.NoMatchError):
                asyncio.run(fetch())
        """,
    "pytest.raises around run_until_complete": """
        def test_it():
            loop = asyncio.new_event_loop()
            with pytest.raises(aiohttpretty.NoMatchError):
                loop.run_until_complete(fetch())
            loop.close()
        """,
    "pytest.raises with a match, the error kept": """
        async def test_it():
            with pytest.raises(Exception, match="^No URLs matching GET") as caught:
                await fetch()
            assert caught.type is aiohttpretty.NoMatchError
        """,
    "except, deeper than the first level": """
        def test_it():
            class Client:
                async def get(self):
                    try:
                        await fetch()
                    except aiohttpretty.NoMatchError:
                        return True

            assert asyncio.run(Client().get())
        """,
    "a task": """
        async def test_it():
            task = asyncio.create_task(fetch())
            await asyncio.wait([task])
            with pytest.raises(aiohttpretty.NoMatchError):
                await task
        """,
    "gather and wait_for": """
        async def test_it():
            with pytest.raises(aiohttpretty.NoMatchError):
                await asyncio.gather(asyncio.wait_for(fetch(), 60))
        """,
    "another thread": """
        async def test_it():
            with pytest.raises(aiohttpretty.NoMatchError):
                await asyncio.to_thread(asyncio.run, fetch())
        """,
    "swallowed first, awaited then": """
        async def test_it():
            task = asyncio.create_task(fetch())
            await hush(task)
            with pytest.raises(aiohttpretty.NoMatchError):
                await task
        """,
    "seen on its way to a place that swallows it": """
        async def test_it():
            async def through():
                await fetch()

            await hush(through())
        """,
    "assertRaises": """
        class TestIt(unittest.IsolatedAsyncioTestCase):
            async def test_it(self):
                with self.assertRaises(aiohttpretty.NoMatchError):
                    await fetch()
        """,
    "assertRaises, the error kept": """
        class TestIt(unittest.TestCase):
            def test_it(self):
                with self.assertRaisesRegex(Exception, "^No URLs") as caught:
                    asyncio.run(fetch())
                self.assertIsNone(caught.exception.__traceback__)
        """,
    "assertRaises with a callable": """
        class TestIt(unittest.TestCase):
            def test_it(self):
                self.assertRaises(aiohttpretty.NoMatchError, lambda: asyncio.run(fetch()))
        """,
    "a decorator with functools.wraps": """
        def decorated(function):
            @functools.wraps(function)
            async def wrapper(*args, **kwargs):
                return await function(*args, **kwargs)

            return wrapper

        @decorated
        @decorated
        async def test_it():
            with pytest.raises(aiohttpretty.NoMatchError):
                await fetch()
        """,
    "a decorator without functools.wraps": """
        def decorated(function):
            def wrapper():
                return asyncio.run(function())

            return wrapper

        @decorated
        async def test_it():
            with pytest.raises(aiohttpretty.NoMatchError):
                await fetch()
        """,
    "a decorator with a name that has no value yet": """
        def decorated(function):
            def wrapper():
                if function is None:
                    return answer
                return asyncio.run(function())

            if function is None:
                answer = 1
            return wrapper

        @decorated
        async def test_it():
            with pytest.raises(aiohttpretty.NoMatchError):
                await fetch()
        """,
    "a decorator in a class, without functools.wraps": """
        def decorated(function):
            def wrapper(self):
                return asyncio.run(function(self))

            return wrapper

        class TestIt(unittest.TestCase):
            @decorated
            async def test_it(self):
                with self.assertRaises(aiohttpretty.NoMatchError):
                    await fetch()
        """,
    "unittest.mock.patch": """
        from unittest import mock

        @mock.patch("os.getcwd")
        async def test_it(getcwd):
            with pytest.raises(aiohttpretty.NoMatchError):
                await fetch()
        """,
    "functools.partial": """
        async def ask(url):
            with pytest.raises(aiohttpretty.NoMatchError):
                await fetch(url)

        def run(coroutine_function, url):
            with pytest.raises(aiohttpretty.NoMatchError):
                asyncio.run(coroutine_function(url))

        test_it = functools.partial(run, fetch, URL)
        """,
    "aiohttpretty.activate": """
        @aiohttpretty.activate
        async def test_it():
            with pytest.raises(aiohttpretty.NoMatchError):
                await fetch()
        """,
    "a fixture's function": """
        @pytest.fixture
        def ask():
            async def ask():
                return await fetch()

            return ask

        async def test_it(ask):
            with pytest.raises(aiohttpretty.NoMatchError):
                await ask()
        """,
    "parameters": """
        @pytest.mark.parametrize("kind", [aiohttpretty.NoMatchError])
        async def test_it(kind):
            with pytest.raises(kind):
                await fetch()
        """,
    "no response left": """
        async def test_it():
            aiohttpretty.register_uri("GET", URL, responses=[{}])
            await fetch()
            with pytest.raises(aiohttpretty.ResponsesExhausted):
                await fetch()
        """,
    "acknowledged": """
        async def test_it():
            assert await swallow() == "swallowed"
            aiohttpretty.unmatched.clear()
        """,
    "looked at, then acknowledged": """
        async def test_it():
            results = await asyncio.gather(fetch(), return_exceptions=True)
            assert type(results[0]) is aiohttpretty.NoMatchError
            [request] = aiohttpretty.unmatched
            assert (request.method, str(request.url)) == ("GET", URL)
            aiohttpretty.unmatched.clear()
        """,
}

# The error came to an end before it reached the test function
SWALLOWED = {
    "except Exception": """
        async def test_it():
            assert await swallow() == "swallowed"
        """,
    "except Exception, from a plain test": """
        def test_it():
            assert asyncio.run(swallow()) == "swallowed"
        """,
    "a helper in the test's own file": """
        async def helper():
            try:
                await fetch()
            except aiohttpretty.NoMatchError:
                pass

        async def test_it():
            await helper()
        """,
    "a task that nobody awaits": """
        async def test_it():
            task = asyncio.create_task(fetch())
            await asyncio.wait([task])
            assert isinstance(task.exception(), aiohttpretty.NoMatchError)
        """,
    "wrapped into another error": """
        async def wrap():
            try:
                await fetch()
            except Exception as error:
                raise RuntimeError("wrapped") from error

        async def test_it():
            with pytest.raises(RuntimeError):
                await wrap()
        """,
    "unittest": """
        class TestIt(unittest.IsolatedAsyncioTestCase):
            async def test_it(self):
                self.assertEqual(await swallow(), "swallowed")
        """,
    "a fixture": """
        @pytest.fixture
        async def asked():
            return await swallow()

        async def test_it(asked):
            assert asked == "swallowed"
        """,
    "a fixture's end": """
        @pytest.fixture
        async def asking():
            yield
            await swallow()

        async def test_it(asking):
            pass
        """,
    "unittest's end": """
        class TestIt(unittest.IsolatedAsyncioTestCase):
            async def asyncTearDown(self):
                await swallow()

            async def test_it(self):
                pass
        """,
    "acknowledged too early": """
        async def test_it():
            aiohttpretty.unmatched.clear()
            await swallow()
        """,
}


def mark_all(source):
    """Every test of the file gets the marker."""
    return "pytestmark = pytest.mark.aiohttpretty\n" + source


def dedented(source):
    return "\n".join(line[8:] for line in source.splitlines())


@pytest.mark.parametrize("source", SEEN.values(), ids=SEEN)
def test_seen(source, play):
    """The test has seen the error, or said that it is meant: it passes."""
    result = play(mark_all(dedented(source)))
    assert result.parseoutcomes() == {"passed": 1}


@pytest.mark.parametrize("source", SWALLOWED.values(), ids=SWALLOWED)
def test_swallowed(source, play):
    """The test passes and then fails at its end, with what was asked and what to do."""
    result = play(mark_all(dedented(source)))
    assert result.parseoutcomes() == {"passed": 1, "errors": 1}
    assert "ERROR at teardown of" in result.stdout.str()
    assert reports(result) == 1


@pytest.mark.parametrize("way", WAYS)
def test_both_ways_notice(way, play):
    """The marker and the fixture keep the same watch, and switch off when they fail."""
    mark, fixture = WAYS[way]
    result = play(f"""
        {mark}
        async def test_swallowed({fixture}):
            assert await swallow() == "swallowed"

        def test_after():
            assert not mocked()

        {mark}
        async def test_seen({fixture}):
            with pytest.raises(Exception, match="^No URLs"):
                await fetch()

        {mark}
        async def test_acknowledged({fixture}):
            assert await swallow() == "swallowed"
            aiohttpretty.unmatched.clear()
    """)
    assert result.parseoutcomes() == {"passed": 4, "errors": 1}
    assert "ERROR at teardown of test_swallowed" in result.stdout.str()
    assert reports(result) == 1


RUNNERS = {"asyncio": ("@pytest.mark.asyncio", "strict"), "anyio": ("@pytest.mark.anyio", "strict")}


@pytest.mark.parametrize("runner", RUNNERS)
def test_every_runner(runner, play):
    """The watch is the same under each plug-in that runs async tests."""
    mark, mode = RUNNERS[runner]
    result = play(
        f"""
        pytestmark = pytest.mark.aiohttpretty

        {mark}
        async def test_seen():
            with pytest.raises(aiohttpretty.NoMatchError):
                await fetch()

        {mark}
        async def test_swallowed():
            assert await swallow() == "swallowed"
        """,
        mode=mode,
        conftest="""
        import pytest

        @pytest.fixture
        def anyio_backend():
            return "asyncio"
        """,
    )
    assert result.parseoutcomes() == {"passed": 2, "errors": 1}
    assert reports(result) == 1


HYPOTHESIS = """
from hypothesis import HealthCheck, given, settings, strategies

pytestmark = pytest.mark.aiohttpretty
few = settings(max_examples=3, database=None, deadline=None, suppress_health_check=list(HealthCheck))

@few
@given(number=strategies.integers())
def test_plain(number):
    with pytest.raises(aiohttpretty.NoMatchError):
        asyncio.run(fetch())

@few
@given(number=strategies.integers())
{mark}
async def test_awaited(number):
    with pytest.raises(aiohttpretty.NoMatchError):
        await fetch()

@aiohttpretty.activate
@few
@given(number=strategies.integers())
{mark}
async def test_decorated(number):
    with pytest.raises(aiohttpretty.NoMatchError):
        await fetch()

@few
@given(number=strategies.integers())
{mark}
async def test_swallowed(number):
    assert await swallow() == "swallowed"
"""


@pytest.mark.parametrize("runner", RUNNERS)
def test_hypothesis(runner, play):
    """The function that hypothesis calls with its examples is the test function, whoever runs it."""
    mark, mode = RUNNERS[runner]
    anyio = "import pytest\n\n@pytest.fixture(scope='module')\ndef anyio_backend():\n    return 'asyncio'\n"
    result = play(HYPOTHESIS.format(mark=mark), mode=mode, conftest=anyio, hypothesis=True)
    assert result.parseoutcomes() == {"passed": 4, "errors": 1}
    assert "ERROR at teardown of test_swallowed" in result.stdout.str()


def test_every_attempt_is_reported(play):
    """Code that swallows and tries again: each request is one, and all of them are in the report."""
    result = play("""
        @pytest.mark.aiohttpretty
        async def test_it():
            for attempt in range(2):
                await swallow(f"{URL}{attempt}")
    """)
    assert result.parseoutcomes() == {"passed": 1, "errors": 1}
    output = result.stdout.str()
    assert "2 requests were not answered, and the error did not reach the test:\n\nNo URLs matching GET " in output
    assert output.count(LAST) == 1
    for attempt in range(2):
        assert NO_MATCH.replace(".com/", f".com/{attempt}") in output


def test_only_the_unseen_are_reported(play):
    """Of several requests, those whose error the test has seen are left out, even to the same address."""
    result = play("""
        @pytest.mark.aiohttpretty
        async def test_it():
            with pytest.raises(aiohttpretty.NoMatchError):
                await fetch(URL + "seen")
            with pytest.raises(aiohttpretty.NoMatchError):
                await fetch()
            await swallow()
    """)
    assert result.parseoutcomes() == {"passed": 1, "errors": 1}
    assert reports(result) == 1


def test_used_up_responses_are_noticed(play):
    """A request that came after the last of `responses` fails the test too, and says where they were registered."""
    result = play("""
        @pytest.mark.aiohttpretty
        async def test_it():
            aiohttpretty.register_uri("GET", URL, responses=[{"body": "one"}, {"body": "two"}])
            assert [await swallow() for _ in range(3)] == ["one", "two", "swallowed"]
    """)
    assert result.parseoutcomes() == {"passed": 1, "errors": 1}
    output = result.stdout.str()
    assert "A request was not answered, and the error did not reach the test:\n\nNo response is left for GET " in output
    assert "all 2 of its responses have been used (registered at " in output
    assert "test_child.py:15). Add one to its responses=[...] for each further request, or give exhausted=" in output
    assert output.count("If the test means this to happen, let it say so: aiohttpretty.unmatched.clear().") == 1


def test_a_body_that_was_read_is_noticed(play):
    """A second request for a stream fails the test too."""
    result = play("""
        @pytest.mark.aiohttpretty
        async def test_it():
            body = asyncio.StreamReader()
            body.feed_data(b"hello")
            body.feed_eof()
            aiohttpretty.register_uri("GET", URL, body=body)
            assert [await swallow(), await swallow()] == ["hello", "swallowed"]
    """)
    assert result.parseoutcomes() == {"passed": 1, "errors": 1}
    result.stdout.fnmatch_lines(["*ERROR at teardown of test_it*", "The body for GET http://example.com/ can be read*"])


@pytest.mark.parametrize("way", WAYS)
def test_a_failure_is_explained(way, play):
    """A test that fails because of a swallowed error fails once, and its report says what was not answered."""
    mark, fixture = WAYS[way]
    result = play(f"""
        {mark}
        async def test_it({fixture}):
            assert await swallow() == "hello"
    """)
    assert result.parseoutcomes() == {"failed": 1}
    assert reports(result) == 1


@pytest.mark.parametrize("way", WAYS)
def test_what_comes_after_a_failure_is_told_too(way, play):
    """What a fixture's end asks for in vain, after the test has failed, is told beside the failure."""
    mark, fixture = WAYS[way]
    result = play(f"""
        @pytest.fixture
        async def asking({fixture}):
            yield
            await swallow()

        {mark}
        async def test_it(asking):
            assert False
    """)
    assert result.parseoutcomes() == {"failed": 1}
    result.stdout.fnmatch_lines(["*Captured aiohttpretty teardown*", FIRST])
    assert reports(result) == 1


@pytest.mark.parametrize("way", WAYS)
def test_what_failed_the_test_is_said_once(way, play):
    """An error that came out of the test or of a fixture is in its report already."""
    mark, fixture = WAYS[way]
    result = play(
        f"""
        @pytest.fixture
        async def asked({fixture}):
            return await fetch()

        {mark}
        async def test_call({fixture}):
            await fetch()

        {mark}
        async def test_start(asked):
            pass

        def test_after():
            assert not mocked()
        """
    )
    assert result.parseoutcomes() == {"failed": 1, "errors": 1, "passed": 1}
    assert "the error did not reach the test" not in result.stdout.str()


def test_what_failed_the_end_is_said_once(play):
    """An error that came out of a fixture's end is in its report already."""
    result = play("""
        @pytest.fixture
        async def asking():
            yield
            await fetch()

        @pytest.mark.aiohttpretty
        async def test_it(asking):
            pass

        def test_after():
            assert not mocked()
    """)
    assert result.parseoutcomes() == {"errors": 1, "passed": 2}
    assert "the error did not reach the test" not in result.stdout.str()


def test_a_broken_end_is_explained(play):
    """When a fixture's end fails anyhow, what was not answered is said beside it."""
    result = play("""
        @pytest.fixture
        def broken():
            yield
            raise RuntimeError("end")

        @pytest.mark.aiohttpretty
        async def test_it(broken):
            await swallow()
    """)
    assert result.parseoutcomes() == {"passed": 1, "errors": 1}
    result.stdout.fnmatch_lines(["E *RuntimeError: end", "*- aiohttpretty -*"])
    assert reports(result) == 1


def test_a_session_that_the_test_forgot_still_says_so(play):
    """The watch keeps no traceback alive: aiohttp's warning of an unclosed session comes as without it."""
    result = play("""
        import gc
        import warnings

        @pytest.mark.aiohttpretty
        async def test_it():
            async def careless():
                await aiohttp.ClientSession().get(URL)

            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                asyncio.get_running_loop().set_exception_handler(lambda loop, context: None)
                try:
                    await careless()
                except aiohttpretty.NoMatchError:
                    pass
                gc.collect()
            assert {str(warning.message).partition(" <")[0] for warning in caught} >= {"Unclosed client session"}
            assert len(aiohttpretty.unmatched) == 1
    """)
    assert result.parseoutcomes() == {"passed": 1}

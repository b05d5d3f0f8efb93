"""What else a test may be run by: other plug-ins, other scopes, other kinds of tests."""

import pytest

MARKED = """
pytestmark = pytest.mark.aiohttpretty(assert_all_called=True)

@pytest.mark.parametrize("number", range(4))
async def test_good(number):
    assert not aiohttpretty.registry and not aiohttpretty.calls
    aiohttpretty.register_uri("GET", URL, body="hello")
    assert await fetch() == "hello"

async def test_bad():
    aiohttpretty.register_uri("GET", URL, body="hello")
    assert await fetch() == "goodbye"

async def test_unused():
    aiohttpretty.register_uri("GET", URL)

async def test_swallowed():
    await swallow()

class PlainTest(unittest.TestCase):
    def test_it(self):
        aiohttpretty.register_uri("GET", URL, body="hello")
        self.assertEqual(asyncio.run(fetch()), "hello")
"""
OUTCOMES = {"passed": 7, "failed": 1, "errors": 2}
LINES = ["*- aiohttpretty -*", "1 request:", "*GET http://example.com/ -> 200, by test_child.py:*"]


def test_xdist(play):
    """Tests may be spread over processes: settings go there, and sections come back."""
    result = play(MARKED, "-n2", subprocess=True)
    assert result.parseoutcomes() == OUTCOMES
    result.stdout.fnmatch_lines(LINES)


def test_xdist_settings(play):
    """The ini file and the command line are heard in the other processes."""
    result = play(
        """
        def test_it(aiohttpretty):
            aiohttpretty.register_uri("GET", URL)
            assert aiohttpretty.activate.__self__.settings[:2] == (True, False)

        def test_failing(aiohttpretty):
            aiohttpretty.register_uri("GET", URL)
            assert False
        """,
        *("-n1", "-oaiohttpretty_assert_all_called=true", "--aiohttpretty-show=never"),
        subprocess=True,
    )
    assert result.parseoutcomes() == {"passed": 1, "failed": 1, "errors": 1}
    result.stdout.no_fnmatch_line("*- aiohttpretty -*")


@pytest.mark.parametrize("seed", [1, 2])
def test_randomly(seed, play):
    """In any order, each test begins anew."""
    result = play(MARKED, f"--randomly-seed={seed}", randomly=True, subprocess=True)
    assert result.parseoutcomes() == OUTCOMES


def test_repeat(play):
    """Each time that a test is repeated, it begins anew, and is judged for itself."""
    result = play(MARKED, "--count=2")
    doubled = {outcome: 2 * number for outcome, number in OUTCOMES.items()}
    doubled["passed"] -= 1  # a TestCase is not repeated
    assert result.parseoutcomes() == doubled


@pytest.mark.parametrize("scope", ["class", "module", "package", "session"])
def test_a_registry_for_a_wider_scope(scope, play):
    """A fixture of a wider scope has a registry of its own: it answers what the test's own routes don't."""
    result = play(f"""
        @pytest.fixture(scope="{scope}", autouse=True)
        def auth():
            own = aiohttpretty.AioHTTPretty(assert_all_called=True)
            with own.activate():
                own.register_uri("GET", URL, body="token")
                yield own

        class TestIt:
            @pytest.mark.aiohttpretty(assert_all_called=True)
            @pytest.mark.parametrize("number", range(2))
            async def test_marker(self, number, auth):
                aiohttpretty.register_uri("GET", URL + "other", body="hello")
                assert await fetch() == "token"
                assert await fetch(URL + "other") == "hello"
                assert len(auth.calls) == number + 1

            async def test_fixture(self, aiohttpretty):
                aiohttpretty.register_uri("GET", URL, body="hello")
                assert await fetch() == "hello"

            async def test_neither(self):
                assert await fetch() == "token"

            @pytest.mark.aiohttpretty
            async def test_swallowed(self):
                await swallow(URL + "missing")
    """)
    assert result.parseoutcomes() == {"passed": 5, "errors": 1}
    assert "ERROR at teardown of TestIt.test_swallowed" in result.stdout.str()


def test_the_module_for_a_wider_scope(play):
    """The global registry can be active for a wider scope; each marked test clears it, whoever registered."""
    result = play("""
        @pytest.fixture(scope="module", autouse=True)
        def auth():
            with aiohttpretty.activate():
                aiohttpretty.register_uri("GET", URL, body="token")
                yield

        async def test_plain():
            assert await fetch() == "token"

        @pytest.mark.aiohttpretty(assert_all_called=True)
        async def test_marked():
            with pytest.raises(aiohttpretty.NoMatchError):
                await fetch()
            assert aiohttpretty.activate.__self__.settings.assert_all_called

        async def test_after():
            assert mocked()
            assert not aiohttpretty.activate.__self__.settings.assert_all_called
    """)
    assert result.parseoutcomes() == {"passed": 3}


def test_a_wider_scope_inside_a_marked_test(play):
    """What a wider fixture has switched on during a marked test stays on after it, and its own settings with it."""
    result = play("""
        @pytest.fixture(scope="module")
        def on():
            with aiohttpretty.activate(keep_bodies=True):
                yield

        @pytest.mark.aiohttpretty(assert_all_called=True)
        def test_marked(on):
            assert aiohttpretty.activate.__self__.settings[:2] == (True, True)

        def test_after(on):
            assert mocked()
            assert aiohttpretty.activate.__self__.settings[:2] == (False, True)
    """)
    assert result.parseoutcomes() == {"passed": 2}


def test_the_fixture_is_for_one_test(play):
    """A wider fixture that asks for the fixture is refused by pytest, which says why."""
    result = play("""
        @pytest.fixture(scope="session")
        def auth(aiohttpretty):
            pass

        def test_it(auth):
            pass
    """)
    assert result.parseoutcomes() == {"errors": 1}
    result.stdout.fnmatch_lines(["ScopeMismatch: *function scoped fixture aiohttpretty with a session scoped request*"])


SUBTESTS = """
@pytest.mark.aiohttpretty(assert_all_called=True)
async def test_it(subtests):
    aiohttpretty.register_uri("GET", URL, body="hello")
    aiohttpretty.register_uri("GET", URL + "unused")
    for word in ("hello", "goodbye"):
        with subtests.test(word=word):
            assert await fetch() == word
    await swallow(URL + "missing")
"""


def test_subtests(play):
    """A subtest that fails has the section, and the test, which has failed by that, is not failed again."""
    result = play(SUBTESTS)
    assert result.parseoutcomes().get("errors", 0) == 0
    assert result.parseoutcomes()["failed"] >= 1
    result.stdout.fnmatch_lines(
        [
            "*- aiohttpretty -*",
            "2 requests:",
            "Not used:",
            "  GET http://example.com/unused (test_child.py:*)",
            "*Captured aiohttpretty teardown*",
            "A request was not answered, and the error did not reach the test:",
        ]
    )


def test_unittest_subtests(play):
    """unittest's subtests likewise."""
    result = play("""
        @pytest.mark.aiohttpretty(assert_all_called=True)
        class PlainTest(unittest.TestCase):
            def test_it(self):
                aiohttpretty.register_uri("GET", URL, body="hello")
                aiohttpretty.register_uri("GET", URL + "unused")
                for word in ("hello", "goodbye"):
                    with self.subTest(word=word):
                        self.assertEqual(asyncio.run(fetch()), word)
    """)
    assert result.parseoutcomes().get("errors", 0) == 0
    assert result.parseoutcomes()["failed"] >= 1
    result.stdout.fnmatch_lines(["*- aiohttpretty -*", "2 requests:"])


def test_unittest(play):
    """A TestCase may be strict, and its failure has the section."""
    result = play("""
        @pytest.mark.aiohttpretty(assert_all_called=True)
        class AsyncTest(unittest.IsolatedAsyncioTestCase):
            async def asyncSetUp(self):
                aiohttpretty.register_uri("GET", URL, body="hello")

            async def test_good(self):
                self.assertEqual(await fetch(), "hello")

            async def test_bad(self):
                self.assertEqual(await fetch(), "goodbye")

            async def test_has_call(self):
                await fetch()
                self.assertTrue(aiohttpretty.has_call(URL + "other"))

            async def test_unused(self):
                pass

            async def test_end(self):
                self.addAsyncCleanup(fetch)
    """)
    assert result.parseoutcomes() == {"passed": 3, "failed": 2, "errors": 1}
    result.stdout.fnmatch_lines(["*- aiohttpretty -*", "1 request:"])
    result.stdout.fnmatch_lines(["*- aiohttpretty -*", "has_call('http://example.com/other') is False. The only call:"])


def test_doctests(play, pytester):
    """A doctest may ask for the fixture; an error that it shows is one that it has seen."""
    pytester.makepyfile(
        documented='''
        """
        >>> aiohttpretty = getfixture("aiohttpretty")
        >>> route = aiohttpretty.register_uri("GET", "http://example.com/", body="hello")
        >>> asyncio.run(fetch())
        'hello'
        >>> asyncio.run(fetch("http://example.com/other"))
        Traceback (most recent call last):
            ...
        aiohttpretty.errors.NoMatchError: No URLs matching GET http://example.com/other with params {}...
        """

        import asyncio

        from sdk import fetch, mocked, swallow

        def swallowed():
            """
            >>> aiohttpretty = getfixture("aiohttpretty")
            >>> asyncio.run(swallow())
            'swallowed'
            """

        def failing():
            """
            >>> aiohttpretty = getfixture("aiohttpretty")
            >>> route = aiohttpretty.register_uri("GET", "http://example.com/", body="hello")
            >>> asyncio.run(fetch())
            'goodbye'
            """

        def after():
            """
            >>> mocked()
            False
            """
        '''
    )
    result = play("", "--doctest-modules", "-odoctest_optionflags=ELLIPSIS IGNORE_EXCEPTION_DETAIL", "documented.py")
    assert result.parseoutcomes() == {"passed": 3, "failed": 1, "errors": 1}
    result.stdout.fnmatch_lines(["*ERROR at teardown of *documented.swallowed*"])
    result.stdout.fnmatch_lines(["*- aiohttpretty -*", "1 request:", "*GET http://example.com/ -> 200, by *"])

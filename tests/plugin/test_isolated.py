"""A block of isolated() in a test: in its fixtures, in what is told of the test, and in what fails it."""

from textwrap import dedent

import pytest

FIXTURES = {
    "plain": """
        @pytest.fixture
        def pretty():
            with aiohttpretty.isolated() as pretty:
                yield pretty
        """,
    "asynchronous": """
        @pytest.fixture
        async def pretty():
            async with aiohttpretty.isolated() as pretty:
                yield pretty
        """,
}
TEST = """
@pytest.mark.parametrize("number", range(2))
async def test_it(pretty, number):
    pretty.register_uri("GET", URL, body=str(number))
    assert await fetch() == str(number)


def test_behind():
    assert not mocked()
"""


@pytest.mark.parametrize("fixture", FIXTURES)
def test_opened_in_a_fixture(fixture, play):
    """A test sees the block that its fixture has opened, and the next test has one of its own."""
    play(dedent(FIXTURES[fixture]) + TEST).assert_outcomes(passed=3)


@pytest.mark.parametrize("words", ["", "fall_through=False"])
def test_a_request_without_an_answer_that_nobody_noticed(words, play):
    """Under the marker, a request in a block whose error was swallowed fails the test at its end, and is told once."""
    result = play(f"""
    @pytest.mark.aiohttpretty
    async def test_it():
        async with aiohttpretty.isolated({words}):
            await swallow()
    """)
    result.assert_outcomes(passed=1, errors=1)
    assert result.stdout.str().count("A request was not answered, and the error did not reach the test:") == 1


def test_the_timeline_has_what_the_block_answered(play):
    """The report of a failed test lists the requests of its blocks, nested ones too, among the others."""
    result = play("""
    @pytest.mark.aiohttpretty
    async def test_it():
        aiohttpretty.register_uri("GET", URL + "outside")
        async with aiohttpretty.isolated() as pretty:
            pretty.register_uri("GET", URL + "inside")
            async with pretty.isolated() as inner:
                inner.register_uri("GET", URL + "innermost", status=404)
                await fetch(URL + "innermost")
            await fetch(URL + "inside")
            await fetch(URL + "outside")
        assert False
    """)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        ["3 requests:", "*/innermost -> 404, *", "*/inside -> 200, *", "*/outside -> 200, *"], consecutive=True
    )


def test_why_there_is_no_such_call(play):
    """An assertion of `has_call` that fails is explained for the registry of a block, as for any other."""
    result = play("""
    @pytest.mark.aiohttpretty
    async def test_it():
        async with aiohttpretty.isolated() as pretty:
            pretty.register_uri("GET", URL + "asked")
            await fetch(URL + "asked")
            assert pretty.has_call(URL + "other")
    """)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*has_call('http://example.com/other')*False*"])


def test_a_bug_in_a_handler_of_a_block(play):
    """What a handler lets out fails the test once, at the end of the block."""
    result = play("""
    @pytest.mark.aiohttpretty
    async def test_it():
        async def handler(request):
            raise LookupError("no such price")

        async with aiohttpretty.isolated() as pretty:
            pretty.register_uri("GET", URL, handler=handler)
            assert await fetch() != ""
    """)
    result.assert_outcomes(failed=1)
    assert "HandlerError" in result.stdout.str()


def test_nothing_is_kept_behind_the_test(play):
    """What a test's blocks have answered is let go with the test."""
    result = play("""
    import gc
    import weakref

    seen = []

    @pytest.mark.aiohttpretty
    async def test_it():
        async with aiohttpretty.isolated() as pretty:
            pretty.register_uri("GET", URL)
            await fetch()
            seen.append(weakref.ref(pretty))

    def test_behind():
        gc.collect()
        assert seen[0]() is None
    """)
    result.assert_outcomes(passed=2)

"""With `assert_all_called`, a route that nothing has asked for fails the test at its end."""

import pytest

STRICT = {
    "marker": ("@pytest.mark.aiohttpretty(assert_all_called=True)", ""),
    "fixture": (
        "@pytest.mark.parametrize('aiohttpretty', [{'assert_all_called': True}], indirect=True)",
        "aiohttpretty",
    ),
}

USED = {
    "all of them": """
        aiohttpretty.register_uri("GET", URL)
        await fetch()
        """,
    "an optional one": """
        aiohttpretty.register_uri("GET", URL, optional=True)
        """,
    "optional responses": """
        aiohttpretty.register_uri("GET", URL, responses=[{}, {}], optional=True)
        await fetch()
        """,
    "times as a limit": """
        aiohttpretty.register_uri("GET", URL, times=3)
        await fetch()
        """,
    "responses that begin again": """
        aiohttpretty.register_uri("GET", URL, responses=[{}, {}], exhausted="cycle")
        for _ in range(3):
            await fetch()
        """,
    "one response again and again": """
        aiohttpretty.register_uri("GET", URL, responses=[{}], exhausted="repeat")
        await fetch()
        """,
    "calls that the test has purged": """
        aiohttpretty.register_uri("GET", URL)
        aiohttpretty.register_uri("POST", URL, match=aiohttpretty.match.body("x"))
        async with aiohttp.ClientSession() as session:
            await session.get(URL)
            await session.post(URL, data="x")
        aiohttpretty.calls.clear()
        """,
    "a removed one": """
        aiohttpretty.register_uri("GET", URL).remove()
        """,
    "a replaced one": """
        aiohttpretty.register_uri("GET", URL, body="one")
        aiohttpretty.register_uri("GET", URL, body="two")
        await fetch()
        """,
    "an error": """
        aiohttpretty.register_uri("GET", URL, error=TimeoutError)
        await swallow()
        """,
    "a test that is skipped": """
        aiohttpretty.register_uri("GET", URL)
        pytest.skip()
        """,
}
UNUSED = {
    "a route": (
        """
        aiohttpretty.register_uri("GET", URL, params={"token": "s3cret"})
        """,
        ["GET http://example.com/?token=*** (test_child.py:14)"],
    ),
    "several": (
        """
        aiohttpretty.register_uri("GET", URL)
        aiohttpretty.register_uri("GET", URL + "{name}")
        aiohttpretty.register_uri("*", re.compile("http://x"))
        await fetch()
        """,
        ["GET http://example.com/{name} (test_child.py:15)", "* http://x (test_child.py:16)"],
    ),
    "one response": (
        """
        aiohttpretty.register_uri("GET", URL, responses=[{}, {}])
        await fetch()
        """,
        ["GET http://example.com/ (test_child.py:14): responses[1]"],
    ),
    "several responses": (
        """
        aiohttpretty.register_uri("GET", URL, responses=[{}] * 4, exhausted="repeat")
        await fetch()
        """,
        ["GET http://example.com/ (test_child.py:14): responses[1] to [3]"],
    ),
    "what replaced another answer": (
        """
        route = aiohttpretty.register_uri("GET", URL)
        await fetch()
        route.replace(status=500)
        """,
        ["GET http://example.com/ (test_child.py:14)"],
    ),
}


def source(way, body):
    mark, fixture = STRICT[way]
    lines = "\n".join(line[4:] for line in body.splitlines())
    return f"{mark}\nasync def test_it({fixture}):{lines}\n\ndef test_after():\n    assert not mocked()\n"


@pytest.mark.parametrize("body", USED.values(), ids=USED)
def test_used(body, play):
    """The test passes: it has used, or needn't use, what it has registered."""
    outcomes = play(source("marker", body)).parseoutcomes()
    assert outcomes in ({"passed": 2}, {"passed": 1, "skipped": 1})


@pytest.mark.parametrize("way", STRICT)
@pytest.mark.parametrize(("body", "named"), UNUSED.values(), ids=UNUSED)
def test_unused(body, named, way, play):
    """The test passes and fails at its end, with each route, where it was registered, and what to do; no secret."""
    result = play(source(way, body))
    assert result.parseoutcomes() == {"passed": 2, "errors": 1}
    output = result.stdout.str()
    assert "ERROR at teardown of test_it" in output
    told = "".join(f"  ✗ {one}\n" for one in named)
    assert (
        f"""\
Not all that is registered has been used. This has answered nothing:

{told}
Where that is meant to happen, register with optional=True.
"""
        in output
    )
    assert "s3cret" not in output.partition("short test summary")[0].replace('"token": "s3cret"', "")


@pytest.mark.parametrize("way", STRICT)
def test_both_gaps_are_told_at_once(way, play):
    """A request without an answer and a route without a request are often one mistake; both are said."""
    result = play(
        source(
            way,
            """
        aiohttpretty.register_uri("GET", URL + "one")
        await swallow()
        """,
        )
    )
    assert result.parseoutcomes() == {"passed": 2, "errors": 1}
    result.stdout.fnmatch_lines(
        [
            "A request was not answered, and the error did not reach the test:",
            "Not all that is registered has been used. This has answered nothing:",
        ]
    )


@pytest.mark.parametrize("way", STRICT)
def test_a_failed_test_is_not_failed_again(way, play):
    """Whoever has failed, as expected or not, has not come to the end of what it would have asked for."""
    mark, fixture = STRICT[way]
    result = play(f"""
        {mark}
        def test_it({fixture}):
            aiohttpretty.register_uri("GET", URL)
            assert False

        @pytest.mark.xfail(strict=True)
        {mark}
        async def test_expected({fixture}):
            aiohttpretty.register_uri("GET", URL)
            await swallow("http://example.com/other")
            assert False

        @pytest.fixture
        def broken({fixture}):
            aiohttpretty.register_uri("GET", URL)
            raise RuntimeError("start")

        {mark}
        def test_broken(broken):
            pass
    """)
    assert result.parseoutcomes() == {"failed": 1, "xfailed": 1, "errors": 1}


def test_what_a_fixture_ends_with_counts(play):
    """What a fixture asks for at its end is asked for in time, also when the project's conftest clears there."""
    result = play(
        """
        @pytest.fixture
        async def logout():
            yield
            await fetch()

        @pytest.mark.aiohttpretty(assert_all_called=True)
        def test_it(logout):
            aiohttpretty.register_uri("GET", URL)

        @pytest.mark.aiohttpretty(assert_all_called=True)
        def test_unused(logout):
            aiohttpretty.register_uri("GET", URL)
            aiohttpretty.register_uri("GET", URL + "unused")
        """,
        conftest="""
        import aiohttpretty
        import pytest

        @pytest.hookimpl(trylast=True)
        def pytest_runtest_teardown(item):
            aiohttpretty.clear()
        """,
    )
    assert result.parseoutcomes() == {"passed": 2, "errors": 1}
    assert "  ✗ GET http://example.com/unused (test_child.py:" in result.stdout.str()


def test_blocks_and_decorators(play):
    """Their ends check what they say, unless an error comes out of them; a plain `deactivate()` checks nothing."""
    result = play("""
        def test_block():
            with pytest.raises(AssertionError, match="^Not all that is registered has been used"):
                with aiohttpretty.activate(assert_all_called=True):
                    aiohttpretty.register_uri("GET", URL)
            assert not mocked()

        async def test_async_block():
            with pytest.raises(AssertionError, match="^Not all that is registered has been used"):
                async with aiohttpretty.activate(assert_all_called=True):
                    pass
            assert not mocked()

        def test_an_error():
            with pytest.raises(ZeroDivisionError):
                with aiohttpretty.activate(assert_all_called=True):
                    1 / 0

        def test_by_hand():
            aiohttpretty.activate(assert_all_called=True)
            aiohttpretty.deactivate()
            aiohttpretty.clear()

        @aiohttpretty.activate(assert_all_called=True)
        def test_decorator():
            aiohttpretty.register_uri("GET", URL)

        @aiohttpretty.activate(assert_all_called=True)
        async def test_async_decorator():
            aiohttpretty.register_uri("GET", URL)
            await fetch()

        @aiohttpretty.activate(assert_all_called=True)
        class TestClass:
            def test_it(self):
                aiohttpretty.register_uri("GET", URL)

        def test_after():
            assert not mocked()
            assert not aiohttpretty.registry
    """)
    assert result.parseoutcomes() == {"passed": 6, "failed": 2}


def test_an_inner_block_leaves_it_to_the_outer_one(play):
    """Only who says so, or is the last to end, checks; the inner block may come before the rest has been asked for."""
    result = play("""
        @pytest.mark.aiohttpretty(assert_all_called=True)
        async def test_it():
            aiohttpretty.register_uri("GET", URL)
            with aiohttpretty.activate():
                pass
            with pytest.raises(AssertionError):
                with aiohttpretty.activate(assert_all_called=True):
                    pass
            await fetch()

        async def test_own():
            own = aiohttpretty.AioHTTPretty(assert_all_called=True)
            with pytest.raises(AssertionError):
                with own.activate():
                    own.register_uri("GET", URL)
                    with own.activate():
                        pass
                    assert mocked()
            assert not mocked()
    """)
    assert result.parseoutcomes() == {"passed": 2}

"""What a test lacks because it was set up once and cleared since, is named; what other tests had is not."""

import pytest

CLEARED = "has been cleared since, by clear(), or by the marker or the fixture at the beginning of a test."
NOTHING = "Cause: nothing is registered by now. Register it before the request is made."

ONCE = {
    "when the module was imported": """
        aiohttpretty.register_uri("GET", URL)
        """,
    "by a fixture of a wider scope": """
        @pytest.fixture(scope="session", autouse=True)
        def once():
            aiohttpretty.register_uri("GET", URL)
        """,
    "by the module's setup": """
        def setup_module():
            aiohttpretty.register_uri("GET", URL)
        """,
    "by a fixture that this test does not ask for": """
        @pytest.fixture
        def extra(aiohttpretty):
            aiohttpretty.register_uri("GET", URL)

        def test_with_it(extra):
            pass
        """,
}
OTHERS = {
    "a test's own": """
        def test_it(aiohttpretty):
            aiohttpretty.register_uri("GET", URL)
        """,
    "a helper's": """
        def helper():
            aiohttpretty.register_uri("GET", URL)

        @pytest.mark.aiohttpretty
        def test_it():
            helper()
        """,
    "one that the test has removed": """
        @pytest.mark.aiohttpretty
        def test_it():
            aiohttpretty.register_uri("GET", URL).remove()
        """,
    "one that a failing test has cleared": """
        @pytest.mark.aiohttpretty
        def test_it():
            aiohttpretty.register_uri("GET", URL)
            aiohttpretty.clear()
            assert False
        """,
}
ASKING = {
    "marker": """
        @pytest.mark.aiohttpretty
        async def test_asking():
            await fetch()
        """,
    "fixture": """
        async def test_asking(aiohttpretty):
            await fetch()
        """,
}
BETWEEN = """
        @pytest.mark.aiohttpretty
        @pytest.mark.parametrize("number", range(MANY))
        def test_between(number):
            aiohttpretty.register_uri("GET", URL + "other")
        """


def cause(result):
    """What the report of the last test gives as the cause, on one line."""
    lines = [line.removeprefix("E").strip() for line in result.stdout.lines if line.startswith("E  ")]
    start = next(number for number, line in enumerate(lines) if line.startswith("Cause:"))
    return " ".join(lines[start : lines.index("", start)])


@pytest.mark.parametrize("between", [1, 3])
@pytest.mark.parametrize("way", ASKING)
@pytest.mark.parametrize("once", ONCE)
def test_set_up_once(once, way, between, play):
    """The line that set it up is named, however many tests ago that was."""
    source = ONCE[once] + BETWEEN.replace("MANY", str(between)) + ASKING[way]
    line = next(number for number, text in enumerate(source.splitlines(), 12) if "register_uri" in text)
    assert cause(play(source)) == f"Cause: the route for it (test_child.py:{line}) {CLEARED}"


@pytest.mark.parametrize("way", ASKING)
@pytest.mark.parametrize("others", OTHERS)
def test_of_other_tests(others, way, play):
    """That another test had such a route, as many have, is no cause."""
    assert cause(play(OTHERS[others] + ASKING[way])) == NOTHING


def test_it_holds_on_to_nothing(play):
    """What a matcher of an earlier test's fixture refers to is not kept for all the run."""
    result = play("""
        import gc
        import weakref

        class Big:
            pass

        @pytest.fixture
        def registered(aiohttpretty):
            big = Big()
            aiohttpretty.register_uri("GET", URL, match=lambda request: big is None)
            return weakref.ref(big)

        KEPT = []

        def test_it(registered):
            KEPT.append(registered)

        def test_between(aiohttpretty):
            pass

        def test_after(aiohttpretty):
            gc.collect()
            assert KEPT[0]() is None
    """)
    assert result.parseoutcomes() == {"passed": 3}

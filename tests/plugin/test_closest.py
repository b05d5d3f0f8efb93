"""The closest wins, whatever is said where."""

import pytest

# In each place: nothing, yes or no; where nothing is said, the next one is asked
SOURCE = """
SAID = {{"-": {{}}, "y": {{"assert_all_called": True}}, "n": {{"assert_all_called": False}}}}
EVERY = "-yn"


def expected(*said, ini):
    for each in (*said, ini):
        if each != "-":
            return each == "y"
    return False


def holds(registry=aiohttpretty.activate.__self__):
    return registry.settings.assert_all_called


@pytest.mark.parametrize(("mark", "aiohttpretty", "where"), [
    pytest.param(mark, SAID[fixture], mark + fixture, marks=pytest.mark.aiohttpretty(**SAID[mark]))
    for mark in EVERY for fixture in EVERY
], indirect=["aiohttpretty"])
def test_all_at_once(mark, aiohttpretty, where):
    mark, fixture = where
    assert holds() == expected(fixture, mark, ini={ini!r})
    for outer in EVERY:
        block = aiohttpretty.activate(**SAID[outer])
        assert holds() == expected(outer, fixture, mark, ini={ini!r})
        for inner in EVERY:
            @aiohttpretty.activate(**SAID[inner])
            def decorated():
                assert holds() == expected(inner, outer, fixture, mark, ini={ini!r})

            decorated()
        block.undo()
    assert holds() == expected(fixture, mark, ini={ini!r})


@pytest.fixture(params=EVERY)
def said(request):
    return request.param


@pytest.mark.parametrize("mark", [
    pytest.param(mark, marks=pytest.mark.aiohttpretty(**SAID[mark])) for mark in EVERY
])
def test_the_marker_alone(mark):
    assert holds() == expected(mark, ini={ini!r})


@pytest.mark.aiohttpretty(assert_all_called=True)
def test_a_registry_of_ones_own(said):
    own = aiohttpretty.AioHTTPretty(**SAID[said])
    assert holds(own) == expected(said, ini={ini!r})
    for outer in EVERY:
        with own.activate(**SAID[outer]):
            assert holds(own) == expected(outer, said, ini={ini!r})
            for inner in EVERY:
                with own.activate(**SAID[inner]):
                    assert holds(own) == expected(inner, outer, said, ini={ini!r})
        assert holds(own) == expected(said, ini={ini!r})


def test_after():
    assert not mocked()
    assert holds() == expected(ini={ini!r})
"""


@pytest.mark.parametrize(("ini", "option"), [("-", ()), ("y", ("true",)), ("n", ("false",))])
def test_every_combination(ini, option, play):
    """The order: an inner activation, an outer one, the fixture's parameter, the mark, the registry, the ini file."""
    options = [f"-oaiohttpretty_assert_all_called={each}" for each in option]
    result = play(SOURCE.format(ini=ini), *options)
    assert result.parseoutcomes() == {"passed": 16}


def test_only_what_is_said_is_changed(play):
    """A place that says one setting leaves the others to those farther away."""
    result = play(
        """
        @pytest.mark.aiohttpretty(assert_all_called=True)
        @pytest.mark.parametrize("aiohttpretty", [{"keep_bodies": False}], indirect=True)
        def test_it(aiohttpretty):
            aiohttpretty.register_uri("GET", URL)
            settings = aiohttpretty.activate.__self__.settings
            assert settings.assert_all_called and not settings.keep_bodies
            with aiohttpretty.activate(keep_bodies=True):
                settings = aiohttpretty.activate.__self__.settings
                assert settings.assert_all_called and settings.keep_bodies
        """,
        "-oaiohttpretty_keep_bodies=true",
    )
    assert result.parseoutcomes() == {"passed": 1, "errors": 1}


def test_a_mark_that_is_added(play):
    """A mark that a conftest adds to a class is as near as the class's own, and nearer than an inherited one."""
    source = """
        def strict():
            return aiohttpretty.activate.__self__.settings.assert_all_called

        @pytest.mark.aiohttpretty(assert_all_called=False)
        class Base:
            pass

        class TestInherited(Base):
            def test_it(self):
                assert strict()

        @pytest.mark.aiohttpretty(assert_all_called=False)
        class TestItsOwn(Base):
            def test_it(self):
                assert not strict()
    """
    conftest = """
        import pytest

        def pytest_collection_modifyitems(items):
            for item in items:
                item.getparent(pytest.Class).add_marker(pytest.mark.aiohttpretty(assert_all_called=True))
    """
    assert play(source, conftest=conftest).parseoutcomes() == {"passed": 2}


def test_a_fixture_of_the_same_name(play, pytester):
    """A conftest may register in a fixture that takes the place of the plug-in's, as may one below it."""
    below = pytester.mkdir("below")
    below.joinpath("conftest.py").write_text(
        """
import pytest

@pytest.fixture(autouse=True)
def aiohttpretty(aiohttpretty):
    aiohttpretty.register_uri("GET", "http://example.com/below", body="below")
    return aiohttpretty
"""
    )
    below.joinpath("test_below.py").write_text(
        """
import aiohttpretty
import pytest
from sdk import URL, fetch, swallow

async def test_without_a_word():
    assert await fetch() == "above"
    assert await fetch(URL + "below") == "below"

@pytest.mark.aiohttpretty
async def test_marked():
    assert await fetch() == "above"
    assert await fetch(URL + "below") == "below"

async def test_swallowed():
    await swallow(URL + "other")

@pytest.mark.parametrize("aiohttpretty", [{"assert_all_called": True}], indirect=True)
async def test_unused(aiohttpretty):
    assert await fetch() == "above"
"""
    )
    conftest = """
    import pytest

    @pytest.fixture
    def aiohttpretty(aiohttpretty):
        aiohttpretty.register_uri("GET", "http://example.com/", body="above")
        yield aiohttpretty
    """
    result = play("", "below", conftest=conftest)
    assert result.parseoutcomes() == {"passed": 4, "errors": 2}
    assert "  ✗ GET http://example.com/below (" in result.stdout.str()

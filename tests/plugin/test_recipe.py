"""The three hooks that a project may have in its conftest work with the plug-in, without it, and in older forms."""

import pytest

# As in the README
RECIPE = """
import aiohttpretty


def pytest_configure(config):
    config.addinivalue_line("markers", "aiohttpretty: mock the requests of aiohttp's client in this test")


def pytest_runtest_setup(item):
    if item.get_closest_marker("aiohttpretty") is not None:
        aiohttpretty.clear()
        aiohttpretty.activate()


def pytest_runtest_teardown(item, nextitem):
    if item.get_closest_marker("aiohttpretty") is not None:
        aiohttpretty.deactivate()
"""
CLEARS_AFTER = RECIPE + "        aiohttpretty.clear()\n"
RECIPES = {"as documented": RECIPE, "clears at teardown": CLEARS_AFTER}
PLUGIN = {"beside the plug-in": (), "without the plug-in": ("-p", "no:aiohttpretty")}

TESTS = """
@pytest.fixture
def registered():
    aiohttpretty.register_uri("GET", URL, body="hello")

@pytest.mark.aiohttpretty
def test_plain(registered):
    assert asyncio.run(fetch()) == "hello"

def test_after_plain():
    assert not mocked()

@pytest.mark.aiohttpretty
async def test_awaited(registered):
    assert await fetch() == "hello"
    aiohttpretty.register_uri("GET", "http://example.com/other")

@pytest.mark.aiohttpretty
async def test_begins_empty():
    assert not aiohttpretty.registry and not aiohttpretty.calls
    assert mocked()

@pytest.mark.aiohttpretty
def test_failing():
    assert False

@pytest.fixture
def broken():
    raise RuntimeError("start")

@pytest.mark.aiohttpretty
def test_broken(broken):
    pass

@pytest.mark.aiohttpretty
class CaseTest(unittest.TestCase):
    def test_it(self):
        assert mocked()

def test_after_all():
    assert not mocked()
"""


@pytest.mark.parametrize("options", PLUGIN.values(), ids=PLUGIN)
@pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES)
def test_recipe(recipe, options, play):
    """Marked tests are mocked from a clean start, fixtures included, and nothing after them is."""
    result = play(TESTS, "--strict-markers", *options, conftest=recipe)
    assert result.parseoutcomes() == {"passed": 6, "failed": 1, "errors": 1}


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES)
def test_recipe_beside_the_plugin_notices(recipe, play):
    """A swallowed error fails the test, even if the project's own teardown has cleared by then."""
    result = play(
        """
        @pytest.mark.aiohttpretty
        async def test_it():
            assert await swallow() == "swallowed"

        def test_after():
            assert not mocked()
        """,
        conftest=recipe,
    )
    assert result.parseoutcomes() == {"passed": 2, "errors": 1}
    result.stdout.fnmatch_lines(["*ERROR at teardown of test_it*", "No URLs matching GET http://example.com/ *"])


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES)
def test_recipe_beside_the_fixture(recipe, play):
    """The project's hooks and the plug-in's fixture meet in one test without harm."""
    result = play(
        """
        @pytest.mark.aiohttpretty
        async def test_both(aiohttpretty):
            aiohttpretty.register_uri("GET", URL, body="hello")
            assert await fetch() == "hello"

        async def test_fixture(aiohttpretty):
            aiohttpretty.register_uri("GET", URL, body="hello")
            assert await fetch() == "hello"

        def test_after():
            assert not mocked()
        """,
        conftest=recipe,
    )
    assert result.parseoutcomes() == {"passed": 3}


def test_a_project_with_a_fixture_of_its_own(play):
    """A project's own fixture named `aiohttpretty` takes the place of the plug-in's."""
    result = play(
        """
        async def test_it(aiohttpretty):
            assert aiohttpretty == "mine"
            assert not mocked()
        """,
        conftest="""
        import pytest

        @pytest.fixture
        def aiohttpretty():
            return "mine"
        """,
    )
    assert result.parseoutcomes() == {"passed": 1}

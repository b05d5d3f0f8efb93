"""The ways in and out that are pytest's: the marker and the fixture."""

import gc
import textwrap

from leaks.under_way import KINDS

CONFTEST = """
    import gc

    import aiohttp
    import pytest
    from leaks.scene import ORIGINAL

    import aiohttpretty

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(item, nextitem):
        result = yield
        scene = item.module.scenes.pop()
        assert aiohttp.ClientSession.__dict__["_request"] is ORIGINAL
        scene.tidy()
        assert (scene.touched(), scene.tasks, scene.timers) == (set(), [], [])
        scene.let_go()
        item.funcargs = {}
        aiohttpretty.clear()  # as the next test does it that is mocked
        gc.collect()
        print("LEFT", item.name, scene.alive())
        return result
"""
TESTS = """
    import pytest
    from leaks.scene import Failed, Scene

    scenes = []
    kinds = pytest.mark.parametrize("kind", KINDS)

    def play(kind, end):
        scenes.append(Scene(kind, end))
        scenes[0].drive(scenes[0].body)

    @kinds
    @pytest.mark.aiohttpretty
    def test_marked(kind):
        play(kind, "returns")

    @kinds
    def test_with_the_fixture(aiohttpretty, kind):
        play(kind, "returns")

    @kinds
    @pytest.mark.aiohttpretty
    def test_failed(kind):
        with pytest.raises(Failed):
            play(kind, "fails")
"""


def test_marker_and_fixture(pytester):
    """After the test, whatever is under way, aiohttp and the connector are as they were, and nothing is alive."""
    pytester.makeini("[pytest]\nasyncio_default_fixture_loop_scope = function")
    pytester.makeconftest(CONFTEST)
    pytester.makepyfile(f"KINDS = {list(KINDS)}\n" + textwrap.dedent(TESTS))
    gc.collect()
    gc.freeze()  # so that the garbage collector has little to do
    try:
        result = pytester.runpytest_inprocess("-p", "no:cacheprovider", "-p", "no:randomly", "-s", "-q")
    finally:
        gc.unfreeze()
    left = [line for line in result.outlines if "LEFT" in line]
    assert len(left) == 3 * len(KINDS), result.outlines
    assert [line for line in left if not line.endswith("[]")] == []

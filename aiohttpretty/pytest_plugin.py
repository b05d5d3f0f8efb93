"""The marker and the fixture `aiohttpretty`.

Both clear and activate before the test and deactivate after it, whatever became of it, and fail it at teardown when a
request was not answered and nobody noticed. A test that uses neither is not touched.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from types import CodeType, ModuleType
from typing import Any

import pytest

import aiohttpretty as front_door

from . import report

MARKER = "aiohttpretty: mock the requests of aiohttp's client in this test"
_ON: pytest.StashKey[bool] = pytest.StashKey()


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", MARKER)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    # before any fixture, which may register something
    if item.get_closest_marker("aiohttpretty") is not None:
        item.stash[_ON] = True
        _switch_on()


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, None, None]:
    if not item.stash.get(_ON, False):
        return (yield)
    del item.stash[_ON]
    # now, because a hook of the project's conftest may clear; and once more, for what the fixtures' ends ask for
    unnoticed = _unnoticed(item)
    try:
        result = yield
    finally:
        front_door.deactivate()
    unnoticed += [record for record in _unnoticed(item) if record not in unnoticed]
    _fail_if_any(unnoticed)
    return result


@pytest.fixture(name="aiohttpretty")
def _aiohttpretty(request: pytest.FixtureRequest) -> Iterator[ModuleType]:
    """Mock the requests of aiohttp's client in this test; gives the module `aiohttpretty`."""
    item: pytest.Item = request.node
    if item.stash.get(_ON, False):
        yield front_door  # the marker does it all, and what was registered since must stay
        return
    _switch_on()
    try:
        yield front_door
    finally:
        front_door.deactivate()
    _fail_if_any(_unnoticed(item))


def _switch_on() -> None:
    front_door.clear()
    front_door.activate()


def _fail_if_any(records: list[Any]) -> None:
    if records:
        pytest.fail(report.unmatched(records), pytrace=False)


def _unnoticed(item: pytest.Item) -> list[Any]:
    test = frozenset(_test_codes(getattr(item, "obj", None)))
    return [record for record in front_door.unmatched if not record.codes & test]


def _test_codes(function: Any) -> Iterator[CodeType]:
    """The code of the test function, of what decorators wrapped, and of the functions written inside it."""
    while function is not None:
        code = getattr(function, "__code__", None)
        if code is not None:
            yield from _nested(code)
        # hypothesis calls the test through a function of its own
        inner = getattr(getattr(function, "hypothesis", None), "inner_test", None)
        function = inner if inner is not None else getattr(function, "__wrapped__", None)


def _nested(code: CodeType) -> Iterator[CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _nested(constant)

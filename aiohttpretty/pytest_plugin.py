"""The marker and the fixture `aiohttpretty`.

Both clear and activate before the test and deactivate after it, whatever became of it, and fail it at teardown when a
request was not answered and nobody noticed. A test that uses neither is not touched.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from functools import partial
from types import CellType, CodeType, FunctionType, ModuleType
from typing import Any

import pytest

import aiohttpretty as front_door

from . import report

MARKER = "aiohttpretty: mock the requests of aiohttp's client in this test"
# Where pytest catches what comes out of a test or a fixture: an error that has come this far is in its report.
_REPORTED = pytest.CallInfo.from_call.__func__.__code__  # type: ignore[attr-defined]
_SEEN_BY: pytest.StashKey[frozenset[CodeType]] = pytest.StashKey()
_ON: pytest.StashKey[bool] = pytest.StashKey()


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", MARKER)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    # before any fixture, which may register something
    if item.get_closest_marker("aiohttpretty") is not None:
        item.stash[_SEEN_BY] = _seen_by(item)
        item.session.stash[_ON] = True
        _switch_on()


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, None, None]:
    __tracebackhide__ = True  # other tests' errors pass through here, too
    seen_by = item.stash.get(_SEEN_BY, None)
    if seen_by is None:
        return (yield)
    del item.stash[_SEEN_BY]
    # now, because a hook of the project's conftest may clear; and once more, for what the fixtures' ends ask for
    unnoticed = _unnoticed(seen_by)
    try:
        result = yield
    except BaseException:
        if unnoticed:  # it fails already; that may be why
            item.add_report_section("teardown", "aiohttpretty", report.unmatched(unnoticed))
        raise
    finally:
        item.session.stash[_ON] = False
        front_door.deactivate()
    unnoticed += [record for record in _unnoticed(seen_by) if record not in unnoticed]
    _fail_if_any(unnoticed)
    return result


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> Generator[None, None, None]:
    try:
        return (yield)
    finally:
        # Ctrl-C and pytest.exit() leave out the teardown of the test that they stop
        if session.stash.get(_ON, False):
            front_door.deactivate()


@pytest.fixture(name="aiohttpretty")
def _aiohttpretty(request: pytest.FixtureRequest) -> Iterator[ModuleType]:
    """Mock the requests of aiohttp's client in this test; gives the module `aiohttpretty`."""
    item: pytest.Item = request.node
    if _SEEN_BY in item.stash:
        yield front_door  # the marker does it all, and what was registered since must stay
        return
    seen_by = _seen_by(item)
    _switch_on()
    try:
        yield front_door
    finally:
        front_door.deactivate()
    _fail_if_any(_unnoticed(seen_by))


def _switch_on() -> None:
    front_door.clear()
    front_door.activate()


def _fail_if_any(records: list[Any]) -> None:
    if records:
        pytest.fail(report.unmatched(records), pytrace=False)


def _unnoticed(seen_by: frozenset[CodeType]) -> list[Any]:
    return [record for record in front_door.unmatched if not record.codes & seen_by]


def _seen_by(item: pytest.Item) -> frozenset[CodeType]:
    """Whose frames an error must have passed through to be noticed; asked before other plug-ins wrap the test."""
    codes = {_REPORTED}
    layers: list[Any] = []
    function = getattr(item, "obj", None)
    while function is not None and function not in layers:
        layers.append(function)
        if isinstance(code := getattr(function, "__code__", None), CodeType):
            codes.update(_nested(code))
        function = _inner(function, getattr(item, "originalname", None))
    return frozenset(codes)


def _inner(function: Any, name: str | None) -> Any:
    """What a decorator has wrapped, if it has."""
    if isinstance(function, partial):
        return function.func
    if getattr(function, "is_hypothesis_test", False) is True:  # it calls the test through a function of its own
        return function.hypothesis.inner_test
    if (wrapped := getattr(function, "__wrapped__", None)) is not None:
        return wrapped
    # a decorator without functools.wraps has the test in its closure
    enclosed = getattr(function, "__closure__", None) or ()
    return next((cell.cell_contents for cell in enclosed if _is_function(cell, name)), None)


def _is_function(cell: CellType, name: str | None) -> bool:
    try:
        return type(cell.cell_contents) is FunctionType and cell.cell_contents.__name__ == name
    except ValueError:  # it is empty
        return False


def _nested(code: CodeType) -> Iterator[CodeType]:
    """The code of a function, and of the functions written inside it."""
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _nested(constant)

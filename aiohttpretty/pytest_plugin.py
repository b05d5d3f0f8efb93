"""The marker and the fixture `aiohttpretty`.

Both clear and activate before the test and deactivate after it, whatever became of it, and fail it at teardown when a
request was not answered and nobody noticed, or, if the settings ask for it, when a route was not used. A test that has
failed gets a section in pytest's report, and is not failed again. A test that uses neither is not touched.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest

import aiohttpretty as front_door

from .errors import AiohttprettyError
from .plugin import sections, settings
from .plugin.watch import Watch

if TYPE_CHECKING:
    from .loopback.redirector import Redirector
    from .loopback.tls import Authority

MARKER = f"{settings.MARKER}(**settings): mock the requests of aiohttp's client in this test"
_WATCH: pytest.StashKey[Watch] = pytest.StashKey()
_OFF: pytest.StashKey[Callable[[], None]] = pytest.StashKey()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.getgroup("aiohttpretty").addoption(
        "--aiohttpretty-show",
        choices=("never", "failed", "always"),
        default="failed",
        help="of which tests the report shows what they requested (default: failed)",
    )
    settings.declare(parser)


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", MARKER)
    config.add_cleanup(settings.of_project(config))


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    # before any fixture, which may register something
    if item.get_closest_marker(settings.MARKER) is None:
        return
    watch = item.stash[_WATCH] = Watch(item, _checked(settings.of_item, item), by_marker=True)
    item.session.stash[_OFF] = watch.undo


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_call(item: pytest.Item) -> None:
    if _WATCH not in item.stash and item.get_closest_marker(settings.MARKER) is not None:
        pytest.fail(
            f"The marker {settings.MARKER} was added to this test after its setup had begun, so that nothing is "
            f"mocked. Ask for the fixture instead: request.getfixturevalue({settings.MARKER!r}).",
            pytrace=False,
        )


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, None, None]:
    __tracebackhide__ = True  # other tests' errors pass through here, too
    watch = item.stash.get(_WATCH, None)
    if watch is None or not watch.by_marker:
        return (yield)
    # now, because a hook of the project's conftest may clear; and once more, for what the fixtures' ends ask for
    watch.look(anew=True)
    try:
        result = yield
    finally:
        watch.look()
        watch.undo()
    _end(item, watch)
    return result


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    watch = item.stash.get(_WATCH, None)
    if watch is None:
        return report
    show = item.config.getoption("--aiohttpretty-show")
    ends = report.when == "teardown"
    if not ends:
        watch.look(anew=True)
    texts = []
    if report.failed:
        if show != "never":
            error = call.excinfo.value if call.excinfo is not None else None
            texts += [*(sections.explanation(recall, error) for recall in watch.recalls()), watch.timeline()]
        texts += [watch.unnoticed(), watch.bugs()]
    elif show == "always" and report.when == "call":
        texts.append(watch.timeline())
    sections.add(report, [text for text in texts if text])
    watch.remember(report.when)
    watch.failed |= report.failed or hasattr(report, "wasxfail")
    watch.skipped |= report.skipped
    if ends:
        # with all that it has seen
        del item.stash[_WATCH]
        item.session.stash[_OFF] = _nothing
    return report


def pytest_assertrepr_compare(op: str, left: object, right: object) -> list[str] | None:
    return sections.comparison(op, left, right)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> Generator[None, None, None]:
    with sections.dressed(terminalreporter):
        result = yield
        if config.getoption("--aiohttpretty-show") == "always":
            sections.print_passed(terminalreporter)
    return result


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> Generator[None, None, None]:
    try:
        return (yield)
    finally:
        # Ctrl-C and pytest.exit() leave out the teardown of the test that they stop
        session.stash.get(_OFF, _nothing)()


@pytest.fixture(name="aiohttpretty")
def _aiohttpretty(request: pytest.FixtureRequest) -> Iterator[ModuleType]:
    """Mock the requests of aiohttp's client in this test; gives the module `aiohttpretty`."""
    item: pytest.Item = request.node
    words = _checked(settings.of_parameter, request)
    watch = item.stash.get(_WATCH, None)
    if watch is not None and watch.on:
        # the marker does it all, and what was registered since must stay
        handle = front_door.activate(**words)
        try:
            yield front_door
        finally:
            handle.undo()
        return
    watch = item.stash[_WATCH] = Watch(item, words, by_marker=False)
    try:
        yield front_door
    finally:
        watch.look(anew=True)
        watch.undo()
    _end(item, watch)


@pytest.fixture(scope="session")
def aiohttp_tls() -> Authority:
    """Certificates for servers on this machine, and contexts of clients that trust them; made for this run."""
    from .loopback.tls import Authority  # noqa: PLC0415 - few tests have TLS

    return Authority()


@pytest.fixture
def aiohttp_redirector(aiohttp_tls: Authority) -> Iterator[Redirector]:
    """Leads hosts to servers on this machine: `add_server(host, port, target_port)`, and a `session` for the code."""
    from .loopback.redirector import Redirector  # noqa: PLC0415 - few tests need it

    redirector = Redirector(aiohttp_tls)
    yield redirector
    redirector.end()


def _nothing() -> None:
    """There is nothing to switch off."""


def _checked(read: Callable[[Any], dict[str, Any]], source: Any) -> dict[str, Any]:
    try:
        return read(source)
    except AiohttprettyError as error:
        said = str(error)
    pytest.fail(said, pytrace=False)  # out here, or pytest would tell of two errors


def _end(item: pytest.Item, watch: Watch) -> None:
    """Fail the test for what is wrong at its end; if it has failed already, only say so."""
    text = "\n\n".join(filter(None, [watch.unnoticed(), watch.bugs(), watch.left_over()]))
    if text and watch.failed:
        item.add_report_section("teardown", sections.NAME, text)
    elif text:
        pytest.fail(text, pytrace=False)

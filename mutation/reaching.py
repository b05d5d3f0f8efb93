"""Which tests reach which line: a pytest plug-in that has coverage note the test, and its reader.

A test is named in coverage's data by its pytest node id. What runs while no test runs (imports) has no name.
"""

import json
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import coverage
import pytest

DURATIONS = "durations.json"


class Noting:
    """The plug-in of the run that is measured: `pytest -p mutation.reaching` under `coverage run`."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        """From its fixtures to their end, everything is this test's."""
        measured = coverage.Coverage.current()
        assert measured is not None, "run this under `coverage run`"
        measured.switch_context(item.nodeid)
        began = time.perf_counter()
        try:
            return (yield)
        finally:
            self.seconds[item.nodeid] = time.perf_counter() - began
            measured.switch_context("")

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        (session.config.rootpath / DURATIONS).write_text(json.dumps(self.seconds))


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(Noting())


class Reach:
    """Who reaches a line, quickest first."""

    def __init__(self, root: Path, module: Path) -> None:
        data = coverage.CoverageData(str(root / ".coverage"))
        data.read()
        self.seconds: dict[str, float] = json.loads((root / DURATIONS).read_text())
        self._by_line = data.contexts_by_lineno(str(root / module))

    def everybody(self) -> set[str]:
        """All tests that enter the module."""
        return {test for tests in self._by_line.values() for test in tests if test}

    def tests(self, lines: range, budget: float) -> list[str]:
        """The tests that run one of these lines, for so many seconds at most: the quickest first, a case of each.

        (Of a parametrized test, the second case comes behind the first one of all others: it says less that is new.)
        Of a line that coverage has missed (it may be blind for a moment behind an exception in C), they are those of
        the nearest line above it. What is run by an import alone is everybody's.
        """
        found: set[str] = set()
        for first in range(lines.start, max(lines.start - 4, 0), -1):
            found = found or {test for line in range(first, lines.stop) for test in self._by_line.get(line, ()) if test}
        found = found or self.everybody()
        chosen: list[str] = []
        quickest = sorted(found, key=lambda test: (self.seconds[test], test))
        cases = Counter[str]()
        turns: dict[str, int] = {}
        for test in quickest:
            cases[function := test.partition("[")[0]] += 1
            turns[test] = cases[function]
        for test in sorted(quickest, key=turns.__getitem__):
            budget -= self.seconds[test]
            if budget < 0 and chosen:
                break
            chosen.append(test)
        return chosen

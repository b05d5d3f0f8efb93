"""One change after the other, each in a process that is forked off one that has collected the tests."""

import difflib
import importlib
import os
import random
import signal
import subprocess
import sys
import time
from argparse import Namespace
from collections import Counter
from contextlib import suppress
from pathlib import Path

import pytest
from _pytest.runner import runtestprotocol

from mutation.places import Place, places
from mutation.reaching import Reach
from mutation.swapping import swapped

PATIENCE = 20  # seconds, beside four times what the tests take
IMPORTED = 3  # an exit status: the change is one of those that only an import makes


class Trying:
    """The plug-in that tries changes, where pytest would run the tests that it collected."""

    def __init__(self, root: Path, arguments: Namespace) -> None:
        self.root = root
        self.arguments = arguments
        self.rows: list[str] = []
        self._items: dict[str, pytest.Item] = {}
        self._sound: set[str] = set()

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        self._items = {item.nodeid: item for item in session.items}
        for module in self.arguments.modules:
            came = self._module(module)
            tried = sum(came.values()) - came["places"] - came["nonsense"]
            row = (came["places"], tried, came["killed"], came["timed out"], came["unreached"], came["survived"])
            self.rows.append("| " + " | ".join([f"`{module}`", *map(str, row)]) + " |")
            _say(self.rows[-1])
        return True

    def _module(self, module: Path) -> Counter[str]:
        """A sample of the module's places."""
        source = (self.root / module).read_text()
        seed, sample = f"{self.arguments.seed} {module}", self.arguments.sample
        everywhere = tried = places(source, seed)
        if sample and len(everywhere) > sample:
            tried = random.Random(seed).sample(everywhere, sample)
        reach = Reach(self.root, module)
        importlib.import_module(".".join(module.with_suffix("").parts))  # some are entered by the first test only
        came: Counter[str] = Counter(places=len(everywhere))
        for place in sorted(tried, key=lambda place: place.lines.start):
            if self.arguments.line and not set(self.arguments.line) & set(place.lines):
                continue
            tests = [test for test in reach.tests(place.lines, self.arguments.budget) if test in self._items]
            patience = PATIENCE + 4 * sum(reach.seconds[test] for test in tests)
            word, diff = self._one(module, source, place, tests, patience)
            came[word] += 1
            if word not in {"killed", "nonsense"}:
                _say(f"\n{module}:{place.lines.start} {place.operator} {word} ({len(tests)} tests)\n{diff}")
        return came

    def _one(self, module: Path, source: str, place: Place, tests: list[str], patience: float) -> tuple[str, str]:
        """What came of one change, and its diff."""
        changed = place.changed(source)
        assert changed is not None, place
        diff = "\n".join(list(difflib.unified_diff(source.splitlines(), changed.splitlines(), lineterm="", n=2))[2:])
        try:
            compile(changed, str(module), "exec")
        except SyntaxError:
            return "nonsense", diff
        if not tests:
            return "unreached", diff
        status, by = self._forked(module, source, changed, tests, patience)
        while by is not None and not self._is_sound(by):
            tests = [test for test in tests if test != by]
            status, by = self._forked(module, source, changed, tests, patience)
        if status == IMPORTED and self.arguments.bodies:
            return "nonsense", diff
        # what tests did while they were imported (decorating a class, say) was done without the change
        if status == IMPORTED or (status == 0 and not self.arguments.bodies):
            status = self._anew(module, source, changed, tests, patience)
        return {None: "timed out", 0: "survived"}.get(status, "killed"), diff

    def _is_sound(self, test: str) -> bool:
        """Whether it passes in a fork without any change; one that doesn't is asked no more."""
        if test not in self._sound:
            if self._forked(None, "", "", [test], 60)[0] != 0:
                _say(f"left out, because it fails here without any change: {test}")
                del self._items[test]
                return False
            self._sound.add(test)
        return True

    def _forked(
        self, module: Path | None, source: str, changed: str, tests: list[str], patience: float
    ) -> tuple[int | None, str | None]:
        """The tests, in a child of this process: its exit status (None if it needs too long), and which one failed."""
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            status = IMPORTED
            try:
                os.setpgid(0, 0)
                _mute()
                if module is None or swapped(str(self.root / module), source, changed):
                    status = 1
                    status = self._run(tests, writing)
            finally:
                os._exit(status)
        os.close(writing)
        end = time.monotonic() + patience
        gone = 0
        while not gone and time.monotonic() < end:
            time.sleep(0.01)
            gone, status = os.waitpid(child, os.WNOHANG)
        _end(child)
        with os.fdopen(reading) as pipe:
            said = pipe.read() or None
        if not gone:
            os.waitpid(child, 0)
            return None, None
        return os.waitstatus_to_exitcode(status), said

    def _run(self, tests: list[str], writing: int) -> int:
        """Until one fails, which is said."""
        items = [self._items[test] for test in tests]
        for item, following in zip(items, [*items[1:], None], strict=True):
            if any(report.failed for report in runtestprotocol(item, nextitem=following, log=False)):
                os.write(writing, item.nodeid.encode())
                return 1
        return 0

    def _anew(self, module: Path, source: str, changed: str, tests: list[str], patience: float) -> int | None:
        """The same in a new process, with the change in the copy's file."""
        path = self.root / module
        for stale in (path.parent / "__pycache__").glob(f"{path.stem}.*.pyc"):
            stale.unlink()
        command = [sys.executable, "-B", "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *tests]
        try:
            path.write_text(changed)
            running = subprocess.Popen(command, cwd=self.root, start_new_session=True, stdout=-3, stderr=-3)
            try:
                return running.wait(patience)
            except subprocess.TimeoutExpired:
                return None
            finally:
                _end(running.pid)
                running.wait()
        finally:
            path.write_text(source)


def _mute() -> None:
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nowhere, stream)


def _end(group: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)


def _say(text: str) -> None:
    os.write(1, f"{text}\n".encode())

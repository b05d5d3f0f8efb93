"""What the plug-in adds to pytest's reports.

Law of this room: it goes by pytest's own sections, so that it travels with a report, to a file or out of another
process; colours are given only where pytest prints, by pytest's terminal writer.
"""

from __future__ import annotations

import ast
import linecache
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import TYPE_CHECKING, Any

import pytest

from ..records.call import Call

if TYPE_CHECKING:
    from ..records.recall import Recall

NAME = "aiohttpretty"
_PLAIN = str.maketrans({"✓": "+", "✗": "x", "·": "?", "…": "...", "⏎": "\\n"})


def add(report: pytest.TestReport, texts: Sequence[str]) -> None:
    """Add a section to a report, if there is something to say."""
    if not texts:
        return
    text = "\n\n".join(texts)
    # with the failure, if that can have one: there junitxml finds it, too, and --show-capture does not hide it
    addsection = getattr(report.longrepr, "addsection", None)
    if addsection is None:
        report.sections.append((NAME, text))
    else:
        addsection(NAME, text)


def explanation(recall: Recall, error: BaseException | None) -> str:
    """What there is to say of `has_call`, if the assertion that failed has just asked it; else nothing."""
    if not isinstance(error, AssertionError):
        return ""
    if not any(_asked_there(recall, traceback) for traceback in _steps(error.__traceback__)):
        return ""
    from ..records import recalled  # noqa: PLC0415 - only when a test has failed

    return recalled.explained(recall)


def comparison(op: str, left: object, right: object) -> list[str] | None:
    """What differs between a call and a mapping, or between calls and a list of mappings, for pytest's assertions."""
    if op != "==":
        return None
    if isinstance(left, Mapping) and isinstance(right, Mapping):
        return _of_one(left, right)
    if isinstance(left, Sequence) and isinstance(right, Sequence):
        return _of_several(left, right)
    return None


def _of_one(left: Mapping[Any, Any], right: Mapping[Any, Any]) -> list[str] | None:
    call, expected = (left, right) if isinstance(left, Call) else (right, left)
    if not isinstance(call, Call):
        return None
    from ..records.passed import ABSENT, apart  # noqa: PLC0415 - only when a test has failed

    names = [*expected, *(name for name in call if name not in expected)]
    found = [list(apart(str(name), expected.get(name, ABSENT), call.get(name, ABSENT))) for name in names]
    equal = sum(1 for points in found if not points)
    where = f", asked at {call.asked_at}," if call.asked_at is not None else ""
    return [
        f"{call.method} call == expected",
        f"The call{where} differs; {equal} of {len(names)} items are equal.",
        *(str(point) for points in found for point in points),
    ]


def _of_several(left: Sequence[Any], right: Sequence[Any]) -> list[str] | None:
    from ..records.passed import equal  # noqa: PLC0415 - only when a test has failed

    for at, pair in enumerate(zip(left, right, strict=False)):
        if not all(isinstance(one, Mapping) for one in pair):
            return None
        if not equal(*pair):
            told = _of_one(*pair)
            return told and [f"{told[0]}, at index {at}", *told[1:]]
    return None


@contextmanager
def dressed(reporter: Any) -> Iterator[None]:
    """Have what is ours in colour, and without marks that the terminal can't show, while pytest's reporter prints it.

    Of a text that can't be encoded, pytest would escape the ends of the lines, too.
    """
    writer = reporter.config.get_terminal_writer()
    encoding = getattr(getattr(writer, "_file", None), "encoding", None) or "utf-8"
    kept: list[tuple[list[Any], int, Any]] = []
    for report in _reports(reporter, "failed", "error", "passed"):
        for sections in _places(report):
            for at, (name, text, *rest) in enumerate(sections):
                if name == NAME:
                    kept.append((sections, at, sections[at]))
                    sections[at] = (name, _encodable(_coloured(text, writer), encoding), *rest)
    try:
        yield
    finally:
        for sections, at, section in kept:
            sections[at] = section


def _coloured(text: str, writer: Any) -> str:
    if not writer.hasmarkup:
        return text
    from ..diagnosis import layout  # noqa: PLC0415 - only where there is something to print

    return layout.coloured(text, writer.markup)


def _encodable(text: str, encoding: str) -> str:
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return text.translate(_PLAIN).encode(encoding, "backslashreplace").decode(encoding)
    return text


def print_passed(reporter: Any) -> None:
    """Print the sections of tests that passed, unless pytest does (`-rP`)."""
    if reporter.hasopt("P"):
        return
    told = [(report, text) for report in _reports(reporter, "passed") for name, text in report.sections if name == NAME]
    if told:
        reporter.write_sep("=", NAME)
    for report, text in told:
        reporter.write_sep("_", report.head_line or report.nodeid)
        reporter.write_line(text)


def _places(report: Any) -> list[list[Any]]:
    return [getattr(report.longrepr, "sections", []), report.sections]


def _reports(reporter: Any, *kinds: str) -> Iterator[pytest.TestReport]:
    for kind in kinds:
        for report in reporter.stats.get(kind, ()):
            if isinstance(report, pytest.TestReport):
                yield report


def _steps(traceback: TracebackType | None) -> Iterator[TracebackType]:
    while traceback is not None:
        yield traceback
        traceback = traceback.tb_next


def _asked_there(recall: Recall, traceback: TracebackType) -> bool:
    file, line = traceback.tb_frame.f_code.co_filename, traceback.tb_lineno
    return recall.asked_at.file == file and recall.asked_at.line in _statement(file, line)


def _statement(file: str, line: int) -> range:
    """The lines of the statement that a line belongs to."""
    found = range(line, line + 1)
    try:
        tree = ast.parse("".join(linecache.getlines(file)))
    except (SyntaxError, ValueError):  # it has changed since, or is none
        return found
    for node in ast.walk(tree):
        # of a compound one, whose lines hold others, only the line itself
        if isinstance(node, ast.stmt) and not hasattr(node, "body"):
            lines = range(node.lineno, (node.end_lineno or node.lineno) + 1)
            if line in lines:
                found = lines
    return found

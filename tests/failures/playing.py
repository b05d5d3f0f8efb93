"""How a kind of failure comes about: by code that raises, by code that warns, by a child pytest."""

import ast
import linecache
import os
import re
import warnings
from contextlib import contextmanager
from inspect import CO_COROUTINE

import aiohttp
import pytest

import aiohttpretty
from aiohttpretty import match

from .kinds import Kind

FILE = "test_it.py"
_SECONDS = re.compile(r"\d+\.\d{3}(?= ?s\b)")
_PORT = re.compile(r"(?<=127\.0\.0\.1:)\d+")


def neutral(text: str) -> str:
    """A text without what differs from run to run: times, and the port of a server."""
    return _PORT.sub("50000", _SECONDS.sub("0.000", text))


async def raised(kind: Kind) -> str:
    """The text of the error that comes out of the code."""
    with pytest.raises(aiohttpretty.AiohttprettyError) as caught:
        await _run(kind.source)
    return neutral(str(caught.value))


async def warned_of(kind: Kind) -> str:
    """The warning, as Python prints it."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        await _run(kind.source)
    [warning] = caught
    where = f"{os.path.basename(warning.filename)}:{warning.lineno}"
    return f"{where}: {warning.category.__name__}: {warning.message}"


def told_by_pytest(kind: Kind, pytester: pytest.Pytester) -> str:
    """Of pytest's report, what the plug-in says: its sections, its failures, its comparisons."""
    pytester.makepyfile(**{FILE.removesuffix(".py"): kind.source})
    settings = ("-oasyncio_mode=auto", "-oasyncio_default_fixture_loop_scope=function")
    without = ("-p", "no:cacheprovider", "-p", "no:randomly", "-p", "no:hypothesispytest")
    told, ours, comparing = [], False, False
    for line in pytester.runpytest_inprocess(*without, *settings, "-W", "error").stdout.lines:
        if re.fullmatch(r"(=+|_+|-+) .* (=+|_+|-+)", line):  # where pytest begins another part
            ours = " aiohttpretty " in line or " ERROR at " in line
        comparing = line.startswith("E ") and (comparing or line.endswith(" call == expected"))
        if ours or comparing:
            told.append(line)
    return neutral("\n".join(told))


async def _run(source: str) -> None:
    with _written(source) as file:
        code = compile(source, file, "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        async with aiohttp.ClientSession() as session:
            names = {"__name__": "test_it", "session": session}
            names |= {"aiohttp": aiohttp, "aiohttpretty": aiohttpretty, "match": match}
            with aiohttpretty.activate():
                told = eval(code, names)
                if code.co_flags & CO_COROUTINE:
                    await told


@contextmanager
def _written(source: str):
    # in linecache only: a report names the line, and may look for one further down
    file = os.path.join(os.getcwd(), FILE)
    linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)
    try:
        yield file
    finally:
        del linecache.cache[file]

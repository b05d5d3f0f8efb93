"""Every example of the README and of the documentation runs as it is written there."""

import re
import subprocess
import sys
import textwrap
from functools import cache
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from sybil import Document
from sybil.parsers.markdown import CodeBlockParser

ROOT = Path(__file__).parent.parent
OPTIONS = ("-o", "asyncio_mode=auto", "-o", "asyncio_default_fixture_loop_scope=function", "-W", "error")
CONFTEST = "# conftest.py"
MARKED = """
import aiohttp
import aiohttpretty
import pytest


@pytest.mark.aiohttpretty
async def test_marked():
    aiohttpretty.register_uri("GET", "http://example.com/", body="hello")
    async with aiohttp.ClientSession() as session, session.get("http://example.com/") as response:
        assert await response.text() == "hello"


async def test_not_marked():
    assert aiohttp.ClientSession._request.__code__.co_filename == aiohttp.client.__file__
"""


def blocks(path, language):
    """The fenced code blocks of a page, with the lines on which they begin."""
    parser = CodeBlockParser(language=language, evaluator=lambda example: None)
    document = Document.parse(str(ROOT / path), parser)
    return [pytest.param(str(example.parsed), id=f"{path}:{example.line}") for example in document.examples()]


def is_conftest(block):
    """Whether it is not a test, but for all tests of a project."""
    return block.values[0].startswith(CONFTEST)


def examples(page):
    """The blocks that are tests."""
    return [block for block in blocks(page, "python") if not is_conftest(block)]


def module(name):
    """The module that an example is, by the page and the line of it."""
    return "test_" + re.sub(r"\W", "_", name)


SHOP = """
import aiohttp

async def order(url, items, token):
    async with aiohttp.ClientSession() as session:
        await session.post(url, json={"items": items}, headers={"Authorization": f"Bearer {token}"})
"""
ORDERING = """
import aiohttpretty
import pytest
from aiohttpretty import match
from shop import order

ORDERS = "https://api.example.com/orders"
TEA = {"sku": "T-1", "qty": 1}


@pytest.mark.aiohttpretty
async def test_an_order():
    expected = {"items": [TEA, {"sku": "C-1", "qty": 3}]}
    aiohttpretty.register_uri("POST", ORDERS, match=match.json(expected), status=201)
    await order(ORDERS, [TEA, {"sku": "C-1", "qty": "3"}], token="abc")
"""
PAGES = ["README.md", *sorted(str(path.relative_to(ROOT)) for path in (ROOT / "docs").glob("*.md"))]


@pytest.fixture(scope="session")
def played(tmp_path_factory):
    """`played(page)` runs the examples of a page, each a file of its own, and gives what became of each file's tests.

    One run for the whole page, because to begin one takes longer than all of its examples.
    """

    @cache
    def play(page):
        folder = tmp_path_factory.mktemp("page")
        for block in examples(page):
            (folder / f"{module(block.id)}.py").write_text(block.values[0])
        report = folder / "report.xml"
        command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", f"--junitxml={report}", *OPTIONS]
        run = subprocess.run(command, cwd=folder, capture_output=True, check=False)
        became = {}
        for case in ET.parse(report).iter("testcase"):
            became.setdefault(case.get("classname").split(".")[0], []).append([what.tag for what in case])
        return became, run.stdout.decode()

    return play


@pytest.mark.parametrize("block", [block for page in PAGES for block in examples(page)])
def test_example(block, request, played):
    """An example passes when it is run by pytest, from a file of its own, as a reader would do."""
    name = request.node.callspec.id
    became, printed = played(name.partition(":")[0])
    assert became.get(module(name)) == [[]] * block.count("def test_"), printed


@pytest.mark.parametrize("block", [block for page in PAGES for block in blocks(page, "python") if is_conftest(block)])
def test_conftest(block, pytester):
    """A conftest of an example does what it is said to do."""
    pytester.makeconftest(block)
    pytester.makepyfile(MARKED)
    result = pytester.runpytest_subprocess("-p", "no:cacheprovider", *OPTIONS)
    assert result.parseoutcomes() == {"passed": 2}


def test_the_quick_start_is_two_commands():
    """The section begins with one block of exactly the two commands that a newcomer needs."""
    section = (ROOT / "README.md").read_text().partition("## Quick start\n")[2]
    assert section.splitlines()[:5] == [
        "",
        "```sh",
        "python -m pip install . && python examples/quickstart.py",
        "python -m pip install '.[test]' && python -m pytest -n auto",
        "```",
    ]


def test_the_failure_that_is_shown(pytester):
    """The report in the README is what pytest prints, line for line."""
    shown = (ROOT / "README.md").read_text().partition("```text\n")[2].partition("```")[0]
    pytester.makepyfile(shop=SHOP, test_shop=ORDERING)
    result = pytester.runpytest_subprocess("-p", "no:cacheprovider", *OPTIONS)
    result.assert_outcomes(failed=1)
    errors = textwrap.dedent("\n".join(line[1:] for line in result.outlines if line.startswith("E")))
    assert errors.removeprefix("aiohttpretty.errors.NoMatchError: ").rstrip() == shown.rstrip()

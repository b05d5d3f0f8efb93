"""Every example of the README and of the documentation runs as it is written there."""

from pathlib import Path

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


PAGES = ["README.md", *sorted(str(path.relative_to(ROOT)) for path in (ROOT / "docs").glob("*.md"))]


@pytest.mark.parametrize("block", [block for page in PAGES for block in blocks(page, "python")])
def test_example(block, pytester):
    """An example passes when it is run by pytest, from a file of its own, as a reader would do."""
    if block.startswith(CONFTEST):
        pytester.makeconftest(block)
        block = MARKED
    pytester.makepyfile(block)
    result = pytester.runpytest_subprocess("-p", "no:cacheprovider", *OPTIONS)
    outcomes = result.parseoutcomes()
    assert outcomes.pop("passed") == block.count("def test_")
    assert outcomes == {}


def test_the_quick_start_is_two_commands():
    """The section begins with one block of exactly the two commands that a newcomer needs."""
    section = (ROOT / "README.md").read_text().partition("## Quick start\n")[2]
    assert section.splitlines()[:5] == [
        "",
        "```sh",
        "python -m pip install . && python examples/quickstart.py",
        "python -m pip install '.[test]' && python -m pytest",
        "```",
    ]

"""The page of all faults is made from what is written here, never from a run."""

import ast
from pathlib import Path

import aiohttp
import paging

import aiohttpretty
from aiohttpretty import faults

from . import page

PAGE = Path(__file__).parents[2] / "docs" / "faults.md"


def test_the_page(request):
    """The page in the documentation is the one that is made from this."""
    paging.check(request, PAGE, page.page(), "tests/faults")


def test_every_fault_is_on_the_page():
    """Whatever can go wrong has a line."""
    told = {one.fault.name for phase in page.PHASES for one in phase.situations if one.said != "-"}
    made = {
        name
        for name, one in vars(faults).items()
        if getattr(one, "__module__", "") == faults.__name__ and one.__annotations__.get("return") == "Fault"
    }
    assert told == {name for name in made if not name.startswith("_")}


async def test_its_example():
    """The example does what the page says."""
    names = {"aiohttpretty": aiohttpretty, "faults": faults}
    code = compile(page.EXAMPLE, "faults.md", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    async with aiohttp.ClientSession() as session:
        with aiohttpretty.activate():
            await eval(code, {**names, "session": session})

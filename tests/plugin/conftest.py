"""A child pytest, and the code under test that its test files use."""

import os
from importlib import import_module
from pathlib import Path
from textwrap import dedent

import pytest

import aiohttpretty

# A child in this process forgets the modules that it was the first to import; here, each would be there twice
PACKAGE = Path(aiohttpretty.__file__).parent
for room in PACKAGE.rglob("*.py"):
    import_module(".".join((PACKAGE.name, *room.relative_to(PACKAGE).with_suffix("").parts)))

# The code under test. It lives in a file of its own: what a test file's own functions do is another matter.
SDK = """
import asyncio

import aiohttp

ORIGINAL = aiohttp.ClientSession.__dict__["_request"]
URL = "http://example.com/"


async def fetch(url=URL):
    async with aiohttp.ClientSession() as session, session.get(url) as response:
        return await response.text()


async def swallow(url=URL):
    try:
        return await fetch(url)
    except Exception:
        return "swallowed"


async def hush(awaitable):
    try:
        return await awaitable
    except Exception:
        return "swallowed"


def mocked():
    return aiohttp.ClientSession.__dict__["_request"] is not ORIGINAL
"""

HEAD = """
import asyncio
import functools
import re
import sys
import unittest

import aiohttp
import aiohttpretty
import pytest
from sdk import ORIGINAL, URL, fetch, hush, mocked, swallow

"""

# Under uvloop, the child too
UVLOOP = """
import pytest

@pytest.hookimpl(optionalhook=True)
def pytest_asyncio_loop_factories(config, item):
    import uvloop

    return {"uvloop": uvloop.new_event_loop}
"""


@pytest.fixture
def play(pytester, monkeypatch):
    """Run a test file (and a conftest) in a child pytest, with every warning an error; gives the result."""

    for name in ("BUILD_NUMBER", "CI"):
        monkeypatch.delenv(name, raising=False)  # with one of them, pytest repeats whole messages in its summary

    def run(source, *options, conftest="", mode="auto", hypothesis=False, randomly=False, subprocess=False):
        if os.environ.get("AIOHTTPRETTY_LOOP") == "uvloop":
            conftest = UVLOOP + dedent(conftest)
        pytester.makeconftest(dedent(conftest))
        pytester.makepyfile(sdk=SDK, test_child=HEAD + dedent(source))
        start = pytester.runpytest_subprocess if subprocess else pytester.runpytest_inprocess
        settings = (f"asyncio_mode={mode}", "asyncio_default_fixture_loop_scope=function")
        # hypothesis's plug-in takes longer to import than all the rest together
        without = ["-p", "no:cacheprovider"] + ([] if hypothesis else ["-p", "no:hypothesispytest"])
        without += [] if randomly else ["-p", "no:randomly"]
        return start(*without, "-W", "error", *[f"-o{each}" for each in settings], *options)

    return run

"""Each file is collected only where all of its tools are installed; and a child pytest, for those that are plug-ins."""

from importlib.util import find_spec
from textwrap import dedent

import pytest

TOOLS = {
    "test_blocking.py": ("blockbuster",),
    "test_clients.py": ("aiohttp_client_cache", "aiohttp_retry", "backoff", "tenacity"),
    "test_company.py": ("ddtrace", "newrelic", "opentelemetry", "sentry_sdk"),
    "test_frozen_time.py": ("freezegun", "time_machine"),
    "test_nested_loops.py": ("nest_asyncio2",),
    "test_other_mocks.py": ("aioresponses", "pytest_httpx", "pytest_mock", "respx", "vcr"),
    "test_plugins.py": ("pytest_cov", "pytest_rerunfailures", "pytest_socket", "pytest_timeout"),
}

collect_ignore = [file for file, tools in TOOLS.items() if not all(map(find_spec, tools))]

HEAD = """
import asyncio
import socket

import aiohttp
import aiohttpretty as pretty
import pytest
from aiohttp import web

ORIGINAL = aiohttp.ClientSession.__dict__["_request"]
URL = "http://example.com/"
SEEN = []


def as_before():
    left = [name for connector in SEEN for name in ("connect", "_close") if name in vars(connector)]
    return aiohttp.ClientSession.__dict__["_request"] is ORIGINAL and not left


async def ask(url=URL, **options):
    async with aiohttp.ClientSession(**options) as session:
        SEEN.append(session.connector)
        async with session.get(url) as response:
            return await response.text()

"""


@pytest.fixture
def play(pytester, monkeypatch):
    """Run a test file in a child process of its own, with these plug-ins; gives the result."""
    # not all that are installed here: some of them are heavy
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")

    def run(source, plugins, *options, mode="auto"):
        pytester.makepyfile(test_child=HEAD + dedent(source))
        ini = ("-o", f"asyncio_mode={mode}", "-o", "asyncio_default_fixture_loop_scope=function")
        loaded = [f"-p{name}" for name in ("aiohttpretty.pytest_plugin", "pytest_asyncio.plugin", *plugins)]
        return pytester.runpytest_subprocess(*loaded, "-pno:cacheprovider", *ini, *options)

    return run

"""Reports as data, shortened and in colour; whole ones stand in tests/failures."""

import io

import aiohttp
import pytest
from _pytest._io import TerminalWriter

import aiohttpretty
from aiohttpretty import match
from aiohttpretty.diagnosis.layout import coloured

from .failing import failure

URI = "http://example.com/users"


@pytest.fixture(autouse=True)
def active():
    with aiohttpretty.activate():
        yield


@pytest.fixture
async def session():
    async with aiohttp.ClientSession() as session:
        yield session


async def test_the_data_behind_the_report(session):
    """What is told is there as data, too: the request, the nearest three, the nearest first, and what to write."""
    aiohttpretty.register_uri("GET", "https://other.example:8443/users")
    aiohttpretty.register_uri("GET", "http://example.com/user", params={"page": 1})
    aiohttpretty.register_uri("POST", URI, params={"page": 1})
    aiohttpretty.register_uri("GET", URI, params=[("page", 2), ("page", 3)])
    error = await failure(session.get(URI, params={"page": 1}))
    assert str(error.request.url) == "http://example.com/users?page=1"
    assert [candidate.route.method for candidate in error.candidates] == ["POST", "GET", "GET"]
    assert [miss.condition for candidate in error.candidates for miss in candidate.misses] == [
        "method",
        "params",
        "path",
    ]
    assert error.suggestion == "aiohttpretty.register_uri('GET', 'http://example.com/users?page=1', body=b'...')"


async def test_long_values(session):
    """Long values are cut around the difference, and no line is longer than 100 columns."""
    same = "x" * 500
    aiohttpretty.register_uri("POST", URI, match=match.json({"text": same + "one" + same, "list": list(range(200))}))
    error = await failure(session.post(URI, json={"text": same + "two" + same, "list": list(range(199))}))
    assert error.candidates[0].misses[0].difference == (
        "$.text: expected …xxxxxxxxxxxxone" + "x" * 28 + "…, got …xxxxxxxxxxxxtwo" + "x" * 28 + "…\n"
        "$.list: expected 200 items, got 199 items"
    )
    assert max(map(len, str(error).split("\n")[1:])) <= 100


def test_in_colour():
    """Each line gets its colour from pytest's own terminal writer; without colours it is the same text."""
    report = "No URLs matching GET /\n\nCause: none\n\nAsked:\n  request  GET /\n   ✗ host  a\n   ✓ path  b"

    def markup(text, **style):
        return f"<{'+'.join(style)}>{text}"

    assert coloured(report, markup).split("\n") == [
        "<red+bold>No URLs matching GET /",
        "",
        "<yellow+bold>Cause: none",
        "",
        "<bold>Asked:",
        "  request  GET /",
        "<red>   ✗ host  a",
        "<green>   ✓ path  b",
    ]
    assert coloured(report, TerminalWriter(io.StringIO()).markup) == report

"""Each kind of failure prints just what is written here, and the page shows just that."""

from pathlib import Path

import aiohttp
import paging
import pytest

import aiohttpretty

from . import playing, reported, unanswered, verified, warned
from .kinds import Section, page

PAGE = Path(__file__).parents[2] / "docs" / "failures.md"
SECTIONS = [
    Section(
        "A request without an answer",
        "It raises a `NoMatchError`, a `ResponsesExhausted` or a `BodyConsumedError` out of the request. They are no\n"
        "`aiohttp.ClientError`, `OSError` or `TimeoutError`, so that no retry takes them for a fault of the network.\n"
        "The error has `.request`, `.candidates` and `.suggestion` as data.",
        unanswered.KINDS,
    ),
    Section(
        "Verification",
        "It raises a `VerificationError`, which is an `AssertionError`; its `.nearest` has the calls and what each\n"
        "condition says of them.",
        verified.KINDS,
    ),
    Section(
        "In pytest's report",
        "Here the code is a whole test file, and what is shown is what the plug-in adds to pytest's report.",
        reported.KINDS,
    ),
    Section("Warnings", "They stand in pytest's summary; with `-W error` they are errors.", warned.KINDS),
]


@pytest.fixture(autouse=True)
def _nothing_is_remembered():
    """No route of an earlier test is told of."""
    aiohttpretty.activate.__self__._ledger.gone.clear()


def each(kinds):
    return pytest.mark.parametrize("kind", [pytest.param(kind, id=kind.title) for kind in kinds])


@each([*unanswered.KINDS, *verified.KINDS])
async def test_it_raises(kind):
    """The code raises an error with just this text."""
    assert await playing.raised(kind) == kind.text


@each(reported.KINDS)
def test_it_is_reported(kind, pytester):
    """The plug-in says just this of the test."""
    assert playing.told_by_pytest(kind, pytester) == kind.text


@each(warned.KINDS)
async def test_it_warns(kind, monkeypatch):
    """The code leads to just this warning."""
    monkeypatch.setattr(aiohttp.ClientSession, "_request", aiohttp.ClientSession.__dict__["_request"])
    assert await playing.warned_of(kind) == kind.text


def test_the_page(request):
    """The page in the documentation is the one that is made from this."""
    paging.check(request, PAGE, page(SECTIONS), "tests/failures")

"""The timeline of a test: what a few records look like, and what is left out of many."""

from types import SimpleNamespace

import pytest
from yarl import URL

from aiohttpretty.records.timeline import timeline

ROUTE = SimpleNamespace(origin="test_it.py:7")


def call(number=0, url="http://example.com/", *, status=200, at=None, error=None, attempt=1, before=None):
    return SimpleNamespace(
        method="GET", url=URL(url), status=status, error=error, route=ROUTE, attempt=attempt, redirected_from=before,
        started=100.0 + number if at is None else at,
    )  # fmt: skip


def unmatched(number, kind="NoMatchError", asked_at="sdk.py:3"):
    return SimpleNamespace(
        method="PUT", url=URL("http://example.com/"), kind=type(kind, (Exception,), {}), started=100.0 + number,
        asked_at=asked_at,
    )  # fmt: skip


def test_nothing():
    """Where there is nothing to tell, nothing is told."""
    assert timeline([], [], [], 100.0) == ""


def test_only_unused_routes():
    """A test that asked for nothing at all has no timeline but what was not used."""
    assert timeline([], [], ["GET http://example.com/ (test_it.py:7)"], 100.0) == (
        "No requests.\nNot used:\n  GET http://example.com/ (test_it.py:7)"
    )


def test_every_kind_of_event():
    """Each outcome has its words: answered, failed, both, neither; again; redirected; and why there was no answer."""
    calls = [
        call(0),
        call(1, status=None, error="TimeoutError: too\nslow"),
        call(2, status=None, attempt=2),
        call(3, error="BodyError: broken", before=call()),
    ]
    gaps = [
        unmatched(0.5),
        unmatched(1.5, "ResponsesExhausted"),
        unmatched(2.5, "BodyConsumedError", asked_at=None),
        unmatched(12.5, "SomethingNew"),
    ]
    assert (
        timeline(calls, gaps, [], 99.0)
        == """\
8 requests, 4 without an answer:
    1.000s  GET http://example.com/ -> 200, by test_it.py:7
✗   1.500s  PUT http://example.com/ -> no route answers this, asked at sdk.py:3
    2.000s  GET http://example.com/ -> TimeoutError: too slow, by test_it.py:7
✗   2.500s  PUT http://example.com/ -> no response is left, asked at sdk.py:3
    3.000s  GET http://example.com/ (attempt 2) -> not answered, by test_it.py:7
✗   3.500s  PUT http://example.com/ -> the body has been read
    4.000s  GET http://example.com/ (redirected) -> 200, BodyError: broken, by test_it.py:7
✗  13.500s  PUT http://example.com/ -> not answered, asked at sdk.py:3"""
    )


def test_before_the_test_began():
    """A call that a test has kept from before it began has no negative time; one that never was sent stands last."""
    never = call(url="http://example.com/never")
    never.started = None
    assert (
        timeline([never, call(-5)], [], [], 100.0)
        == """\
2 requests:
    0.000s  GET http://example.com/ -> 200, by test_it.py:7
            GET http://example.com/never -> 200, by test_it.py:7"""
    )


@pytest.mark.parametrize("frozen", [1_893_456_000.0, -631_152_000.0])
def test_a_clock_that_was_frozen_on_the_way(frozen):
    """What a tool such as freezegun says it is has no place among the seconds of the test, nor any say in the order."""
    calls = [call(1), call(2, at=frozen), call(3, at=frozen + 10), call(4)]
    assert (
        timeline(calls, [unmatched(5)], [], 100.0)
        == """\
5 requests, 1 without an answer:
    1.000s  GET http://example.com/ -> 200, by test_it.py:7
            GET http://example.com/ -> 200, by test_it.py:7
            GET http://example.com/ -> 200, by test_it.py:7
    4.000s  GET http://example.com/ -> 200, by test_it.py:7
✗   5.000s  PUT http://example.com/ -> no route answers this, asked at sdk.py:3"""
    )


def test_a_long_address_is_shortened_in_its_middle():
    """The host and the end are what one looks for; what is secret is left out before."""
    url = f"http://example.com/{'a' * 50}?token=s3cret&page={'1' * 50}end"
    told = timeline([call(url=url)], [], [], 100.0).splitlines()[1]
    assert told == f"    0.000s  GET http://example.com/{'a' * 26}…{'1' * 12}end -> 200, by test_it.py:7"


def test_many_requests_are_shortened_in_their_middle():
    """Of many, the first and the last are told, and whatever got no answer, in place."""
    lines = timeline([call(number) for number in range(100)], [unmatched(49.5)], [], 100.0).splitlines()
    assert lines[0] == "101 requests, 1 without an answer:"
    assert lines[20] == "   19.000s  GET http://example.com/ -> 200, by test_it.py:7"
    assert lines[21:24] == [
        "  ... 30 more ...",
        "✗  49.500s  PUT http://example.com/ -> no route answers this, asked at sdk.py:3",
        "  ... 30 more ...",
    ]
    assert lines[24] == "   80.000s  GET http://example.com/ -> 200, by test_it.py:7"
    assert len(lines) == 44


def test_many_unused_routes():
    """Of many, the first ten are named."""
    lines = timeline([], [], [f"route {number}" for number in range(13)], 100.0).splitlines()
    assert lines[2:] == [*(f"  route {number}" for number in range(10)), "  ... and 3 more"]


@pytest.mark.parametrize("count", [40, 41])
def test_the_limit(count):
    """Forty are told in full; of one more, one is left out."""
    text = timeline([call(number) for number in range(count)], [], [], 100.0)
    assert ("... 1 more ..." in text) == (count == 41)

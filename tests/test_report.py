"""A failure says what was asked, what was on offer and why each was refused, and what to do."""

import gc

import aiohttp
import pytest
from yarl import URL

import aiohttpretty
from aiohttpretty.diagnosis.report import unmatched


async def failure(method, uri, **keywords):
    with pytest.raises(aiohttpretty.NoMatchError) as caught:
        await aiohttpretty.fake_request(method, uri, **keywords)
    return str(caught.value)


@pytest.mark.parametrize(
    ("asked", "keywords", "first"),
    [
        ("http://example.com", {}, "http://example.com with params {}"),
        (URL("http://example.com/é"), {}, "http://example.com/%C3%A9 with params {}"),
        ("http://example.com/?a=1", {"params": {"a": "2"}}, "http://example.com/?a=1 with params {'a': ['1', '2']}"),
        ("http://example.com/", {"params": [("b", 1.5)]}, "http://example.com/ with params {'b': '1.5'}"),
        (
            "http://me:hunter22@example.com/?api_key=hunter22",
            {},
            "http://me:***@example.com/?api_key=*** with params {'api_key': '***'}",
        ),
    ],
)
async def test_the_first_line(asked, keywords, first):
    """The uri is written as the caller wrote it, the params are all that the request would have had."""
    report = await failure("get", asked, **keywords)
    assert report.splitlines()[0] == f"No URLs matching GET {first}. Not making request. Go fix your test."


async def test_the_first_line_of_a_hop():
    """Behind a redirect, the uri is the one that the redirect led to."""
    aiohttpretty.register_uri("GET", "http://example.com/", status=302, headers={"Location": "/there?a=1"})
    assert (await failure("GET", "http://example.com")).splitlines()[0] == (
        "No URLs matching GET http://example.com/there?a=1 with params {'a': '1'}. Not making request. "
        "Go fix your test."
    )


@pytest.mark.aiohttpretty
async def test_the_first_line_with_base_url():
    """A part of an address that the caller wrote is shown joined."""
    async with aiohttp.ClientSession("http://example.com/") as session:
        with pytest.raises(aiohttpretty.NoMatchError, match="^No URLs matching GET http://example.com/v1/users with"):
            await session.get("/v1/users")


async def test_a_record_outlives_its_error():
    """Where a route comes too late, the record says so, also if nobody has the error any more."""
    await failure("GET", "http://example.com/a")
    gc.collect()
    route = aiohttpretty.register_uri("GET", "http://example.com/a")
    [record] = aiohttpretty.unmatched
    said = f"Cause: it was registered only afterwards, at {route.origin}. Register it before the request is made."
    assert said in " ".join(record.report.split())


async def test_what_was_swallowed():
    """What was not answered and not noticed is told at the end of the test, each once."""
    for uri in ["http://example.com/a", "http://example.com/b", "http://example.com/a"]:
        await failure("GET", uri)
    first, second, _ = aiohttpretty.unmatched
    last = "If the test means this to happen, let it say so: aiohttpretty.unmatched.clear()."
    assert unmatched([first]) == (
        f"A request was not answered, and the error did not reach the test:\n\n{first.report}\n\n{last}"
    )
    assert unmatched(aiohttpretty.unmatched) == (
        "3 requests were not answered, and the error did not reach the test:\n\n"
        f"2 times: {first.report}\n\n{second.report}\n\n{last}"
    )

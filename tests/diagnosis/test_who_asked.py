"""The line that asked, whichever way the request was made."""

import asyncio
import inspect

import aiohttp
import pytest

import aiohttpretty
from aiohttpretty import match

URI = "http://example.com/"


def here():
    return inspect.currentframe().f_back.f_lineno


async def awaited(session):
    return await session.post(URI), here()


async def in_a_block(session):
    async with session.post(URI):
        pass


async def gathered(session):
    await asyncio.gather(session.post(URI), asyncio.sleep(0))


async def in_a_task(session):
    await asyncio.create_task(session._request("POST", URI))


async def in_a_task_that_nobody_awaits(session):
    task = asyncio.ensure_future(session.post(URI))
    await asyncio.wait([task])
    raise task.exception()


async def with_a_timeout(session):
    await asyncio.wait_for(session.post(URI), 5)


async def in_a_task_of_ones_own(session):
    await asyncio.create_task(awaited(session))


WAYS = {
    awaited: 1,
    in_a_block: 1,
    gathered: 1,
    in_a_task: 1,
    in_a_task_that_nobody_awaits: 2,
    with_a_timeout: 1,
    in_a_task_of_ones_own: None,
}


@pytest.mark.parametrize("sent", [False, True], ids=["before it was sent", "when it was whole"])
@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
async def test_who_asked(way, sent):
    """The report has the nearest line outside aiohttp: of the code that awaits, or of who waits for the task."""
    if sent:
        aiohttpretty.register_uri("POST", URI, match=match.header("X", "never"))
    with aiohttpretty.activate():
        async with aiohttp.ClientSession() as session:
            with pytest.raises(aiohttpretty.NoMatchError) as caught:
                await way(session)
    function, line = (awaited, 1) if WAYS[way] is None else (way, WAYS[way])
    expected = inspect.getsourcelines(function)[1] + line
    assert str(caught.value.request.asked_at) == f"tests/diagnosis/test_who_asked.py:{expected}"


async def test_the_error_keeps_no_session_alive(recwarn):
    """What the error carries is plain data: a session that is forgotten says so, though the error is kept."""
    errors = []

    async def forget():
        session = aiohttp.ClientSession(headers={"X": "1"})
        try:
            await session.post(URI, json={"a": 1})
        except aiohttpretty.NoMatchError as error:
            errors.append((error.request, error.candidates, error.suggestion))

    aiohttpretty.register_uri("GET", URI)
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: None)
    with aiohttpretty.activate():
        await forget()
        import gc

        gc.collect()
    assert any("Unclosed client session" in str(warning.message) for warning in recwarn)
    [(request, [candidate], suggestion)] = errors
    assert (request.method, str(request.url), request.headers["X"]) == ("POST", URI, "1")
    assert request.body == b'{"a": 1}'
    assert repr(request) == "<Question POST http://example.com/, 8 bytes>"
    assert candidate.route.method == "GET"
    assert suggestion == f"aiohttpretty.register_uri('POST', '{URI}', body=b'...')"

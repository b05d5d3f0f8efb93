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


class Driving:
    """An awaitable of somebody's own, which drives a coroutine from plain functions, as tracing tools do."""

    __slots__ = ("coroutine",)

    def __init__(self, coroutine):
        self.coroutine = coroutine

    def __await__(self):
        return self

    def __next__(self):
        return self.coroutine.send(None)


class Hiding(Driving):
    """The same, and nobody who looks at it finds the coroutine."""

    __slots__ = ("step",)

    def __init__(self, coroutine):
        self.step = coroutine.send

    def __next__(self):
        return self.step(None)


async def driven(session):
    await Driving(session._request("POST", URI))


async def hidden(session):
    await Hiding(session._request("POST", URI))


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


async def gathered_twice(session):
    await asyncio.gather(asyncio.gather(session.post(URI)))


async def gathered_behind_a_task(session):
    await asyncio.gather(asyncio.wait_for(asyncio.ensure_future(session.post(URI)), None))


async def ready():
    while True:
        await asyncio.sleep(0)


@pytest.fixture
async def others():
    """Tasks that have nothing to do with it: one waits for something else, one is always about to go on."""
    tasks = [asyncio.ensure_future(asyncio.Event().wait()), asyncio.ensure_future(ready())]
    yield
    for task in tasks:
        task.cancel()


@pytest.mark.parametrize("way", [gathered, in_a_task, gathered_twice, gathered_behind_a_task, driven])
async def test_among_other_tasks(way, others):
    """Where there are other tasks, it is who waits for it, also behind tasks that are asyncio's own."""
    aiohttpretty.register_uri("POST", URI, match=match.header("X", "never"))
    with aiohttpretty.activate():
        async with aiohttp.ClientSession() as session:
            with pytest.raises(aiohttpretty.NoMatchError) as caught:
                await way(session)
    expected = inspect.getsourcelines(way)[1] + 1
    assert str(caught.value.request.asked_at) == f"tests/diagnosis/test_who_asked.py:{expected}"


async def test_the_only_other_task():
    """Where nobody can be seen to wait for it, and there is one task only that could, it was that one."""
    aiohttpretty.register_uri("POST", URI, match=match.header("X", "never"))
    with aiohttpretty.activate():
        async with aiohttp.ClientSession() as session:
            with pytest.raises(aiohttpretty.NoMatchError) as caught:
                await hidden(session)
    expected = inspect.getsourcelines(hidden)[1] + 1
    assert str(caught.value.request.asked_at) == f"tests/diagnosis/test_who_asked.py:{expected}"


@pytest.mark.parametrize("way", [driven, hidden])
async def test_driven_from_plain_functions(way, others):
    """A function that drives a request without awaiting it hides who awaits that, but not the task: where it began."""
    with aiohttpretty.activate():
        async with aiohttp.ClientSession() as session:
            with pytest.raises(aiohttpretty.NoMatchError) as caught:
                began = here() + 1
                await way(session)
    assert str(caught.value.request.asked_at) == f"tests/diagnosis/test_who_asked.py:{began}"


async def test_nobody_is_named_by_guessing(others):
    """Among other tasks, where nobody can be seen to wait for a request, the report says nothing of who asked."""
    aiohttpretty.register_uri("POST", URI, match=match.header("X", "never"))
    with aiohttpretty.activate():
        async with aiohttp.ClientSession() as session:
            with pytest.raises(aiohttpretty.NoMatchError) as caught:
                await hidden(session)
    assert caught.value.request.asked_at is None
    assert "\n  by " not in str(caught.value)


def test_who_asked_in_an_interpreter():
    """What was typed into one, such as `python -m asyncio`, has a line, too."""
    typed = {"URI": URI}
    exec(compile("async def ask(session):\n    await session.post(URI)", "<stdin>", "exec"), typed)  # noqa: S102

    async def run():
        async with aiohttp.ClientSession() as session:
            with pytest.raises(aiohttpretty.NoMatchError) as caught:
                await typed["ask"](session)
            return caught.value.request.asked_at

    with aiohttpretty.activate():
        assert str(asyncio.run(run())) == "<stdin>:2"


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

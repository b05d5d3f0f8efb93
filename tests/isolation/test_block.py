"""The block: from nothing to nothing, beside the registries of the process, in another block, and misunderstood."""

import asyncio
import inspect

import aiohttp
import aiohttp.web
import pytest
from settling import outcome, raised, settle

import aiohttpretty
from aiohttpretty.errors import (
    AiohttprettyError,
    ControlError,
    DeactivatedError,
    HandlerError,
    NoMatchError,
    OptionTypeError,
    VerificationError,
)

from .asking import URI, ask, said

FOUND = aiohttp.ClientSession.__dict__["_request"]


def in_place():
    """Whether aiohttp is as it was found."""
    return aiohttp.ClientSession.__dict__["_request"] is FOUND


async def test_its_registry_answers_in_the_block():
    """What is registered in the block's registry is answered, recorded there, and only there."""
    async with aiohttpretty.isolated() as pretty:
        pretty.register_uri("GET", URI, body=b"inside")
        assert await ask() == "inside"
        assert pretty.has_call(URI)
        assert not aiohttpretty.calls
    assert in_place()
    assert pretty.has_call(URI)  # to be looked at behind the block, too


def test_a_plain_block_around_an_event_loop():
    """`with` does what `async with` does, also outside of any event loop."""
    with aiohttpretty.isolated() as pretty:
        pretty.register_uri("GET", URI, body=b"inside")
        assert asyncio.run(ask()) == "inside"
    assert in_place()


async def test_a_session_is_as_before():
    """When the last block has ended, the session's connector has nothing of ours left."""
    async with aiohttp.ClientSession() as session:
        before = dict(session.connector.__dict__)
        async with aiohttpretty.isolated() as pretty:
            pretty.register_uri("GET", URI, body=b"inside")
            assert await ask(session) == "inside"
        assert session.connector.__dict__.keys() == before.keys()
        assert in_place()


async def test_beside_the_registry_of_the_process():
    """On one session and one host, the block sees its own answer, and what it has no route for is asked outside."""
    other = "http://api.example.com/other"
    aiohttpretty.register_uri("GET", URI, body=b"outside")
    aiohttpretty.register_uri("GET", other, body=b"outside")
    with aiohttpretty.activate():
        async with aiohttp.ClientSession() as session:
            assert await ask(session) == "outside"
            async with aiohttpretty.isolated() as pretty:
                pretty.register_uri("GET", URI, body=b"inside")
                assert await ask(session) == "inside"
                assert await ask(session, other) == "outside"
            assert await ask(session) == "outside"
    assert [str(call.url) for call in pretty.calls] == [URI]
    assert [str(call.url) for call in aiohttpretty.calls] == [URI, other, URI]


async def test_conditions_are_asked_in_the_same_order():
    """Where matchers decide, those of the block are asked first, and those outside when they refuse."""
    aiohttpretty.register_uri("POST", URI, body=b"outside", match=aiohttpretty.match.json({"a": 1}))
    with aiohttpretty.activate():
        async with aiohttpretty.isolated() as pretty, aiohttp.ClientSession() as session:
            pretty.register_uri("POST", URI, body=b"inside", match=aiohttpretty.match.json({"b": 2}))
            for sent, came in (({"b": 2}, "inside"), ({"a": 1}, "outside")):
                async with session.post(URI, json=sent) as response:
                    assert await response.text() == came


async def test_an_answer_used_up_is_not_looked_for_outside():
    """The rule of precedence is that of several registries: one that knows the request says that it has no more."""
    aiohttpretty.register_uri("GET", URI, body=b"outside")
    with aiohttpretty.activate():
        async with aiohttpretty.isolated() as pretty:
            pretty.register_uri("GET", URI, body=b"inside", times=1)
            assert await ask() == "inside"
            assert type(await raised(ask())) is aiohttpretty.ResponsesExhausted


async def test_without_falling_through():
    """With fall_through=False nothing outside is asked; the error says so, and where the route is."""
    route = aiohttpretty.register_uri("GET", URI, body=b"outside")
    with aiohttpretty.activate():
        async with aiohttpretty.isolated(fall_through=False) as pretty:
            error = await raised(ask())
            assert [one.report for one in pretty.unmatched] == [str(error)]
    assert type(error) is NoMatchError
    assert (
        f"Cause: the route for it ({route.origin}) is outside of isolated(fall_through=False), which asks no registry "
        "outside. Leave fall_through out, or register in the block what is asked for in there. Asked:"
    ) in said(error)
    assert not aiohttpretty.calls
    assert not aiohttpretty.unmatched


async def test_what_is_proposed_can_be_pasted_into_the_block():
    """The registration that the report proposes is one of the block's registry, by the name that it has everywhere."""
    async with aiohttpretty.isolated() as pretty:
        error = await raised(ask())
        assert error.suggestion == f"pretty.register_uri('GET', '{URI}', body=b'...')"
        eval(error.suggestion)
        assert pretty.registry
        assert await ask() == "..."


async def test_what_it_does_not_shut_out():
    """A registry that is not active, and a block that the request would not see anyway, are not called outside."""
    route = aiohttpretty.register_uri("GET", URI, body=b"outside")
    async with aiohttpretty.isolated(fall_through=False):
        inactive = said(await raised(ask()))
    assert "is outside of isolated(fall_through=False)" not in inactive
    assert f"({route.origin})" in inactive
    aiohttpretty.clear()

    async def beside():
        async with aiohttpretty.isolated() as other:
            other.register_uri("GET", URI, body=b"beside")
            entered.set()
            await leave.wait()

    entered, leave = asyncio.Event(), asyncio.Event()
    task = asyncio.create_task(beside())
    await entered.wait()
    async with aiohttpretty.isolated(fall_through=False):
        assert "is outside of isolated(fall_through=False)" not in said(await raised(ask()))
    leave.set()
    await task


async def test_nested():
    """An inner block is asked before the outer one; one that does not fall through hides that, too."""
    async with aiohttpretty.isolated() as outer:
        outer.register_uri("GET", URI, body=b"outer")
        outer.register_uri("GET", "http://api.example.com/outer", body=b"outer")
        async with aiohttpretty.isolated() as inner:
            inner.register_uri("GET", URI, body=b"inner")
            assert await ask() == "inner"
            assert await ask(uri="http://api.example.com/outer") == "outer"
            async with aiohttpretty.isolated(fall_through=False) as innermost:
                innermost.register_uri("GET", "http://api.example.com/innermost", body=b"innermost")
                assert await ask(uri="http://api.example.com/innermost") == "innermost"
                assert "is outside of isolated(fall_through=False)" in said(await raised(ask()))
            assert await ask() == "inner"
        assert await ask() == "outer"
    assert in_place()


async def test_left_in_another_order():
    """Blocks that end in the order in which they began, as those of fixtures may, end all the same."""
    first, second = aiohttpretty.isolated(), aiohttpretty.isolated()
    one, other = first.__enter__(), second.__enter__()
    one.register_uri("GET", URI, body=b"first")
    other.register_uri("GET", "http://api.example.com/second", body=b"second")
    assert await ask() == "first"
    first.__exit__(None, None, None)
    assert await ask(uri="http://api.example.com/second") == "second"
    assert type(await raised(ask())) is NoMatchError
    second.__exit__(None, None, None)
    assert in_place()


async def test_left_in_another_task():
    """A block that is left by another task than the one that entered it, as by some fixtures, is over for both."""
    block = aiohttpretty.isolated()
    pretty = block.__enter__()
    pretty.register_uri("GET", URI, body=b"inside")

    async def leave():
        await block.__aexit__(None, None, None)

    await asyncio.create_task(leave())
    assert in_place()
    with aiohttpretty.activate():
        assert "whose block has ended. Make the request inside of the block." in said(await raised(ask()))


async def test_a_request_under_way_at_the_end_fails():
    """What a block has not answered by its end fails with our error; what another one answers goes on."""
    gate = asyncio.Event()

    async def slow(request):
        await gate.wait()
        return aiohttp.web.Response()

    async with aiohttp.ClientSession() as session, aiohttpretty.isolated() as outer:
        outer.register_uri("GET", "http://api.example.com/slow", handler=slow)
        async with aiohttpretty.isolated() as inner:
            inner.register_uri("GET", URI, body=b"never", delay=3600)
            cut = asyncio.create_task(outcome(session.get(URI)))
            goes_on = asyncio.create_task(outcome(session.get("http://api.example.com/slow")))
            await settle()
        assert type(await cut) is DeactivatedError
        gate.set()
        assert await goes_on == 200
    assert in_place()


async def test_on_and_off_in_the_block():
    """Switching its registry off and on in the block works as ever, and the end of the block is its end."""
    async with aiohttpretty.isolated() as pretty:
        pretty.register_uri("GET", URI, body=b"inside")
        pretty.deactivate()
        assert in_place()
        pretty.activate()
        pretty.activate()
        assert await ask() == "inside"
    assert in_place()


async def test_settings_of_its_own():
    """Its settings hold for it alone: what has to be used by the end of the block, and what time is."""
    with pytest.raises(VerificationError, match=r"GET http://api.example.com/price"):
        async with aiohttpretty.isolated(assert_all_called=True) as pretty:
            pretty.register_uri("GET", URI, body=b"never asked for")
    with aiohttpretty.activate(assert_all_called=True):
        async with aiohttpretty.isolated(time="instant") as pretty:
            pretty.register_uri("GET", URI, body=b"late", delay=60)
            assert await ask() == "late"
    assert in_place()


async def test_what_a_handler_lets_out_is_told_at_the_end():
    """A handler's exception is a 500 for the client, and fails the block that it was registered in."""

    async def handler(request):
        raise LookupError("no such price")

    with pytest.raises(HandlerError) as caught:
        async with aiohttpretty.isolated() as pretty, aiohttp.ClientSession() as session:
            pretty.register_uri("GET", URI, handler=handler)
            assert await outcome(session.get(URI)) == 500
    assert isinstance(caught.value.__cause__, LookupError)
    assert in_place()


async def test_the_error_of_the_block_comes_first():
    """An exception that leaves the block is not replaced by what the settings or handlers would have had to say."""
    with pytest.raises(ZeroDivisionError):
        async with aiohttpretty.isolated(assert_all_called=True) as pretty:
            pretty.register_uri("GET", URI, body=b"never asked for")
            raise ZeroDivisionError
    assert in_place()


async def test_what_pytest_shows_of_its_end():
    """The test's own frames, and none of ours: what fails there is the test."""
    with pytest.raises(VerificationError) as plain:
        with aiohttpretty.isolated(assert_all_called=True) as pretty:
            pretty.register_uri("GET", URI)
    with pytest.raises(VerificationError) as awaited:
        async with aiohttpretty.isolated(assert_all_called=True) as pretty:
            pretty.register_uri("GET", URI)
    for caught in (plain, awaited):
        assert [str(entry.path) for entry in caught.traceback.filter(caught)] == [__file__]


def test_entered_twice():
    """A block is good for once; the error says what to do."""
    block = aiohttpretty.isolated()
    with block, pytest.raises(ControlError) as caught:
        block.__enter__()
    assert str(caught.value) == (
        "This block of isolated() has been entered before, and its registry is good for one. Call "
        "aiohttpretty.isolated() anew for each block."
    )
    assert in_place()
    block.__exit__(None, None, None)  # once more does nothing


async def test_taken_for_something_else():
    """Awaiting it, decorating with it, and registering in it, each say how it is written."""
    block = "async with aiohttpretty.isolated() as pretty: (or with), and register in pretty."
    with pytest.raises(OptionTypeError) as awaited:
        await aiohttpretty.isolated()
    assert str(awaited.value) == f"await isolated(): a registry of its own lasts for a block. Write {block}"
    with pytest.raises(OptionTypeError) as decorated:
        aiohttpretty.isolated()(test_entered_twice)
    assert str(decorated.value) == f"isolated() is no decorator: it has a registry to give. Write {block}"
    with pytest.raises(AttributeError) as registered:
        aiohttpretty.isolated().register_uri("GET", URI)
    assert str(registered.value) == (
        f"isolated() has no 'register_uri': its registry is what the block gives. Write {block}"
    )


def test_words_are_checked_where_they_are_written():
    """A setting that does not exist, or of the wrong kind, is refused by the call and not by the block."""
    with pytest.raises(OptionTypeError) as caught:
        aiohttpretty.isolated(fall_through="no")
    assert str(caught.value) == "isolated(fall_through='no'): that is not a bool. Give False, or leave it out."
    with pytest.raises(AiohttprettyError) as caught:
        aiohttpretty.isolated(fallthrough=False)
    assert str(caught.value) == (
        "isolated has no option 'fallthrough'. Did you mean 'fall_through'? The options are: fall_through, "
        "assert_all_called, keep_bodies, passthrough, time."
    )
    assert list(inspect.signature(aiohttpretty.isolated).parameters) == ["fall_through", "settings"]

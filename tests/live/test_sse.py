"""Server-sent events: written as the HTML standard says, checked where they are registered, delivered one by one."""

import asyncio
import json
import re
from datetime import timedelta

import aiohttp
import pytest
from aiohttp_sse_client2.client import EventSource
from hypothesis import given
from hypothesis import strategies as st

import aiohttpretty
from aiohttpretty import BodyConsumedError, BodyError, OptionTypeError, OptionValueError, match
from aiohttpretty.replies.sse import events, written

URL = "http://example.com/events"
GIVE = (
    "Give a list of events, each a str (its data) or a dict such as {'event': 'news', 'data': {'id': 1}}; or an "
    "iterable, an async iterable, or a function without arguments that returns one."
)


async def answer(**options):
    """The whole answer to a request for what was registered."""
    response = await aiohttpretty.fake_request("GET", URL)
    return await response.text()


def interpreted(stream):
    """The events of a stream, as the standard interprets it (9.2.6): type, data and last event id; and the retry."""
    kind, data, last_id, retry, seen = "", [], "", None, []
    for line in re.split("\r\n|\r|\n", stream.removesuffix("\n")):
        if not line:
            if data:
                seen.append((kind or "message", "\n".join(data), last_id))
            kind, data = "", []
            continue
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if field == "event":
            kind = value
        elif field == "data":
            data.append(value)
        elif field == "id" and "\0" not in value:
            last_id = value
        elif field == "retry" and re.fullmatch("[0-9]+", value):
            retry = int(value)
    return seen, retry


# -- how it is written


@pytest.mark.parametrize(
    ("event", "sent"),
    [
        ("one", b"data: one\n\n"),
        ("", b"data: \n\n"),
        (" led by a space", b"data:  led by a space\n\n"),
        ("two\nlines", b"data: two\ndata: lines\n\n"),
        ("a\r\nb\rc\n", b"data: a\ndata: b\ndata: c\ndata: \n\n"),
        ("no end of a line: \x0b\x0c\x85\u2028", "data: no end of a line: \x0b\x0c\x85\u2028\n\n".encode()),
        ({"data": "text"}, b"data: text\n\n"),
        ({"data": {"id": 1}}, b'data: {"id": 1}\n\n'),
        ({"data": None}, b"data: null\n\n"),
        ({"data": ["é"]}, b'data: ["\\u00e9"]\n\n'),
        ({"id": "7"}, b"id: 7\n\n"),
        ({"id": 7, "data": "x"}, b"id: 7\ndata: x\n\n"),
        ({"id": ""}, b"id: \n\n"),
        ({"retry": 3000}, b"retry: 3000\n\n"),
        ({"comment": "still here"}, b": still here\n\n"),
        ({"comment": "two\nlines", "data": "x"}, b": two\n: lines\ndata: x\n\n"),
        (
            {"data": "d", "retry": 0, "id": "i", "event": "e", "comment": "c"},
            b": c\nevent: e\nid: i\nretry: 0\ndata: d\n\n",
        ),
    ],
)
def test_how_an_event_is_written(event, sent):
    """Each field on a line of its own, data of several lines on several, and an empty line behind."""
    assert written(event, "sse[0]") == sent


_text = st.text(st.characters(exclude_categories=["Cs"]))
_word = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\n\0"))
_events = st.fixed_dictionaries(
    {"data": _text},
    optional={"event": _word, "id": _word, "retry": st.integers(0, 10**9), "comment": _text},
)


@given(st.lists(_events, max_size=5))
def test_what_is_written_is_read(given_events):
    """Whatever stands in an event, a client that reads as the standard says gets it, and no event more or less."""
    wanted, last_id, retry = [], "", None
    for event in given_events:
        last_id = event.get("id", last_id)
        retry = event.get("retry", retry)
        data = re.sub("\r\n|\r", "\n", event["data"])
        wanted.append((event.get("event") or "message", data, last_id))
    stream = b"".join(written(event, "sse[0]") for event in given_events)
    assert interpreted(stream.decode()) == (wanted, retry)


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | _text, lambda inner: st.lists(inner) | st.dictionaries(_text, inner)
)


@given(_json)
def test_json_is_read(value):
    """Any JSON value but a str arrives as that value; a str arrives as it is."""
    [(_, data, _)], _ = interpreted(written({"data": value}, "sse[0]").decode())
    assert (data if isinstance(value, str) else json.loads(data)) == (
        re.sub("\r\n|\r", "\n", value) if isinstance(value, str) else value
    )


# -- what is said around it


async def test_the_head():
    """Type and caching are said as a server of events says them, in chunks; `registry` shows what was registered."""
    aiohttpretty.register_uri("GET", URL, sse=["one", {"event": "news", "data": 2}])
    with aiohttpretty.activate():
        async with aiohttp.ClientSession() as session, session.get(URL) as response:
            assert await response.text() == "data: one\n\nevent: news\ndata: 2\n\n"
    assert response.status == 200
    assert dict(response.headers) == {"Content-Type": "text/event-stream", "Cache-Control": "no-store"}
    assert aiohttpretty.registry["GET", URL] == {"sse": ["one", {"event": "news", "data": 2}]}


async def test_headers_that_are_given_stay():
    """What is given for type and caching is said instead."""
    headers = {"content-type": "text/event-stream; charset=utf-8", "cache-control": "no-cache"}
    aiohttpretty.register_uri("GET", URL, sse=["one"], headers=headers, status=201)
    response = await aiohttpretty.fake_request("GET", URL)
    assert response.status == 201
    assert dict(response.headers) == headers


async def test_beside_json():
    """`register_json_uri` takes events, too, and shows them as they were written."""
    aiohttpretty.register_json_uri("GET", URL, sse=[{"data": {"a": 1}}])
    assert await answer() == 'data: {"a": 1}\n\n'
    assert aiohttpretty.registry["GET", URL] == {"sse": [{"data": {"a": 1}}]}


async def test_a_head_alone():
    """The answer to HEAD has the head, and uses no events up."""
    aiohttpretty.register_uri("*", URL, sse=iter(["one"]))
    response = await aiohttpretty.fake_request("HEAD", URL)
    assert response.headers["Content-Type"] == "text/event-stream"
    assert await response.text() == ""
    assert await answer() == "data: one\n\n"


async def test_no_events():
    """An empty list is an answer without events."""
    aiohttpretty.register_uri("GET", URL, sse=[])
    assert await answer() == ""


# -- where the events come from


class Anew:
    """Iterable, from the beginning each time."""

    def __iter__(self):
        yield from ("one", "two")


class AnewAsync:
    """The same, async."""

    async def __aiter__(self):
        yield "one"
        yield "two"


def plain():
    yield "one"
    yield "two"


async def asynchronous():
    yield "one"
    yield "two"


async def awaited():
    return ["one", "two"]


@pytest.mark.parametrize(
    "source",
    [["one", "two"], ("one", "two"), Anew(), AnewAsync(), plain, asynchronous, awaited, lambda: ["one", "two"]],
    ids=["list", "tuple", "iterable", "async iterable", "generator", "async generator", "coroutine", "lambda"],
)
async def test_each_call_gets_all(source):
    """A list, an iterable and a function begin anew with each call."""
    aiohttpretty.register_uri("GET", URL, sse=source)
    assert [await answer(), await answer()] == ["data: one\n\ndata: two\n\n"] * 2


@pytest.mark.parametrize("make", [plain, asynchronous], ids=["generator", "async generator"])
@pytest.mark.parametrize("options", [{}, {"responses": [{}, {"status": 201}]}], ids=["one reply", "two replies"])
async def test_an_iterator_is_read_once(make, options):
    """What can be read once only is never silently empty the second time, also where several replies share it."""
    aiohttpretty.register_uri("GET", URL, sse=make(), **options)
    assert await answer() == "data: one\n\ndata: two\n\n"
    with pytest.raises(BodyConsumedError) as caught:
        await answer()
    said = re.sub(r"at \S+:\d+", "at here", str(caught.value).partition("\n")[0])
    assert said == (
        f"The events for GET {URL} can be read only once, and have been read by an earlier request. They were "
        "registered at here. Register a list of events, or a generator function, without calling it; each request then "
        "gets a generator of its own."
    )


@pytest.mark.parametrize("make", [plain, asynchronous], ids=["generator", "async generator"])
async def test_the_same_iterator_twice(make):
    """A function that returns what has been read already is told so."""
    shared = make()
    source = lambda: shared  # noqa: E731 - its name is in the sentence
    aiohttpretty.register_uri("GET", URL, sse=source)
    assert await answer() == "data: one\n\ndata: two\n\n"
    with pytest.raises(BodyError) as caught:
        await answer()
    assert str(caught.value) == (
        f"sse={source!r} gave events that have been read already. Give a generator function, without calling it; each "
        "request then gets a generator of its own."
    )


async def test_one_set_a_reply():
    """In `responses`, each item has events of its own; one with a body drops the common events."""
    aiohttpretty.register_uri("GET", URL, sse=["common"], responses=[{}, {"sse": ["own"]}, {"body": "none"}])
    assert [await answer() for _ in range(3)] == ["data: common\n\n", "data: own\n\n", "none"]


# -- one by one


async def test_each_event_is_a_piece():
    """The client gets each event by itself, also when it is encoded."""
    for coding in ({}, {"content_encoding": "gzip"}):
        aiohttpretty.register_uri("GET", URL, sse=plain, **coding)
        with aiohttpretty.activate():
            async with aiohttp.ClientSession() as session, session.get(URL) as response:
                seen = [piece async for piece in response.content.iter_any()]
        assert seen == [b"data: one\n\n", b"data: two\n\n"]


@pytest.mark.parametrize("asynchronously", [False, True])
async def test_no_faster_than_it_is_read(asynchronously):
    """An endless source is asked for no more than fits between it and a client that doesn't read, and is closed."""
    made = 0
    closed = asyncio.Event()

    def endless():
        nonlocal made
        try:
            while True:
                made += 1
                yield "x" * 16 * 1024
        finally:
            closed.set()

    async def endless_async():
        generator = endless()
        try:
            for event in generator:
                yield event
        finally:
            generator.close()

    aiohttpretty.register_uri("GET", URL, sse=endless_async if asynchronously else endless)
    with aiohttpretty.activate():
        async with aiohttp.ClientSession() as session:
            async with session.get(URL) as response:
                for _ in range(200):
                    await asyncio.sleep(0)
                held = made
                assert held * 16 * 1024 < 1024 * 1024
                for _ in range(200):
                    await asyncio.sleep(0)
                assert made == held
                await response.content.readexactly(600 * 1024)
            await asyncio.wait_for(closed.wait(), 10)
    assert made > held


async def test_an_event_that_the_test_makes():
    """With an async generator, the test says when the next event happens; the client has the last one by then."""
    queue = asyncio.Queue()

    async def from_queue():
        while (event := await queue.get()) is not None:
            yield event

    aiohttpretty.register_uri("GET", URL, sse=from_queue)
    with aiohttpretty.activate():
        async with aiohttp.ClientSession() as session, session.get(URL) as response:
            for number in range(3):
                queue.put_nowait({"id": str(number)})
                assert await asyncio.wait_for(response.content.readuntil(b"\n\n"), 10) == b"id: %d\n\n" % number
            queue.put_nowait(None)
            assert await asyncio.wait_for(response.read(), 10) == b""


# -- delay


async def test_the_delay_stands_between():
    """It passes before each event but the first, not before the head, and not behind the last."""
    passed = []

    async def wait(seconds):
        passed.append(seconds)

    async for piece in events(["one", "two", "three"]).paced(1.5).open(wait):
        passed.append(piece)  # noqa: PERF401 - as the waits are
    assert passed == [b"data: one\n\n", 1.5, b"data: two\n\n", 1.5, b"data: three\n\n"]


@pytest.mark.parametrize("delay", [3600, timedelta(hours=1)])
async def test_a_delay_of_an_hour(delay):
    """Head and first event are there at once, the second is not; a client that leaves then leaves nothing behind."""
    aiohttpretty.register_uri("GET", URL, sse=["one", "two"], delay=delay)
    with aiohttpretty.activate():
        async with aiohttp.ClientSession() as session, session.get(URL) as response:
            assert await asyncio.wait_for(response.content.readuntil(b"\n\n"), 10) == b"data: one\n\n"
            for _ in range(50):
                await asyncio.sleep(0)
            assert response.content._buffer_offset == 0
            assert not response.content._buffer
        for _ in range(10):
            await asyncio.sleep(0)
        assert asyncio.all_tasks() == {asyncio.current_task()}


# -- what can't be


@pytest.mark.parametrize(
    ("options", "kind", "sentence"),
    [
        ({"sse": "one"}, OptionTypeError, f"sse='one' is no list of events. {GIVE}"),
        ({"sse": b"one"}, OptionTypeError, f"sse=b'one' is no list of events. {GIVE}"),
        ({"sse": {"data": "one"}}, OptionTypeError, f"sse={{'data': 'one'}} is no list of events. {GIVE}"),
        ({"sse": 1}, OptionTypeError, f"sse=1 is no list of events. {GIVE}"),
        ({"sse": None}, OptionTypeError, f"sse=None is no list of events. {GIVE}"),
        ({"sse": Anew}, OptionTypeError, f"sse={Anew!r} is a class. {GIVE}"),
        (
            {"sse": written},
            OptionTypeError,
            f"sse={written!r} can't be called without arguments (missing a required argument: 'event'), as it is for "
            "each request. Give them with functools.partial, or write a handler=, which is given the request.",
        ),
        (
            {"sse": ["one", 2]},
            OptionTypeError,
            "sse[1] is 2, which is no event. Give a str, or a dict such as {'event': 'news', 'data': 'text'}; any JSON "
            "value stands under 'data'.",
        ),
        (
            {"sse": ["one", {"dat": 1}]},
            OptionTypeError,
            "sse[1] has no option 'dat'. Did you mean 'data'? The options are: event, id, retry, data, comment.",
        ),
        (
            {"sse": [{}]},
            OptionValueError,
            "sse[0] is empty, and would send nothing. Give it data, such as {'data': 'text'}.",
        ),
        (
            {"sse": [{"data": {1, 2}}]},
            OptionTypeError,
            "sse[0] has data={1, 2}, which can't be written as JSON (Object of type set is not JSON serializable). "
            "Give a str, or a value that JSON has.",
        ),
        (
            {"sse": [{"data": float("nan")}]},
            OptionValueError,
            "sse[0] has data=nan, which can't be written as JSON (Out of range float values are not JSON compliant{}). "
            "Give a str, or a value that JSON has.",
        ),
        (
            {"sse": [{"data": "\ud800"}]},
            OptionValueError,
            "sse[0] has text that UTF-8 can't hold: 'utf-8' codec can't encode character '\\ud800' in position 6: "
            "surrogates not allowed. Events are always UTF-8; leave that character out.",
        ),
        (
            {"sse": ["one", {"event": "a\nb"}]},
            OptionValueError,
            "sse[1] has event='a\\nb', with a line break or a NUL in it, which would end the event or have it ignored. "
            "Take it out; text of several lines stands under 'data'.",
        ),
        (
            {"sse": [{"id": "a\0"}]},
            OptionValueError,
            "sse[0] has id='a\\x00', with a line break or a NUL in it, which would end the id or have it ignored. "
            "Take it out; text of several lines stands under 'data'.",
        ),
        ({"sse": [{"event": 1}]}, OptionTypeError, "sse[0] has event=1, which is not a str. Write it as one."),
        ({"sse": [{"id": True}]}, OptionTypeError, "sse[0] has id=True, which is not a str. Write it as one."),
        ({"sse": [{"comment": 1}]}, OptionTypeError, "sse[0] has comment=1, which is not a str. Write it as one."),
        (
            {"sse": [{"retry": "3"}]},
            OptionTypeError,
            "sse[0] has retry='3', which is not an int. Give milliseconds, such as 3000.",
        ),
        (
            {"sse": [{"retry": -1}]},
            OptionValueError,
            "sse[0] has retry=-1. Give milliseconds from 0 on, such as 3000.",
        ),
        (
            {"sse": [], "body": b""},
            OptionTypeError,
            "body= and sse= are both given, and an answer has one body. Leave one of them out.",
        ),
        (
            {"sse": [], "json": 1},
            OptionTypeError,
            "json= and sse= are both given, and an answer has one body. Leave one of them out.",
        ),
        (
            {"sse": [], "charset": "utf-8"},
            OptionTypeError,
            "charset= is given for sse=, and events are always UTF-8. Leave it out.",
        ),
        (
            {"sse": [], "auto_length": True},
            OptionValueError,
            "auto_length=True needs a body whose size is known, and this one is a stream. Give the Content-Length in "
            "headers, or the body as bytes.",
        ),
        (
            {"events": []},
            OptionTypeError,
            "register_uri has no option 'events'. Did you mean 'sse'? The options are: status, reason, headers, body, "
            "json, sse, charset, cookies, content_encoding, location, auto_length, delay, error, fault, handler, "
            "expect_errors, time, params, check_params, match, responses, exhausted, times, optional.",
        ),
    ],
    ids=lambda value: re.sub(r" at 0x[0-9a-f]+", "", repr(value)),  # the same in every process
)
def test_what_cannot_be(options, kind, sentence):
    """What can't be sent is refused on the line that registers it, with the place of the event and a cure."""
    with pytest.raises(kind) as caught:
        aiohttpretty.register_uri("GET", URL, **options)
    assert str(caught.value) in {sentence.replace("{}", ""), sentence.replace("{}", ": nan")}
    assert not aiohttpretty.registry


@pytest.mark.parametrize(
    ("gives", "sentence"),
    [
        (
            ["one", 2],
            "gave what can't be sent. Event 1 is 2, which is no event. Give a str, or a dict such as {'event': 'news', "
            "'data': 'text'}; any JSON value stands under 'data'.",
        ),
        ("text", f"gave 'text', which are no events. {GIVE}"),
        (None, f"gave None, which are no events. {GIVE}"),
    ],
)
async def test_what_turns_out_wrong(gives, sentence):
    """What a function gives is checked when it is sent, and told where the client reads."""
    source = lambda: gives  # noqa: E731 - its name is in the sentence
    aiohttpretty.register_uri("GET", URL, sse=source)
    with pytest.raises(BodyError) as caught:
        await answer()
    assert str(caught.value) == f"sse={source!r} {sentence}"


async def test_a_bug_in_the_source():
    """What a generator lets out reaches the client's caller as it is, behind the events that were given."""

    def broken():
        yield "one"
        raise KeyError("two")

    aiohttpretty.register_uri("GET", URL, sse=broken)
    with aiohttpretty.activate():
        async with aiohttp.ClientSession() as session, session.get(URL) as response:
            assert await response.content.readuntil(b"\n\n") == b"data: one\n\n"
            with pytest.raises(KeyError, match="two"):
                await response.read()


# -- with a real client


async def test_a_real_client():
    """aiohttp-sse-client2 sees every event as it was written."""
    aiohttpretty.register_uri(
        "GET",
        URL,
        sse=[
            "one",
            {"event": "news", "id": "7", "data": {"a": [1, 2]}},
            {"comment": "still here"},
            {"data": "two\nlines"},
        ],
    )
    seen = []
    with aiohttpretty.activate():
        async with aiohttp.ClientSession() as session, EventSource(URL, session=session) as source:
            async for event in source:
                seen.append((event.type, event.data, event.last_event_id, event.origin))
                if len(seen) == 3:
                    break
    assert seen == [
        (None, "one", "", "http://example.com"),
        ("news", '{"a": [1, 2]}', "7", "http://example.com"),
        (None, "two\nlines", "7", "http://example.com"),
    ]
    assert aiohttpretty.calls[-1].request_headers["Accept"] == "text/event-stream"


async def test_a_client_that_comes_back():
    """At the end of the stream the client asks again, from the last event that it has seen; 204 has it stop."""
    first = aiohttpretty.register_uri("GET", URL, sse=[{"id": "1", "data": "one"}], times=1)
    again = aiohttpretty.register_uri(
        "GET",
        URL,
        match=match.headers({"Last-Event-ID": "1"}),
        responses=[{"sse": [{"id": "2", "data": "two"}]}],
    )
    last = aiohttpretty.register_uri("GET", URL, match=match.headers({"Last-Event-ID": "2"}), sse=["three"])
    with aiohttpretty.activate():
        async with (
            aiohttp.ClientSession() as session,
            EventSource(URL, session=session, reconnection_time=timedelta(0)) as source,
        ):
            seen = [(await anext(source)).data for _ in range(3)]
    assert seen == ["one", "two", "three"]
    assert [route.call_count for route in (first, again, last)] == [1, 1, 1]

"""Other tools that stand in `ClientSession._request` too: before us, after us, and gone again in any order.

Three kinds of them: a function around what it found, made with `functools.wraps`; one without it; and an object like
wrapt's, as ddtrace and newrelic put there. Two ways of going: putting back what was found when they came, or
what `__wrapped__` says.
"""

import functools
import inspect

import aiohttp
import pytest

import aiohttpretty

from .conftest import Escaped

URI = "http://example.com/"
LEFT_IN_PLACE = (
    "Another tool has replaced or wrapped aiohttp.ClientSession._request since aiohttpretty was activated. Its wrapper "
    "was left in place, and aiohttpretty's function below it now passes every request through. To have all of it gone, "
    "undo the other tool first and then deactivate()."
)
PUT_BACK = (
    "Another tool has put aiohttp.ClientSession._request back while aiohttpretty was active, so the requests that were "
    "made since then were not mocked. What was installed before activate() can be undone after deactivate()."
)


def current():
    return aiohttp.ClientSession.__dict__["_request"]


class Tool:
    """Notes every request that passes through it."""

    def __init__(self, kind="wraps", name="tool"):
        self.kind = kind
        self.seen = []
        self.name = name

    def install(self):
        self.found = current()
        self.wrapper = getattr(self, self.kind)(self.found)
        aiohttp.ClientSession._request = self.wrapper

    def put_back(self):
        aiohttp.ClientSession._request = self.found

    def unwrap(self):
        # wrapt's way: whatever stands there now, not what this tool has put there
        aiohttp.ClientSession._request = current().__wrapped__

    def wraps(self, found):
        @functools.wraps(found)
        async def wrapper(session, method, url, **kwargs):
            self.seen.append((session, method, url))
            return await found(session, method, url, **kwargs)

        return wrapper

    def bare(self, found):
        async def wrapper(session, method, url, **kwargs):
            self.seen.append((session, method, url))
            return await found(session, method, url, **kwargs)

        return wrapper

    def wrapt(self, found):
        return Wrapt(found, self)


class Wrapt:
    """Like `wrapt.FunctionWrapper`: a proxy which knows whether it was bound to an instance."""

    def __init__(self, wrapped, tool, instance=None):
        self.__dict__.update(__wrapped__=wrapped, _self_tool=tool, _self_instance=instance)

    def __getattr__(self, name):
        return getattr(self.__wrapped__, name)

    def __eq__(self, other):
        return self.__wrapped__ == other

    def __hash__(self):
        return hash(self.__wrapped__)

    def __get__(self, instance, owner):
        return Wrapt(self.__wrapped__.__get__(instance, owner), self._self_tool, instance)

    def __call__(self, method, url, **kwargs):
        self._self_tool.seen.append((self._self_instance, method, url))
        return self.__wrapped__(method, url, **kwargs)


kinds = pytest.mark.parametrize("kind", ["wraps", "bare", "wrapt"])
wrapped_kinds = pytest.mark.parametrize("kind", ["wraps", "wrapt"])


async def get():
    async with aiohttp.ClientSession() as session, session.get(URI) as response:
        return session, await response.read()


async def assert_mocked(*tools):
    """A request is answered by us, and each of the tools has seen it once, with its session."""
    for tool in tools:
        tool.seen.clear()
    before = len(aiohttpretty.calls)
    session, body = await get()
    assert body == b"ours"
    assert len(aiohttpretty.calls) == before + 1
    for tool in tools:
        assert tool.seen == [(session, "GET", URI)]


async def assert_let_through(escapes, *tools):
    """A request goes past us to the network, and each of the tools has seen it once."""
    for tool in tools:
        tool.seen.clear()
    with pytest.raises(Escaped):
        await get()
    escapes.clear()
    assert [len(tool.seen) for tool in tools] == [1] * len(tools)


@pytest.fixture(autouse=True)
def ours():
    aiohttpretty.register_uri("GET", URI, body=b"ours")


@pytest.fixture(autouse=True)
def in_the_end(original):
    """These tests leave things behind on purpose; they are cleared away here."""
    yield
    aiohttp.ClientSession._request = original


@kinds
@pytest.mark.parametrize("undo", [Tool.put_back, Tool.unwrap])
async def test_before_us_and_gone_after_us(kind, undo, original, escapes):
    """Installed before activate(), undone after deactivate(): all is exactly as it was at each step."""
    if kind == "bare" and undo is Tool.unwrap:
        undo = Tool.put_back  # it can't be unwrapped
    tool = Tool(kind)
    tool.install()
    aiohttpretty.activate()
    await assert_mocked(tool)
    aiohttpretty.deactivate()
    assert current() is tool.wrapper
    await assert_let_through(escapes, tool)
    undo(tool)
    assert current() is original


@kinds
async def test_after_us_and_gone_before_us(kind, original):
    """Installed after activate(), undone before deactivate(): it sees the mocked requests, and all is as it was."""
    tool = Tool(kind)
    aiohttpretty.activate()
    ours = current()
    tool.install()
    await assert_mocked(tool)
    tool.put_back()
    assert current() is ours
    await assert_mocked()
    aiohttpretty.deactivate()
    assert current() is original


@wrapped_kinds
async def test_after_us_and_unwrapped_before_us(kind, original):
    """The same for a tool that undoes itself by `__wrapped__`."""
    tool = Tool(kind)
    aiohttpretty.activate()
    tool.install()
    tool.unwrap()
    await assert_mocked()
    aiohttpretty.deactivate()
    assert current() is original


@wrapped_kinds
async def test_before_us_and_unwrapped_before_us(kind, original):
    """A tool from before activate() that unwraps itself takes our function's `__wrapped__`: still a mock."""
    tool = Tool(kind)
    tool.install()
    aiohttpretty.activate()
    tool.unwrap()
    assert current() is not original
    assert inspect.iscoroutinefunction(current())
    await assert_mocked()
    assert len(tool.seen) == 0
    aiohttpretty.deactivate()
    assert current() is original


@kinds
async def test_before_us_and_put_back_before_us(kind, original, escapes):
    """A tool from before activate() that puts back what it had found puts the mock away; that is said."""
    tool = Tool(kind)
    tool.install()
    aiohttpretty.activate()
    tool.put_back()
    await assert_let_through(escapes)
    with pytest.warns(aiohttpretty.AiohttprettyWarning) as warned:
        aiohttpretty.deactivate()
    assert [str(warning.message) for warning in warned] == [PUT_BACK]
    assert current() is original


@kinds
async def test_left_in_place(kind, original, escapes):
    """A wrapper that is there at deactivate() stays, lets requests through, and that is said, for the line of it."""
    tool = Tool(kind)
    aiohttpretty.activate()
    tool.install()
    with pytest.warns(aiohttpretty.AiohttprettyWarning) as warned:
        aiohttpretty.deactivate()
    assert [(str(warning.message), warning.filename) for warning in warned] == [(LEFT_IN_PLACE, __file__)]
    assert current() is tool.wrapper
    await assert_let_through(escapes, tool)


@kinds
async def test_left_in_place_and_then_put_back(kind, original, escapes):
    """When the tool goes later, our dead function is on top, lets through, and the next activation clears it away."""
    tool = Tool(kind)
    aiohttpretty.activate()
    tool.install()
    with pytest.warns(aiohttpretty.AiohttprettyWarning):
        aiohttpretty.deactivate()
    tool.put_back()
    await assert_let_through(escapes)
    with aiohttpretty.activate():
        await assert_mocked()
    assert current() is original


@kinds
async def test_left_in_place_and_activated_again(kind, escapes):
    """A wrapper that was left in place is not thrown away by the next activation, nor by its end."""
    tool = Tool(kind)
    aiohttpretty.activate()
    tool.install()
    with pytest.warns(aiohttpretty.AiohttprettyWarning):
        aiohttpretty.deactivate()
    for _ in range(3):
        with aiohttpretty.activate():
            await assert_mocked(tool)
        assert current() is tool.wrapper
        await assert_let_through(escapes, tool)


@kinds
async def test_left_in_place_and_gone_in_the_next_activation(kind, original):
    """A tool that puts our dead function of an earlier activation back in a later one puts a mock back."""
    tool = Tool(kind)
    aiohttpretty.activate()
    tool.install()
    with pytest.warns(aiohttpretty.AiohttprettyWarning):
        aiohttpretty.deactivate()
    aiohttpretty.activate()
    tool.put_back()
    await assert_mocked()
    aiohttpretty.deactivate()
    assert current() is original


@wrapped_kinds
async def test_two_tools_around_us(kind, original):
    """One before and one after us, which unwrap themselves in the order in which they came."""
    first, second = Tool(kind), Tool(kind)
    first.install()
    aiohttpretty.activate()
    second.install()
    await assert_mocked(first, second)
    second.unwrap()
    await assert_mocked(first)
    first.unwrap()
    await assert_mocked()
    aiohttpretty.deactivate()
    assert current() is original


@kinds
async def test_a_request_without_a_session(kind):
    """fake_request() is mocked with such a tool in the class, active or not."""
    tool = Tool(kind)
    tool.install()
    assert await (await aiohttpretty.fake_request("GET", URI)).read() == b"ours"
    with aiohttpretty.activate():
        assert await (await aiohttpretty.fake_request("GET", URI)).read() == b"ours"
    assert [seen[1:] for seen in tool.seen] == [("GET", URI)] * 2
    tool.put_back()


async def test_a_warning_that_is_an_error(original):
    """Where warnings are errors, the error comes after everything has been switched off."""
    tool = Tool()
    aiohttpretty.activate()
    tool.install()
    with pytest.raises(aiohttpretty.AiohttprettyWarning):
        aiohttpretty.deactivate()
    assert "not active" in repr(aiohttpretty.activate.__self__)
    assert current() is tool.wrapper


async def test_a_subclass_that_was_wrapped():
    """A tool that wraps the `_request` of a subclass is none of our business."""

    class Session(aiohttp.ClientSession):
        async def _request(self, *args, **kwargs):
            return await super()._request(*args, **kwargs)

    seen = []
    found = Session._request

    async def wrapper(*args, **kwargs):
        seen.append(args[1:])
        return await found(*args, **kwargs)

    aiohttpretty.activate()
    Session._request = wrapper
    async with Session() as session, session.get(URI) as response:
        assert await response.read() == b"ours"
    aiohttpretty.deactivate()
    assert Session._request is wrapper
    assert seen == [("GET", URI)]


class Unreadable:
    """What can be called, and does not say how."""

    __signature__ = "nonsense"

    async def __call__(self, method, str_or_url, **options):
        return method, str_or_url


async def test_a_wrapper_that_does_not_say_how_it_is_called(monkeypatch):
    """It is called as it would be without us, and ours says of itself what can be said."""
    monkeypatch.setattr(aiohttp.ClientSession, "_request", Unreadable())
    with aiohttpretty.activate():
        async with aiohttp.ClientSession() as session:
            assert await session._request("GET", URI) == ("GET", URI)
        assert list(inspect.signature(aiohttp.ClientSession._request).parameters)[:3] == [
            "self",
            "method",
            "str_or_url",
        ]
    assert isinstance(aiohttp.ClientSession._request, Unreadable)

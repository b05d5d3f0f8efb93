"""On and off: what was there before is there again, and while it is on, everybody can look at `_request`."""

import asyncio
import inspect
from contextlib import asynccontextmanager, contextmanager
from unittest import mock

import aiohttp
import pytest

import aiohttpretty

URI = "http://example.com/"
Session = aiohttp.ClientSession


def current():
    return Session.__dict__["_request"]


async def get(uri=URI):
    async with Session() as session, session.get(uri) as response:
        return await response.read()


# -- on, off


def test_exactly_the_original(original):
    """Before, `_request` is aiohttp's; while active, it is not; after, it is the very same object again."""
    assert current() is original
    aiohttpretty.activate()
    assert current() is not original
    aiohttpretty.deactivate()
    assert current() is original


def test_it_counts(original):
    """As many deactivations as activations; the last one restores."""
    for _ in range(3):
        aiohttpretty.activate()
    ours = current()
    aiohttpretty.deactivate()
    aiohttpretty.deactivate()
    assert current() is ours
    aiohttpretty.deactivate()
    assert current() is original


def test_nothing_to_deactivate(original):
    """deactivate() without activate() does nothing, however often."""
    for _ in range(3):
        aiohttpretty.deactivate()
    assert current() is original
    aiohttpretty.activate()
    aiohttpretty.deactivate()
    aiohttpretty.deactivate()
    aiohttpretty.activate()
    assert current() is not original
    aiohttpretty.deactivate()


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit, asyncio.CancelledError, GeneratorExit])
def test_a_block_that_fails(original, error):
    """Whatever ends a `with` block, the original is there again, and the error goes on."""
    with pytest.raises(error), aiohttpretty.activate(), aiohttpretty.activate():
        raise error
    assert current() is original


async def test_async_with(original):
    """`async with` is the same; it is left also when its task is cancelled."""
    entered = asyncio.Event()

    async def use():
        async with aiohttpretty.activate():
            entered.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(use())
    await entered.wait()
    assert current() is not original
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert current() is original


def test_a_handle_undoes_its_own_once(original):
    """A handle undoes one activation, however often its block is left."""
    aiohttpretty.activate()
    handle = aiohttpretty.activate()
    with handle:
        pass
    with handle:
        pass
    assert current() is not original
    aiohttpretty.deactivate()
    assert current() is original


def test_a_block_that_was_deactivated_inside(original):
    """Leaving a block after a deactivate() of one's own does nothing more."""
    with aiohttpretty.activate():
        aiohttpretty.deactivate()
        assert current() is original
    assert current() is original


def test_keyboard_interrupt_in_a_running_loop(original):
    """Ctrl-C in the middle of a request inside a block: the original is there again."""

    async def use():
        aiohttpretty.register_uri("GET", URI, body=asyncio.StreamReader())
        with aiohttpretty.activate():
            async with Session() as session, session.get(URI) as response:
                asyncio.get_running_loop().call_soon(interrupt)
                await response.read()

    def interrupt():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        asyncio.run(use())
    assert current() is original


async def test_clear_changes_nothing_of_the_switch(original):
    """clear() purges routes, not activations."""
    aiohttpretty.activate()
    aiohttpretty.clear()
    with pytest.raises(aiohttpretty.NoMatchError):
        await get()
    aiohttpretty.deactivate()
    assert current() is original


# -- what it looks like


def test_it_looks_like_the_original(original):
    """A coroutine function with the original's signature, name and documentation."""
    with aiohttpretty.activate():
        ours = current()
        assert inspect.isfunction(ours)
        assert inspect.iscoroutinefunction(ours)
        assert inspect.iscoroutinefunction(Session._request)
        assert inspect.signature(ours) == inspect.signature(original)
        assert inspect.signature(inspect.unwrap(ours)) == inspect.signature(original)
        assert (ours.__name__, ours.__qualname__, ours.__module__, ours.__doc__) == (
            original.__name__,
            original.__qualname__,
            original.__module__,
            original.__doc__,
        )


async def test_a_bound_request_looks_like_the_original():
    """The same on an instance, and aiohttp's parameters can be given by name."""
    aiohttpretty.register_uri("GET", URI, body=b"x")
    async with Session() as session:
        before = inspect.signature(session._request)
        with aiohttpretty.activate():
            assert inspect.iscoroutinefunction(session._request)
            assert inspect.signature(session._request) == before
            response = await session._request(method="GET", str_or_url=URI, allow_redirects=False)
            assert await response.read() == b"x"


@pytest.mark.parametrize("autospec", [False, True])
async def test_mock_inside(autospec, original):
    """unittest.mock replaces `_request` inside an activation, and puts ours back."""
    aiohttpretty.register_uri("GET", URI, body=b"ours")
    with aiohttpretty.activate():
        ours = current()
        options = {"autospec": True} if autospec else {"new_callable": mock.AsyncMock}
        async with Session() as session:
            with mock.patch.object(Session, "_request", **options) as mocked:
                mocked.return_value = "mock's"
                assert await session._request("GET", URI) == "mock's"
                assert mocked.await_args.args[-2:] == ("GET", URI)
                if autospec:
                    with pytest.raises(TypeError):
                        await session._request("GET", URI, no_such_option=1)
            assert current() is ours
            assert await get() == b"ours"
    assert current() is original


async def test_mock_around_with_autospec(original):
    """An activation inside a mock: what no registry stands in front of any more is the mock's again."""
    with mock.patch.object(Session, "_request", autospec=True) as mocked:
        before = current()
        aiohttpretty.activate()
        assert inspect.signature(current()) == inspect.signature(original)
        mocked.return_value = "mock's"
        async with Session() as session:
            assert await session._request("GET", URI) == "mock's"
            mocked.assert_awaited_once_with(session, "GET", URI)
        aiohttpretty.deactivate()
        assert current() is before
    assert current() is original


async def test_mock_around(original):
    """A plain mock is no function and gets no session; it is called through us as it is without us."""
    with mock.patch.object(Session, "_request", return_value="mock's") as mocked:
        with aiohttpretty.activate():
            async with Session() as session:
                assert await session._request("GET", URI) == "mock's"
        assert current() is mocked
        mocked.assert_awaited_once_with("GET", URI)
    assert current() is original


async def test_super_request():
    """A subclass that calls `super()._request` is mocked, whether it was made before or in between."""

    class Early(Session):
        async def _request(self, *args, **kwargs):
            return await super()._request(*args, **kwargs)

    aiohttpretty.register_uri("GET", URI, body=b"x")
    with aiohttpretty.activate():

        class Late(Early):
            async def _request(self, method, url, **kwargs):
                return await super()._request(method, url, **kwargs)

        for kind in (Early, Late):
            async with kind() as session, session.get(URI) as response:
                assert await response.read() == b"x"
    assert len(aiohttpretty.calls) == 2


async def test_a_bound_method_that_was_taken_before(escapes):
    """A `session.get` or `session.request` that was taken before the activation is mocked too."""
    aiohttpretty.register_uri("GET", URI, body=b"x")
    async with Session() as session:
        get, request = session.get, session.request
        with aiohttpretty.activate():
            for response in (await get(URI), await request("GET", URI)):
                assert await response.read() == b"x"


# -- several registries


async def test_the_last_is_asked_first():
    """The registry activated last answers; what it does not know goes to the one before."""
    first, second = aiohttpretty.AioHTTPretty(), aiohttpretty.AioHTTPretty()
    first.register_uri("GET", URI, body=b"first")
    first.register_uri("GET", URI + "only", body=b"only")
    second.register_uri("GET", URI, body=b"second")
    with first.activate():
        with second.activate():
            assert [await get(), await get(URI + "only")] == [b"second", b"only"]
        assert await get() == b"first"
    assert [call["uri"].url.path for call in first.calls] == ["/only", "/"]
    assert [call["uri"].url.path for call in second.calls] == ["/"]


async def test_left_in_any_order(original):
    """The registry that was activated first may go first."""
    first, second = aiohttpretty.AioHTTPretty(), aiohttpretty.AioHTTPretty()
    first.register_uri("GET", URI, body=b"first")
    second.register_uri("GET", URI, body=b"second")
    first.activate()
    second.activate()
    first.deactivate()
    assert await get() == b"second"
    first.activate()
    assert await get() == b"first"
    second.deactivate()
    assert await get() == b"first"
    first.deactivate()
    assert current() is original


async def test_unmatched_in_all_of_them():
    """A request that none of them knows is unmatched in each, and the message shows what all had on offer."""
    first, second = aiohttpretty.AioHTTPretty(), aiohttpretty.AioHTTPretty()
    first.register_uri("GET", URI + "a")
    second.register_uri("GET", URI + "b")
    with first.activate(), second.activate(), pytest.raises(aiohttpretty.NoMatchError) as caught:
        await get()
    assert [str(record) for registry in (first, second) for record in registry.unmatched] == [
        f"<Unmatched GET {URI}>"
    ] * 2
    assert f". GET {URI}a\n" in str(caught.value)
    assert f". GET {URI}b\n" in str(caught.value)


async def test_a_redirect_from_one_to_the_other():
    """Each hop is looked up in all of them."""
    first, second = aiohttpretty.AioHTTPretty(), aiohttpretty.AioHTTPretty()
    second.register_uri("GET", URI, status=302, headers={"Location": "http://other.example/"})
    first.register_uri("GET", "http://other.example/", body=b"there")
    with first.activate(), second.activate():
        assert await get() == b"there"


async def test_exhausted_does_not_fall_through():
    """A registry that knows a request, and has no response left for it, says so; the next one is not asked."""
    first, second = aiohttpretty.AioHTTPretty(), aiohttpretty.AioHTTPretty()
    first.register_uri("GET", URI, body=b"first")
    second.register_uri("GET", URI, responses=[{"body": b"second"}])
    with first.activate(), second.activate():
        assert await get() == b"second"
        with pytest.raises(aiohttpretty.ResponsesExhausted):
            await get()


# -- the decorator


@aiohttpretty.activate
def decorated(tmp_path):
    """The docstring."""
    aiohttpretty.register_uri("GET", URI, body=b"x")
    return asyncio.run(get()), tmp_path


def test_a_function(original, tmp_path):
    """A decorated function runs switched on, returns what it returns, and leaves nothing behind."""
    assert inspect.signature(decorated) == inspect.signature(decorated.__wrapped__)
    assert decorated.__doc__ == "The docstring."
    assert decorated(tmp_path=tmp_path) == (b"x", tmp_path)
    assert current() is original
    assert (len(aiohttpretty.calls), len(aiohttpretty.registry)) == (0, 0)


@aiohttpretty.activate
async def test_a_coroutine_function(tmp_path, original):
    """A decorated test gets its fixtures; pytest sees a coroutine function with the same signature."""
    assert tmp_path.is_dir()
    assert inspect.iscoroutinefunction(test_a_coroutine_function)
    assert current() is not original
    aiohttpretty.register_uri("GET", URI, body=b"x")
    assert await get() == b"x"


@pytest.mark.parametrize("number", [1, 2])
@aiohttpretty.activate
async def test_parametrized(number):
    """A decorated test that is run again begins with an empty registry."""
    assert len(aiohttpretty.registry) == 0
    aiohttpretty.register_uri("GET", URI, body=str(number))
    assert await get() == str(number).encode()


@aiohttpretty.activate
class TestClass:
    """Each of its tests runs switched on; nothing else of it does."""

    where = URI
    test_data = ("no", "test")

    def test_a_method(self, tmp_path, original):
        """A method."""
        assert current() is not original
        aiohttpretty.register_uri("GET", self.where, body=b"x")
        assert asyncio.run(get()) == b"x"
        assert self.test_data == ("no", "test")

    async def test_a_coroutine_method(self, tmp_path, original):
        """A coroutine method."""
        assert current() is not original
        assert len(aiohttpretty.registry) == 0

    @staticmethod
    def test_a_static_method(original):
        """A static method."""
        assert current() is not original

    @classmethod
    def test_a_class_method(cls, original):
        """A class method."""
        assert current() is not original


class Inherited:
    """What a decorated class inherits."""

    def test_inherited(self, original):
        """Inherited tests run switched on in the decorated class only."""
        assert (current() is not original) is self.switched_on


@aiohttpretty.activate
class TestInheriting(Inherited):
    """A decorated class."""

    switched_on = True


class TestNotInheriting(Inherited):
    """A class beside it."""

    switched_on = False


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_a_decorated_function_that_fails(original, error):
    """It leaves nothing behind either."""

    @aiohttpretty.activate
    def fails():
        aiohttpretty.register_uri("GET", URI)
        raise error

    with pytest.raises(error):
        fails()
    assert current() is original
    assert len(aiohttpretty.registry) == 0


async def test_nested_decorators(original):
    """A decorated function that is called where it is active already clears nothing of its caller's."""
    aiohttpretty.register_uri("GET", URI, body=b"outer")

    @aiohttpretty.activate
    async def inner():
        return await get()

    with aiohttpretty.activate():
        assert await inner() == b"outer"
        assert await get() == b"outer"
    assert current() is original


def test_a_generator(original):
    """A generator, such as a fixture, is switched on from its first step to its end."""

    @aiohttpretty.activate
    def fixture():
        seen.append(current() is not original)
        try:
            seen.append((yield "given"))
        except KeyError:
            seen.append("caught")
        return "end"

    seen = []
    assert inspect.isgeneratorfunction(fixture)
    generator = fixture()
    assert current() is original
    assert next(generator) == "given"
    assert current() is not original
    with pytest.raises(StopIteration, match="end"):
        generator.send("sent")
    assert current() is original
    with contextmanager(fixture)():
        raise KeyError
    assert seen == [True, "sent", True, "caught"]
    assert current() is original


async def test_an_async_generator(original):
    """The same for an async one; what is thrown into it arrives inside."""
    seen = []

    @aiohttpretty.activate
    async def fixture():
        seen.append(current() is not original)
        try:
            yield "given"
        except KeyError:
            seen.append("caught")
        finally:
            seen.append("end")

    assert inspect.isasyncgenfunction(fixture)
    async with asynccontextmanager(fixture)() as given:
        assert given == "given"
        assert current() is not original
    assert current() is original
    async with asynccontextmanager(fixture)():
        raise KeyError
    assert seen == [True, "end", True, "caught", "end"]
    assert current() is original


def test_what_can_be_decorated(original):
    """Something that is not callable is refused, and nothing is switched on."""
    with pytest.raises(aiohttpretty.OptionTypeError) as caught:
        aiohttpretty.activate(42)
    assert str(caught.value) == "activate() takes nothing, or decorates a function or a test class, not 42."
    assert current() is original


async def test_a_decorator_with_parentheses():
    """@activate() decorates as @activate does: nothing is active before the function runs, nor after it."""

    @aiohttpretty.activate()
    async def decorated():
        aiohttpretty.register_uri("GET", "http://example.com/", body=b"x")
        async with aiohttp.ClientSession() as session, session.get("http://example.com/") as response:
            return await response.read()

    before = aiohttp.ClientSession.__dict__["_request"]
    assert await decorated() == b"x"
    assert aiohttp.ClientSession.__dict__["_request"] is before
    assert not aiohttpretty.registry

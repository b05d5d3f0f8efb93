"""What the decorators promise, one by one."""

import asyncio
import contextlib
import contextvars
import functools
import gc
import inspect
import pickle
import signal
import sys
import threading
import unittest
import weakref
from unittest import mock

import aiohttp
import pytest
from aiohttp.test_utils import loop_context

import aiohttpretty
from aiohttpretty.testing import current_loop, run_forever, run_until_complete

CURE = (
    "What fails in the background fails the test. If the test means it to happen, let it take the exception: await the "
    "task, catch it where it is raised, or set an exception handler of the test's own."
)
BOTH = pytest.mark.parametrize("decorator", [run_until_complete, functools.partial(run_forever, timeout=0)])


async def boom(error):
    raise error


@pytest.fixture
def lent():
    """An event loop that is the current one, and belongs to somebody else."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    yield loop
    asyncio.set_event_loop(None)
    loop.close()


def failing(body, decorator=run_until_complete):
    """How the body, decorated, fails."""
    body.__qualname__ = "Test.test_it"
    with pytest.raises(aiohttpretty.BackgroundError) as caught:
        decorator(body)()
    return caught.value


def test_a_decorated_function_is_a_plain_one():
    """It has the name, text, attributes and signature of what is decorated, and is no coroutine function."""

    async def body(one, *, two=2):
        """Its text."""
        return one, two

    body.mark = "mark"
    body._is_coroutine_mark = object()
    test = run_until_complete(body)
    assert (test.__name__, test.__doc__, test.mark, test.__wrapped__) == ("body", "Its text.", "mark", body)
    assert inspect.signature(test) == inspect.signature(body)
    assert not inspect.iscoroutinefunction(test)
    assert test(1) == (1, 2)
    assert test(1, two=3) == (1, 3)


@pytest.mark.parametrize("text", ["one", "two"])
@run_until_complete
async def test_below_pytest(aiohttpretty, text):
    """Fixtures and parameters come in as ever, the mock among them."""
    aiohttpretty.register_uri("GET", "http://example.com/", body=text)
    async with aiohttp.ClientSession() as session, session.get("http://example.com/") as response:
        assert await response.text() == text


def test_run_forever_returns_nothing():
    """What the callback returns is nobody's; a plain callback will do, and so will none."""
    called = []

    @run_forever(timeout=0)
    def test():
        return lambda: called.append(asyncio.get_running_loop()) or "something"

    @run_forever(timeout=0)
    async def nothing():
        called.append(asyncio.get_running_loop())

    assert test() is None
    assert nothing() is None
    assert len(set(called)) == 2


@BOTH
def test_a_context_of_its_own(decorator):
    """Context variables that are set before are seen, in callbacks too; those that the test sets are gone after it."""
    variable = contextvars.ContextVar("variable")
    variable.set("before")
    seen = []

    async def body():
        seen.append(variable.get())
        variable.set("inside")
        await asyncio.sleep(0)

        def check():
            seen.append(variable.get())

        return check if decorator is not run_until_complete else check()

    decorator(body)()
    assert seen == ["before", "inside"]
    assert variable.get() == "before"


def test_whatever_is_awaited():
    """A plain function that returns something to await, such as a partial one, counts as a coroutine function."""

    async def add(one, two):
        await asyncio.sleep(0)
        return one + two

    assert run_until_complete(functools.partial(add, 1))(2) == 3
    assert run_until_complete(lambda: asyncio.gather(add(1, 2), add(3, 4)))() == [3, 7]


def test_what_the_test_raises_is_raised_as_it_is():
    """The same object, whatever it is, with a traceback that begins in the test."""

    async def inner(error):
        raise error

    for error in (AssertionError("no"), SystemExit(3), KeyboardInterrupt(), GeneratorExit()):
        with pytest.raises(type(error)) as caught:
            run_until_complete(inner)(error)
        assert caught.value is error
        assert caught.value.__context__ is None
        names = [entry.name for entry in caught.traceback]
        assert names[-1] == "inner"
        assert "_driven" not in names
    with pytest.raises(asyncio.CancelledError):
        run_until_complete(inner)(asyncio.CancelledError())


def test_a_task_is_told_with_its_name():
    """A task that has been named is told by its name, too; the exception is the cause."""
    error = ValueError("cold.")

    async def body():
        asyncio.create_task(boom(error), name="heart beat")
        await asyncio.sleep(0)

    failure = failing(body)
    assert str(failure) == (
        f"In the background of Test.test_it, the task 'heart beat' of boom() raised ValueError: cold.\n{CURE}"
    )
    assert failure.__cause__ is error
    assert failure.errors == (error,)
    assert isinstance(failure, AssertionError)


@BOTH
def test_all_that_has_failed_is_told(decorator):
    """Tasks, callbacks, futures, protocols, generators, and what fails when it is cancelled: all of it, each once."""
    twice = KeyError("twice")

    async def stubborn():
        try:
            await asyncio.sleep(3600)
        finally:
            raise OSError("not now")

    async def numbers():
        try:
            yield 1
        finally:
            raise LookupError("no more")

    async def body():
        loop = asyncio.get_running_loop()
        kept.extend([asyncio.create_task(boom(twice)), asyncio.create_task(boom(twice))])
        loop.call_soon(int, "one")
        kept.append(asyncio.create_task(stubborn()))
        future = loop.create_future()
        future.set_exception(EOFError())
        del future
        loop.call_exception_handler({"message": "Fatal error: lost.", "exception": ConnectionError("gone")})
        kept.append(numbers())
        await anext(kept[-1])
        await asyncio.sleep(0)
        await asyncio.sleep(0)

    kept = []
    failure = failing(body, decorator)
    said = str(failure).splitlines()
    assert said[0] == "In the background of Test.test_it, 6 exceptions were raised:"
    assert [line.partition(". ")[2] for line in said[1:-1]] == [
        "A future that nobody awaited raised EOFError.",
        "The event loop (Fatal error: lost) raised ConnectionError: gone.",
        "A callback of the event loop raised ValueError: invalid literal for int() with base 10: 'one'.",
        f"The event loop (an error occurred during closing of asynchronous generator {kept[-1]!r}) raised "
        "LookupError: no more.",
        "The task of boom() raised KeyError: 'twice'.",
        "The task of test_all_that_has_failed_is_told.<locals>.stubborn() raised OSError: not now.",
    ]
    assert said[-1] == CURE
    assert len(failure.errors) == 6
    if sys.version_info >= (3, 11):
        assert failure.__cause__.exceptions == failure.errors
        assert str(failure.__cause__) == "in the background (6 sub-exceptions)"
    else:
        assert failure.__cause__ is failure.errors[0]


def test_what_is_taken_is_no_failure():
    """An exception that is awaited, caught, looked at, or heard by the test's own handler; and what is no exception."""
    heard = []

    async def cancelled():
        asyncio.current_task().cancel()
        await asyncio.sleep(0)

    @run_until_complete
    async def test():
        loop = asyncio.get_running_loop()
        task = asyncio.create_task(boom(ValueError()))
        with contextlib.suppress(ValueError):
            await task
        looked_at = asyncio.create_task(boom(ValueError()))
        kept = [looked_at, asyncio.create_task(cancelled()), asyncio.create_task(asyncio.sleep(3600))]
        await asyncio.wait([looked_at])
        assert isinstance(looked_at.exception(), ValueError)
        await asyncio.gather(boom(ValueError()), return_exceptions=True)
        with mock.patch.object(loop, "default_exception_handler") as default:
            loop.call_exception_handler({"message": "said only"})
        default.assert_called_once_with({"message": "said only"})
        loop.set_exception_handler(lambda loop, context: heard.append(context["exception"]))
        loop.call_soon(int, "one")
        kept.append(asyncio.create_task(boom(KeyError())))
        await asyncio.sleep(0)
        return kept

    test()
    assert [type(error) for error in heard] == [ValueError, KeyError]


def test_a_handler_that_the_loop_brings_along_is_asked():
    """Whoever gives a loop with an exception handler takes the exceptions, and has the handler afterwards, too."""
    heard = []

    def handler(loop, context):
        heard.append(context["exception"])

    @contextlib.contextmanager
    def handled():
        with loop_context() as loop:
            loop.set_exception_handler(handler)
            yield loop
            assert loop.get_exception_handler() is handler
            assert loop.is_closed() is False

    @run_until_complete(loop=handled)
    async def test():
        asyncio.create_task(boom(KeyError()))
        await asyncio.sleep(0)

    test()
    assert [type(error) for error in heard] == [KeyError]


def test_a_failing_test_tells_the_rest(caplog):
    """The test's own exception is raised, and the others are told with it: in a note, or logged on Python 3.10."""

    @run_until_complete
    async def test():
        asyncio.create_task(boom(KeyError("behind")))
        await asyncio.sleep(0)
        raise ValueError("before")

    with pytest.raises(ValueError) as caught:
        test()
    assert str(caught.value) == "before"
    notes = getattr(caught.value, "__notes__", None) or [record.getMessage() for record in caplog.records]
    (note,) = notes
    first, *between, last = note.splitlines()
    assert first == (
        "In the background of test_a_failing_test_tells_the_rest.<locals>.test, the task of boom() "
        "raised KeyError: 'behind'."
    )
    assert between[0] == "Traceback (most recent call last):"
    assert last == "KeyError: 'behind'"


def test_a_skipped_test_fails_with_its_background():
    """A skip must not hide that something has failed."""

    async def body():
        asyncio.create_task(boom(KeyError("behind")))
        await asyncio.sleep(0)
        raise unittest.SkipTest("not today")

    try:
        failure = failing(body)
    except unittest.SkipTest:  # pytest would take it for its own
        failure = None
    assert str(failure) == (f"In the background of Test.test_it, the task of boom() raised KeyError: 'behind'.\n{CURE}")


def test_threads_of_others_are_left_alone(monkeypatch):
    """A thread that was there before the test is none of its business, and the hook is put back."""
    told = []
    monkeypatch.setattr(threading, "excepthook", lambda args: told.append(args.exc_type))
    former = threading.excepthook
    go = threading.Event()

    def die(error):
        go.wait()
        raise error

    older = threading.Thread(target=die, args=(KeyError(),))
    older.start()

    @run_forever(timeout=0)
    async def test():
        leaving = threading.Thread(target=die, args=(SystemExit(),))
        leaving.start()
        go.set()
        older.join()
        leaving.join()

    test()
    assert sorted(map(repr, told)) in (["<class 'KeyError'>"], ["<class 'KeyError'>", "<class 'SystemExit'>"])
    assert threading.excepthook is former


def test_a_test_of_another_thread():
    """Loops are a thread's own: it runs beside a test of the main thread."""
    loops = []

    @run_until_complete
    async def inner():
        loops.append(asyncio.get_running_loop())

    @run_until_complete
    async def outer():
        loops.append(asyncio.get_running_loop())
        await asyncio.to_thread(inner)

    outer()
    assert len(set(loops)) == 2


def test_a_lent_loop_stays_as_it_is(lent):
    """The current loop stays open; what goes on in it goes on, in the next test, too; its task factory is put back."""
    made = []

    def factory(loop, coro, **kwargs):
        made.append(coro.__qualname__.rpartition(".")[2])
        return asyncio.Task(coro, loop=loop, **kwargs)

    lent.set_task_factory(factory)

    async def serve():
        await asked.wait()
        return "served"

    @run_until_complete(loop=current_loop)
    async def setup():
        nonlocal asked
        asked = asyncio.Event()
        assert asyncio.get_running_loop() is lent
        return asyncio.create_task(serve())

    @run_forever(timeout=0, loop=current_loop)
    async def test():
        asked.set()
        assert await task == "served"

    asked = None
    task = setup()
    assert not task.done()
    test()
    assert (lent.get_task_factory(), lent.get_exception_handler()) == (factory, None)
    assert "close" not in vars(lent)
    assert made == ["_main", "serve", "_main"]
    assert asyncio.get_event_loop_policy().get_event_loop() is lent
    assert lent.run_until_complete(asyncio.sleep(0, "open")) == "open"


def test_a_lent_loop_is_left_clean(lent):
    """A test that has stopped the loop is cancelled, before the loop is given back."""
    ended = []

    @run_until_complete(loop=current_loop)
    async def test():
        lent.stop()
        try:
            await asyncio.sleep(3600)
        finally:
            await asyncio.sleep(0)
            ended.append("test")

    with pytest.raises(aiohttpretty.LoopError) as caught:
        test()
    assert str(caught.value) == (
        "test_a_lent_loop_is_left_clean.<locals>.test did not come to its end, because something stopped its "
        "event loop: the test, or what it has begun, calls loop.stop(). The loop is stopped when the test returns; let "
        "it return instead."
    )
    assert ended == ["test"]
    assert asyncio.all_tasks(lent) == set()


def test_whoever_gives_the_loop_may_fail():
    """The error of the context manager is raised; the test's own is its context."""

    @contextlib.contextmanager
    def breaking():
        with loop_context() as loop:
            yield loop
        raise OSError("no end")

    async def body(error):
        if error is not None:
            raise error

    lost = KeyError("lost")
    with pytest.raises(OSError, match="^no end$") as caught:
        run_until_complete(loop=breaking)(body)(lost)
    assert caught.value.__context__ is lost
    with pytest.raises(OSError, match="^no end$") as caught:
        run_until_complete(loop=breaking)(body)(None)
    assert caught.value.__context__ is None


def test_what_led_to_an_error_of_the_manager_stays():
    """Its error keeps a context of its own."""

    @contextlib.contextmanager
    def breaking():
        with loop_context() as loop:
            yield loop
        try:
            raise KeyError("why")
        except KeyError:
            raise OSError("no end")  # noqa: B904

    async def body():
        raise ValueError("lost")

    with pytest.raises(OSError, match="^no end$") as caught:
        run_until_complete(loop=breaking)(body)()
    assert isinstance(caught.value.__context__, KeyError)


def test_a_loop_that_is_closed_twice():
    """Whoever gives it may do so; it has ended by then."""
    ended = []

    @contextlib.contextmanager
    def thorough():
        loop = asyncio.new_event_loop()
        yield loop
        loop.close()
        loop.close()
        ended.append(loop.is_closed())

    async def body():
        return "done"

    assert run_until_complete(loop=thorough)(body)() == "done"
    assert ended == [True]


def test_what_a_test_puts_in_the_place_of_a_method_stays(lent):
    """A method of the loop that the test has replaced itself is the test's own."""
    called = []

    async def body():
        create = asyncio.get_running_loop().create_task

        def mine(*args, **kwargs):
            called.append(args)
            return create(*args, **kwargs)

        asyncio.get_running_loop().create_task = mine
        await asyncio.create_task(asyncio.sleep(0))

    run_until_complete(loop=current_loop)(body)()
    assert len(called) == 1
    assert lent.create_task.__name__ == "mine"
    del lent.create_task


def test_a_loop_that_can_not_end():
    """What is wrong with it is raised, and nobody tries for ever."""

    tried = []

    async def body():
        loop = asyncio.get_running_loop()
        complete = loop.run_until_complete

        def broken(work):
            tried.append(complete(work))
            raise RuntimeError("no more")

        loop.run_until_complete = broken

    with pytest.raises(RuntimeError, match="^no more$"):
        run_until_complete(body)()
    assert set(tried) == {None}


def test_current_loop_inside_of_a_test():
    """It gives the loop of the test that is running."""

    @run_until_complete
    async def test():
        with current_loop() as loop:
            assert loop is asyncio.get_running_loop()

    test()


def test_current_loop_where_there_is_none(lent):
    """No loop, or a closed one: it says so, and how to have one, and makes none."""
    lent.close()
    with pytest.raises(aiohttpretty.LoopError) as closed:
        run_until_complete(loop=current_loop)(boom)(KeyError())
    asyncio.set_event_loop(None)
    with pytest.raises(aiohttpretty.LoopError) as none:
        run_until_complete(loop=current_loop)(boom)(KeyError())
    assert str(closed.value) == (
        "current_loop() found an event loop that is closed: whoever closed it has left it set as the current one. Set "
        "another one before the test: asyncio.set_event_loop(asyncio.new_event_loop()); or leave loop= out, and each "
        "test gets a loop of its own."
    )
    assert str(none.value) == (
        "current_loop() found no event loop: none is running in this thread, and none has been set. Set one before the "
        "test, such as in setUp: asyncio.set_event_loop(asyncio.new_event_loop()); or leave loop= out, and each test "
        "gets a loop of its own."
    )


def test_another_policy_is_asked():
    """A policy of another make is asked for its loop as all are asked, and told it again."""

    class Policy(asyncio.AbstractEventLoopPolicy):
        def __init__(self):
            self.loop = None

        def get_event_loop(self):
            if self.loop is None:
                raise RuntimeError("none")
            return self.loop

        def set_event_loop(self, loop):
            self.loop = loop

        def new_event_loop(self):
            return asyncio.SelectorEventLoop()

    former = asyncio.get_event_loop_policy()
    policy = Policy()
    asyncio.set_event_loop_policy(policy)
    try:
        loop = run_until_complete(lambda: policy.loop)()
        assert loop.is_closed()
        assert policy.loop is None
        policy.loop = policy.new_event_loop()
        assert run_until_complete(loop=current_loop)(asyncio.get_running_loop)() is policy.loop
        policy.loop.close()
    finally:
        asyncio.set_event_loop_policy(former)


def test_generators_end_in_the_loop():
    """One that is dropped, and one that is kept, go through their `finally`; tasks that they begin there are ended."""
    ended = []
    kept = []

    async def wait():
        try:
            await asyncio.sleep(3600)
        finally:
            ended.append("task")

    async def count(name):
        try:
            yield 1
        finally:
            ended.append(name)
            kept.append(asyncio.create_task(wait()))
            await asyncio.sleep(0)

    @run_until_complete
    async def test():
        kept.append(count("kept"))
        await anext(kept[0])
        await anext(count("dropped"))

    test()
    assert ended == ["dropped", "task", "kept", "task"]
    assert all(task.cancelled() for task in kept[1:])


@BOTH
def test_threads_of_the_loop_end_with_it(decorator):
    """A thread that the loop has begun, and that takes its time, has ended when the test has."""
    ended = []

    def work():
        threading.Event().wait(0.05)
        ended.append("thread")

    async def test():
        asyncio.get_running_loop().run_in_executor(None, work)

    decorator(test)()
    assert ended == ["thread"]


def test_tasks_that_begin_others_at_their_end():
    """Those that never stop doing so are left, and the run ends."""
    begun = []

    async def again():
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            begun.append(asyncio.create_task(again()))
            await asyncio.sleep(0)
            raise

    @run_until_complete
    async def test():
        begun.append(asyncio.create_task(again()))
        await asyncio.sleep(0)

    test()
    assert len(begun) > 2
    begun[-1]._log_destroy_pending = False


def test_inside_of_a_loop():
    """A test is no coroutine function, and has a loop of its own."""

    @run_until_complete
    async def inner():
        raise AssertionError

    inner.__qualname__ = "Test.inner"

    @run_until_complete
    async def outer():
        inner()

    with pytest.raises(aiohttpretty.LoopError) as caught:
        outer()
    assert str(caught.value) == (
        "test_inside_of_a_loop.<locals>.inner was called while an event loop is running in this thread, and "
        "runs in one of its own. Call it from outside of the loop, or await what is decorated: inner.__wrapped__(...)."
    )


class Aged(unittest.TestCase):
    """What can't be decorated."""


def numbers():
    yield 1


async def more_numbers():
    yield 1


@pytest.mark.parametrize("decorator", [run_until_complete, run_forever])
@pytest.mark.parametrize(
    ("function", "why"),
    [
        (Aged, "Aged is a class: decorate each of its tests"),
        (staticmethod(boom), "boom is a staticmethod already: write @staticmethod above @{}"),
        (classmethod(boom), "boom is a classmethod already: write @classmethod above @{}"),
        (2, "2 is none; options are given by name"),
        (numbers, "numbers is a generator, whose body would never run: write `async def`, without `yield`"),
        (more_numbers, "more_numbers is a generator, whose body would never run: write `async def`, without `yield`"),
        (loop_context, "loop_context makes context managers: give it by name, @{}(loop=loop_context)"),
        (current_loop, "current_loop makes context managers: give it by name, @{}(loop=current_loop)"),
        (
            functools.partial(loop_context, asyncio.new_event_loop),
            "loop_context makes context managers: give it by name, @{}(loop=...)",
        ),
    ],
)
def test_what_is_no_test_is_refused(decorator, function, why):
    """With what it is, and how to do it."""
    for decorate in (decorator, decorator()):
        with pytest.raises(aiohttpretty.OptionTypeError) as caught:
            decorate(function)
        name = decorator.__name__
        assert str(caught.value) == f"@{name} decorates a test function or method, and {why.format(name)}."


@pytest.mark.parametrize("option", ["timeout", "sleep"])
@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ("1", TypeError),
        (True, TypeError),
        (None, TypeError),
        (-1, ValueError),
        (float("nan"), ValueError),
        (float("inf"), ValueError),
    ],
)
def test_a_time_is_a_number_of_seconds(option, value, kind):
    """Anything else is refused where the test is decorated."""
    with pytest.raises(kind) as caught:
        run_forever(**{option: value})
    assert isinstance(caught.value, aiohttpretty.AiohttprettyError)
    assert str(caught.value) == f"{option}= of @run_forever is a number of seconds, 0 or more, not {value!r}."


def test_loop_takes_what_makes_a_manager():
    """One that is made already is good for one test; it is refused, with what to write."""
    made = loop_context()
    with pytest.raises(aiohttpretty.OptionTypeError) as caught:
        run_until_complete(loop=made)
    assert str(caught.value) == (
        "loop= of @run_until_complete takes what makes a context manager that gives a loop, not "
        f"{made!r}: it is called for each test. Write it without the parentheses, such as loop=loop_context of "
        "aiohttp.test_utils; with arguments, loop=functools.partial(loop_context, uvloop.new_event_loop)."
    )


def test_loop_that_gives_none():
    """What `loop=` makes is looked at when the test runs."""
    loop = asyncio.new_event_loop()
    given = [
        (lambda: loop, f"made {loop!r}, which is no context manager", TypeError),
        (lambda: contextlib.nullcontext(3), "gave 3, which is no event loop", TypeError),
        (lambda: contextlib.nullcontext(closed), "gave an event loop that is closed", aiohttpretty.LoopError),
    ]
    closed = asyncio.new_event_loop()
    closed.close()
    for maker, why, kind in given:
        with pytest.raises(kind) as caught:
            run_until_complete(loop=maker)(boom)(KeyError())
        assert isinstance(caught.value, aiohttpretty.AiohttprettyError)
        assert str(caught.value) == (
            f"boom can't run: what loop= names {why}. It takes what makes a context manager that gives a loop which "
            "can be run here, such as aiohttp.test_utils.loop_context; without loop=, each test gets a new one."
        )
    loop.close()


def test_a_callback_that_is_none():
    """A coroutine that was made already, and anything that can't be called, is refused."""

    async def check():
        raise AssertionError

    for value in (check(), 3):

        async def body(value=value):
            return value

        said = repr(value)
        with pytest.raises(aiohttpretty.OptionTypeError) as caught:
            run_forever(timeout=0)(body)()
        assert str(caught.value) == (
            f"test_a_callback_that_is_none.<locals>.body returned {said}, and run_forever takes None or what "
            "it can call when timeout= is over. Return the function itself, without calling it."
        )


def test_an_interrupt_on_a_lent_loop(lent):
    """The test is cancelled, and what else goes on in the loop is not."""
    events = []

    async def other():
        try:
            await asyncio.sleep(3600)
        finally:
            events.append("other")

    @run_until_complete(loop=current_loop)
    async def test():
        lent.call_soon(signal.raise_signal, signal.SIGINT)
        try:
            await asyncio.sleep(3600)
        finally:
            events.append("test")

    task = lent.create_task(other())
    with pytest.raises(KeyboardInterrupt):
        test()
    assert events == ["test"]
    task.cancel()
    lent.run_until_complete(asyncio.wait([task]))


def test_the_error_goes_into_another_process():
    """pytest-xdist and others pickle what is raised: the sentence goes along."""
    error = aiohttpretty.BackgroundError("said", [KeyError()])
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), str(again), again.errors) == (aiohttpretty.BackgroundError, "said", ())


def test_nothing_of_a_run_is_kept():
    """What a test has made is gone with it, without waiting for the garbage collector."""

    class Thing:
        """Has a weak reference."""

    things = []

    @run_until_complete
    async def test():
        thing = Thing()
        things.append(weakref.ref(thing))
        await asyncio.sleep(0)

    gc.disable()
    try:
        test()
        assert [thing() for thing in things] == [None]
    finally:
        gc.enable()


def never_called():
    raise AssertionError


@pytest.mark.parametrize(
    "value", [numbers(), more_numbers(), never_called, functools.partial(never_called)], ids=range(4)
)
def test_a_callback_that_leaves_its_work_undone(value):
    """What it returns would have to be iterated or called, and nobody does that: refused, not passed over."""

    @run_forever(timeout=0)
    async def body():
        return lambda: value

    with pytest.raises(aiohttpretty.OptionTypeError) as caught:
        body()
    assert str(caught.value) == (
        "The function that test_a_callback_that_leaves_its_work_undone.<locals>.body returned has returned "
        f"{value!r}, which nobody runs: what is in it would never happen. Write that into the function itself, `def` "
        "or `async def`, without `yield`."
    )


@pytest.mark.parametrize("kind", ["generator", "asynchronous generator", "coroutine"])
def test_a_callback_whose_body_does_not_run(kind):
    """Checks behind a `yield` would pass unseen, and so would a coroutine that nobody awaits."""

    async def check():
        raise AssertionError

    async def forgetful():
        return check()

    @run_forever(timeout=0)
    async def body():
        return {"generator": numbers, "asynchronous generator": more_numbers, "coroutine": forgetful}[kind]

    with pytest.raises(aiohttpretty.OptionTypeError, match="^The function that .* which nobody runs: what is in it "):
        body()


def test_a_mock_for_a_callback():
    """What it returns can be called, as all that mocks return; that is no work left undone."""
    called = mock.AsyncMock()

    @run_forever(timeout=0)
    async def body():
        return called

    body()
    called.assert_awaited_once_with()


@BOTH
def test_sleep_is_patched_around_the_decorator(decorator, monkeypatch):
    """The test has its own way with asyncio.sleep; the run neither breaks nor is counted."""
    patched = mock.AsyncMock(side_effect=OSError)
    monkeypatch.setattr(asyncio, "sleep", patched)
    seen = []

    async def body():
        with pytest.raises(OSError):
            await asyncio.sleep(30)
        seen.append(asyncio.get_running_loop())

    decorator(body)()
    patched.assert_awaited_once_with(30)
    assert seen[0].is_closed()


def test_time_sleep_is_patched_around_the_decorator(monkeypatch):
    """`sleep=` sleeps really, and is none of the calls that the test counts."""
    patched = mock.Mock()
    monkeypatch.setattr("time.sleep", patched)
    run_forever(timeout=0, sleep=0.001)(lambda: None)()
    patched.assert_not_called()


def loops():
    """Makers of loops, uvloop's too where there is one."""
    yield pytest.param(loop_context, id="asyncio")
    with contextlib.suppress(ImportError):
        import uvloop  # noqa: PLC0415 - not for all Pythons

        yield pytest.param(functools.partial(loop_context, uvloop.new_event_loop), id="uvloop")


LOOPS = pytest.mark.parametrize("loop", list(loops()))


@LOOPS
def test_a_test_that_stops_the_loop_as_it_ends(loop):
    """It has come to its end: what it raises is raised, what it returns is returned, and the rest is ended in order."""
    ended = []

    async def wait():
        try:
            await asyncio.sleep(3600)
        finally:
            asyncio.get_running_loop().stop()
            await asyncio.sleep(0)
            ended.append("task")

    @run_until_complete(loop=loop)
    async def test(error=None):
        ended.append(asyncio.create_task(wait()))
        await asyncio.sleep(0)
        asyncio.get_running_loop().stop()
        if error is not None:
            raise error
        return "returned"

    failed = AssertionError("the real failure")
    assert test() == "returned"
    with pytest.raises(AssertionError) as caught:
        test(failed)
    assert caught.value is failed
    assert failed.__context__ is None
    assert ended[1::2] == ["task", "task"]
    assert all(task.done() for task in ended[::2])


@LOOPS
def test_a_callback_that_stops_the_loop(loop):
    """`run_forever` ends then anyway, and what has failed in the background is told as ever."""

    async def body():
        asyncio.create_task(boom(KeyError("behind")))
        return asyncio.get_running_loop().stop

    failure = failing(body, functools.partial(run_forever, timeout=0, loop=loop))
    assert str(failure) == f"In the background of Test.test_it, the task of boom() raised KeyError: 'behind'.\n{CURE}"


def test_a_lent_loop_is_not_stopped_for_the_next(lent):
    """A stop() in a test's last turn does not stop whoever runs the loop after it."""
    run_until_complete(loop=current_loop)(lent.stop)()
    assert lent.run_until_complete(asyncio.sleep(0, "run")) == "run"


def test_tests_in_two_threads(monkeypatch):
    """The hook for threads is put back when the last has ended, whichever began first; a failure is told to both."""
    monkeypatch.setattr(threading, "excepthook", lambda args: told.append(args.exc_type))
    former = threading.excepthook
    told, raised = [], {}
    begun, failed, over = threading.Event(), threading.Event(), threading.Event()

    def die():
        raise KeyError("dead")

    @run_forever(timeout=0)
    def first():
        begun.set()
        failed.wait()

    @run_forever(timeout=0)
    def second():
        thread = threading.Thread(target=die, name="late")
        thread.start()
        thread.join()
        failed.set()
        over.wait()

    def outcome(test):
        try:
            test()
        except aiohttpretty.BackgroundError as error:
            raised[test.__name__] = str(error).splitlines()[0].partition(", ")[2]

    threads = [threading.Thread(target=outcome, args=(test,)) for test in (first, second)]
    threads[0].start()
    begun.wait()
    threads[1].start()
    threads[0].join()
    over.set()
    threads[1].join()
    assert raised == dict.fromkeys(("first", "second"), "the thread 'late' raised KeyError: 'dead'.")
    assert threading.excepthook is former
    assert told == []


def test_a_hook_of_ours_beneath_another_passes_on(monkeypatch):
    """Who has put a hook over ours, and left it there, loses no errors of later threads."""
    told = []
    monkeypatch.setattr(threading, "excepthook", lambda args: told.append(args.exc_type))

    @run_forever(timeout=0)
    def test():
        ours = threading.excepthook
        threading.excepthook = functools.partial(ours)

    for _ in range(2):
        test()
    thread = threading.Thread(target=numbers, args=("too many",))
    thread.start()
    thread.join()
    assert told == [TypeError]


@pytest.mark.parametrize("give_up", [pytest.skip, pytest.xfail])
def test_giving_up_by_pytest_hides_nothing(give_up):
    """pytest's own skip and xfail come after what has failed, as unittest's does; alone they are what they are."""

    async def body():
        asyncio.create_task(boom(KeyError("behind")))
        await asyncio.sleep(0)
        give_up("not today")

    try:
        said = str(failing(body))
    except give_up.Exception:  # pytest would take it for its own
        said = None
    assert said == f"In the background of Test.test_it, the task of boom() raised KeyError: 'behind'.\n{CURE}"
    with pytest.raises(give_up.Exception):
        run_until_complete(functools.partial(give_up, "not today"))()


def test_work_in_an_executor_fails_the_test():
    """Also if what `run_in_executor` gave is kept, and never awaited."""
    kept = []

    async def body():
        kept.append(asyncio.get_running_loop().run_in_executor(None, int, "one"))
        await asyncio.wait(kept)

    assert str(failing(body)) == (
        "In the background of Test.test_it, a future that nobody awaited raised ValueError: invalid literal for int() "
        f"with base 10: 'one'.\n{CURE}"
    )


def test_what_was_begun_before_the_test(lent):
    """A service that setUp has begun in the loop that they share, is kept, and dies during the test, fails it."""
    service = lent.create_task(boom(KeyError("dead")), name="service")

    async def body():
        await asyncio.sleep(0)

    failure = failing(body, run_until_complete(loop=current_loop))
    assert str(failure) == (
        f"In the background of Test.test_it, the task 'service' of boom() raised KeyError: 'dead'.\n{CURE}"
    )
    assert service.done()


def test_an_exception_without_a_text_to_be_had():
    """One whose `__str__` raises is told by its kind; it does not take the place of the report."""

    class Bad(Exception):
        def __str__(self):
            raise RuntimeError

    async def body():
        asyncio.create_task(boom(Bad()))
        await asyncio.sleep(0)

    assert str(failing(body)) == (
        "In the background of Test.test_it, the task of boom() raised Bad: its own text can't be had, __str__() "
        f"raised RuntimeError.\n{CURE}"
    )


def test_code_to_paste_stays_as_it_is():
    """A text of several lines, which may end in code, gets no full stop."""

    async def body():
        asyncio.create_task(boom(LookupError("Paste:\n    register_uri('GET')")))
        await asyncio.sleep(0)

    assert str(failing(body)) == (
        "In the background of Test.test_it, the task of boom() raised LookupError: Paste:\n    register_uri('GET')\n"
        f"{CURE}"
    )

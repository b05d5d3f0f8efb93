"""One run of a test in an event loop: from nothing to nothing.

Law of this room: the traceback of what a test raises begins in the test, and what was there before is there afterwards.
Whoever closes the loop ends it, and what still goes on in it is ended in good order first; a loop that stays open is
somebody else's, and so is what goes on in it.
"""

from __future__ import annotations

import asyncio
import inspect
import sys

# By their names here, as a test may patch those of their modules around the decorator
from asyncio import sleep, wait
from collections.abc import Callable, Coroutine
from contextlib import AbstractContextManager, ExitStack, nullcontext
from functools import partial
from time import sleep as sleep_outside
from types import TracebackType
from typing import Any, NamedTuple
from unittest import SkipTest

from ..errors import LoopError, OptionTypeError
from .background import Background
from .current import as_before, fresh_loop
from .stand_in import stand_in

LoopMaker = Callable[[], AbstractContextManager[asyncio.AbstractEventLoop]]
# Tasks that end may begin others; of those that always do, the last are left
_ROUNDS = 10
# As asyncio and uvloop say it
_STOPPED = "Event loop stopped before Future completed."
__unittest = True  # has unittest leave these frames out of what it shows


class Plan(NamedTuple):
    """How a test is run."""

    loop: LoopMaker = fresh_loop
    """Makes the context manager that gives the loop."""
    forever: bool = False
    """Whether the loop goes on when the test's body has ended."""
    timeout: float = 0
    """How long it goes on then, in seconds."""
    sleep: float = 0
    """How long to wait, in seconds, when the loop is gone."""


class _Outcome:
    """What came of it. Not in a variable of a frame: the error's traceback would hold that, and it the error."""

    value: Any = None
    raised: BaseException | None = None

    def take(self) -> BaseException | None:
        raised, self.raised = self.raised, None
        return raised


def run(test: Callable[[], Any], name: str, plan: Plan) -> Any:
    """What the test, which is called `name`, returns.

    Raises:
        LoopError: it was called inside of an event loop, has stopped its own, or was given none that can run.
        OptionTypeError: (a `TypeError`) it was given no event loop, or `run_forever` no callback.
        BackgroundError: what it has begun, and nobody awaits, has failed.
    """
    __tracebackhide__ = True
    if asyncio._get_running_loop() is not None:
        raise LoopError(
            f"{name} was called while an event loop is running in this thread, and runs in one of its own. Call it "
            f"from outside of the loop, or await what is decorated: {name.rpartition('.')[2]}.__wrapped__(...)."
        )
    background, outcome = Background(name), _Outcome()
    with as_before(), background.threads() if plan.forever else nullcontext():
        try:
            _run(test, name, plan, background, outcome)
        except BaseException as error:  # whoever gave the loop has failed
            if error.__context__ is None:
                error.__context__ = outcome.take()
            outcome.raised = error
    _judge(outcome, background)
    return outcome.value


def _judge(outcome: _Outcome, background: Background) -> None:
    """Raise what is to be raised: before all else, what the test itself has raised."""
    __tracebackhide__ = True
    raised = outcome.take()
    if raised is None or isinstance(raised, _given_up()):
        raised = background.error() or raised
    else:
        background.note(raised)
    if raised is not None:
        try:
            raise raised.with_traceback(_own(raised.__traceback__))
        finally:
            del raised


def _given_up() -> tuple[type[BaseException], ...]:
    """What says that a test has not failed: unittest's, and pytest's if it is there."""
    pytest = sys.modules.get("pytest")
    kinds = [getattr(getattr(pytest, name, None), "Exception", SkipTest) for name in ("skip", "xfail")]
    return SkipTest, *kinds


def _own(traceback: TracebackType | None) -> TracebackType | None:
    """The part that is the test's own, or else all."""
    own = traceback
    while own is not None and own.tb_frame.f_code is not _called.__code__:
        own = own.tb_next
    return own.tb_next if own is not None and own.tb_next is not None else traceback


def _run(test: Callable[[], Any], name: str, plan: Plan, background: Background, outcome: _Outcome) -> None:
    with ExitStack() as watched:  # for longer than there is a loop: what is collected late may tell of it
        manager = plan.loop()
        if not hasattr(manager, "__enter__"):
            raise OptionTypeError(_no_loop(name, f"made {manager!r}, which is no context manager"))
        with manager as loop:
            _check(loop, name)
            asyncio.set_event_loop(loop)
            watched.enter_context(background.tasks(loop))
            watched.enter_context(_ended_when_closed(loop))
            try:
                outcome.value = _driven(_main(test, name, plan), loop, name)
            except BaseException as error:  # the manager is not told: those of few lines would do nothing then
                outcome.raised = error
        if plan.sleep and not isinstance(outcome.raised, (KeyboardInterrupt, SystemExit)):
            sleep_outside(plan.sleep)


def _check(loop: object, name: str) -> None:
    if not isinstance(loop, asyncio.AbstractEventLoop):
        raise OptionTypeError(_no_loop(name, f"gave {loop!r}, which is no event loop"))
    if loop.is_closed() or loop.is_running():
        state = "closed" if loop.is_closed() else "running already"
        raise LoopError(_no_loop(name, f"gave an event loop that is {state}"))


def _no_loop(name: str, why: str) -> str:
    return (
        f"{name} can't run: what loop= names {why}. It takes what makes a context manager that gives a loop which "
        "can be run here, such as aiohttp.test_utils.loop_context; without loop=, each test gets a new one."
    )


def _driven(main: Coroutine[Any, Any, Any], loop: asyncio.AbstractEventLoop, name: str) -> Any:
    """Run it in the loop, and leave it in no case half done."""
    try:
        if sys.version_info >= (3, 11):  # an interrupt cancels it, so that it ends in good order
            return asyncio.Runner(loop_factory=lambda: loop).run(main)
        return loop.run_until_complete(main)  # pragma: no cover - CPython 3.10
    except RuntimeError as error:
        if inspect.getcoroutinestate(main) != inspect.CORO_SUSPENDED:
            raise
        raise LoopError(
            f"{name} did not come to its end, because something stopped its event loop: the test, or what it has "
            "begun, calls loop.stop(). The loop is stopped when the test returns; let it return instead."
        ) from error
    finally:
        if not loop.is_closed():
            left = [task for task in asyncio.all_tasks(loop) if task.get_coro() is main]
            _end_tasks(loop, left)
            _complete(loop, sleep(0))  # what was told to stop in the last turn must not stop whoever runs it next


async def _main(test: Callable[[], Any], name: str, plan: Plan) -> Any:
    value = await _called(test)
    if not plan.forever:
        return value
    if value is not None and not callable(value):
        if inspect.iscoroutine(value):
            value.close()
        raise OptionTypeError(
            f"{name} returned {value!r}, and run_forever takes None or what it can call when timeout= is over. Return "
            "the function itself, without calling it."
        )
    await sleep(plan.timeout)
    if value is not None:
        _finish(await _called(value), name)
    return None


def _finish(value: Any, name: str) -> None:
    """Raise if the callback has returned what should have run."""
    if inspect.iscoroutine(value):
        value.close()
    elif not (
        inspect.isgenerator(value)
        or inspect.isasyncgen(value)
        or inspect.isroutine(value)  # not all that can be called: what a mock returns can be
        or isinstance(value, partial)
    ):
        return
    raise OptionTypeError(
        f"The function that {name} returned has returned {value!r}, which nobody runs: what is in it would never "
        "happen. Write that into the function itself, `def` or `async def`, without `yield`."
    )


async def _called(function: Callable[[], Any]) -> Any:
    value = function()
    return await value if inspect.isawaitable(value) else value


def _ended_when_closed(loop: asyncio.AbstractEventLoop) -> AbstractContextManager[None]:
    """Whoever closes the loop meanwhile ends first what goes on in it."""
    close = loop.close

    def end_and_close() -> None:
        try:
            if not loop.is_closed() and not loop.is_running():
                _end(loop)
        finally:
            close()

    return stand_in(loop, "close", end_and_close)


def _end(loop: asyncio.AbstractEventLoop) -> None:
    _complete(loop, sleep(0))  # generators that the test has just dropped begin to end
    _end_tasks(loop)
    _complete(loop, loop.shutdown_asyncgens())
    _end_tasks(loop)  # those that generators have begun at their end
    _complete(loop, loop.shutdown_default_executor())


def _end_tasks(loop: asyncio.AbstractEventLoop, tasks: list[asyncio.Task[Any]] | None = None) -> None:
    """Cancel the tasks, or all there are, and wait for them."""
    for _ in range(_ROUNDS):
        ending = asyncio.all_tasks(loop) if tasks is None else {task for task in tasks if not task.done()}
        if not ending:
            return
        for task in ending:
            task.cancel()
        _complete(loop, wait(ending))


def _complete(loop: asyncio.AbstractEventLoop, work: Coroutine[Any, Any, Any]) -> None:
    """Run it in the loop to its end, also if somebody stops the loop meanwhile."""
    task: Any = asyncio.Task(work, loop=loop)  # a factory of the test's own is for the test's own tasks
    task._log_destroy_pending = False  # as for asyncio's own: nobody is told of it if it is interrupted
    while not task.done():
        try:
            loop.run_until_complete(task)
        except RuntimeError as error:  # noqa: PERF203 - once, as a rule
            if task.done() or str(error) != _STOPPED:
                raise

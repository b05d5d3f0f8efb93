"""Tests as coroutines, for `unittest` without pytest: each runs in an event loop of its own.

Law of this room: a decorated test is a plain function that returns when all is over. Whatever has failed meanwhile has
failed the test.
"""

from __future__ import annotations

import functools
import inspect
import math
from collections.abc import Awaitable, Callable
from contextlib import contextmanager
from typing import Any, ParamSpec, Protocol, TypeVar, cast, overload

from .errors import OptionTypeError, OptionValueError
from .loops.current import current_loop, fresh_loop
from .loops.run import LoopMaker, Plan, run

__all__ = ["current_loop", "run_forever", "run_until_complete"]

_P = ParamSpec("_P")
_T = TypeVar("_T")
# What is made of generator functions, such as loop_context, has the code of one function of contextlib
_MANAGER = contextmanager(iter).__code__
__unittest = True  # has unittest leave these frames out of what it shows


class _Returning(Protocol):
    """Decorates what is awaited, or plain functions, and hands on what they return."""

    @overload
    def __call__(self, function: Callable[_P, Awaitable[_T]], /) -> Callable[_P, _T]: ...
    @overload
    def __call__(self, function: Callable[_P, _T], /) -> Callable[_P, _T]: ...


class _Finishing(Protocol):
    """Decorates the same, and returns nothing."""

    def __call__(self, function: Callable[_P, Any], /) -> Callable[_P, None]: ...


@overload
def run_until_complete(function: Callable[_P, Awaitable[_T]], /, *, loop: LoopMaker = ...) -> Callable[_P, _T]: ...
@overload
def run_until_complete(function: Callable[_P, _T], /, *, loop: LoopMaker = ...) -> Callable[_P, _T]: ...
@overload
def run_until_complete(function: None = None, /, *, loop: LoopMaker = ...) -> _Returning: ...
def run_until_complete(function: Any = None, /, *, loop: LoopMaker | None = None) -> Any:
    """Have a test run in an event loop of its own: `@run_until_complete` or `@run_until_complete(loop=…)`.

    It works on coroutine functions and methods, and on plain ones, which are called in the running loop. When the test
    has returned, tasks that are still pending are cancelled and awaited, asynchronous generators and the loop's threads
    are ended, the loop is closed, and what was the current event loop before is that again.

    An exception that nobody takes, of a task or a callback in the loop, fails the test. A task that is forgotten, and
    ends quietly when it is cancelled, does not.

    Args:
        function: the test; it returns what the test returns.
        loop: makes a context manager that gives the loop, such as `aiohttp.test_utils.loop_context`, `current_loop`,
            or `functools.partial(loop_context, uvloop.new_event_loop)`. Just before it closes the loop, what goes on
            in it is ended as above; in a loop that stays open it goes on.

    The loop's threads are waited for as long as they take: what releases one stands in the test itself, such as in a
    `finally`, as cleanups and fixtures run later. What `asyncio.gather` and `asyncio.shield` give takes the exceptions
    of its tasks: if it is kept and never awaited, they fail no test.

    Raises:
        OptionTypeError: (a `TypeError`) there is no test to decorate, or `loop` does not make such a manager.
    """
    return _decorated(function, Plan(_checked(loop, "run_until_complete")), "run_until_complete")


@overload
def run_forever(
    function: Callable[_P, Any], /, *, timeout: float = ..., sleep: float = ..., loop: LoopMaker = ...
) -> Callable[_P, None]: ...
@overload
def run_forever(
    function: None = None, /, *, timeout: float = ..., sleep: float = ..., loop: LoopMaker = ...
) -> _Finishing: ...
def run_forever(function: Any = None, /, *, timeout: float = 1, sleep: float = 0, loop: LoopMaker | None = None) -> Any:
    """Have a test run in a loop that goes on when its body has ended: for what works in the background.

    The body sets up, and returns a function or None. After `timeout` seconds the function is called, and awaited if it
    can be; then the loop is ended as by `run_until_complete`. `sleep` seconds after that, the test fails if anything
    has failed meanwhile: a task, a callback in the loop, or a thread that was begun in the test.

    Args:
        function: the test.
        timeout: how long the loop goes on between the body and the function that it returns, in seconds.
        sleep: how long to wait when the loop is gone, in seconds: for threads that end by themselves.
        loop: as for `run_until_complete`.

    Raises:
        OptionTypeError: (a `TypeError`) there is no test to decorate, or an option is of the wrong kind.
        OptionValueError: (a `ValueError`) no time is as long as `timeout` or `sleep`.
    """
    plan = Plan(
        _checked(loop, "run_forever"),
        forever=True,
        timeout=_seconds(timeout, "timeout"),
        sleep=_seconds(sleep, "sleep"),
    )
    return _decorated(function, plan, "run_forever")


def _decorated(function: Any, plan: Plan, decorator: str) -> Any:
    if function is None:
        return functools.partial(_required, plan=plan, decorator=decorator)
    return _required(function, plan=plan, decorator=decorator)


def _required(function: Any, /, *, plan: Plan, decorator: str) -> Any:
    _refuse(function, decorator)
    name = getattr(function, "__qualname__", None) or repr(function)

    @functools.wraps(function)
    def test(*args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        return run(lambda: function(*args, **kwargs), name, plan)

    for mark in ("_is_coroutine", "_is_coroutine_mark"):  # it is a plain function, whatever the test is
        vars(test).pop(mark, None)
    return test


def _refuse(function: Any, decorator: str) -> None:
    """Raise unless it is something that can be called, and does its work then."""
    if isinstance(function, type):
        why = f"{function.__qualname__} is a class: decorate each of its tests"
    elif isinstance(function, (staticmethod, classmethod)):
        kind = type(function).__name__
        why = f"{function.__qualname__} is a {kind} already: write @{kind} above @{decorator}"
    elif not callable(function):
        why = f"{function!r} is none; options are given by name"
    elif getattr(_whole(function), "__code__", None) is _MANAGER:
        named = getattr(function, "__qualname__", "...")
        why = f"{_whole(function).__qualname__} makes context managers: give it by name, @{decorator}(loop={named})"
    elif inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
        why = f"{function.__qualname__} is a generator, whose body would never run: write `async def`, without `yield`"
    else:
        return
    raise OptionTypeError(f"@{decorator} decorates a test function or method, and {why}.")


def _whole(function: Any) -> Any:
    while isinstance(function, functools.partial):
        function = function.func
    return function


def _checked(loop: Any, decorator: str) -> LoopMaker:
    if loop is None:
        return fresh_loop
    # such as loop_context(): it is good for one test, and may be callable, as a decorator
    made = not isinstance(loop, type) and hasattr(loop, "__enter__")
    if made or not callable(loop):
        raise OptionTypeError(
            f"loop= of @{decorator} takes what makes a context manager that gives a loop, not {loop!r}: it is called "
            "for each test. Write it without the parentheses, such as loop=loop_context of aiohttp.test_utils; with "
            "arguments, loop=functools.partial(loop_context, uvloop.new_event_loop)."
        )
    return cast("LoopMaker", loop)


def _seconds(value: Any, option: str) -> float:
    said = f"{option}= of @run_forever is a number of seconds, 0 or more, not {value!r}."
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise OptionTypeError(said)
    if not 0 <= value < math.inf:
        raise OptionValueError(said)
    return value

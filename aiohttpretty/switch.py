"""On and off, in the three forms that tests are written in: a pair of calls, a `with` block, a decorator."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from contextlib import aclosing, suppress
from types import TracebackType
from typing import Any, TypeVar, cast

from .errors import OptionTypeError

_T = TypeVar("_T", bound=Callable[..., Any])


class Handle:
    """One `activate()`; leaving its `with` or `async with` block undoes it, once."""

    def __init__(self, off: Callable[[], None], on: Callable[[], Handle]) -> None:
        self._off: Callable[[], None] | None = off
        self._on = on  # how a decorated function is switched on

    def __call__(self, target: _T) -> _T:
        """As a decorator, with parentheses; what it decorates is switched on when it runs, and not before."""
        self.__exit__(None, None, None)
        return wrapped(target, self._on)

    def __enter__(self) -> Handle:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        off, self._off = self._off, None
        if off is not None:
            off()

    async def __aenter__(self) -> Handle:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.__exit__(kind, error, traceback)


def wrapped(target: _T, on: Callable[[], Handle]) -> _T:
    """A function of any kind, or a test class (each method `test*`), that runs switched on.

    Any kind: plain, coroutine, and the generators as which fixtures with an end are written.

    Raises:
        OptionTypeError: (a `TypeError`) the target is neither.
    """
    if isinstance(target, type):
        for name in dir(target):  # inherited ones, too
            member = inspect.getattr_static(target, name)
            if not name.startswith("test"):
                continue
            if inspect.isfunction(member):
                setattr(target, name, wrapped(member, on))
            elif isinstance(member, (staticmethod, classmethod)):
                setattr(target, name, type(member)(wrapped(member.__func__, on)))
        return cast("_T", target)
    if not callable(target):
        raise OptionTypeError(f"activate() takes nothing, or decorates a function or a test class, not {target!r}.")
    for is_of_kind, switched in _KINDS.items():
        if is_of_kind(target):
            return cast("_T", functools.wraps(target)(switched(target, on)))
    return cast("_T", functools.wraps(target)(_function(target, on)))


def _function(target: Callable[..., Any], on: Callable[[], Handle]) -> Callable[..., Any]:
    def function(*args: Any, **kwargs: Any) -> Any:
        with on():
            return target(*args, **kwargs)

    return function


def _coroutine(target: Callable[..., Any], on: Callable[[], Handle]) -> Callable[..., Any]:
    async def coroutine(*args: Any, **kwargs: Any) -> Any:
        with on():
            return await target(*args, **kwargs)

    return coroutine


def _generator(target: Callable[..., Any], on: Callable[[], Handle]) -> Callable[..., Any]:
    def generator(*args: Any, **kwargs: Any) -> Any:
        with on():
            return (yield from target(*args, **kwargs))

    return generator


def _async_generator(target: Callable[..., Any], on: Callable[[], Handle]) -> Callable[..., Any]:
    async def async_generator(*args: Any, **kwargs: Any) -> Any:
        with on():
            async with aclosing(target(*args, **kwargs)) as items:
                with suppress(StopAsyncIteration):
                    item = await anext(items)
                    while True:  # there is no `yield from` for these
                        try:
                            sent = yield item
                        except Exception as error:  # noqa: PERF203 - each step may be one that throws
                            item = await items.athrow(error)
                        else:
                            item = await items.asend(sent)

    return async_generator


_KINDS: dict[Callable[[object], bool], Callable[..., Callable[..., Any]]] = {
    inspect.iscoroutinefunction: _coroutine,
    inspect.isgeneratorfunction: _generator,
    inspect.isasyncgenfunction: _async_generator,
}

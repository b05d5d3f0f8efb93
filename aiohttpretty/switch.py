"""On and off, in the three forms that tests are written in: a pair of calls, a `with` block, a decorator."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from types import TracebackType
from typing import Any, TypeVar, cast

_T = TypeVar("_T", bound=Callable[..., Any])


class Handle:
    """One `activate()`; leaving its `with` or `async with` block undoes it, once."""

    def __init__(self, off: Callable[[], None]) -> None:
        self._off: Callable[[], None] | None = off

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
    """A function, a coroutine function or a test class (each method `test*`) that runs switched on.

    Raises:
        TypeError: the target is neither.
    """
    if isinstance(target, type):
        for name, member in list(vars(target).items()):
            if name.startswith("test") and inspect.isfunction(member):
                setattr(target, name, wrapped(member, on))
        return cast("_T", target)
    if inspect.iscoroutinefunction(target):

        @functools.wraps(target)
        async def awaited(*args: Any, **kwargs: Any) -> Any:
            with on():
                return await target(*args, **kwargs)

        return cast("_T", awaited)

    @functools.wraps(target)
    def called(*args: Any, **kwargs: Any) -> Any:
        with on():
            return target(*args, **kwargs)

    return cast("_T", called)

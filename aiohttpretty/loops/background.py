"""What fails behind a test's back, where nobody awaits it.

Law of this room: an exception that somebody has taken (awaited, caught, heard in an exception handler of their own) is
no failure; one that nobody takes is told, once. What is no exception goes where it would have gone.
"""

from __future__ import annotations

import asyncio
import builtins
import itertools
import re
import sys
import threading
import traceback
from asyncio.log import logger
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any, NamedTuple
from weakref import WeakValueDictionary

from ..errors import BackgroundError
from .stand_in import stand_in
from .threads import heard

# As asyncio names tasks that nobody has named
_UNNAMED = re.compile(r"Task-\d+")
_CURE = (
    "What fails in the background fails the test. If the test means it to happen, let it take the exception: await the "
    "task, catch it where it is raised, or set an exception handler of the test's own."
)


class Failure(NamedTuple):
    """An exception that nobody has taken, and in what it was raised."""

    error: BaseException
    where: str


class Background:
    """What goes on behind the test named so, from its beginning to its end."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._failures: list[Failure] = []
        # Those that were begun, in order, for as long as they live
        self._begun: WeakValueDictionary[int, asyncio.Future[Any]] = WeakValueDictionary()
        self._numbers = itertools.count()

    @contextmanager
    def tasks(self, loop: asyncio.AbstractEventLoop) -> Iterator[None]:
        """Hear of the exceptions of the loop's tasks and callbacks, if it has no exception handler to hear of them."""
        handler = self._heard
        ours = loop.get_exception_handler() is None
        if ours:
            loop.set_exception_handler(handler)
        for task in asyncio.all_tasks(loop):  # such as setUp has begun
            self._begun[next(self._numbers)] = task
        try:
            with ExitStack() as noted:
                for name in ("create_task", "run_in_executor"):
                    noted.enter_context(stand_in(loop, name, self._noting(getattr(loop, name))))
                yield
            self._ask(loop)
        finally:
            if ours and loop.get_exception_handler() is handler:
                loop.set_exception_handler(None)

    @contextmanager
    def threads(self) -> Iterator[None]:
        """Hear of the exceptions that end threads begun meanwhile."""
        before = set(threading.enumerate())

        def take(args: threading.ExceptHookArgs) -> bool:
            if args.exc_value is None or args.exc_type is SystemExit or args.thread in before:
                return False
            where = f"the thread {args.thread.name!r}" if args.thread is not None else "a thread"
            self._failures.append(Failure(args.exc_value, where))
            return True

        with heard(take):
            yield

    def error(self) -> BackgroundError | None:
        """What to raise, if anything has failed and nothing else is raised."""
        failures = self._distinct()
        if not failures:
            return None
        error = BackgroundError(f"{self._sentence(failures)}\n{_CURE}", [failure.error for failure in failures])
        error.__cause__ = _cause(error.errors)
        return error

    def note(self, raised: BaseException) -> None:
        """Tell what else has failed together with what is raised."""
        failures = [failure for failure in self._distinct() if failure.error is not raised]
        if not failures:
            return
        tracebacks = [line.rstrip() for failure in failures for line in traceback.format_exception(failure.error)]
        note = "\n".join([self._sentence(failures), *tracebacks])
        if sys.version_info >= (3, 11):
            raised.add_note(note)
        else:  # pragma: no cover - CPython 3.10
            logger.error("%s", note)

    def _noting(self, begin: Callable[..., asyncio.Future[Any]]) -> Callable[..., asyncio.Future[Any]]:
        """Not by a task factory: that may be the test's own, and some Pythons name its tasks in another way.

        Nor in `create_future`: asyncio's streams keep futures with exceptions that nobody is meant to take.
        """

        def noting(*args: Any, **kwargs: Any) -> asyncio.Future[Any]:
            future = self._begun[next(self._numbers)] = begin(*args, **kwargs)
            return future

        return noting

    def _heard(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        if error is None:
            loop.default_exception_handler(context)
        else:
            self._failures.append(Failure(error, _where(context)))

    def _ask(self, loop: asyncio.AbstractEventLoop) -> None:
        """Have those tell now that would tell only when they are collected, which may be never."""
        for future in list(self._begun.values()):
            if future.done() and not future.cancelled() and getattr(future, "_log_traceback", False):
                kind = "Task" if isinstance(future, asyncio.Task) else "Future"
                said = f"{kind} exception was never retrieved"
                loop.call_exception_handler({"message": said, "exception": future.exception(), kind.lower(): future})

    def _distinct(self) -> list[Failure]:
        """Each exception once: one may end several tasks."""
        return list({id(failure.error): failure for failure in reversed(self._failures)}.values())[::-1]

    def _sentence(self, failures: Sequence[Failure]) -> str:
        if len(failures) == 1:
            return f"In the background of {self._name}, {_told(failures[0])}"
        told = [_told(failure) for failure in failures]
        lines = [f"  {number}. {text[0].upper()}{text[1:]}" for number, text in enumerate(told, 1)]
        return "\n".join([f"In the background of {self._name}, {len(failures)} exceptions were raised:", *lines])


def _told(failure: Failure) -> str:
    said, text = f"{failure.where} raised {type(failure.error).__name__}", _text(failure.error)
    if not text:
        return f"{said}."
    # the last of several lines may be code to paste
    return f"{said}: {text}" if "\n" in text or text.endswith((".", "!", "?")) else f"{said}: {text}."


def _text(error: BaseException) -> str:
    try:
        return str(error)
    except Exception as failed:
        return f"its own text can't be had, __str__() raised {type(failed).__name__}"


def _where(context: dict[str, Any]) -> str:
    """What it was that failed, from what the event loop says of it."""
    future = context.get("task") or context.get("future")
    if isinstance(future, asyncio.Task):
        name = future.get_name()
        given = "the task" if _UNNAMED.fullmatch(name) else f"the task {name!r}"
        coroutine = getattr(future.get_coro(), "__qualname__", None)
        return given if coroutine is None else f"{given} of {coroutine}()"
    if future is not None:
        return "a future that nobody awaited"
    if "handle" in context:
        return "a callback of the event loop"
    return f"the event loop ({str(context.get('message', 'which says no more')).rstrip('.')})"


def _cause(errors: Sequence[BaseException]) -> BaseException:
    """What shows the tracebacks; where there are no groups, that is the first one's."""
    group: Any = getattr(builtins, "BaseExceptionGroup", None)  # from Python 3.11 on
    error: BaseException = group("in the background", errors) if group and len(errors) > 1 else errors[0]
    return error

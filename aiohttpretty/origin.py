"""Lines of somebody's code: where a registration was written, and who asked for a request.

Law of this room: it looks at frames and keeps none; a frame would keep alive all that stands in it.
"""

from __future__ import annotations

import gc
import inspect
import os
import sys
from collections.abc import Iterable, Iterator
from types import CodeType, FrameType
from typing import Any, NamedTuple

_getcwd = os.getcwd  # a test may patch it
_PACKAGE = __name__.partition(".")[0]
_INSIDE = _PACKAGE + "."
# Nobody wrote a request there: what it goes through on its way, and where a task's own stack begins
_ON_THE_WAY = frozenset({_PACKAGE, "aiohttp", "asyncio"})
_BEGINNING = frozenset({"asyncio.base_events", "asyncio.events", "asyncio.runners"})
_AWAITS = inspect.CO_COROUTINE | inspect.CO_GENERATOR | inspect.CO_ASYNC_GENERATOR | inspect.CO_ITERABLE_COROUTINE

Spot = tuple[CodeType, int]
"""A place in somebody's code, to be read when somebody looks: finding the line costs more than all the rest."""


class Origin(NamedTuple):
    """A line of somebody's code; prints as `file:line`, relative to the working directory if below it."""

    file: str
    line: int

    def __str__(self) -> str:
        try:
            here = _getcwd() + os.sep
        except OSError:  # a test may have removed it
            here = ""
        return f"{self.file.removeprefix(here)}:{self.line}"


def caller() -> Origin:
    """The line, outside this package, that is calling into it."""
    frame = sys._getframe(1)
    while frame.f_back is not None:
        name = frame.f_globals.get("__name__", "")
        if name != _PACKAGE and not name.startswith(_INSIDE):
            break
        frame = frame.f_back
    return Origin(frame.f_code.co_filename, frame.f_lineno)


class _Ways(dict[str, "bool | None"]):
    """By the name of a module: True to go on, False to stop there, None where the stack says nothing more."""

    def __missing__(self, name: str) -> bool | None:
        way = self[name] = None if name in _BEGINNING else name.partition(".")[0] in _ON_THE_WAY
        return way


_ways = _Ways()


def spot(depth: int = 0) -> Spot | None:
    """The nearest place, outside aiohttp and this package, that the running code was called from; `line_of` reads it.

    Every request asks, so it looks at as little as it can: `depth` frames above the caller's are known to be inside.
    None if the stack holds none: a task may run aiohttp's own coroutine, as under `asyncio.gather(session.get(...))`;
    then `awaiting` knows more.
    """
    frame = sys._getframe(depth + 1)
    if frame.f_code is _entering:
        frame = frame.f_back or frame
    code = frame.f_code
    if code.co_filename in _outside and code.co_flags & _AWAITS:
        return code, frame.f_lasti
    return _search(frame)


# What most requests come by, once it has been met: aiohttp's code behind `async with`, and files that are not inside
_entering: CodeType | None = None
_outside: set[str] = set()


def _search(start: FrameType) -> Spot | None:
    global _entering
    frame: FrameType | None = start
    way: bool | None = True
    while frame is not None and (way := _ways[frame.f_globals.get("__name__", "")]):
        if frame.f_code.co_name == "__aenter__":
            _entering = frame.f_code
        frame = frame.f_back
    if frame is None or way is None:
        return None
    code = frame.f_code
    if not code.co_filename.startswith("<"):
        _outside.add(code.co_filename)
    # One that awaits nothing runs the loop; uvloop has no frames in between
    return (code, frame.f_lasti) if code.co_flags & _AWAITS else None


def line_of(place: Spot) -> Origin:
    """The line of a place in somebody's code."""
    code, at = place
    lines = (line for start, end, line in code.co_lines() if start <= at < end and line is not None)
    return Origin(code.co_filename, next(lines, code.co_firstlineno))


def inside(file: str) -> bool:
    """Whether a file is one of those that a request goes through on its way: no code of a test's."""
    modules = (sys.modules.get(name) for name in _ON_THE_WAY)
    folders = [os.path.dirname(path) + os.sep for one in modules if (path := getattr(one, "__file__", None))]
    return any(file.startswith(folder) for folder in folders)


def asker() -> Origin | None:
    """The line of the nearest `spot`."""
    place = spot(1)
    return None if place is None else line_of(place)


def running(tasks: Iterable[Any], token: object) -> Any:
    """The task in whose coroutines there is a frame with this object in a local variable; None if there is none."""
    for task in tasks:
        if any(id(token) in _values(frame) for frame in _frames(task)):
            return task
    return None


def awaiting(task: Any, tasks: Iterable[Any]) -> Origin | None:
    """Who asked for what a task does: a line in its own chain of coroutines, or in that of who waits for it.

    Looks at every task, so it is for failures only. If nobody can be seen to wait for it, and there is just one other
    task, it was that one.
    """
    if frames := list(_chain(task)):
        return _line(frames[-1])
    others = [other for other in tasks if other is not task and not other.done()]
    waited = [] if task is None else [task]
    for one in waited:  # and for those that wait, as between gather() and wait_for() there is a task of asyncio's
        for other in [other for other in others if _waits_for(other, one)]:
            if frames := list(_chain(other)):
                return _line(frames[-1])
            others.remove(other)
            waited.append(other)
    frames = list(_chain(others[0])) if len(others) == 1 else []
    return _line(frames[-1]) if frames else None


def stack_of(task: Any) -> list[FrameType]:
    """The frames of a task that are somebody's own, from the outermost."""
    return list(_chain(task))


def _line(frame: FrameType) -> Origin:
    return Origin(frame.f_code.co_filename, frame.f_lineno)


def _chain(task: Any) -> Iterator[FrameType]:
    for frame in _frames(task):
        if frame.f_globals.get("__name__", "").partition(".")[0] not in _ON_THE_WAY:
            yield frame


def _frames(task: Any) -> Iterator[FrameType]:
    link = task.get_coro() if task is not None else None
    while link is not None:
        frame = _first_of(link, "cr_frame", "gi_frame", "ag_frame")
        if frame is not None:
            yield frame
            if _first_of(link, "cr_running", "gi_running", "ag_running"):
                return  # it awaits nothing now, and CPython 3.12.1 crashes when it is asked for that
            link = _first_of(link, "cr_await", "gi_yieldfrom", "ag_await")
        else:
            # what stands for a coroutine, such as its __await__, shows it to nobody but the garbage collector
            link = next((found for found in gc.get_referents(link) if hasattr(found, "cr_frame")), None)


def _values(frame: FrameType) -> list[int]:
    return [id(value) for value in frame.f_locals.values()]


def _first_of(thing: Any, *names: str) -> Any:
    return next((found for name in names if (found := getattr(thing, name, None)) is not None), None)


def _waits_for(other: Any, task: Any) -> bool:
    return _is_for(getattr(other, "_fut_waiter", None), task)


def _is_for(future: Any, task: Any) -> bool:
    """Whether a future is the task, or gathers it, be it by way of another one that gathers."""
    return future is task or any(_is_for(child, task) for child in getattr(future, "_children", ()))

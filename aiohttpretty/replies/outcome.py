"""What happens before a reply is said, or in its place: a delay, an exception, a handler.

Law of this room: it says only whether they can happen; they happen elsewhere.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from ..calling import misfit
from ..errors import OptionTypeError, OptionValueError

Error = BaseException | type[BaseException]


def check_delay(delay: object) -> float:
    """The delay in seconds.

    Raises:
        OptionTypeError, OptionValueError: it is no length of time, or one that nobody can wait for.
    """
    seconds = delay.total_seconds() if isinstance(delay, timedelta) else delay
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)):
        raise OptionTypeError(f"delay={delay!r} is no length of time. Give seconds as a number, or a timedelta.")
    if not (math.isfinite(seconds) and seconds >= 0):
        raise OptionValueError(
            f"delay={delay!r} can't be waited for. Give seconds from 0 on, or a timedelta that is not negative."
        )
    return float(seconds)


def check_error(error: object) -> Error:
    """The exception, or the class of it.

    Raises:
        OptionTypeError: it is no exception, or a class that needs arguments, or one that can't be raised here.
    """
    kind = error if isinstance(error, type) else type(error)
    if not issubclass(kind, BaseException):
        raise OptionTypeError(
            f"error={error!r} is not an exception. Give an instance or a class of one, such as TimeoutError; to answer "
            "with an error of the server, give status=500."
        )
    if issubclass(kind, (StopIteration, StopAsyncIteration, GeneratorExit)):
        raise OptionTypeError(
            f"error={error!r} can't be raised by a coroutine: Python turns it into a RuntimeError, or takes it for the "
            "coroutine's end. Give another exception."
        )
    if isinstance(error, BaseException):
        return error
    try:
        kind()
    except Exception as failure:
        raise OptionTypeError(
            f"error={kind.__qualname__} can't be made without arguments: {failure}. Give an instance: "
            f"error={kind.__qualname__}(...)."
        ) from failure
    return kind


def check_handler(handler: object) -> Callable[..., Any]:
    """The handler.

    Raises:
        OptionTypeError: it can't be called with a request.
    """
    # a class-based view, which is awaited once it is made with the request, is a handler too
    if not callable(handler) or (isinstance(handler, type) and not hasattr(handler, "__await__")):
        raise OptionTypeError(
            f"handler={handler!r} is not a function. Give one that takes an aiohttp.web.Request and returns a "
            "response, such as: async def handler(request): return web.json_response({})."
        )
    if inspect.isgeneratorfunction(handler) or inspect.isasyncgenfunction(handler):
        raise OptionTypeError(
            f"handler={handler!r} is a generator, which returns no response. Return a web.StreamResponse that you "
            "write to, or give the async generator function as body=."
        )
    if misfit(handler, None) is not None:
        raise OptionTypeError(
            f"handler={handler!r} can't be called with one argument, the request. Give a function such as: "
            "async def handler(request): return web.json_response({})."
        )
    return handler


def check_expects(expect_errors: object) -> bool:
    """Whether exceptions that a handler lets out are meant.

    Raises:
        OptionTypeError: it is no bool.
    """
    if not isinstance(expect_errors, bool):
        raise OptionTypeError(f"expect_errors={expect_errors!r} is not a bool. Give True, or leave it out.")
    return expect_errors

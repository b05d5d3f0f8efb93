"""Applications of other interfaces than aiohttp's, recognised and adapted.

Law of this room: it guesses nothing. How many arguments an application takes decides, then whether it is a coroutine
function, then how its first argument is called; what can still be read in two ways is refused.
"""

from __future__ import annotations

import functools
import inspect
from typing import Any

from aiohttp import web

from ..errors import OptionTypeError

# What the first argument is called, where its number could mean several things
_NAMED = {"request": 1, "environ": 2, "env": 2, "scope": 3}


def adapted(app: Any) -> web.Application | None:
    """The aiohttp application for an ASGI 3 or WSGI application; None if `app` is neither.

    Raises:
        OptionTypeError: it could be more than one thing.
        MissingPackageError: it is a WSGI application, and a2wsgi is not installed.
    """
    interface = _interface(app)
    if interface == "ASGI":
        from .asgi import application  # noqa: PLC0415 - few mounts need it

        return application(app)
    if interface == "WSGI":
        from .asgi import application  # noqa: PLC0415 - few mounts need it
        from .wsgi import Threaded  # noqa: PLC0415 - few mounts need it

        return application(Threaded(app), websockets=False)
    return None


def _interface(app: Any) -> str | None:
    if not callable(app) or isinstance(app, (web.Application, web.Server)):
        return None
    try:
        signature = inspect.signature(app)
    except (ValueError, TypeError):
        raise _ambiguous(app, "its arguments can't be read") from None
    takes = [count for count in (1, 2, 3) if _takes(signature, count)]
    if _is_coroutine_function(app) and 2 in takes:
        takes.remove(2)  # what WSGI calls is no coroutine function
    if isinstance(app, type):
        # a class whose instances are awaited is ASGI's or aiohttp's; whose instances are iterated, WSGI's
        takes = [count for count in takes if (count == 2) != hasattr(app, "__await__")]
    if len(takes) > 1:
        first = next(iter(signature.parameters.values()))
        if first.kind is not inspect.Parameter.VAR_POSITIONAL and _NAMED.get(first.name) in takes:
            takes = [_NAMED[first.name]]
    if len(takes) > 1:
        raise _ambiguous(app, f"it takes {' or '.join(map(str, takes))} arguments")
    return {1: None, 2: "WSGI", 3: "ASGI"}[takes[0]] if takes else None


def _takes(signature: inspect.Signature, count: int) -> bool:
    try:
        signature.bind(*range(count))
    except TypeError:
        return False
    return True


def _is_coroutine_function(app: Any) -> bool:
    while isinstance(app, functools.partial):
        app = app.func
    return inspect.iscoroutinefunction(app) or inspect.iscoroutinefunction(getattr(app, "__call__", None))  # noqa: B004


def _ambiguous(app: Any, because: str) -> OptionTypeError:
    return OptionTypeError(
        f"mount({app!r}): it could be a handler, an ASGI or a WSGI application, because {because}. Give a function "
        "that says which, such as: async def handler(request), async def app(scope, receive, send), or "
        "def app(environ, start_response)."
    )

"""The path under which an application is mounted, put before its routes for as long as it runs.

Law of this room: it is put there by aiohttp's own code, that of `add_subapp`; afterwards all is as it was before.
aiohttp compares a request with whole paths, so that what a handler makes of its routes (`url_for`) is a full path, too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from weakref import WeakKeyDictionary

from aiohttp import web

from ..errors import ApplicationError

# Which applications have a path before their routes now, which one (none is one, too), and how many runs need it
_runs: WeakKeyDictionary[web.Application, tuple[str, int, list[Callable[[], None]]]] = WeakKeyDictionary()


@contextmanager
def prefixed(app: web.Application, prefix: str) -> Iterator[None]:
    """Have the application's routes begin with `prefix`, a decoded path without a slash at its end; "" is none.

    Raises:
        ApplicationError: the application is running, with another path before its routes.
    """
    known, runs, undo = _runs.get(app, (prefix, 0, []))
    if known != prefix:
        raise ApplicationError(
            f"The application {app!r} is to answer at the path {prefix or '/'!r} of one address while it is running at "
            f"the path {known or '/'!r} of another, and its routes can begin with one path only. Make another instance "
            "for one of the two."
        )
    if not runs and prefix:
        undo = list(_restorers(app))
        web.PrefixedSubAppResource(prefix, app)
    _runs[app] = prefix, runs + 1, undo
    try:
        yield
    finally:
        _, runs, undo = _runs.pop(app)
        if runs > 1:
            _runs[app] = prefix, runs - 1, undo
        else:
            for restore in undo:
                restore()


def _restorers(app: web.Application) -> Iterator[Callable[[], None]]:
    """What makes the routes of an application what they are now."""
    router: Any = app.router
    index = {key: list(row) for key, row in router._resource_index.items()}

    def restore_index() -> None:
        router._resource_index.clear()
        router._resource_index.update(index)

    yield restore_index
    for resource in router.resources():
        yield _restorer(resource)
        inner = getattr(resource, "_app", None)
        if isinstance(inner, web.Application):
            yield from _restorers(inner)


def _restorer(resource: Any) -> Callable[[], None]:
    kept = dict(vars(resource))

    def restore() -> None:
        vars(resource).clear()
        vars(resource).update(kept)

    return restore

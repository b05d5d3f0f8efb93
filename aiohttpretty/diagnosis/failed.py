"""What is said of exceptions that handlers let out.

Law of this room: it is entered only when a handler has failed. A traceback begins where the code of the test does.
"""

from __future__ import annotations

import traceback
from collections.abc import Iterable, Sequence
from typing import Any

from ..origin import inside
from . import masking
from .difference import cut

_CURE = (
    "Mend it; or if the test means it to happen, let it say so: expect_errors=True in the registration or the mount, "
    "or aiohttpretty.handler_errors.clear()."
)


def sentence(failures: Sequence[Any]) -> str:
    """What is raised at the end of a block; the first one's traceback goes with it."""
    first = failures[0]
    said = f"{_subject(failures)}: {_last_line(first.error)} ({_where(first)})"
    if len(failures) > 1:
        said += f", and {len(failures) - 1} more (see aiohttpretty.handler_errors)"
    return f"{said}. {_CURE}"


def report(failures: Sequence[Any]) -> str:
    """What is said at the end of a test, with the tracebacks."""
    told = [f"{_where(failure)}:\n{_traceback(failure.error)}" for failure in failures]
    return "\n\n".join([f"{_subject(failures)}:", *told, _CURE])


def _subject(failures: Sequence[Any]) -> str:
    if all(failure.method is None for failure in failures):
        return "A mounted application failed at its start or its end"
    if len(failures) > 1:
        return f"{len(failures)} handlers raised an exception, and their clients were answered as by a broken server"
    return "A handler raised an exception, and its client was answered as by a broken server"


def _where(failure: Any) -> str:
    address = cut(str(masking.url(failure.url)))
    if failure.method is None:
        return f"mounted at {address}, {failure.route.origin}"
    return f"{failure.method} {address}, answered by the route at {failure.route.origin}"


def _last_line(error: BaseException) -> str:
    return cut(" ".join("".join(traceback.format_exception_only(type(error), error)).split()))


def _traceback(error: BaseException) -> str:
    told = traceback.TracebackException.from_exception(error)
    frames = list(told.stack)
    own = next((at for at, frame in enumerate(frames) if not inside(frame.filename)), len(frames))
    told.stack[:] = frames[own:] or frames
    return "".join(told.format()).rstrip()


def untold(failures: Iterable[Any]) -> list[Any]:
    """Those of which the test has not been told yet; from now on it has."""
    found = [failure for failure in list(failures) if not failure.told]
    for failure in found:
        failure.told = True
    return found

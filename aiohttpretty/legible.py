"""Arguments that can't even be looked at: an object whose `__repr__` raises, a list that holds itself.

Law of this room: what such an object raises while it is read is told as an error of ours, with that as its cause. The
functions that read what a test hands over are decorated with it: each of their sentences may print such a thing.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from .errors import AiohttprettyError, OptionValueError

if TYPE_CHECKING:
    from typing_extensions import ParamSpec

    _P = ParamSpec("_P")
_T = TypeVar("_T")


def legible(function: Callable[_P, _T]) -> Callable[_P, _T]:
    """The function, which raises nothing but errors of ours, and warnings, whatever its arguments are."""

    @functools.wraps(function)
    def read(*args: _P.args, **kwargs: _P.kwargs) -> _T:
        __tracebackhide__ = True
        try:
            return function(*args, **kwargs)
        except (AiohttprettyError, Warning):
            raise
        except Exception as error:
            if error.__traceback__ is None or error.__traceback__.tb_next is None:
                raise  # they are no arguments of this function, and Python has said so
            raise OptionValueError(
                f"Something was given that can't be read: looking at it raised {_told(error)}. Give values that can be "
                "printed, compared and looped over."
            ) from error

    return read


def _told(error: Exception) -> str:
    kind = type(error).__name__
    try:
        text = str(error)
    except Exception:  # nor can that
        return kind
    return f"{kind} ({text})" if text else kind

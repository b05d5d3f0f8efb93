"""Whether a function can be called with what it will be given, as far as its signature tells.

Law of this room: it calls nothing. Who does not tell may be called.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import partial
from typing import Any


def misfit(function: Callable[..., Any], *arguments: object) -> str | None:
    """Why it can't be called with these arguments, in Python's words; None if it can, or doesn't tell."""
    try:
        inspect.signature(function).bind(*arguments)
    except TypeError as error:
        return str(error)
    except ValueError as error:
        # of a builtin; or of a partial one, which has more arguments than what it is made of takes
        return str(error) if isinstance(function, partial) and _tells(function.func) else None
    return None


def _tells(function: Callable[..., Any]) -> bool:
    try:
        inspect.signature(function)
    except ValueError:
        return False
    return True

"""Where a registration was written: the first frame outside this package."""

from __future__ import annotations

import os
import sys
from typing import NamedTuple

_PACKAGE = __name__.partition(".")[0]
_INSIDE = _PACKAGE + "."


class Origin(NamedTuple):
    """A line of somebody's code; prints as `file:line`, relative to the working directory if below it."""

    file: str
    line: int

    def __str__(self) -> str:
        here = os.getcwd() + os.sep
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

"""Python that is there to be pasted, in lines of 100 columns.

Law of this room: whatever is long is broken where Python allows it, and means the same as before.
"""

from __future__ import annotations

import ast
import io
import tokenize
from collections.abc import Iterable, Iterator

from .layout import COLUMNS, INDENT, width

_ROOM = COLUMNS - len(INDENT)
_STEP = "    "
# What stands around a piece of a text: indents, a comma
_AROUND = 3 * len(_STEP)


def code(name: str, arguments: Iterable[str]) -> str:
    """A call as it is written in Python, on one line if it fits."""
    every = list(arguments)
    line = f"{name}({', '.join(every)})"
    if width(line) <= _ROOM:
        return line
    return "\n".join([f"{name}(", *(row for argument in every for row in _rows(f"{argument},")), ")"])


def _rows(argument: str) -> Iterator[str]:
    line = _STEP
    if width(line + argument) <= _ROOM:
        yield line + argument
        return
    for atom in _atoms(argument):
        if line.strip() and width(line + atom.rstrip()) > _ROOM:
            yield line.rstrip()
            line, atom = 2 * _STEP, atom.lstrip()  # noqa: PLW2901 - where a line begins, no blank is needed
        line += atom
    if line.strip():
        yield line


def _atoms(argument: str) -> Iterator[str]:
    """What is not to be broken, with the blanks in front of it."""
    atom, end = "", 0
    for token in tokenize.generate_tokens(io.StringIO(argument).readline):
        start = token.start[1]
        if token.type in (tokenize.NEWLINE, tokenize.ENDMARKER):
            continue
        if token.string in (")", "]", "}") and atom:
            yield atom
            atom = ""
        pieces = list(_pieces(token.string)) if token.type == tokenize.STRING else [token.string]
        atom += argument[end:start] + pieces[0]
        for piece in pieces[1:]:
            yield atom
            atom = " " + piece
        if token.string in (",", ":", "(", "[", "{"):
            yield atom
            atom = ""
        end = token.end[1]
    yield atom


def _pieces(literal: str) -> Iterator[str]:
    """A text, or bytes, as several, which Python joins."""
    if width(literal) <= _ROOM - _AROUND:
        yield literal
        return
    value: str | bytes = ast.literal_eval(literal)
    start = 0
    for at in range(1, len(value) + 1):
        if at == len(value) or width(repr(value[start : at + 1])) > _ROOM - _AROUND:
            yield repr(value[start:at])
            start = at

"""How a report is laid out: plain text of 100 columns, readable without colour.

Law of this room: it knows nothing of what is said, only where it stands. Colours come on top, from whoever prints.
"""

from __future__ import annotations

import textwrap
import unicodedata
from collections.abc import Callable, Iterable, Iterator

COLUMNS = 100
FITS, MISSES, UNKNOWN = "✓", "✗", "·"
INDENT = "  "
# A longer name does not push the other texts aside
_NAMES = 32


def paragraph(text: str, *, label: str = "") -> str:
    """A text in lines; those after the first are indented under the first word behind the label."""
    return "\n".join(wrapped(" ".join(text.split()), label, " " * len(label)))


def wrapped(text: str, first: str, rest: str) -> Iterator[str]:
    """A line of text in lines of at most 100 columns, each behind its indent; what can't be printed is escaped."""
    before, line = first, ""
    words = printable(text).split(" ")
    for number, word in enumerate(words):
        # not only whether there is something: a text may begin with blanks, and they say something
        longer = f"{line} {word}" if number else word
        if width(before + longer) <= COLUMNS:
            line = longer
            continue
        if line.strip():
            yield before + line
            before = rest
        *full, line = _broken(word, COLUMNS - width(before), COLUMNS - width(rest))
        for piece in full:
            yield before + piece
            before = rest
    yield (before + line).rstrip()


def _broken(word: str, room: int, more: int) -> Iterator[str]:
    start, taken = 0, 0
    for at, character in enumerate(word):
        wide = width(character)
        if taken + wide > room and at > start:
            yield word[start:at]
            start, taken, room = at, 0, more
        taken += wide
    yield word[start:]


def width(text: str) -> int:
    """How many columns it takes on a terminal: two for each wide character, none for one that combines."""
    return len(text) if text.isascii() else sum(map(_width, text))


def _width(character: str) -> int:
    return 0 if unicodedata.combining(character) else 2 if unicodedata.east_asian_width(character) in "WF" else 1


def printable(text: str) -> str:
    """A text that does nothing to the terminal but end lines, and can be written in any encoding of Unicode."""
    return text if text.isprintable() else "".join(map(_escaped, text))


def _escaped(character: str) -> str:
    return character if character.isprintable() or character == "\n" else repr(character)[1:-1]


def table(rows: Iterable[tuple[str, str]], indent: str = INDENT) -> str:
    """Names with their texts, which may have several lines, in two columns."""
    every = [(printable(name), text) for name, text in rows]
    room = min(max((width(name) for name, _ in every), default=0), _NAMES)
    return "\n".join(
        line
        for name, text in every
        for line in _row(f"{indent}{name}{' ' * (room - width(name))}  ", text, " " * (len(indent) + room + 2))
    )


def _row(first: str, text: str, rest: str) -> Iterator[str]:
    before = first
    if width(first) > len(rest):  # a name of its own line
        yield first.rstrip()
        before = rest
    for line in text.split("\n"):
        for piece in wrapped(line, before, rest):
            yield piece
            before = rest


def indented(text: str) -> str:
    """All its lines, further in."""
    return textwrap.indent(text, INDENT)


Markup = Callable[..., str]
"""As `TerminalWriter.markup(text, **style)` of pytest's."""

_STYLES = {
    MISSES: {"red": True},
    FITS: {"green": True},
    "Cause:": {"yellow": True, "bold": True},
    "Also:": {"yellow": True},
    "No URLs matching": {"red": True, "bold": True},
    "No response is left for": {"red": True, "bold": True},
    "The body for": {"red": True, "bold": True},
    "aiohttpretty.register_": {"cyan": True},
}


def coloured(report: str, markup: Markup) -> str:
    """A report in colour, line by line; `markup` is that of pytest's terminal writer, which knows whether to."""
    return "\n".join(_coloured(line, markup) for line in report.split("\n"))


def _coloured(line: str, markup: Markup) -> str:
    bare = line.lstrip()
    style = next((style for start, style in _STYLES.items() if bare.startswith(start)), None)
    if style is None and line and not line.startswith(" ") and line.endswith(":"):
        style = {"bold": True}
    return markup(line, **style) if style is not None else line

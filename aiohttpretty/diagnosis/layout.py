"""How a report is laid out: plain text of 100 columns, readable without colour.

Law of this room: it knows nothing of what is said, only where it stands. Colours come on top, from whoever prints.
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterable, Iterator

COLUMNS = 100
FITS, MISSES, UNKNOWN = "✓", "✗", "·"
_INDENT = "  "


def paragraph(text: str, *, label: str = "") -> str:
    """A text in lines; those after the first are indented under the first word behind the label."""
    return "\n".join(
        textwrap.wrap(
            text,
            COLUMNS,
            initial_indent=label,
            subsequent_indent=" " * len(label),
            break_long_words=False,
            break_on_hyphens=False,
        )
    )


def table(rows: Iterable[tuple[str, str]], indent: str = _INDENT) -> str:
    """Names with their texts, which may have several lines, in two columns."""
    every = list(rows)
    width = max((len(name) for name, _ in every), default=0)
    return "\n".join(
        line
        for name, text in every
        for line in _row(f"{indent}{name:<{width}}  ", text, " " * (len(indent) + width + 2))
    )


def _row(first: str, text: str, rest: str) -> Iterator[str]:
    before = first
    for line in text.split("\n"):
        for piece in _pieces(line, COLUMNS - len(rest)):
            yield (before + piece).rstrip()
            before = rest


def _pieces(line: str, width: int) -> list[str]:
    # only what is too long is touched: spaces inside a value say something
    return textwrap.wrap(line, width, break_on_hyphens=False) if len(line) > width else [line]


def code(name: str, arguments: list[str]) -> str:
    """A call as it is written in Python, on one line if it fits, ready to paste."""
    line = f"{name}({', '.join(arguments)})"
    if len(line) <= COLUMNS - len(_INDENT):
        return line
    return "\n".join([f"{name}(", *(f"    {argument}," for argument in arguments), ")"])


def indented(text: str) -> str:
    """All its lines, further in."""
    return textwrap.indent(text, _INDENT)


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

"""Addresses with variables in their path.

Law of this room: what a variable may hold is aiohttp.web's rule. `{name}` is one segment of the path or a part of one,
`{name:regex}` what the expression says; both see the path decoded, but for `%2F` and `%25`, and hand the value on
decoded whole.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cached_property

from yarl import URL

from ..errors import OptionValueError
from .uri import AS_HTTP, Query, key

Info = Mapping[str, str]
"""What the variables of a template hold, or the named groups of a pattern."""
Piece = tuple[str, str | None]
"""A literal and None, or a variable's name and its expression."""
Segment = tuple[Piece, ...]

_NAME = re.compile(r"[_a-zA-Z][_a-zA-Z0-9]*")
# aiohttp.web's, for a variable without an expression of its own
_VALUE = "[^{}/]+"
_ANY: Segment = (("", _VALUE),)
_DOTS: tuple[Segment, ...] = (((".", None),), (("..", None),))
# What in an expression speaks of another one
_LOOKS_ELSEWHERE = re.compile(r"\(\?P=|\(\?\(|\\[1-9]")


class Template:
    """An address with variables in its path."""

    def __init__(self, origin: URL, path: str, query: Query | None, *, text: str, name: str) -> None:
        self.name = name
        """As `registry` lists it."""
        self.path = path
        """The path, as it was written."""
        self.url = origin.with_path(path).with_query(query)
        """For showing: the braces are encoded in it."""
        self.origin = key(origin).address.rstrip("/")
        self.query = query
        pieces = list(_pieces(path, text))
        self._expressions = [expression for _, expression in pieces if expression not in (None, _VALUE)]
        self._pattern = _compiled(pieces, text)
        self._segments = _segments(pieces)
        if any(segment in _DOTS for segment in self._segments):
            raise _no_template(text, "a client resolves '.' and '..' before it sends a path")
        start = pieces[0][0]  # a literal: a path begins with a slash
        self.folder = self.origin + decoded(start[: start.rindex("/") + 1])
        """The beginning of all addresses that it fits, up to a slash."""
        sent = origin.origin().with_scheme(AS_HTTP.get(origin.scheme, origin.scheme))
        self.start = f"{sent}{_encoded(start)}"
        """The same, up to the first variable, as it is sent."""
        self.same: object = (self.origin, self._pattern, query)
        """Equal for two registrations of one template."""

    @cached_property
    def sought(self) -> tuple[object, ...]:
        """The marks that whatever this one covers has, too."""
        return tuple(self._marks())

    @cached_property
    def marks(self) -> tuple[object, ...]:
        """By what another address finds it, to see whether it covers it."""
        return (ANY_TEMPLATE, *self._marks())

    def _marks(self) -> Iterator[object]:
        shape = self.origin, len(self._segments)
        yield shape
        for place, segment in enumerate(self._segments):
            if segment and segment != _ANY:
                yield shape, place, segment

    def fits(self, url: URL) -> Info | None:
        """What the variables hold in such an address; None if it is another one."""
        asked = key(url)
        if self.query not in (None, asked.query) or not asked.address.startswith(self.origin + "/"):
            return None
        match = self._pattern.fullmatch(url.path_safe)
        if match is None:
            return None
        return {name: _wholly(value) for name, value in match.groupdict().items() if value is not None}

    def fits_path(self, url: URL) -> bool:
        """Whether the path fits, be the rest as it may."""
        return self._pattern.fullmatch(url.path_safe) is not None

    def covers(self, other: object) -> bool:
        """Whether this surely fits whatever the other fits."""
        return (
            isinstance(other, Template)
            and other.origin == self.origin
            and self.query in (None, other.query)
            and len(other._segments) == len(self._segments)
            and all(map(_wider, self._segments, other._segments))
            and all(map(_stands_alone, self._expressions))
        )


ANY_TEMPLATE = "a template"
"""The mark of all templates."""


def _pieces(path: str, text: str) -> Iterator[Piece]:
    depth = start = 0
    for number, character in enumerate(path):
        if character == "{":
            if depth == 0:
                yield path[start:number], None
                start = number + 1
            depth += 1
        elif character == "}":
            depth -= 1
            if depth == 0:
                yield _variable(path[start:number], text)
                start = number + 1
        if depth < 0:
            break
    if depth:
        raise _no_template(text, "its braces don't pair")
    yield path[start:], None


def _variable(inside: str, text: str) -> Piece:
    name, colon, expression = inside.partition(":")
    if not _NAME.fullmatch(name) or (colon and not expression):
        raise _no_template(text, f"{'{' + inside + '}'!r} is no variable")
    return name, expression or _VALUE


def _compiled(pieces: list[Piece], text: str) -> re.Pattern[str]:
    source = "".join(
        re.escape(decoded(piece)) if expression is None else f"(?P<{piece}>{expression})"
        for piece, expression in pieces
    )
    try:
        return re.compile(source)
    except re.error as error:
        raise _no_template(text, error.msg) from error
    except (OverflowError, RecursionError) as error:
        raise _no_template(text, str(error)) from error


def _no_template(text: str, why: str) -> OptionValueError:
    return OptionValueError(
        f"{text!r} is not a template: {why}. Write {{name}} or {{name:regex}}, each name once, of letters, digits and "
        "underscores; a brace that is meant as such is written %7B or %7D."
    )


def _segments(pieces: list[Piece]) -> list[Segment]:
    segments: list[list[Piece]] = [[]]
    for piece, expression in pieces:
        if expression is not None:
            segments[-1].append(("", expression))  # its name makes no difference
            continue
        for number, text in enumerate(decoded(piece).split("/")):
            if number:
                segments.append([])
            if text:
                segments[-1].append((text, None))
    return list(map(tuple, segments))


def _wider(mine: Segment, theirs: Segment) -> bool:
    if mine == theirs:
        return True
    # a variable without an expression fits a segment that is neither empty nor perhaps more than one
    return (
        mine == _ANY
        and bool(theirs)
        and all(
            expression == _VALUE or (expression is None and not set(text) & set("{}")) for text, expression in theirs
        )
    )


def _stands_alone(expression: str) -> bool:
    """Whether it fits the same wherever it stands."""
    try:
        re.compile(expression)
    except re.error:  # such as a)|(b
        return False
    return _LOOKS_ELSEWHERE.search(expression) is None


def decoded(literal: str) -> str:
    """As a path is compared: encoded and decoded by yarl, as the client and the server do it."""
    return URL("/_" + literal).path_safe[2:]  # of a path without a host, yarl leaves the dots


def _encoded(literal: str) -> str:
    return URL("/_" + literal).raw_path[2:]


def _wholly(value: str) -> str:
    return value.replace("%2F", "/").replace("%25", "%") if "%" in value else value

"""Which addresses a route answers: one exactly, a template with `{name}` in its path, or a compiled pattern.

Law of this room: an address is read once, when it is registered; a request is only compared. What a template's
variable may hold is aiohttp.web's rule: `{name}` is one segment of the path or a part of one, `{name:regex}` what the
expression says; both see the path decoded, but for `%2F` and `%25`, and hand the value on decoded whole.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Any
from urllib.parse import unquote

from yarl import URL

from .errors import OptionTypeError, OptionValueError
from .uri import Query, absolute, joined, key

Info = Mapping[str, str]
"""What the variables of a template hold, or the named groups of a pattern."""

_NOTHING: Info = MappingProxyType({})
_ORIGIN = re.compile(r"(?:[A-Za-z][A-Za-z0-9+.\-]*:)?//[^/?#]*")
_NAME = re.compile(r"[_a-zA-Z][_a-zA-Z0-9]*")
# aiohttp.web's, for a variable without an expression of its own
_SEGMENT = "[^{}/]+"
_KEPT = re.compile("%(2F|25)", re.IGNORECASE)
# What can make an expression fit a text, but not the text with more behind it
_LOOKS_AHEAD = re.compile(r"\$|\\[ZbB]|\(\?[=!<>(]|[*+?}]\+")
_TO_THE_END = re.compile(r"(\.[*+])(?:\$|\\Z)$")


class Exact:
    """One address; without `query`, it fits whatever the query is."""

    def __init__(self, url: URL, *, check_params: bool) -> None:
        self.url = url if check_params else url.with_query(None)
        """The address, with `params` joined in."""
        self.name = str(self.url)
        """As `registry` lists it."""
        self.place = key(self.url).address
        self.query: Query | None = key(self.url).query if check_params else None
        self.same: object = (self.place, self.query)
        """Equal for two registrations of one address."""

    def fits(self, url: URL) -> Info | None:
        """What is variable in such an address; None if it is another one."""
        asked = key(url)
        return _NOTHING if asked.address == self.place and self.query in (None, asked.query) else None

    def covers(self, other: object) -> bool:
        """Whether this fits whatever the other fits."""
        return isinstance(other, Exact) and other.place == self.place and self.query in (None, other.query)


class Template:
    """An address with variables in its path."""

    def __init__(self, text: str, query: URL, *, origin: str, path: str, check_params: bool) -> None:
        self.name = text
        """As `registry` lists it."""
        self.path = path
        """The path, as it was written."""
        self.url: URL | None = query.with_path(path) if check_params else query.with_path(path).with_query(None)
        """For showing: the braces are encoded in it."""
        self.origin = key(absolute(origin)).address.rstrip("/")
        self.query: Query | None = key(query).query if check_params else None
        self._pieces = list(_pieces(path, text))
        self._pattern = _compiled(self._pieces, text)
        start = self._pieces[0][0] if self._pieces[0][1] is None else ""
        self.folder = self.origin + _decoded(start[: start.rindex("/") + 1])
        """The beginning of all addresses that it fits, up to a slash."""
        self.start = str(URL(origin + start))
        """The same, up to the first variable, as it is sent."""
        self.same: object = (self.origin, self._pattern, self.query)
        """Equal for two registrations of one template."""

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
        if not isinstance(other, Template) or other.origin != self.origin or self.query not in (None, other.query):
            return False
        mine, theirs = _segments(self._pieces), _segments(other._pieces)
        return len(mine) == len(theirs) and all(map(_wider, mine, theirs))


class Expression:
    """All addresses that a compiled pattern matches, from the start of the full URL as it is sent."""

    def __init__(self, pattern: re.Pattern[str]) -> None:
        self.name = pattern
        """As `registry` lists it."""
        self.query = None
        self.url = None
        self.same: object = pattern
        """Equal for two registrations of one pattern."""

    def match(self, url: URL) -> re.Match[str] | None:
        """How the pattern matches such an address."""
        return self.name.match(as_sent(url))

    def fits(self, url: URL) -> Info | None:
        """What the named groups hold in such an address; None if it does not match."""
        match = self.match(url)
        return None if match is None else {k: v for k, v in match.groupdict().items() if v is not None}

    def covers(self, other: object) -> bool:
        """Whether this surely fits whatever the other fits."""
        if isinstance(other, Expression):
            return other.name == self.name
        text = _TO_THE_END.sub(r"\1", self.name.pattern)
        if not isinstance(other, Template) or _LOOKS_AHEAD.search(text):
            return False
        return re.compile(text, self.name.flags).match(other.start) is not None


class Beneath:
    """A path, of a bundle that is to be included under a base; by itself it fits nothing."""

    url = None
    query = None

    def __init__(self, path: str, params: Any, *, check_params: bool) -> None:
        self.name = path
        self._rest: dict[str, Any] = {"params": params, "check_params": check_params}
        # what is wrong with it is to be said on the line that wrote it, not on the one that includes it
        self.same: object = ("beneath", self.under("http://base.invalid").same)

    def under(self, base: str) -> Address:
        """The address below a base."""
        return address(base.rstrip("/") + self.name, **self._rest)

    def fits(self, url: URL) -> None:
        """Nothing."""

    def covers(self, other: object) -> bool:
        """Nothing."""
        return False


Address = Exact | Template | Expression | Beneath


def address(uri: object, params: object = None, *, check_params: bool = True, beneath: bool = False) -> Address:
    """What was registered as `uri`: a compiled pattern, a `str` with `{name}` in its path, or one address.

    With `beneath`, a `str` that is a path is one too.

    Raises:
        OptionTypeError: the pattern is one of bytes, or params are of a kind that can't stand in a query.
        OptionValueError: it is no absolute URL, no template, or a pattern has params beside it.
    """
    if isinstance(uri, re.Pattern):
        return _expression(uri, params, check_params=check_params)
    if beneath and isinstance(uri, str) and uri.startswith("/") and not uri.startswith("//"):
        return Beneath(uri, params, check_params=check_params)
    if isinstance(uri, str) and ("{" in uri or "}" in uri):
        found = _ORIGIN.match(uri)
        origin = found.group() if found is not None else ""
        end = _end_of_path(uri, len(origin))
        path = uri[len(origin) : end]
        if "{" in origin or "}" in origin:
            raise OptionValueError(
                f"{uri!r} has a variable outside its path. {{name}} can stand in the path only; for the rest, give a "
                "compiled pattern, such as re.compile(r'https://[^/]+/path')."
            )
        if "{" in path or "}" in path:
            query = joined(absolute(origin + "/" + uri[end:]), params)
            return Template(uri, query, origin=origin, path=path, check_params=check_params)
    return Exact(joined(absolute(uri), params), check_params=check_params)


@lru_cache(maxsize=4096)
def as_sent(url: URL) -> str:
    """The full URL as it is sent: percent-encoded, its host in punycode, without user, password and fragment."""
    return str(url.with_user(None).with_fragment(None))


def _expression(pattern: re.Pattern[Any], params: object, *, check_params: bool) -> Expression:
    if not isinstance(pattern.pattern, str):
        raise OptionTypeError(f"uri={pattern!r} is a pattern of bytes. Compile it from a str.")
    if params:
        raise OptionValueError(
            f"params={params!r} beside {pattern!r}: a pattern is matched against the full URL, query included. "
            "Write the query into the pattern, or give match=match.params_contain(...)."
        )
    if not check_params:
        raise OptionValueError(
            f"check_params=False beside {pattern!r}: a pattern is matched from the start of the full URL and need not "
            "reach its end. Leave check_params out, and end the pattern before the query."
        )
    return Expression(pattern)


def _end_of_path(text: str, at: int) -> int:
    depth = 0
    for number, character in enumerate(text[at:], at):
        depth += (character == "{") - (character == "}")
        if depth == 0 and character in "?#":
            return number
    return len(text)


Piece = tuple[str, str | None]
"""A literal and None, or a variable's name and its expression."""


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
    return name, expression or _SEGMENT


def _compiled(pieces: list[Piece], text: str) -> re.Pattern[str]:
    source = "".join(
        re.escape(_decoded(piece)) if expression is None else f"(?P<{piece}>{expression})"
        for piece, expression in pieces
    )
    try:
        return re.compile(source)
    except re.error as error:
        raise _no_template(text, f"{error}") from error


def _no_template(text: str, why: str) -> OptionValueError:
    return OptionValueError(
        f"{text!r} is not a template: {why}. Write {{name}} or {{name:regex}}, each name once, of letters, digits and "
        "underscores; a brace that is meant as such is written %7B or %7D."
    )


def _segments(pieces: list[Piece]) -> list[list[Piece]]:
    segments: list[list[Piece]] = [[]]
    for piece, expression in pieces:
        if expression is not None:
            segments[-1].append(("", expression))  # its name makes no difference
            continue
        first, *others = _decoded(piece).split("/")
        segments[-1] += [(first, None)] if first else []
        segments += [[(other, None)] if other else [] for other in others]
    return segments


def _wider(mine: list[Piece], theirs: list[Piece]) -> bool:
    if mine == theirs:
        return True
    # a variable without an expression fits a segment that is neither empty nor perhaps more than one
    return (
        mine == [("", _SEGMENT)]
        and bool(theirs)
        and all(
            expression == _SEGMENT or (expression is None and not set(text) & set("{}")) for text, expression in theirs
        )
    )


def _decoded(literal: str) -> str:
    """As a path is compared: decoded, but for an encoded slash or percent sign."""
    return unquote(_KEPT.sub(lambda found: "%25" + found.group(1).upper(), literal))


def _wholly(value: str) -> str:
    return value.replace("%2F", "/").replace("%25", "%") if "%" in value else value

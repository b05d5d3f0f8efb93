"""Which addresses a route answers: one exactly, a template with `{name}` in its path, or a compiled pattern.

Law of this room: an address is read once, when it is registered; a request is only compared.
"""

from __future__ import annotations

import re
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from yarl import URL

from ..errors import OptionTypeError, OptionValueError
from .mounted import Mounted, mounted_at
from .template import ANY_TEMPLATE, Info, Template
from .uri import AS_HTTP, Query, absolute, joined, key

_NOTHING: Info = MappingProxyType({})
_ORIGIN = re.compile(r"(?:[A-Za-z][A-Za-z0-9+.\-]*:)?//[^/?#]*")
_ANYWHERE = "http://base.invalid"
# What can make an expression fit a text, but not the text with more behind it
_LOOKS_AHEAD = re.compile(r"\$|\\[ZzbB]|\(\?[=!<>(]|[*+?}]\+")
_TO_THE_END = re.compile(r"(?<!\\)(\.[*+])(?:\$|\\Z)$")


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
        self.marks: tuple[object, ...] = (self.place,)
        """By what another address finds it, to see whether it covers it."""
        self.sought = self.marks
        """The marks of what this one can cover."""

    def fits(self, url: URL) -> Info | None:
        """What is variable in such an address; None if it is another one."""
        asked = key(url)
        return _NOTHING if asked.address == self.place and self.query in (None, asked.query) else None

    def covers(self, other: object) -> bool:
        """Whether this fits whatever the other fits."""
        return isinstance(other, Exact) and other.place == self.place and self.query in (None, other.query)


class Expression:
    """All addresses that a compiled pattern matches, from the start of the full URL as it is sent."""

    def __init__(self, pattern: re.Pattern[str]) -> None:
        self.name = pattern
        """As `registry` lists it."""
        self.query = None
        self.url = None
        self.same: object = pattern
        """Equal for two registrations of one pattern."""
        self.marks: tuple[object, ...] = (pattern,)
        """By what another address finds it, to see whether it covers it."""
        self.sought: tuple[object, ...] = (pattern, ANY_TEMPLATE)
        """The marks of what this one can cover."""
        text = _TO_THE_END.sub(r"\1", pattern.pattern)
        # What fits the beginning of an address fits all of it, unless the expression looks at what follows
        self._beginning = None if _LOOKS_AHEAD.search(text) else re.compile(text, pattern.flags)

    def match(self, url: URL) -> re.Match[str] | None:
        """How the pattern matches such an address."""
        match = self.name.match(as_sent(url))
        if match is None and url.scheme in AS_HTTP:
            return self.name.match(as_sent(url.with_scheme(AS_HTTP[url.scheme])))
        return match

    def fits(self, url: URL) -> Info | None:
        """What the named groups hold in such an address; None if it does not match."""
        match = self.match(url)
        return None if match is None else {k: v for k, v in match.groupdict().items() if v is not None}

    def covers(self, other: object) -> bool:
        """Whether this surely fits whatever the other fits."""
        if isinstance(other, Template):
            return self._beginning is not None and self._beginning.match(other.start) is not None
        return isinstance(other, Expression) and other.name == self.name


class Beneath:
    """A path, of a bundle that is to be included under a base; by itself it fits nothing."""

    url = None
    query = None
    sought: tuple[object, ...] = ()

    def __init__(self, path: str, params: Any, *, check_params: bool) -> None:
        self.name = path
        self._rest: dict[str, Any] = {"params": params, "check_params": check_params}
        # what is wrong with it is to be said on the line that wrote it, not on the one that includes it
        try:
            self.same: object = ("beneath", self.under(_ANYWHERE).same)
        except (OptionTypeError, OptionValueError) as error:
            raise type(error)(str(error).replace(_ANYWHERE, "")) from error.__cause__
        self.marks: tuple[object, ...] = (self.same,)

    def under(self, base: str) -> Address:
        """The address below a base."""
        return address(base.rstrip("/") + self.name, **self._rest)

    def fits(self, url: URL) -> None:
        """Nothing."""

    def covers(self, other: object) -> bool:
        """Nothing."""
        return False


class MountedBeneath(Beneath):
    """The same in a bundle, at a path."""

    def __init__(self, path: str) -> None:
        super().__init__(path, None, check_params=True)

    def under(self, base: str) -> Mounted:
        """The address below a base."""
        return mounted_at(base.rstrip("/") + self.name)


Address = Exact | Template | Expression | Beneath | Mounted


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
        if "{" in origin or "}" in origin:
            raise OptionValueError(
                f"{uri!r} has a variable outside its path. {{name}} can stand in the path only; for the rest, give a "
                "compiled pattern, such as re.compile(r'https://[^/]+/path')."
            )
        absolute(uri)
        end = _end_of_path(uri, len(origin))
        path = uri[len(origin) : end]
        if "{" in path or "}" in path:
            rest = joined(absolute(origin + "/" + uri[end:]), params)
            query = key(rest).query if check_params else None
            shown = f"?{rest.raw_query_string}" if query else ""
            return Template(rest, path, query, text=uri, name=f"{origin}{path}{shown}")
    return Exact(joined(absolute(uri), params), check_params=check_params)


def place_of(uri: object, *, beneath: bool) -> Mounted | MountedBeneath:
    """Where something is to be mounted; with `beneath`, a `str` that is a path is a place, too.

    Raises:
        OptionTypeError: it is a pattern.
        OptionValueError: as `mounted_at` does.
    """
    if isinstance(uri, re.Pattern):
        raise OptionTypeError(
            f"mount({uri!r}, ...): a mount has one address, and answers everything below it. Give that as a URL, such "
            "as 'https://api.example.com/v1'; for a pattern, use register_uri('*', ..., handler=...)."
        )
    if beneath and isinstance(uri, str) and uri.startswith("/") and not uri.startswith("//"):
        return MountedBeneath(uri)
    return mounted_at(uri)


@lru_cache(maxsize=4096)
def as_sent(url: URL) -> str:
    """The full URL as it is sent: percent-encoded, its host in punycode, without user, password and fragment."""
    return f"{url.origin()}{url.raw_path_qs}"


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

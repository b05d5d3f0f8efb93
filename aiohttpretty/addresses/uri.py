"""Addresses, compared as a server would see them.

Law of this room: two addresses are one when a server could not tell their requests apart. Scheme and host in
any case, an internationalised host by its punycode, the default port left out or not, an empty path as `/`;
percent-encodings by what they decode to (RFC 3986, 6.2.2: `%7E` is `~`, but `%2F` is data and `/` is
structure); the query as the multiset of its decoded pairs, in any order; the fragment, which is never sent,
ignored, and so are user and password, which travel as a header.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, NamedTuple
from urllib.parse import quote, unquote

from yarl import URL

from ..errors import OptionTypeError, OptionValueError

# A handshake of a websocket is an HTTP request (RFC 6455, 4.1); its scheme never goes over the wire
AS_HTTP = {"ws": "http", "wss": "https"}
# What yarl raises for text that is no URL
NO_URL = (ValueError, IndexError)

Query = tuple[tuple[str, str], ...]


class Key(NamedTuple):
    """What makes two addresses one: `address` without the query, and the `query`'s pairs, sorted."""

    address: str
    query: Query


@lru_cache(maxsize=4096)
def key(url: URL) -> Key:
    """The key of an absolute URL; remembered, because the lookup of every request asks for it."""
    path = "/".join(
        quote(unquote(part, errors="surrogateescape"), safe="", errors="surrogateescape")
        for part in url.raw_path.split("/")
    )
    scheme = AS_HTTP.get(url.scheme, url.scheme)
    return Key(f"{scheme}://{url.raw_host}:{url.port}{path or '/'}", tuple(sorted(url.query.items())))


def absolute(uri: object) -> URL:
    """`uri`, a `yarl.URL` or anything whose `str()` is a URL, as an absolute URL without fragment.

    Raises:
        OptionValueError: it is no URL, or has no scheme or host.
    """
    try:
        url = uri if isinstance(uri, URL) else URL(str(uri))
    except NO_URL as error:
        raise OptionValueError(
            f"{str(uri)!r} is not a URL ({error}). Give an absolute one, such as 'http://example.com/path'."
        ) from error
    if not (url.scheme and url.raw_host):
        raise OptionValueError(
            f"{str(uri)!r} has no scheme or no host, so no request can have this address. Give an absolute URL, "
            "such as 'http://example.com/path'; for a session with base_url, the joined one."
        )
    return url.with_fragment(None)


def listed(params: Iterable[object]) -> list[object]:
    """The pairs of an iterator; up to the first thing that is none, because it may never end."""
    pairs = []
    for pair in params:
        pairs.append(pair)
        if not isinstance(pair, (tuple, list)):
            break  # `joined` will say so
    return pairs


def joined(url: URL, params: object) -> URL:
    """`url` with `params` added to its query, by aiohttp's own rules; a value of None is an empty one.

    Raises:
        OptionTypeError: a value is neither str, int nor float (a bool is refused as yarl does).
        OptionValueError: a float that has no text in a URL (nan, inf).
    """
    if not params:
        return url
    try:
        return url.extend_query(_blanks(params))
    except (TypeError, ValueError) as error:
        kind = OptionTypeError if isinstance(error, TypeError) else OptionValueError
        raise kind(
            f"params={params!r} can't be put into a query: {error}. Give a mapping or a list of pairs whose "
            "values are str, int, float, None (an empty value) or sequences of them."
        ) from error


def _blanks(params: Any) -> Any:
    if isinstance(params, str):
        return params
    pairs = params.items() if isinstance(params, Mapping) else params
    return [pair for name, value in pairs for pair in _spread(name, value)]


def _spread(name: str, value: Any) -> list[tuple[str, Any]]:
    values = value if isinstance(value, (list, tuple)) else [value]
    return [(name, "" if one is None else one) for one in values]


class CalledUri:
    """The address of a call: equal to any `str`, `yarl.URL` or other address that a server would see as the same."""

    __slots__ = ("url",)

    def __init__(self, url: URL) -> None:
        self.url = url

    def __eq__(self, other: object) -> bool:
        if isinstance(other, CalledUri):
            return key(self.url) == key(other.url)
        if not isinstance(other, (str, URL)):
            return NotImplemented
        try:
            return key(self.url) == key(URL(other))
        except NO_URL:
            return False

    def __hash__(self) -> int:
        return hash(key(self.url))

    def __str__(self) -> str:
        return str(self.url)

    def __repr__(self) -> str:
        return repr(str(self.url))

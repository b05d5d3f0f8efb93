"""Secrets, kept out of every report.

Law of this room: the value of a header, a cookie, a parameter or a field whose name says that it is a secret is never
written; that two of them differ may be. What carries such a value in a place without a name is scrubbed of it.
"""

from __future__ import annotations

import json
import re
import sys
from base64 import b64decode
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any
from urllib.parse import parse_qsl, quote, quote_plus

from yarl import URL

from .mention import SCHEMES, mentions
from .mention import is_secret as is_secret  # noqa: PLC0414 - whoever masks asks this room

MASK = "***"
_COOKIES = frozenset({"cookie", "set-cookie"})
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')  # the value of a cookie that may have a semicolon in it
# A shorter one would be found where it isn't meant
_FOUND_FROM = 4
# Of a large body, so much is looked through for what it would be too slow to look for in all of it
_LOOKED_AT = 64 * 1024


def header(name: str, value: str) -> str:
    """The value of a header, as it may be shown."""
    if name.lower() in _COOKIES:
        pairs = (pair.partition("=")[0].strip() for pair in _QUOTED.sub("", value).split(";"))
        return "; ".join(f"{name}={MASK}" for name in pairs)
    if not is_secret(name):
        return assigned(value)
    scheme = value.partition(" ")[0]
    return f"{scheme} {MASK}" if scheme.lower() in SCHEMES and scheme != value else MASK


def url(given: URL) -> URL:
    """An address, as it may be shown."""
    if given.raw_password is not None:
        given = given.with_password(MASK)
    if given.raw_query_string and (shown := pairs(given.query.items())) != list(given.query.items()):
        given = given.with_query(shown)
    return given


def pairs(given: Iterable[tuple[str, Any]]) -> list[tuple[str, Any]]:
    """The pairs of a query or a form, as they may be shown."""
    return [(name, MASK if is_secret(name) else assigned(value)) for name, value in given]


def value(given: Any, replaced: Any = MASK, *, many: int = sys.maxsize, deep: int = sys.maxsize) -> Any:
    """A JSON value, as it may be shown, with something else in place of the secrets.

    Args:
        many: Of a list, or an object, no more members are looked at; for what will be cut.
        deep: Nor more levels.
    """
    if isinstance(given, dict):
        inside = islice(given.items(), many if deep else 0)
        return {
            name: replaced if _hides(str(name), item) else value(item, replaced, many=many, deep=deep - 1)
            for name, item in inside
        }
    if isinstance(given, (list, tuple)):
        if len(given) == 2 and isinstance(given[0], str) and _hides(*given):  # a header, or another pair
            return [given[0], replaced]
        return [value(item, replaced, many=many, deep=deep - 1) for item in islice(given, many if deep else 0)]
    if type(given) is str and (shown := assigned(given)) != given:
        return shown if replaced is MASK else replaced
    return given


def _hides(name: str, item: object) -> bool:
    return item is not None and not isinstance(item, bool) and is_secret(name)


def assigned(text: str) -> str:
    """A text of any kind, without the secrets that it mentions."""
    pieces, end = [], 0
    for start, stop in mentions(text):
        pieces += [text[end:start], MASK]
        end = stop
    return "".join([*pieces, text[end:]]) if pieces else text


class Secrets:
    """The values that are not to be seen anywhere, wherever they were found."""

    def __init__(self, values: Iterable[str]) -> None:
        forms = {form for one in values if one != MASK for form in _forms(one)}
        self._values = sorted((form for form in forms if len(form) >= _FOUND_FROM), key=len, reverse=True)
        self._short = [form for form in forms if 0 < len(form) < _FOUND_FROM]

    def scrub(self, text: str, *, quoted: bool = False) -> str:
        """The text without them, whole or cut short; with `quoted`, also without the very short ones, in quotes."""
        if quoted:
            for secret in self._short:
                text = re.sub(rf"""(['"]){re.escape(secret)}\1""", rf"\1{MASK}\1", text)
        cut = "…" in text
        for secret in self._values:
            if secret in text:
                text = text.replace(secret, MASK)
            if cut and (secret[:_FOUND_FROM] in text or secret[-_FOUND_FROM:] in text):
                text = self._without_pieces(text, secret)
        return text

    def _without_pieces(self, text: str, secret: str) -> str:
        at = text.find("…")
        while at >= 0:
            text, at = self._uncut(text, at, secret)
            at = text.find("…", at + 1)
        return text

    def _uncut(self, text: str, at: int, secret: str) -> tuple[str, int]:
        longest = min(len(secret) - 1, len(text))
        for length in range(longest, _FOUND_FROM - 1, -1):
            if text.startswith(secret[-length:], at + 1):
                text = text[: at + 1] + MASK + text[at + 1 + length :]
            if text.endswith(secret[:length], 0, at):
                return text[: at - length] + MASK + text[at:], at - length + len(MASK)
        return text, at


def of_request(
    url: URL, headers: Iterable[tuple[str, str]], content: bytes | None, *, whole: bool = False
) -> Iterator[str]:
    """The secrets of a request; with `whole`, also those that stand far behind in a large body."""
    for name, text in headers:
        yield from _of_header(name.lower(), text) if is_secret(name) else _mentioned(text)
    for name, text in url.query.items():
        yield from (text,) if is_secret(name) else _mentioned(text)
    if content:
        yield from _of_content(content if whole else content[:_LOOKED_AT])


def _mentioned(text: str) -> Iterator[str]:
    return (text[start:stop] for start, stop in mentions(text))


def of_expected(thing: Any, *, secret: bool = False) -> Iterator[str]:
    """The secrets in what is expected: a matcher, whatever its kind, or a value inside one."""
    if isinstance(thing, (str, bytes)):
        if secret:
            yield thing if isinstance(thing, str) else thing.decode("utf-8", "replace")
    elif isinstance(thing, Mapping):
        for name, item in thing.items():
            yield from of_expected(item, secret=secret or is_secret(str(name)))
    elif isinstance(thing, (list, tuple)):
        for item in thing:
            yield from of_expected(item, secret=secret)
    elif isinstance(thing, re.Pattern):
        yield from of_expected(thing.pattern, secret=secret)
    elif isinstance(thing, (int, float)) and secret and not isinstance(thing, bool):
        yield str(thing)
    elif type(thing).__module__.partition(".")[0] == __name__.partition(".")[0]:
        yield from _of_matcher(thing, secret)


def _of_matcher(thing: Any, secret: bool) -> Iterator[str]:
    if hasattr(thing, "text") and hasattr(thing, "value"):  # an object that is asked
        if secret:
            yield thing.text
        return
    inside = dict(getattr(thing, "__dict__", {}))
    if isinstance(name := inside.get("name"), str):
        secret = secret or is_secret(name) or type(thing).__name__ == "Cookie"
    yield from of_expected(inside, secret=secret)


def _of_header(name: str, text: str) -> Iterator[str]:
    yield text
    if name in _COOKIES:
        yield from (pair.partition("=")[2].strip() for pair in text.split(";"))
        yield from _QUOTED.findall(text)
        return
    scheme, _, rest = text.partition(" ")
    if scheme.lower() in SCHEMES:
        yield rest
    if scheme.lower() == "basic":
        try:
            yield b64decode(rest).decode("latin-1").partition(":")[2]
        except ValueError:  # it is not base64
            return


def _of_content(content: bytes) -> Iterator[str]:
    text = content.decode("utf-8", "replace")
    yield from _mentioned(text)
    try:
        yield from of_expected(json.loads(text))
    except (ValueError, RecursionError):
        if "\n" not in text:
            yield from (item for name, item in parse_qsl(text) if is_secret(name))


def _forms(text: str) -> Iterator[str]:
    yield text
    if text.isascii() and text.isalnum():
        return  # it is the same in all of them
    yield repr(text)[1:-1]
    yield json.dumps(text)[1:-1]
    yield json.dumps(text, ensure_ascii=False)[1:-1]
    yield quote(text, errors="replace")
    yield quote_plus(text, errors="replace")

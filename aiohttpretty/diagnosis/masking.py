"""Secrets, kept out of every report.

Law of this room: the value of a header, a cookie, a parameter or a field whose name says that it is a secret is never
written; that two of them differ may be. What carries such a value in a place without a name is scrubbed of it.
"""

from __future__ import annotations

import json
import re
from base64 import b64decode
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl, quote, quote_plus

from yarl import URL

MASK = "***"
# A name without its case and signs. The tokens of paging and the counts of language models are no secrets.
_SECRET = re.compile(
    r"passw|pwd|passphrase|secret|(?<!page)(?<!next)(?<!continuation)token(?!s|iz)|api_?key|access_?key|private_?key"
    r"|credential|authorization|^auth$|cookie|session_?id|^sid$|signature$"
)
_SEPARATORS = re.compile(r"[^a-z0-9]+")
# Of these the scheme may be seen; any other first word may be the secret itself
_SCHEMES = frozenset({"basic", "bearer", "digest", "negotiate", "token", "apikey"})
_COOKIES = frozenset({"cookie", "set-cookie"})
# A name and a value in a text of any kind
_ASSIGNED = re.compile(r"""(?<![\w\-])([\w\-]+)(["']?\s*[=:]\s*["']?)([^\s&"',;}\]]+)""")
# A shorter one would be found where it isn't meant
_FOUND_FROM = 4


@lru_cache(maxsize=1024)
def is_secret(name: str) -> bool:
    """Whether what goes by this name is kept secret."""
    return _SECRET.search(_SEPARATORS.sub("", name.lower())) is not None


def header(name: str, value: str) -> str:
    """The value of a header, as it may be shown."""
    if name.lower() in _COOKIES:
        pairs = (pair.partition("=")[0].strip() for pair in value.split(";"))
        return "; ".join(f"{name}={MASK}" for name in pairs)
    if not is_secret(name):
        return value
    scheme = value.partition(" ")[0]
    return f"{scheme} {MASK}" if scheme.lower() in _SCHEMES and scheme != value else MASK


def url(given: URL) -> URL:
    """An address, as it may be shown."""
    if given.raw_password is not None:
        given = given.with_password(MASK)
    if any(map(is_secret, given.query)):
        given = given.with_query(pairs(given.query.items()))
    return given


def pairs(given: Iterable[tuple[str, Any]]) -> list[tuple[str, Any]]:
    """The pairs of a query or a form, as they may be shown."""
    return [(name, MASK if is_secret(name) else value) for name, value in given]


def value(given: Any, replaced: Any = MASK) -> Any:
    """A JSON value, as it may be shown, with something else in place of the secrets."""
    if isinstance(given, dict):
        return {
            name: replaced if is_secret(str(name)) and item is not None else value(item, replaced)
            for name, item in given.items()
        }
    if isinstance(given, (list, tuple)):
        return [value(item, replaced) for item in given]
    return given


def assigned(text: str) -> str:
    """A text of any kind, without what it assigns to a secret's name."""
    return _ASSIGNED.sub(lambda found: found[1] + found[2] + MASK if is_secret(found[1]) else found[0], text)


class Secrets:
    """The values that are not to be seen anywhere, wherever they were found."""

    def __init__(self, values: Iterable[str]) -> None:
        forms = {form for one in values for form in _forms(one)}
        self._values = sorted((form for form in forms if len(form) >= _FOUND_FROM), key=len, reverse=True)
        self._short = [form for form in forms if 0 < len(form) < _FOUND_FROM]

    def scrub(self, text: str, *, quoted: bool = False) -> str:
        """The text without them, whole or cut short; with `quoted`, also without the very short ones, in quotes."""
        if quoted:
            for secret in self._short:
                text = re.sub(rf"""(['"]){re.escape(secret)}\1""", rf"\1{MASK}\1", text)
        for secret in self._values:
            text = text.replace(secret, MASK)
            at = text.find("…")
            while at >= 0:
                text, at = self._uncut(text, at, secret)
                at = text.find("…", at + 1)
        return text

    def _uncut(self, text: str, at: int, secret: str) -> tuple[str, int]:
        for length in range(len(secret) - 1, _FOUND_FROM - 1, -1):
            if text.startswith(secret[-length:], at + 1):
                text = text[: at + 1] + MASK + text[at + 1 + length :]
            if text.endswith(secret[:length], 0, at):
                return text[: at - length] + MASK + text[at:], at - length + len(MASK)
        return text, at


def of_request(url: URL, headers: Iterable[tuple[str, str]], content: bytes | None) -> Iterator[str]:
    """The secrets of a request."""
    if url.password:
        yield url.password
    for name, text in headers:
        if is_secret(name):
            yield from _of_header(name.lower(), text)
    yield from (text for name, text in url.query.items() if is_secret(name))
    if content:
        yield from _of_content(content)


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
    elif isinstance(thing, (int, float)) and secret:
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
        return
    scheme, _, rest = text.partition(" ")
    if scheme.lower() in _SCHEMES:
        yield rest
    if scheme.lower() == "basic":
        try:
            yield b64decode(rest).decode("latin-1").partition(":")[2]
        except ValueError:  # it is not base64
            return


def _of_content(content: bytes) -> Iterator[str]:
    text = content.decode("utf-8", "replace")
    try:
        yield from of_expected(json.loads(text))
    except (ValueError, RecursionError):
        if "\n" not in text:
            yield from (item for name, item in parse_qsl(text) if is_secret(name))
        yield from (found[3] for found in _ASSIGNED.finditer(text) if is_secret(found[1]))


def _forms(text: str) -> Iterator[str]:
    yield text
    yield repr(text)[1:-1]
    yield json.dumps(text)[1:-1]
    yield json.dumps(text, ensure_ascii=False)[1:-1]
    yield quote(text, errors="replace")
    yield quote_plus(text, errors="replace")

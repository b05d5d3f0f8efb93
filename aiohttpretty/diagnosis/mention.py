"""Secrets that a text mentions: what it says behind the name of one, whatever kind of text it is.

Law of this room: it knows how secrets are written, not whose they are; it reads a text once, and raises nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

# A name without its case and signs. The tokens of paging and the counts of language models are no secrets.
_SECRET = re.compile(
    r"passw|pwd|passphrase|secret|(?<!page)(?<!next)(?<!continuation)token(?!s|iz)|api_?key|access_?key|private_?key"
    r"|credential|authorization|^auth$|cookie|session_?id|^sid$|signature$"
)
_SEPARATORS = re.compile(r"[^a-z0-9]+")
# Of these the scheme may be seen; any other first word may be the secret itself
SCHEMES = frozenset({"basic", "bearer", "digest", "negotiate", "token", "apikey"})

# A name and what stands between it and its value: in JSON, also in a string in JSON, a form, a header, a URL, ...
_NAMED = re.compile(
    r"""(?<![\w\-])(?P<name>[\w\-]{1,64})(?![\w\-])(?:\]|%5D)?\\*["']?[ \t]{0,9}[=:]\s{0,9}(?P<quote>\\*["'])?""",
    re.IGNORECASE,
)
_SCHEME = re.compile(rf"(?:{'|'.join(sorted(SCHEMES))})\s+(?=\S)", re.IGNORECASE)
_WORD = re.compile(r"""\{\w*\}|[^\s&"',;<>}\])\\]+""")
_LINE = re.compile(r"""[^\r\n"'<>]+""")
# Of these, all the rest of the line is the value
_LINES = re.compile("authorization|cookie")
_QUOTED = {quote: re.compile(rf"(?:\\.|[^\\{quote}])*", re.DOTALL) for quote in "\"'"}
_USER = re.compile(r"""://[^\s/@:"'<>]*:([^\s/@"'<>]+)@""")
_ELEMENT = re.compile(r"<(?:[\w\-]+:)?(?P<name>[\w\-]{1,64})(?:\s[^<>]*)?>(?:<!\[CDATA\[)?(?P<value>[^<]+)")
_PART = re.compile(
    r"""\bname=\\?["']?(?P<name>[^"'\r\n;]+)[^\r\n]*(?:\r?\n[^\r\n]+)*\r?\n\r?\n(?P<value>.+?)(?=\r?\n--|\Z)""",
    re.DOTALL,
)

# Whether there is a secret is none
_NONE = frozenset({"true", "false", "null", "True", "False", "None"})

Span = tuple[int, int]


@lru_cache(maxsize=1024)
def is_secret(name: str) -> bool:
    """Whether what goes by this name is kept secret."""
    return _SECRET.search(_SEPARATORS.sub("", name.lower())) is not None


def mentions(text: str) -> Iterator[Span]:
    """Where in a text secrets stand, from the left; none is empty, and none overlaps another."""
    end = 0
    for start, stop in sorted(_all(text)):
        if stop > max(start, end):
            yield max(start, end), stop
            end = stop


def _all(text: str) -> Iterator[Span]:
    if "=" in text or ":" in text:
        yield from _named(text)
        yield from (found.span(1) for found in _USER.finditer(text))
        if "form-data" in text:
            yield from (found.span("value") for found in _PART.finditer(text) if is_secret(found["name"]))
    if "</" in text:
        yield from (found.span("value") for found in _ELEMENT.finditer(text) if is_secret(found["name"]))


def _named(text: str) -> Iterator[Span]:
    for found in _NAMED.finditer(text):
        if is_secret(found["name"]):
            start, end = _value(text, found)
            if found["quote"] or text[start:end] not in _NONE:
                yield start, end


def _value(text: str, found: re.Match[str]) -> Span:
    start, quote, name = found.end(), found["quote"], found["name"].lower()
    if quote in _QUOTED:
        behind = _QUOTED[quote].match(text, start)
    elif quote:  # an escaped one, inside a string
        end = text.find(quote, start)
        return start, len(text) if end < 0 else end
    elif _LINES.search(name) or (text[found.end("name")] == ":" and _begins_line(text, found.start())):
        behind = _LINE.match(text, start)
    else:
        behind = _WORD.match(text, start)
    if (scheme := _SCHEME.match(text, start)) is not None:
        start = scheme.end()
        behind = behind if behind is not None and behind.end() > start else _WORD.match(text, start)
    return (start, start) if behind is None else (start, behind.end())


def _begins_line(text: str, at: int) -> bool:
    # as in YAML, or a header
    return not text[max(text.rfind("\n", 0, at) + 1, at - 80) : at].strip(" \t-")

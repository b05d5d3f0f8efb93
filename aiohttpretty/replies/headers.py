"""The headers of a reply, checked.

Law of this room: nothing that would change the head of an answer beyond the header it was written for gets through.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from multidict import CIMultiDict

from ..errors import OptionTypeError, OptionValueError

# RFC 9110, 5.1 and 5.6.2: a field name is a token
_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
# RFC 9110, 5.5: CR, LF and NUL in a value are dangerous, because of the ways they may be parsed
_INJECTION = re.compile("[\r\n\0]")


def is_token(name: str) -> bool:
    """Whether it can be a method or the name of a header (RFC 9110, 5.6.2)."""
    return _TOKEN.fullmatch(name) is not None


def injects(text: str) -> bool:
    """Whether it would end the line that it stands in."""
    return _INJECTION.search(text) is not None


def checked(given: object) -> CIMultiDict[str]:
    """The headers, each a `str`.

    Raises:
        OptionTypeError, OptionValueError: one of them can't be sent.
    """
    headers: CIMultiDict[str] = CIMultiDict()
    for name, value in _pairs(given):
        if not isinstance(name, str):
            raise OptionTypeError(f"The header name {name!r} is not a str. Write it as one, such as 'Content-Type'.")
        if not is_token(name):
            raise OptionValueError(
                f"The header name {name!r} is not a token (RFC 9110, 5.6.2). Use letters, digits "
                "and hyphens, without spaces or colons."
            )
        if isinstance(value, bool) or not isinstance(value, (str, int)):
            raise OptionTypeError(
                f"The header {name} has the value {value!r}, which is not a str. Write it as one; "
                "for a repeated header give a list of pairs."
            )
        # of a subclass, such as an enum's member, it is the value that a server would send, whatever `str()` says
        text = str.__str__(value) if isinstance(value, str) else int.__repr__(value)
        if injects(text):
            raise OptionValueError(
                f"The header {name} has the value {value!r}, with a line break or a NUL in it, "
                "which would end the header. Take it out."
            )
        headers.add(str.__str__(name), text)
    return headers


def _pairs(given: object) -> Iterable[tuple[object, object]]:
    if given is None:
        return ()
    if isinstance(given, Mapping):
        return given.items()
    try:
        return list(_split(given))
    except (TypeError, ValueError):
        raise OptionTypeError(
            f"headers={given!r} are neither a mapping nor pairs. Give a dict, a multidict or a list "
            "of (name, value) pairs."
        ) from None


def _split(given: Any) -> Iterator[tuple[object, object]]:
    for pair in given:  # one by one: what never ends has no pair among its first
        if isinstance(pair, (str, bytes)):  # of two characters, it would pass for a pair
            raise TypeError
        name, value = pair
        yield name, value

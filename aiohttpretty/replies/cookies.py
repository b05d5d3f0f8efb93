"""Cookies, written as `Set-Cookie` headers by the standard library (RFC 6265, 4.1).

Law of this room: what a client would not understand, or would take for something else, is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timezone
from email.utils import format_datetime
from http.cookies import CookieError, Morsel, SimpleCookie
from typing import Any

from ..errors import OptionTypeError, OptionValueError
from .headers import injects


def set_cookies(cookies: object) -> list[str]:
    """The value of one Set-Cookie header for each.

    Raises:
        OptionTypeError, OptionValueError: one of them is no cookie.
    """
    if not isinstance(cookies, Mapping):
        raise OptionTypeError(
            f"cookies={cookies!r} is not a mapping. Give a dict of name to value, such as {{'session': 'abc'}}, or to "
            "a dict with attributes, such as {'session': {'value': 'abc', 'path': '/', 'httponly': True}}."
        )
    return [_header(name, given) for name, given in cookies.items()]


def _header(name: object, given: object) -> str:
    if not isinstance(name, str):
        raise OptionTypeError(f"The cookie name {name!r} is not a str. Write it as one, such as 'session'.")
    morsel = _morsel(name, given)
    header = morsel.OutputString()
    if injects(header):
        raise OptionValueError(
            f"The cookie {name} has a line break or a NUL in it, which would end the header: {header!r}. Take it out."
        )
    return header


def _morsel(name: str, given: object) -> Morsel[str]:
    if isinstance(given, Morsel):
        if given.key != name:
            raise OptionValueError(
                f"The cookie {name} has a Morsel of another name, {given.key!r}. Give both the same name."
            )
        return given
    if isinstance(given, str):
        return _made(name, given)
    if not isinstance(given, Mapping):
        raise OptionTypeError(
            f"The cookie {name} has the value {given!r}, which is not a str. Write it as one, or as a dict with the "
            "key 'value' and attributes."
        )
    attributes = {str(key).lower().replace("_", "-"): value for key, value in given.items()}
    if not isinstance(value := attributes.pop("value", None), str):
        raise OptionTypeError(
            f"The cookie {name} has the value {value!r}, which is not a str. Give it under the key 'value', such as "
            "{'value': 'abc', 'path': '/'}."
        )
    morsel = _made(name, value)
    for attribute, one in attributes.items():
        morsel[attribute] = _attribute(name, attribute, one)
    return morsel


def _made(name: str, value: str) -> Morsel[str]:
    if any(ord(character) < 32 or ord(character) == 127 for character in value):
        raise OptionValueError(
            f"The cookie {name} has the value {value!r}, with a control character in it. Take it out, or encode the "
            "value, for example with urllib.parse.quote."
        )
    jar: SimpleCookie = SimpleCookie()
    try:
        jar[name] = value
    except CookieError:
        raise OptionValueError(
            f"{name!r} can't be the name of a cookie. Use letters, digits and hyphens, and none of the names of "
            "attributes, such as path."
        ) from None
    return jar[name]


def _attribute(cookie: str, name: str, value: object) -> Any:
    if name not in _ATTRIBUTES:
        known = ", ".join(_ATTRIBUTES)
        raise OptionTypeError(f"The cookie {cookie} has no attribute {name!r}. The attributes are: value, {known}.")
    check, what = _ATTRIBUTES[name]
    if value is None and name != "samesite":  # not set; but SameSite has a word that looks like it
        return ""
    written = check(value)
    if written is None:
        raise OptionTypeError(f"The cookie {cookie} has {name}={value!r}. Give {what}.")
    return written


def _text(value: object) -> str | None:
    # RFC 6265, 4.1.1: any character but controls and the semicolon
    return value if isinstance(value, str) and ";" not in value and value.isprintable() else None


def _flag(value: object) -> bool | None:
    return value if isinstance(value, bool) else None


def _age(value: object) -> str | None:
    number = isinstance(value, int) and not isinstance(value, bool)
    digits = isinstance(value, str) and value.removeprefix("-").isdecimal()
    return str(value) if number or digits else None


def _date(value: object) -> str | None:
    if isinstance(value, datetime):
        return format_datetime(value.astimezone(timezone.utc), usegmt=True) if value.tzinfo is not None else None
    return _text(value)


def _site(value: object) -> str | None:
    return value if isinstance(value, str) and value.lower() in ("strict", "lax", "none") else None


_ATTRIBUTES: dict[str, tuple[Callable[[object], Any], str]] = {
    "path": (_text, "a str without a semicolon, such as '/'"),
    "domain": (_text, "a str without a semicolon, such as 'example.com'"),
    "expires": (_date, "a datetime with a time zone, or a str such as 'Wed, 21 Oct 2026 07:28:00 GMT'"),
    "max-age": (_age, "the seconds as an int"),
    "secure": (_flag, "True or False"),
    "httponly": (_flag, "True or False"),
    "samesite": (_site, "one of the words 'Strict', 'Lax' and 'None', as a str"),
}

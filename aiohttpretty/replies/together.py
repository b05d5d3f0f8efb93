"""Which options of a reply can stand beside each other.

Law of this room: what was written together and can't be said together is refused; what an item of `responses` says
drops what stands beside `responses`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..errors import OptionTypeError

# Words that say what happens instead of an answer, and so stand without those that say what is answered
_ALONE = {
    "error": "with an error nothing is answered",
    "handler": "a handler says all of the answer",
    "expect_errors": "it is about what a handler lets out",
}
# What goes with each of them
_WITH = {
    "error": ("delay", "time"),
    "handler": ("delay", "expect_errors", "time"),
    "expect_errors": ("delay", "handler", "time"),
}
_TWO_BODIES = ({"body", "json"}, {"body", "sse"}, {"json", "sse"}, {"json", "charset"}, {"sse", "charset"})


def merged(common: Mapping[str, Any], item: Mapping[str, Any]) -> dict[str, Any]:
    """An item of `responses`, with what stands beside `responses` for what it leaves open.

    A word of the item's drops each of the others that can't stand beside it: with `error`, the common body.
    """
    return {word: value for word, value in common.items() if not _dropped(word, value, item)} | dict(item)


def _clash(one: str, other: str) -> bool:
    """Whether the two words can't stand beside each other."""
    if one == other or other in _WITH.get(one, ()) or one in _WITH.get(other, ()):
        return False
    return one in _ALONE or other in _ALONE or {one, other} in _TWO_BODIES


def _dropped(word: str, value: object, item: Mapping[str, Any]) -> bool:
    if any(_clash(word, other) for other in item):
        return True
    if word == "charset":  # it is of the texts among the bodies
        return "body" in item and not isinstance(item["body"], str)
    if word == "location":
        return "status" in item and not redirects(item["status"])
    return word == "status" and "location" in item and not redirects(value)


def check_together(options: Mapping[str, Any], *, as_json: bool) -> None:
    """Refuse options that say two things at once.

    Raises:
        OptionTypeError: there are such.
    """
    bodies = [f"{word}=" for word in ("body", "json", "sse") if word in options]
    if len(bodies) > 1:
        raise OptionTypeError(
            f"{' and '.join(bodies)} are both given, and an answer has one body. Leave one of them out."
        )
    if "charset" in options and "sse" in options:
        raise OptionTypeError("charset= is given for sse=, and events are always UTF-8. Leave it out.")
    if "charset" in options and (as_json or "json" in options):
        raise OptionTypeError(
            "charset= is given for JSON, which is always UTF-8 (RFC 8259, 8.1). Leave it out, or encode the text "
            "yourself and use register_uri with body=."
        )
    for word, because in _ALONE.items():
        beside = [other for other in options if word in options and _clash(word, other)]
        if beside:
            *some, last = (f"{other}=" for other in _WITH[word])
            raise OptionTypeError(
                f"{word}= is given beside {' and '.join(f'{other}=' for other in beside)}, and {because}. Leave "
                f"one or the other out; only {', '.join(some)} and {last} go with {word}=."
            )


def redirects(status: object) -> bool:
    """Whether a Location means something beside it (RFC 9110, 10.2.2; what is no status is told elsewhere)."""
    return not isinstance(status, int) or isinstance(status, bool) or 300 <= status <= 399 or status in (201, 202)

"""Where an older aiohttp differs from what is written of the situations: in which, and in what."""

import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from .situation import BODY, Ends, Situation


class Variation(NamedTuple):
    """Asserted exactly: an aiohttp before that version does this, in these situations, and any other does not."""

    before: tuple[int, int]
    said: str
    """What the page says of it."""
    concerns: Callable[[Situation], bool]
    changed: Callable[[Ends], Mapping[str, Any]]


def _says(part):
    return lambda situation: part in situation.ends.raises


def _otherwise(pattern, replacement):
    return lambda ends: {"raises": re.sub(pattern, replacement, ends.raises)}


# From the newest to the oldest: each changes what the ones before it have left
VARIATIONS = [
    Variation(
        (3, 14),
        "`ContentLengthError` does not say how many bytes were received.",
        _says("ContentLengthError"),
        _otherwise(r" \(received \d+ of \d+ bytes\)", ""),
    ),
    Variation(
        (3, 14),
        "The messages of a bad status line do not begin with `Bad status line:`.",
        _says("Bad status line"),
        _otherwise(r"Bad status line:\\n  ", ""),
    ),
    Variation(
        (3, 13),
        "There is no limit to the number of headers: `too_many_headers` raises nothing.",
        lambda situation: situation.name == "too_many_headers",
        lambda ends: {"raises": "", "arrived": BODY},
    ),
    Variation(
        (3, 13),
        "The message of an oversized header has its size in it, and not its beginning.",
        _says("Got more than 8190"),
        _otherwise(
            r"\"Got more.*\"",
            "'Got more than 8190 bytes (10000) when reading Header value is too long.'",
        ),
    ),
    Variation(
        (3, 13),
        "The `errno` of a `ClientConnectorCertificateError` is `None`.",
        _says("ClientConnectorCertificateError"),
        lambda ends: {"errno": None},
    ),
    Variation(
        (3, 12),
        "The message of an incomplete body is `Not enough data for satisfy ...`.",
        _says("Not enough data to satisfy"),
        _otherwise("data to satisfy", "data for satisfy"),
    ),
    Variation(
        (3, 12),
        "The message of what is no HTTP is `Expected HTTP/:`, without the other protocols.",
        _says("Expected HTTP/, RTSP/ or ICE/"),
        _otherwise("Expected HTTP/, RTSP/ or ICE/", "Expected HTTP/"),
    ),
]


def ends(situation: Situation, version: tuple[int, int]) -> Ends:
    """How it ends with that aiohttp."""
    told = situation.ends
    for variation in VARIATIONS:
        if version < variation.before and variation.concerns(situation):
            told = told._replace(**variation.changed(told))
    return told

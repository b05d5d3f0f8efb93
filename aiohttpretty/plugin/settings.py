"""What a pytest project says of the settings: in its ini file, its marks and its parameters.

Law of this room: it reads and checks; the closest wins. A mark nearer to the test function goes before one farther
away, a class before those it inherits from, and all of them before the ini file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from ..errors import AiohttprettyError, OptionTypeError
from ..settings import check_settings, set_project

MARKER = "aiohttpretty"
WRITTEN = f"@pytest.mark.{MARKER}"
# Each setting in the ini file: its type, as pytest names it, and its help
_INI = {
    "assert_all_called": ("bool", "fail a test in whose end a route was not used"),
    "keep_bodies": ("bool", "keep bodies of requests above 1 MiB whole"),
    "passthrough": ("linelist", "hosts, one a line, whose requests go out to the real network"),
    "time": ("string", "'instant' has delays, stalls and the client's timeouts that end them pass without waiting"),
}
_KINDS = {
    "bool": ("a bool", "true or false"),
    "linelist": ("a list", "one host a line"),
    "string": ("a string", "one word"),
}


def declare(parser: pytest.Parser) -> None:
    """Give the settings their names in the ini file."""
    for name, (kind, said) in _INI.items():
        parser.addini(f"{MARKER}_{name}", f"{said} (default of the setting {name})", type=kind, default=None)  # type: ignore[arg-type]


def of_project(config: pytest.Config) -> Callable[[], None]:
    """Make the ini file's settings the defaults of this process; returns what takes them back."""
    words = {}
    for name, (kind, _) in _INI.items():
        try:
            value = config.getini(f"{MARKER}_{name}")
        except (TypeError, ValueError, pytest.UsageError) as error:
            what, cure = _KINDS[kind]
            raise pytest.UsageError(
                f"{MARKER}_{name} in the ini file is not {what}: {error}. Give {cure}, or leave it out."
            ) from error
        if value is not None and value != []:  # pytest 7 has an empty list for what is not there
            words[name] = value
    try:
        return set_project(check_settings(words, "The ini file"))
    except AiohttprettyError as error:
        raise pytest.UsageError(str(error)) from error


def of_item(item: pytest.Item) -> dict[str, Any]:
    """What the marks of a test say.

    Raises:
        OptionTypeError: one has an argument without a name, an unknown keyword, or a value of the wrong kind.
    """
    words: dict[str, Any] = {}
    for mark in _closest_first(item):
        if mark.args:
            raise OptionTypeError(
                f"{WRITTEN} has {mark.args[0]!r} without a name. It takes settings as keywords, such as "
                "assert_all_called=True."
            )
        words = check_settings(mark.kwargs, WRITTEN) | words
    return words


def of_parameter(request: pytest.FixtureRequest) -> dict[str, Any]:
    """What an indirect parameter of the fixture says.

    Raises:
        OptionTypeError: it is no dict of settings.
    """
    words = getattr(request, "param", {})
    if not isinstance(words, Mapping):
        raise OptionTypeError(
            f"The fixture {MARKER} has the parameter {words!r}. It takes a dict of settings, such as "
            "{'assert_all_called': True}."
        )
    return check_settings(words, f"The fixture {MARKER}")


def _closest_first(item: pytest.Item) -> Iterator[pytest.Mark]:
    for node in reversed(item.listchain()):
        marks = [mark for mark in node.own_markers if mark.name == MARKER]
        if isinstance(node, pytest.Class):
            # pytest lists those that a class inherits first
            marks.sort(key=lambda mark, cls=node.obj: _inherited(mark, cls))  # type: ignore[misc]
        yield from marks


def _inherited(mark: pytest.Mark, cls: type) -> int:
    for distance, owner in enumerate(cls.__mro__):
        own = owner.__dict__.get("pytestmark", [])
        if any(getattr(one, "mark", one) is mark for one in (own if isinstance(own, list) else [own])):
            return distance
    return 0  # added to the node since

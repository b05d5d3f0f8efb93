"""The settings of a registry: what holds for a whole test.

Law of this room: the closest wins. Each source says only what it means to say: an activation within another, the outer
one, the registry itself, the project; what none of them says has its default, which is the same for all.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING, Any, NamedTuple, TypedDict

from .errors import OptionTypeError
from .legible import legible
from .script import Time
from .words import check_time, check_words

if TYPE_CHECKING:
    from .addresses.hosts import Host, Rules

Words = Mapping[str, Any]


class SettingWords(TypedDict, total=False):
    """The settings, as they are written; see the table in the README."""

    assert_all_called: bool
    keep_bodies: bool
    passthrough: Sequence[Host] | AbstractSet[Host]
    time: Time


class Settings(NamedTuple):
    """What holds for a registry now."""

    assert_all_called: bool = False
    """Whether it is a failure when a route, or an item of `responses`, has answered nothing by the end."""
    keep_bodies: bool = False
    """Whether bodies of requests are kept whole, however large they are."""
    passthrough: Rules = ()
    """The hosts whose requests are let through to the real network, if no route answers them."""
    time: Time = "real"
    """What becomes of delays, stalls, pauses in a body, and the client's own timeouts that end them.

    In `"real"` time they take their time; `"instant"`, nobody waits: what would come first happens at once, be it the
    answer or aiohttp's timeout. Only aiohttp's own timeouts are known; one around the request (`asyncio.timeout`,
    `asyncio.wait_for`) keeps its real time, and so does what a handler or a body's generator awaits; aiohttp's timers
    don't know what was skipped before. A reply's own `time` goes before.
    """


DEFAULTS = Settings()
NAMES = tuple(SettingWords.__annotations__)

# Words of other libraries, that no likeness of letters leads from
_ELSEWHERE = {
    "assert_all_mocked": " Leave it out: a request that nothing answers always fails the test.",
    "assert_all_requests_are_fired": " Did you mean 'assert_all_called'?",
    "assert_all_requests_were_expected": " Leave it out: a request that nothing answers always fails the test.",
    "assert_all_responses_were_requested": " Did you mean 'assert_all_called'?",
    "ignore_hosts": " Did you mean 'passthrough'?",
    "non_mocked_hosts": " Did you mean 'passthrough'?",
    "pass_through": " Did you mean 'passthrough'?",
    "passthrough_unmatched": " Write it as passthrough=[...], a list of hosts.",
    "should_mock": " Write it as passthrough=[...], a list of hosts, or of functions of the yarl.URL.",
}


@legible
def check_settings(words: Mapping[str, Any], where: str, *, beside: Sequence[str] = ()) -> dict[str, Any]:
    """What a source says, checked; `where` is its name, and `beside` what else it takes.

    Raises:
        OptionTypeError: there is no such setting, or its value is of the wrong kind.
        OptionValueError: what is to be passed through is no host.
    """
    check_words(words, (*beside, *NAMES), where, _ELSEWHERE)
    return {name: _CHECKS.get(name, _switch)(name, value, where) for name, value in words.items()}


def _switch(name: str, value: object, where: str) -> bool:
    if not isinstance(value, bool):
        raise OptionTypeError(f"{where}: {name}={value!r} is not a bool. Give True or False, or leave it out.")
    return value


def _hosts(name: str, value: object, where: str) -> Rules:
    if not isinstance(value, (list, tuple, set, frozenset)):
        raise OptionTypeError(f"{where}: {name}={value!r} is not a list. Give a list of hosts, such as ['localhost'].")
    from .addresses.hosts import rules  # noqa: PLC0415 - few tests let something through

    return rules(value, f"{where}: {name}")


def _time(name: str, value: object, where: str) -> Time:
    return check_time(value, f"{where}: ")


_CHECKS: dict[str, Callable[[str, object, str], object]] = {"passthrough": _hosts, "time": _time}


# Like the patch, the project is one for the whole process
_project: Words = {}


def set_project(words: Words) -> Callable[[], None]:
    """Give every registry of this process its defaults; returns what takes them back."""
    global _project
    before, _project = _project, words

    def back() -> None:
        global _project
        _project = before

    return back


class Layers:
    """What a registry says itself, and each of its activations, the inner ones last."""

    def __init__(self, own: Words) -> None:
        self._own = own
        self._layers: list[Words] = []
        self._settings = DEFAULTS
        self._read: Words | None = None  # the project's words that are in it

    @property
    def settings(self) -> Settings:
        """What holds now."""
        if self._read is not _project:
            self._read = _project
            merged: dict[str, Any] = {}
            for words in (_project, self._own, *self._layers):
                merged.update(words)
            self._settings = Settings(**merged)
        return self._settings

    def add(self, words: Words) -> Words:
        """Begin an activation; its words are the handle to `drop` it with."""
        layer = dict(words)
        self._layers.append(layer)
        self._read = None
        return layer

    def drop(self, layer: Words | None) -> None:
        """End an activation; without a handle, or if it has ended, the last one."""
        at = next((at for at, other in enumerate(self._layers) if other is layer), -1)
        del self._layers[at]
        self._read = None

    def asks_for_all(self, layer: Words) -> bool:
        """Whether all routes have to be used by the end of this activation: it says so, or is the last to end."""
        said = layer.get("assert_all_called")
        return self.settings.assert_all_called and len(self) == 1 if said is None else bool(said)

    def __len__(self) -> int:
        return len(self._layers)

"""Something going wrong below HTTP, as a value.

Law of this room: a fault says what happens and when; how it looks on a wire is said elsewhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..errors import OptionTypeError

if TYPE_CHECKING:
    from ..script import Unconnected

# What is written without its name, as in proxy_status(407)
_POSITIONAL = ("reason", "status", "data", "line", "encoding", "reply")


@dataclass(frozen=True)
class Fault:
    """Something that goes wrong below HTTP; made by the functions of `aiohttpretty.faults`."""

    name: str
    """The function that made it."""
    words: tuple[tuple[str, Any], ...] = ()
    """What that was called with."""
    attempts: int | None = None
    """How many attempts of one request it answers; None for all of them."""
    connection: Unconnected | None = None
    """Why there is no connection; None if there is one."""
    upload: int | None = None
    """After how many bytes of the request's body the connection is reset; None if it is not."""
    shows: bool = True
    """Whether what is said of the answer is a head that reads as it was registered."""

    def __getitem__(self, word: str) -> Any:
        return dict(self.words).get(word)

    def __repr__(self) -> str:
        written = [repr(value) if name in _POSITIONAL else f"{name}={value!r}" for name, value in self.words]
        if self.name == "raw":
            written = [repr(step) for step in self["steps"]]
        if self.attempts is not None:
            written.append(f"attempts={self.attempts}")
        return f"faults.{self.name}({', '.join(written)})"

    def __str__(self) -> str:
        """A short name, for the `ids` of parametrized tests."""
        if self.name == "cut":
            at = self["at"]
            return f"{self['end'] or 'disconnect'} {at if isinstance(at, str) else f'behind {at} bytes'}"
        text = repr(self).removeprefix("faults.")
        return text if len(text) <= 60 else f"{text[:40]}...{text[-15:]}"


def check_fault(fault: object) -> Fault:
    """The fault.

    Raises:
        OptionTypeError: it is none.
    """
    if isinstance(fault, Fault):
        return fault
    name = getattr(fault, "__name__", None)
    if name == "sweep" and callable(fault):
        raise OptionTypeError(
            "fault=faults.sweep is the function that makes the faults. Call it, and give one of them."
        )
    if callable(fault) and getattr(fault, "__module__", "") == "aiohttpretty.faults":
        raise OptionTypeError(f"fault=faults.{name} is the function that makes the fault. Call it: faults.{name}().")
    if isinstance(fault, Sequence) and fault and all(isinstance(one, Fault) for one in fault):
        raise OptionTypeError(
            f"fault= is given {len(fault)} faults, and a reply has one. Register each in a test of its own "
            "(pytest.mark.parametrize), or one after another with responses=[{'fault': ...}, ...]."
        )
    raise OptionTypeError(
        f"fault={fault!r} is no fault. Give one of aiohttpretty.faults, such as faults.disconnect(); to raise an "
        "exception of your own, give error=."
    )

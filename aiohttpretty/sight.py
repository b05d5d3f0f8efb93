"""Who sees which activation: all of the process, or one task and what comes of it.

Law of this room: what sees an isolated activation is said by a context variable, and by nothing else. So it is seen by
the code that opened its block, by tasks, callbacks and `to_thread` calls that begin in there, and by what these begin;
not by what was there before, nor by what does not inherit a context.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextvars import Context, ContextVar
from typing import NamedTuple
from weakref import ref

from .activation import Activation, Answerer


class Scope(NamedTuple):
    """What an isolated activation is to what is outside of it."""

    falls_through: bool
    """Whether a request that finds nothing inside is asked of those outside."""
    guard: Answerer
    """Refuses, as long as it is there, what sees nobody at all."""
    around: tuple[Activation, ...]
    """The isolated ones that see it, the innermost first."""


# The innermost first. Weakly, because contexts live as long as tasks, and they must not keep what a block has answered
_within: ContextVar[tuple[ref[Activation], ...]] = ContextVar("aiohttpretty_isolated", default=())


def seen(everywhere: tuple[Activation, ...], isolated: Iterable[Activation]) -> tuple[Activation, ...]:
    """Who answers a request that begins here: `everywhere` are those that all of the process sees.

    The guards come in the order of `isolated`, which is that of the blocks' beginnings.
    """
    inside: list[Activation] = []
    for activation in here():
        inside.append(activation)
        if activation.scope is not None and not activation.scope.falls_through:
            # what a test has started and nobody else minds, it means to reach
            return (*inside, *(one for one in everywhere if one.transparent))
    if inside or any(not activation.transparent for activation in everywhere):
        return (*inside, *everywhere)
    # between looking and taking, the last may have gone; those in the name of one registry are equal
    guards = dict.fromkeys(one.scope.guard for one in list(isolated) if one.scope is not None)
    return (*everywhere, *map(Activation, guards))


def enter(activation: Activation) -> None:
    """From here on, it is seen here, as long as it is alive."""
    _within.set((ref(activation), *map(ref, here())))


def here() -> tuple[Activation, ...]:
    """The isolated ones that are seen here, the innermost first."""
    found = (known() for known in _within.get())
    return tuple(activation for activation in found if activation is not None and activation.alive)


def nothing_else() -> Context:
    """A context in which what is seen here is seen, and that holds nothing else."""
    context = Context()
    context.run(_within.set, _within.get())
    return context

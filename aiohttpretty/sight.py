"""Who sees which activation: all of the process, or one task and what comes of it.

Law of this room: what sees an isolated activation is said by a context variable, and by nothing else. So it is seen by
the code that opened its block, by tasks, callbacks and `to_thread` calls that begin in there, and by what these begin;
not by what was there before, nor by what does not inherit a context.
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from contextvars import Context, ContextVar
from typing import NamedTuple

from .activation import Activation, Answerer


class Scope(NamedTuple):
    """What an isolated activation is to what is outside of it."""

    falls_through: bool
    """Whether a request that finds nothing inside is asked of those outside."""
    guard: Answerer
    """Refuses, as long as it is there, what sees nobody at all."""
    around: tuple[Activation, ...]
    """The isolated ones that see it, the innermost first."""


# The innermost first; those that have ended stay in the contexts of tasks
_within: ContextVar[tuple[Activation, ...]] = ContextVar("aiohttpretty_isolated", default=())


def seen(everywhere: tuple[Activation, ...], isolated: AbstractSet[Activation]) -> tuple[Activation, ...]:
    """Who answers a request that begins here: `everywhere` are those that all of the process sees."""
    inside: list[Activation] = []
    for activation in _within.get():
        if activation.alive:
            inside.append(activation)
            if activation.scope is not None and not activation.scope.falls_through:
                # what a test has started and nobody else minds, it means to reach
                return (*inside, *(one for one in everywhere if one.transparent))
    if inside or any(not activation.transparent for activation in everywhere):
        return (*inside, *everywhere)
    # of several, any one will do; between looking and taking, the last may have gone
    return (*everywhere, *(Activation(one.scope.guard) for one in list(isolated)[:1] if one.scope is not None))


def enter(activation: Activation) -> None:
    """From here on, it is seen here."""
    _within.set((activation, *here()))


def leave(activation: Activation) -> None:
    """It is seen here no more; elsewhere, it is no more alive."""
    _within.set(tuple(one for one in here() if one is not activation))


def here() -> tuple[Activation, ...]:
    """The isolated ones that are seen here, the innermost first."""
    return tuple(activation for activation in _within.get() if activation.alive)


def nothing_else() -> Context:
    """A context in which what is seen here is seen, and that holds nothing else."""
    context = Context()
    context.run(_within.set, _within.get())
    return context

"""Conditions, and how they are joined: `&`, `|`, `~`.

Law of this room: a condition looks at a thing and answers with None, or with the reason why it doesn't fit, in
words without a full stop. It raises only what the code of its author raises.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from multidict import CIMultiDictProxy
from yarl import URL

from ..errors import OptionTypeError
from ..notation import Bare, call, named, plain, same, written
from ..origin import Origin

# What a condition can look at
REQUEST, JSON, TEXT, CONTENT, PART = "a request", "a JSON value", "a text", "a content", "a part of a multipart body"


class Request(Protocol):
    """What a matcher looks at: one request, as it went over the wire."""

    @property
    def method(self) -> str: ...
    @property
    def url(self) -> URL: ...
    @property
    def request_headers(self) -> CIMultiDictProxy[str]: ...
    @property
    def body(self) -> bytes: ...
    @property
    def content(self) -> bytes: ...
    @property
    def match_info(self) -> Mapping[str, str]: ...


class Matcher:
    """A condition on a request, with a reason when it says no; made by the functions of `aiohttpretty.match`.

    `a & b` fits when both do, `a | b` when one does, `~a` when `a` doesn't; they are asked from the left, and no
    more of them than needed. A plain function of the request may stand in place of one of them. Two are equal
    when they are of one kind and their arguments are of one structure: `match.json(ANY)` is not `match.json(1)`.
    """

    sees: frozenset[str] = frozenset({REQUEST})
    """What it can look at."""
    asks = True
    """Whether it runs code of the test's own by itself, and not only what its arguments run (see `leaf.asks`)."""

    def why_not(self, request: Any) -> str | None:
        """The reason why it doesn't fit the request, in words, without a full stop; None when it fits."""
        raise NotImplementedError

    def judge(self, seen: Any, *, partly: bool) -> str | None:
        """Why it doesn't fit a value inside a request; with `partly`, parts are enough (`json_contains`)."""
        return self.why_not(seen)

    def __and__(self, other: Matcher | Callable[[Any], object]) -> Matcher:
        return And(self, operand(other))

    def __rand__(self, other: Callable[[Any], object]) -> Matcher:
        return And(operand(other), self)

    def __or__(self, other: Matcher | Callable[[Any], object]) -> Matcher:
        return Or(self, operand(other))

    def __ror__(self, other: Callable[[Any], object]) -> Matcher:
        return Or(operand(other), self)

    def __invert__(self) -> Matcher:
        return Not(self)

    def __bool__(self) -> bool:
        raise OptionTypeError(
            f"{self!r} is neither true nor false before it has seen a request. Write & for 'and', | for 'or' and ~ "
            "for 'not'."
        )

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Matcher) or type(self) is not type(other):
            return NotImplemented
        return same(self.essence(), other.essence())

    def essence(self) -> dict[str, Any]:
        """What it is compared by; `likeness` takes the same."""
        return vars(self)

    def __hash__(self) -> int:
        return hash(type(self))  # the arguments may be unhashable

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"


class _Joined(Matcher):
    asks = False
    sign = ""
    operands: tuple[Matcher, ...]

    def __init__(self, *operands: Matcher) -> None:
        # a & (b & c) is (a & b) & c
        self.operands = tuple(
            inner for given in operands for inner in (given.operands if isinstance(given, type(self)) else (given,))
        )
        self.sees = operands[0].sees & operands[1].sees
        if not self.sees:
            one, other = (f"{given!r} looks at {' or '.join(sorted(given.sees))}" for given in operands)
            raise OptionTypeError(
                f"{one}, but {other}, so {self.sign} can't join them. Join conditions on the same thing."
            )

    def why_not(self, request: Any) -> str | None:
        return self.judge(request, partly=False)


class And(_Joined):
    """Fits when all do."""

    sign = "&"

    def judge(self, seen: Any, *, partly: bool) -> str | None:
        for one in self.operands:
            reason = one.judge(seen, partly=partly)
            if reason is not None:
                return reason
        return None

    def __repr__(self) -> str:
        return " & ".join(f"({one!r})" if isinstance(one, Or) else repr(one) for one in self.operands)


class Or(_Joined):
    """Fits when one does."""

    sign = "|"

    def judge(self, seen: Any, *, partly: bool) -> str | None:
        reasons = []
        for one in self.operands:
            reason = one.judge(seen, partly=partly)
            if reason is None:
                return None
            reasons.append(reason)
        return ", and ".join(reasons)

    def __repr__(self) -> str:
        return " | ".join(map(repr, self.operands))


class Not(Matcher):
    """Fits when the other doesn't."""

    asks = False

    def __init__(self, one: Matcher) -> None:
        self.one = one
        self.sees = one.sees

    def why_not(self, request: Any) -> str | None:
        return self.judge(request, partly=False)

    def judge(self, seen: Any, *, partly: bool) -> str | None:
        return f"{self.one!r} fits" if self.one.judge(seen, partly=partly) is None else None

    def __invert__(self) -> Matcher:
        return self.one

    def __repr__(self) -> str:
        return f"~({self.one!r})" if isinstance(self.one, _Joined) else f"~{self.one!r}"


class Where(Matcher):
    """Fits when a function says so; it can look at nearly everything."""

    sees = frozenset({REQUEST, JSON, TEXT, CONTENT})

    def __init__(self, function: Callable[[Any], object], why: str | None) -> None:
        self.function = function
        self.why = why

    def why_not(self, request: Any) -> str | None:
        answer = self.function(request)
        if inspect.isawaitable(answer):
            if inspect.iscoroutine(answer):
                answer.close()  # or Python would complain of it, too
            raise OptionTypeError(
                f"match.where: {named(self.function)} answered with an awaitable, which is always true. Give a plain "
                "function."
            )
        if answer:
            return None
        return self.why if self.why is not None else f"the condition {named(self.function)}{self._place()} says no"

    def _place(self) -> str:
        code = getattr(plain(self.function), "__code__", None)
        return f" ({Origin(code.co_filename, code.co_firstlineno)})" if inspect.iscode(code) else ""

    def __repr__(self) -> str:
        return call("where", Bare(named(self.function)), why=self.why)


def where(function: Callable[[Any], object], why: str | None, given: str) -> Where:
    """A condition that a function decides; `given` is how the caller wrote it.

    Raises:
        OptionTypeError: it is no function whose answer is true or false.
    """
    if isinstance(function, type):
        raise OptionTypeError(
            f"{given} is a class, not a condition: what a class makes is nearly always true. Give a function that "
            "takes the request and answers with true or false."
        )
    if not callable(function):
        raise OptionTypeError(
            f"{given} can't be called. Give a function that takes the request and answers with true or false."
        )
    if any(kind(each) for kind in _LATER for each in (function, type(function).__call__)):
        raise OptionTypeError(
            f"{given} is a coroutine or generator function, whose answer is always true. Give a plain function."
        )
    if why is not None and not isinstance(why, str):
        raise OptionTypeError(f"match.where: why={written(why)} is not a str. Give the reason in words.")
    return Where(function, why)


_LATER = (inspect.iscoroutinefunction, inspect.isgeneratorfunction, inspect.isasyncgenfunction)


def operand(given: Any) -> Matcher:
    """What stands beside `&` or `|`.

    Raises:
        OptionTypeError: it is neither a matcher nor a function.
    """
    if isinstance(given, Matcher):
        return given
    if not callable(given):
        raise OptionTypeError(
            f"{written(given)} can't be joined to a matcher. Give one that aiohttpretty.match makes, or a function of "
            "the request."
        )
    return where(given, None, named(given))


def check(given: Any) -> tuple[Matcher, ...]:
    """The matchers given as `match=`: one, or a list or tuple of them; a function is taken as `match.where(function)`.

    Raises:
        OptionTypeError: something else is among them.
    """
    if given is None:
        return ()
    if isinstance(given, (list, tuple)) and all(isinstance(one, Matcher) or callable(one) for one in given):
        return tuple(_checked(one, f"match[{number}]") for number, one in enumerate(given))
    return (_checked(given, "match"),)


def _checked(given: Any, place: str) -> Matcher:
    shown = f"{place}={written(given)}"
    if not isinstance(given, Matcher):
        if callable(given):
            return where(given, None, f"{place}={named(given)}")
        cure = next((cure for kinds, cure in _CURES if isinstance(given, kinds)), "one that aiohttpretty.match makes")
        raise OptionTypeError(f"{shown} is not a matcher. Write {cure}, or give a function of the request.")
    if REQUEST not in given.sees:
        raise OptionTypeError(
            f"{shown} looks at {' or '.join(sorted(given.sees))}, not at a whole request. Put it where such a value "
            "stands, inside of another matcher."
        )
    return given


_CURES: tuple[tuple[type | tuple[type, ...], str], ...] = (
    (Mapping, "match.json({…}), match.json_contains({…}) or match.form({…})"),
    ((list, tuple), "match.json([…]), or a list that holds nothing but matchers"),
    ((str, bytes, re.Pattern), "match.body(…)"),
)

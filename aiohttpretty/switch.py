"""On and off, in the three forms that tests are written in: a pair of calls, a `with` block, a decorator."""

from __future__ import annotations

import functools
import inspect
import sys
from abc import abstractmethod
from collections.abc import Callable
from contextlib import aclosing, suppress
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar, cast, overload

from .errors import OptionTypeError
from .settings import Layers, Settings, Words, check_settings

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from .settings import SettingWords

_T = TypeVar("_T", bound=Callable[..., Any])


class Handle:
    """One `activate()`; leaving its `with` or `async with` block undoes it, once.

    Leaving it without an error checks first what the settings ask for, and tells at last what handlers let out.
    """

    def __init__(self, off: Callable[..., None], check: Callable[[], None], on: Callable[[], Handle]) -> None:
        self._off: Callable[..., None] | None = off
        self._check = check
        self._on = on  # how a decorated function is switched on

    def __call__(self, target: _T) -> _T:
        """As a decorator, with parentheses; what it decorates is switched on when it runs, and not before."""
        self.undo()
        return wrapped(target, self._on)

    def undo(self, *, tells: bool = False) -> None:
        """Undo it, once, and check nothing; with `tells`, raise what handlers let out."""
        __tracebackhide__ = True
        off, self._off = self._off, None
        if off is not None:
            off(tells=tells)

    def __enter__(self) -> Handle:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        __tracebackhide__ = True
        tells = False
        try:
            if error is None and self._off is not None:
                self._check()
                tells = True
        finally:
            self.undo(tells=tells)

    async def __aenter__(self) -> Handle:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        __tracebackhide__ = True
        self.__exit__(kind, error, traceback)


class Switch:
    """What can be switched on, so and so often, each time with settings of its own."""

    def __init__(self, settings: Words) -> None:
        self._layers = Layers(settings)

    @property
    def settings(self) -> Settings:
        """What holds now: of several that say something, the closest has won."""
        return self._layers.settings

    @property
    def keep_bodies(self) -> bool:
        """For the calls: whether bodies of requests above 1 MiB are kept whole."""
        return self._layers.settings.keep_bodies

    @overload
    def activate(self, target: None = None, **settings: Unpack[SettingWords]) -> Handle: ...
    @overload
    def activate(self, target: _T, **settings: Unpack[SettingWords]) -> _T: ...
    def activate(self, target: _T | None = None, **settings: Unpack[SettingWords]) -> Handle | _T:
        """From here on, requests of aiohttp's client are answered by this registry; re-entrant, it counts.

        Usable as `with aiohttpretty.activate():` and `async with`, and as `@aiohttpretty.activate` on functions,
        coroutine functions and test classes; the decorator also clears when it switches off.

        Args:
            target: what is decorated.
            **settings: what holds until it is undone; see the table in the README. The end of a `with` block or of a
                decorated function checks what they ask for; `deactivate()`, which can't know of a failure, does not.

        Raises:
            OptionTypeError: (a `TypeError`) there is no such setting, or its value is of the wrong kind.
        """
        words = check_settings(settings, "activate")
        on = functools.partial(self._on, words, clears=True)
        return self._on(words) if target is None else wrapped(target, on)

    def deactivate(self) -> None:
        """Undo one `activate()`; the last one restores aiohttp exactly. Without one, do nothing.

        Raises:
            HandlerError: handlers let out exceptions that the test did not ask for, and no other one is on its way.
        """
        __tracebackhide__ = True
        self._undo(None, tells=sys.exc_info()[1] is None)

    def _on(self, words: Words, *, clears: bool = False) -> Handle:
        if not self._layers:
            self._turn_on()
        layer = self._layers.add(words)
        undo = functools.partial(self._undo, layer, clears=clears)
        return Handle(undo, functools.partial(self._check, layer), functools.partial(self._on, words, clears=True))

    def _check(self, layer: Words) -> None:
        __tracebackhide__ = True
        if self._layers.asks_for_all(layer):
            self.assert_all_called()

    def _undo(self, layer: Words | None, *, tells: bool, clears: bool = False) -> None:
        __tracebackhide__ = True
        if not self._layers:
            return
        self._layers.drop(layer)
        if self._layers:
            return
        self._turn_off()
        try:
            if tells:
                self._raise_failures()
        finally:
            if clears:
                self.clear()

    # What it is that is switched

    @abstractmethod
    def _turn_on(self) -> None: ...
    @abstractmethod
    def _turn_off(self) -> None: ...
    @abstractmethod
    def clear(self) -> None:
        """Purge the routes and the calls."""

    @abstractmethod
    def assert_all_called(self) -> None:
        """Fail unless everything that is registered has been used."""

    @abstractmethod
    def _raise_failures(self) -> None:
        """Fail if handlers let out exceptions that the test did not ask for."""


def wrapped(target: _T, on: Callable[[], Handle]) -> _T:
    """A function of any kind, or a test class (each method `test*`), that runs switched on.

    Any kind: plain, coroutine, and the generators as which fixtures with an end are written.

    Raises:
        OptionTypeError: (a `TypeError`) the target is neither.
    """
    if isinstance(target, type):
        for name in dir(target):  # inherited ones, too
            member = inspect.getattr_static(target, name)
            if not name.startswith("test"):
                continue
            if inspect.isfunction(member):
                setattr(target, name, wrapped(member, on))
            elif isinstance(member, (staticmethod, classmethod)):
                setattr(target, name, type(member)(wrapped(member.__func__, on)))
        return cast("_T", target)
    if not callable(target):
        raise OptionTypeError(f"activate() takes nothing, or decorates a function or a test class, not {target!r}.")
    for is_of_kind, switched in _KINDS.items():
        if is_of_kind(target):
            return cast("_T", functools.wraps(target)(switched(target, on)))
    return cast("_T", functools.wraps(target)(_function(target, on)))


def _function(target: Callable[..., Any], on: Callable[[], Handle]) -> Callable[..., Any]:
    def function(*args: Any, **kwargs: Any) -> Any:
        with on():
            return target(*args, **kwargs)

    return function


def _coroutine(target: Callable[..., Any], on: Callable[[], Handle]) -> Callable[..., Any]:
    async def coroutine(*args: Any, **kwargs: Any) -> Any:
        with on():
            return await target(*args, **kwargs)

    return coroutine


def _generator(target: Callable[..., Any], on: Callable[[], Handle]) -> Callable[..., Any]:
    def generator(*args: Any, **kwargs: Any) -> Any:
        with on():
            return (yield from target(*args, **kwargs))

    return generator


def _async_generator(target: Callable[..., Any], on: Callable[[], Handle]) -> Callable[..., Any]:
    async def async_generator(*args: Any, **kwargs: Any) -> Any:
        with on():
            async with aclosing(target(*args, **kwargs)) as items:
                with suppress(StopAsyncIteration):
                    item = await anext(items)
                    while True:  # there is no `yield from` for these
                        try:
                            sent = yield item
                        except Exception as error:  # noqa: PERF203 - each step may be one that throws
                            item = await items.athrow(error)
                        else:
                            item = await items.asend(sent)

    return async_generator


_KINDS: dict[Callable[[object], bool], Callable[..., Callable[..., Any]]] = {
    inspect.iscoroutinefunction: _coroutine,
    inspect.isgeneratorfunction: _generator,
    inspect.isasyncgenfunction: _async_generator,
}

"""The block of a registry of its own: what `isolated()` gives.

Law of this room: a block is entered once, by whoever made it, and gives a registry that is over when the block is.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Any, NoReturn

from . import sight
from .answering import Answerer, Guard
from .errors import ControlError, OptionTypeError
from .origin import caller
from .settings import check_settings
from .switch import Switch

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextvars import Context

    from typing_extensions import Unpack

    from .origin import Origin
    from .settings import SettingWords
    from .steward import AioHTTPretty
    from .switch import Handle

__unittest = True  # unittest leaves the frames of such a module out of its tracebacks, as pytest those with a mark

_BLOCK = "async with aiohttpretty.isolated() as pretty: (or with), and register in pretty."


class Isolated:
    """One block; `make` gives its registry."""

    def __init__(self, make: Callable[[], AioHTTPretty]) -> None:
        self._make = make
        self._registry: AioHTTPretty | None = None
        self._handle: Handle | None = None

    def __enter__(self) -> AioHTTPretty:
        if self._registry is not None:
            raise ControlError(
                "This block of isolated() has been entered before, and its registry is good for one. Call "
                "aiohttpretty.isolated() anew for each block."
            )
        registry = self._registry = self._make()
        self._handle = registry.activate()
        return registry

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        __tracebackhide__ = True
        registry, handle = self._registry, self._handle
        if registry is None or handle is None:
            return
        self._handle = None
        try:
            handle.__exit__(kind, error, traceback)
        finally:
            while registry._active:  # it was activated in the block, too
                registry.deactivate()

    async def __aenter__(self) -> AioHTTPretty:
        return self.__enter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        __tracebackhide__ = True
        self.__exit__(kind, error, traceback)

    # What it is taken for

    def __await__(self) -> NoReturn:
        raise OptionTypeError(f"await isolated(): a registry of its own lasts for a block. Write {_BLOCK}")

    def __call__(self, *args: object, **kwargs: object) -> NoReturn:
        raise OptionTypeError(f"isolated() is no decorator: it has a registry to give. Write {_BLOCK}")

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(f"isolated() has no {name!r}: its registry is what the block gives. Write {_BLOCK}")


class Isolation:
    """What there is beside a registry."""

    _answerer: Answerer

    def __init__(self) -> None:
        self.isolated_at: Origin | None = None
        """The line that opened its block, if it is one of `isolated()`."""
        self._scope: sight.Scope | None = None  # where it is seen, if not everywhere
        self._context: Context | None = None
        self._beside: list[AioHTTPretty] | None = None  # those of its blocks, for whoever has put a list there

    def isolated(self, *, fall_through: bool = True, **settings: Unpack[SettingWords]) -> Isolated:
        """A registry that only the code of a block sees: `async with aiohttpretty.isolated() as pretty:`, or `with`.

        It is seen by the task that opens the block, and by what begins in there: tasks, callbacks, `asyncio.to_thread`,
        and what these begin. It is asked before the registries that are active for the whole process, also on a session
        that others use. While a block is open, a request that sees no registry at all is refused, too; it is noted in
        `unmatched` of this one.

        Args:
            fall_through: False refuses what it has no route for, instead of asking the registries outside.
            **settings: its own, as of `AioHTTPretty`; none is inherited but the project's.

        Raises:
            OptionTypeError: (a `TypeError`) there is no such setting, or a value is of the wrong kind.
        """
        if not isinstance(fall_through, bool):
            raise OptionTypeError(
                f"isolated(fall_through={fall_through!r}): that is not a bool. Give False, or leave it out."
            )
        words = check_settings(settings, "isolated", beside=("fall_through",))
        return Isolated(partial(self._isolate, words, caller(), falls_through=fall_through))

    def _isolate(self, words: Mapping[str, Any], opened_at: Origin, *, falls_through: bool) -> AioHTTPretty:
        made = self._another()
        Switch.__init__(made, words)
        mine = self._answerer
        made._scope = sight.Scope(falls_through, Guard(mine._registry, mine._idle, opened_at), sight.here())
        made.isolated_at = opened_at
        made._beside = self._beside
        if self._beside is not None:
            self._beside.append(made)
        return made

    def shuts_out(self) -> list[Any]:
        """The ledgers that requests could have found, if this one were not in between."""
        scope = self._scope
        if scope is None or scope.falls_through:
            return []
        return [
            one._ledger
            for one in self._others()
            if (one._active and one._scope is None) or one._activation in scope.around
        ]

    def _look_around(self) -> None:
        """What it answers with sees what is seen here."""
        self._context = None if self._scope is None else sight.nothing_else()

    @abstractmethod
    def _another(self) -> AioHTTPretty: ...
    @abstractmethod
    def _others(self) -> list[AioHTTPretty]: ...

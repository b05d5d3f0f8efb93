"""One registration: which requests, and what is said to them; and the handle that registering returns.

Law of this room: a handle shows and changes its own route only.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from yarl import URL

if TYPE_CHECKING:
    from typing_extensions import Self, Unpack

    from .addresses.address import Address
    from .matching.matcher import Matcher
    from .options import ReplacedOptions
    from .origin import Origin
    from .records.call import Call
    from .records.log import Calls
    from .replies.reply import Reply
    from .replies.succession import Succession


class Home(Protocol):
    """Where a route is registered."""

    calls: Calls
    unconnects: bool
    """Whether a route may have a reply that there is no connection; where none has, nobody looks for one."""
    isolated_at: Origin | None
    """Where its block was opened, if not all of the process sees it."""

    @property
    def _active(self) -> bool:
        """Whether it answers requests now."""
        ...

    @property
    def keep_bodies(self) -> bool:
        """Whether also large bodies of requests are kept whole."""
        ...

    @property
    def waiting(self) -> Mapping[Any, Any]:
        """Who waits for a call."""
        ...

    def came(self, call: Call) -> None:
        """Tell those who wait."""

    def verify(self, route: Route, match: Any, times: int | None, at_least: int | None, at_most: int | None) -> None:
        """Raise unless the route has been called so often."""

    def strike(self, route: Route) -> None:
        """Answer nothing with it any more."""

    def rewrite(self, route: Route, options: Mapping[str, Any]) -> None:
        """Have it say something else from now on."""


class Route:
    """One registration: which requests, and what is said to them, call after call.

    Registering returns it; it says what came by, and can be removed or told to say something else.
    """

    host: Any = None
    """Where something that is mounted runs, which may be yet to be started."""

    def __init__(
        self,
        method: str,
        address: Address,
        matchers: tuple[Matcher, ...],
        succession: Succession,
        *,
        asking: Mapping[str, Any],
        as_json: bool,
        optional: bool = False,
        origin: Origin,
        home: Home,
    ) -> None:
        self.method = method
        """The method, in upper case; `"*"` for any."""
        self.address = address
        self.matchers = matchers
        """What else a request must fulfil."""
        self.likenesses = _likenesses(matchers)
        self.identity: object = (method, address.same, self.likenesses)
        """Equal for all registrations of one method, address and matchers, and by chance for others."""
        self.as_json = as_json
        """Whether a body is any JSON value, as `register_json_uri` takes it."""
        self.optional = optional
        """Whether it is no gap in a test when nothing asks for it."""
        self.origin = origin
        """Where it was registered; prints as file:line."""
        self.rank: tuple[bool, int] = (False, 0)
        """Among routes for one request, the highest goes first; the ledger gives it."""
        self.asking = asking
        """The words beside the uri that say which requests are meant, as they were written."""
        self._home = home
        self.succession: Succession
        self.say(succession)

    def say(self, succession: Succession) -> None:
        """Answer with these replies from now on."""
        self.succession = succession
        """The replies."""
        self.endless = succession.endless
        """The reply to any number of requests, if there is just one."""
        if succession.early:
            self._home.unconnects = True
        self.early = self.host is not None or succession.early
        """Whether something is to be done before a connection is asked for: an application started, a reply chosen."""
        self.sure = succession.endless is not None and not self.matchers
        """Whether it answers every request to its address, always."""
        self.used = False
        """Whether it has answered, since it says this. Not a question to `calls`, which a test may clear."""

    @property
    def isolated_at(self) -> tuple[Origin, bool] | None:
        """Where the block of its registry was opened, and whether that is still open; None if all see it."""
        opened = self._home.isolated_at
        return None if opened is None else (opened, self._home._active)

    # -- as a handle

    @property
    def url(self) -> URL | None:
        """The full URL, with `params` joined in; None for a compiled pattern or a path."""
        return self.address.url

    @property
    def calls(self) -> list[Call]:
        """The calls that this route has answered, in order."""
        return [call for call in self._home.calls if call.route is self]

    @property
    def call_count(self) -> int:
        """How many calls this route has answered."""
        return len(self.calls)

    @property
    def called(self) -> bool:
        """Whether this route has answered a call."""
        return any(call.route is self for call in self._home.calls)

    def assert_called(
        self,
        *,
        times: int | None = None,
        at_least: int | None = None,
        at_most: int | None = None,
        match: Matcher | Callable[[Any], object] | Sequence[Matcher | Callable[[Any], object]] | None = None,
    ) -> None:
        """Fail unless this route has answered: at least once, or as often as is said.

        Args:
            times: exactly how often; 0 is never.
            at_least: how often or more.
            at_most: how often or less; alone, it also allows never.
            match: count only the calls that these matchers fit, too.

        Raises:
            VerificationError: (an `AssertionError`) it is not so. The report has the nearest calls.
            OptionTypeError, OptionValueError: (a `TypeError`, a `ValueError`) the numbers or matchers can't be meant.
        """
        __tracebackhide__ = True
        self._home.verify(self, match, times, at_least, at_most)

    def assert_not_called(
        self,
        *,
        match: Matcher | Callable[[Any], object] | Sequence[Matcher | Callable[[Any], object]] | None = None,
    ) -> None:
        """Fail if this route has answered a call, or one that these matchers fit; it raises as `assert_called`."""
        __tracebackhide__ = True
        self._home.verify(self, match, 0, None, None)

    def remove(self) -> None:
        """Answer nothing with it any more; what it has answered stays in `calls`. Twice is once."""
        self._home.strike(self)

    def replace(self, **options: Unpack[ReplacedOptions]) -> None:
        """Answer the same requests with something else from now on.

        Args:
            **options: what would be written beside the uri in registering, but for what says which requests are meant
                (`params`, `check_params`, `match`). Nothing of the earlier reply stays.

        Raises:
            OptionTypeError: (a `TypeError`) an option does not exist, or its value is of the wrong kind.
            OptionValueError: (a `ValueError`) an option has a value that can't be served.
        """
        self._home.rewrite(self, options)

    def __repr__(self) -> str:
        function = "register_json_uri" if self.as_json else "register_uri"
        words = {**self.asking, **self.succession.written, **({"optional": True} if self.optional else {})}
        written = "".join(f", {name}={_short(value)}" for name, value in words.items())
        uri = self.address.name
        return f"<Route {function}({self.method!r}, {uri!r}{written}) at {self.origin}>"

    def came(self, call: Call) -> None:
        """The request of a call to this route is whole."""
        if self._home.waiting:
            self._home.came(call)

    @property
    def keeps_bodies(self) -> bool:
        """Whether also large bodies of its requests are kept whole."""
        return self._home.keep_bodies

    def anew(self, address: Address, asking: Mapping[str, Any], home: Home) -> Self:
        """The same route in another registry, its replies from the first on."""
        return type(self)(
            self.method,
            address,
            self.matchers,
            self.succession.anew(),
            asking=asking,
            as_json=self.as_json,
            optional=self.optional,
            origin=self.origin,
            home=home,
        )

    # -- which requests

    def why_not(self, request: Any) -> str | None:
        """What the first of the matchers that refuses has against a request, in words; None if it fits.

        The others aren't asked: they may look for what only a request has that the first one accepts.
        """
        reasons = (matcher.why_not(request) for matcher in self.matchers)
        return next((reason for reason in reasons if reason is not None), None)

    def accepts(self, request: Any) -> bool:
        """Whether no matcher has anything against a request."""
        return self.why_not(request) is None

    def covers(self, other: Route) -> bool:
        """Whether this surely answers, and before the other, whatever the other could answer."""
        return (
            self.likenesses <= other.likenesses
            and self.method in ("*", other.method)
            and self.succession.inexhaustible
            and bool(self.matchers) == bool(other.matchers)
            and self.address.covers(other.address)
            and all(matcher in other.matchers for matcher in self.matchers)
        )

    # -- which replies

    @property
    def shown(self) -> Any:
        """What was registered, as `registry` shows it."""
        return self.succession.shown

    @property
    def count(self) -> int:
        """How many requests it can answer, or how many replies it has."""
        times = self.succession.times
        return self.succession.count if times == float("inf") else int(times)

    @property
    def consumed(self) -> bool:
        """Whether the next reply's body could be read only once, and has been."""
        return self.succession.consumed

    def spent(self, method: str) -> bool:
        """Whether no reply is left for such a request."""
        return self.endless is None and (self.succession.exhausted or (method != "HEAD" and self.succession.consumed))

    def next_reply(self, method: str) -> Reply | None:
        """The reply to this call, or None when there is none any more."""
        return self.endless or self.succession.next_reply(method)

    def due(self, method: str) -> Reply | None:
        """The reply to such a call, which is not given by this; None when there is none any more."""
        return None if self.spent(method) else self.endless or self.succession.due

    def give(self, due: Reply, method: str) -> bool:
        """Give that one to this call; False if another call was quicker."""
        return due is self.endless or self.succession.next_reply(method, due) is not None


def _likenesses(matchers: tuple[Matcher, ...]) -> frozenset[int]:
    if not matchers:
        return frozenset()
    from .matching.likeness import likeness  # noqa: PLC0415 - it enters matcher, which is slow to import, and few routes need it

    return frozenset(map(likeness, matchers))


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:40]}...{text[-15:]}"

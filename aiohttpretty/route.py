"""One registration: which requests, and what is said to them; and the handle that registering returns.

Law of this room: a handle shows and changes its own route only.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

from yarl import URL

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from .address import Address
    from .call import Call
    from .matcher import Matcher
    from .options import ReplacedOptions
    from .origin import Origin
    from .reply import Reply
    from .succession import Succession


class Home(Protocol):
    """Where a route is registered."""

    calls: list[Call]

    def strike(self, route: Route) -> None:
        """Answer nothing with it any more."""

    def rewrite(self, route: Route, options: Mapping[str, Any]) -> None:
        """Have it say something else from now on."""


class Route:
    """One registration: which requests, and what is said to them, call after call.

    Registering returns it; it says what came by, and can be removed or told to say something else.
    """

    def __init__(
        self,
        method: str,
        address: Address,
        matchers: tuple[Matcher, ...],
        succession: Succession,
        *,
        asking: Mapping[str, Any],
        as_json: bool,
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
        self.sure = succession.endless is not None and not self.matchers
        """Whether it answers every request to its address, always."""

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
        words = {**self.asking, **self.succession.written}
        written = "".join(f", {name}={_short(value)}" for name, value in words.items())
        uri = self.address.name
        return f"<Route {function}({self.method!r}, {uri!r}{written}) at {self.origin}>"

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


def _likenesses(matchers: tuple[Matcher, ...]) -> frozenset[int]:
    if not matchers:
        return frozenset()
    from .likeness import likeness  # noqa: PLC0415 - it enters matcher, which is slow to import, and few routes need it

    return frozenset(map(likeness, matchers))


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:40]}...{text[-15:]}"

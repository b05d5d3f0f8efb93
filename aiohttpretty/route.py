"""Which requests, and the succession of replies; and the handle that registering returns.

Law of this room: a route never gives one reply to two requests, whichever threads they come from, unless it was meant
for both.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

from yarl import URL

from .address import Exact
from .stream import Stream

if TYPE_CHECKING:
    from .address import Address
    from .call import Call
    from .match import Matcher
    from .origin import Origin
    from .reply import Reply


class Home(Protocol):
    """Where a route is registered."""

    calls: list[Call]

    def strike(self, route: Route) -> None:
        """Answer nothing with it any more."""

    def rewrite(self, route: Route, options: Mapping[str, Any]) -> None:
        """Have it say something else from now on."""


class Succession:
    """The replies of a route, one call after another."""

    def __init__(
        self, replies: list[Reply], *, times: float, then: str, shown: Any, written: Mapping[str, Any]
    ) -> None:
        self.count = len(replies)
        """How many replies there are."""
        self.times = times
        """How many requests are answered; infinite for any number."""
        self.shown = shown
        """What was registered, as `registry` shows it."""
        self.written = written
        """The options as they were written."""
        self.given = 0
        """How many requests have been answered."""
        self._replies = replies
        self._then = then
        self._lock = threading.Lock()
        always = self.count == 1 and times == float("inf") and not _once(replies[0])
        self.endless = replies[0] if always else None
        """The reply to any number of requests, if there is just one."""

    def anew(self) -> Succession:
        """The same replies, from the first on."""
        return Succession(self._replies, times=self.times, then=self._then, shown=self.shown, written=self.written)

    @property
    def inexhaustible(self) -> bool:
        """Whether it answers any number of requests."""
        return self.times == float("inf") and not any(map(_once, self._replies))

    @property
    def exhausted(self) -> bool:
        """Whether the last reply has been given."""
        return self.given >= self.times

    @property
    def consumed(self) -> bool:
        """Whether the next reply's body could be read only once, and has been."""
        return not self.exhausted and _taken(self._upcoming())

    def next_reply(self, method: str) -> Reply | None:
        """The reply to this call, or None when there is none any more."""
        with self._lock:
            if self.exhausted:
                return None
            chosen = self._upcoming()
            if method != "HEAD" and _taken(chosen):
                return None
            if isinstance(chosen.body, Stream) and not chosen.bodiless(method):
                chosen.body.taken = True
            self.given += 1
            return chosen

    def _upcoming(self) -> Reply:
        at = self.given % self.count if self._then == "cycle" else min(self.given, self.count - 1)
        return self._replies[at]


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
        self.as_json = as_json
        """Whether a body is any JSON value, as `register_json_uri` takes it."""
        self.origin = origin
        """Where it was registered; prints as file:line."""
        self.rank = (False, 0)
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

    def replace(self, **options: Any) -> None:
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
        joined = ("params",) if isinstance(self.address, Exact) else ()
        words = {**self.asking, **self.succession.written}
        written = "".join(f", {name}={_short(value)}" for name, value in words.items() if name not in joined)
        uri = self.address.name
        return f"<Route {function}({self.method!r}, {uri!r}{written}) at {self.origin}>"

    # -- which requests

    def why_not(self, request: Any) -> list[str]:
        """What the matchers have against a request, in words; nothing if it fits."""
        reasons = (matcher.why_not(request) for matcher in self.matchers)
        return [reason for reason in reasons if reason is not None]

    def accepts(self, request: Any) -> bool:
        """Whether no matcher has anything against a request."""
        return all(matcher.why_not(request) is None for matcher in self.matchers)

    def covers(self, other: Route) -> bool:
        """Whether this surely answers, and before the other, whatever the other could answer."""
        return (
            self.succession.inexhaustible
            and self.method in ("*", other.method)
            and all(matcher in other.matchers for matcher in self.matchers)
            and bool(self.matchers) == bool(other.matchers)
            and self.address.covers(other.address)
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


def _once(reply: Reply) -> bool:
    return isinstance(reply.body, Stream) and reply.body.once


def _taken(reply: Reply) -> bool:
    return isinstance(reply.body, Stream) and reply.body.once and reply.body.taken


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:40]}...{text[-15:]}"

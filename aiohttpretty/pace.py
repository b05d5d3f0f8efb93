"""How time passes for a request that is answered: really, or as it is told.

Law of this room: no clock is touched, and no timer of the client's is replaced. In told time nobody waits: of a pause
and the client's own timeouts, the one that would be over first is over now, and what comes of it is aiohttp's.

What time it is for a request is told by the real clock and by what has been skipped since it began: by itself, over
all redirects and attempts, and by the requests that were made within it, as a middleware does.
"""

from __future__ import annotations

import asyncio
import math
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from time import monotonic
from typing import TYPE_CHECKING, Any, NamedTuple
from weakref import WeakKeyDictionary

from aiohttp.helpers import ceil_timeout
from aiohttp.streams import EMPTY_PAYLOAD

from .errors import FaultError

if TYPE_CHECKING:
    from .shapes import Timed

# So many turns of the event loop has a client to wait for the next bytes, before it is taken to do something else
_TURNS = 50
# One that does something else is looked after so often, in seconds: how long that takes is for it to say
_GLANCE = 0.005
# What is said to last equally long does, though clocks measure it; and the client's timeout was set first
_TIE = 1e-6
# For aiohttp, which takes no time from 0 down for any time; so little that it is over also where a clock stands still
_AT_ONCE = sys.float_info.min


class Pace:
    """Told time, for one answer. `said` says whether the client has nothing more to say before it is answered."""

    def __init__(self, turn: Timed, protocol: Any, said: Callable[[], bool]) -> None:
        self._turn = turn
        self._totals = _totals(turn)  # now: a request forgets what it knows when it has its answer
        self._what = f"The answer to {turn}"
        self._protocol = protocol
        self._said = said
        self._parser = protocol._parser  # each request has its own
        if protocol._payload is EMPTY_PAYLOAD:
            protocol._payload = None  # as on a new connection: the answer to this one may be as empty
        self._before = protocol._payload
        self._payload: Any = None  # where the client reads the body
        self._read_timer: Any = None
        self._skipped = 0.0  # when that was set

    async def pause(self, seconds: float) -> None:
        """Let so many seconds pass (infinite: for ever), and the client's timeouts that are over before.

        Behind a whole answer nobody waits for what is still to come, and it takes its time.

        Raises:
            FaultError: the client would wait for ever.
        """
        expired = False
        while True:
            waits = await self._settled()
            if not waits and (seconds <= 0 or self._over()):
                await _really(seconds)
                return
            left, expire = min(self._timeouts(), key=_first)
            if left > seconds + _TIE:
                _skip(self._turn, max(seconds, 0.0))
                return
            if not waits:
                seconds -= await _glance()
            elif not math.isinf(left):
                _skip(self._turn, max(left, 0.0))
                seconds -= max(left, 0.0)
                expire()
                expired = True  # what is still to come, comes; but a client that has given up closes the connection
            elif expired:
                await _really(math.inf)
            else:
                raise _stalled(self._what, "total" if self._deaf() else "sock_read")

    async def _settled(self) -> bool:
        """Let the client go as far as it can; whether it waits for the far end then."""
        for _ in range(_TURNS):
            await asyncio.sleep(0)
            if self._waited_for():
                return True
        return False

    def _waited_for(self) -> bool:
        """Whether the client waits, and for this answer: on the connection it may wait for another one by now."""
        protocol, readers = self._protocol, []
        if protocol._parser is self._parser:
            readers.append(protocol)
            if protocol._payload is not self._before:
                self._payload = protocol._payload
        elif protocol.left is not None:
            self._payload = protocol.left[1]
        waiters = [getattr(reader, "_waiter", None) for reader in (*readers, self._payload)]
        waiters.append(getattr(self._payload, "_eof_waiter", None))
        return self._said() and any(waiter is not None and not waiter.done() for waiter in waiters)

    def _over(self) -> bool:
        """Whether the client has all of the answer, or will never have it."""
        return self._protocol._parser is not self._parser or (self._payload is not None and self._payload.is_eof())

    def _deaf(self) -> bool:
        """Whether `sock_read` would not end it: aiohttp has given it up with the connection, or behind a 1xx."""
        return self._protocol.left is not None or self._payload is EMPTY_PAYLOAD

    def _timeouts(self) -> Iterator[tuple[float, Callable[[], None]]]:
        """How many seconds are left of each, and what happens then."""
        yield from (total.left() for total in self._totals)
        timer = self._protocol._read_timeout_handle
        if timer is None:
            yield math.inf, _nothing
            return
        skipped = skipped_by(self._turn)
        if timer is not self._read_timer:  # bytes have come since, or the client has begun to wait
            self._read_timer, self._skipped = timer, skipped
        left = timer.when() - asyncio.get_running_loop().time()
        yield left - (skipped - self._skipped), self._protocol._on_read_timeout


async def connecting(turn: Timed, seconds: float, sock_connect: float | None, gone: asyncio.Future[None]) -> None:
    """Let so many seconds of an attempt to connect pass (infinite: for ever), in told time.

    `sock_connect` is how long the client would wait for this alone, `gone` comes when it waits no more.

    Raises:
        FaultError: the client would wait for ever.
        asyncio.TimeoutError: its `connect` or `sock_connect` is over before.
    """
    await asyncio.sleep(0)
    if gone.done():
        return
    passed = monotonic() - turn.hop + skipped_by(turn) - skipped_by(turn, turn.hop)
    left = min(turn.timeout.connect - passed if turn.timeout.connect else math.inf, sock_connect or math.inf)
    total, expire = min((total.left() for total in _totals(turn)), key=_first, default=(math.inf, _nothing))
    soonest = min(left, total)
    if soonest > seconds + _TIE:
        _skip(turn, seconds)
        return
    if math.isinf(soonest):
        raise _stalled(f"The connection for {turn}", "sock_connect")
    _skip(turn, max(soonest, 0.0))
    if total <= left:
        expire()
        await gone
    async with ceil_timeout(_AT_ONCE):
        await gone


async def unanswered(turn: Timed, protocol: Any, *, told: bool) -> None:
    """Wait as long as the client would for a connection that nobody answers, where it has one all the same.

    Raises:
        FaultError: the client would wait for ever, in told time.
    """
    protocol.read_timeout = None  # who has no connection reads nothing
    protocol._drop_timeout()
    gone = asyncio.get_running_loop().create_future()  # when the client is gone, this is cancelled
    passed = monotonic() - turn.hop + skipped_by(turn) - skipped_by(turn, turn.hop)
    left = min(turn.timeout.connect or math.inf, turn.timeout.sock_connect or math.inf) - passed
    if not told:
        await _really(left)
        return
    with suppress(asyncio.TimeoutError):
        await connecting(turn, math.inf, max(left, _AT_ONCE), gone)


async def _really(seconds: float) -> None:
    """Let so many seconds pass by the clock, infinite for ever: until this is cancelled."""
    await (asyncio.get_running_loop().create_future() if math.isinf(seconds) else asyncio.sleep(max(seconds, 0.0)))


def _stalled(what: str, limit: str) -> FaultError:
    return FaultError(
        f"{what} stalls for ever, and the client has no timeout that would end it; with time='instant', "
        "it fails at once instead of hanging. Give the request or the session a timeout, such as "
        f"aiohttp.ClientTimeout({limit}=30); or, where something else is to end it, give the reply time='real'."
    )


class _Total(NamedTuple):
    """The `total` of a request."""

    turn: Timed
    seconds: float
    timer: Any

    def left(self) -> tuple[float, Callable[[], None]]:
        if self.timer._cancelled:  # it is over
            return math.inf, _nothing
        return self.seconds - (monotonic() - self.turn.began) - skipped_by(self.turn), self.timer.timeout


def _totals(turn: Timed | None) -> list[_Total]:
    """Those of a request, and of the requests that wait for it."""
    totals = []
    while turn is not None:
        if hasattr(turn.timer, "timeout"):  # no such thing where there is no limit
            totals.append(_Total(turn, turn.timeout.total, turn.timer))
        turn = turn.within
    return totals


def _first(timeout: tuple[float, Callable[[], None]]) -> float:
    return timeout[0]


def _nothing() -> None:
    """Nobody waits so long."""


async def _glance() -> float:
    before = monotonic()
    await asyncio.sleep(_GLANCE)
    return monotonic() - before


# -- what has been skipped: for each request, when, and how much by then

_skips: WeakKeyDictionary[Timed, list[tuple[float, float]]] = WeakKeyDictionary()


def skipped_by(turn: Timed, moment: float = math.inf) -> float:
    """How many seconds of the request's time nobody had waited for at that moment."""
    return next((skipped for then, skipped in reversed(_skips.get(turn, ())) if then <= moment), 0.0)


def _skip(turn: Timed, seconds: float) -> None:
    skipped, now = skipped_by(turn) + seconds, monotonic()
    while True:
        _skips.setdefault(turn, []).append((now, skipped))
        within = turn.within
        if within is None:
            return
        # others that were made within it may have done so at the same time
        skipped = max(skipped_by(within), skipped_by(within, turn.began) + skipped)
        turn = within

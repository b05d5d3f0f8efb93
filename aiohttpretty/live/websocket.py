"""A registered websocket: what it says to a handshake, and to the test that plays its other end.

Law of this room: who connects is told in the order of the handshakes, and to one who asks in the client's event loop.
Nothing is left open when the registry ends.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

from ..activation import in_thread_of
from ..diagnosis import masking
from ..errors import OptionTypeError, OptionValueError, PeerError
from ..legible import legible
from ..records.timeline import timeline
from ..replies.headers import checked, is_token
from ..route import Home, Route
from ..verification.checks import check_timeout
from ..waiting import Waiter

if TYPE_CHECKING:
    from aiohttp import web
    from multidict import CIMultiDict

    from ..records.call import Call
    from .line import Line
    from .peer import Peer

# What the handshake itself says (RFC 6455, 4.2.2)
_HANDSHAKE = ("connection", "upgrade", "sec-websocket-accept", "sec-websocket-extensions", "sec-websocket-protocol")


class WebSocketRoute(Route):
    """A websocket; without a handler, the test plays its other end."""

    def __init__(self, *args: Any, home: Home, **kwargs: Any) -> None:
        super().__init__(*args, home=home, **kwargs)
        # By the event loops of the clients, each in the order in which they came
        self._arrived: dict[asyncio.AbstractEventLoop, deque[Peer]] = {}
        self._waiters: dict[asyncio.AbstractEventLoop, dict[Waiter, None]] = {}
        self._lines: WeakSet[Line] = WeakSet()
        self._why = ""
        home.listens(self)  # type: ignore[attr-defined]  # only a registry that has websockets makes one

    async def accepted(self, timeout: float | None = 1.0) -> Peer:
        """The other end of the next websocket that a client has opened here, in the order of the handshakes.

        Args:
            timeout: how many seconds to wait for it; None for ever.

        Raises:
            PeerError: (an `AssertionError`) none is opened in time, or a handler answers here.
            OptionTypeError, OptionValueError: (a `TypeError`, a `ValueError`) that is no length of time.
        """
        __tracebackhide__ = True
        patience = check_timeout(timeout)
        if not isinstance(self.succession.written.get("handler"), Script):
            raise PeerError(
                f"accepted() waits for a websocket that the test plays, and {self!r} answers by itself. Leave the "
                "handler or the status out of register_websocket()."
            )
        found: list[Peer] = []

        def look(inbox: Iterable[Peer]) -> bool:
            found.extend(inbox)
            return bool(found)

        loop, waiter = asyncio.get_running_loop(), Waiter()
        self._waiters.setdefault(loop, {})[waiter] = None
        try:
            self._hand_over(loop)
            if await waiter.until(look, patience):
                return found[0]
        finally:
            self._leaves(waiter, loop)
        raise PeerError(self._missed(timeout, over=waiter.over))

    # -- for whoever serves it

    def arrived(self, peer: Peer, line: Line) -> None:
        """A client has opened it."""
        self._arrived.setdefault(line.loop, deque()).append(peer)
        self._lines.add(line)
        self._hand_over(line.loop)

    def over(self, why: str) -> None:
        """Nobody will open it any more; have nobody wait for that."""
        self._why = why
        for waiter in [waiter for waiters in list(self._waiters.values()) for waiter in list(waiters)]:
            waiter.over = True
            waiter.wake()
        for line in list(self._lines):
            line.ended_by(f"{why} has ended it")

    def end(self, why: str) -> None:
        """The same, and nobody will ask for those who have opened it: end what is still open."""
        self.over(why)
        self._arrived.clear()
        for line in list(self._lines):
            if not line.over:
                in_thread_of(line.loop, partial(line.cut, f"{why} has ended it"))

    def __repr__(self) -> str:
        words = {**self.asking, **self.succession.written}
        script = words.get("handler")
        if isinstance(script, Script):
            del words["handler"]
            words |= script.words
        written = "".join(f", {name}={value!r}" for name, value in words.items())
        return f"<WebSocketRoute register_websocket({self.address.name!r}{written}) at {self.origin}>"

    def _hand_over(self, loop: asyncio.AbstractEventLoop) -> None:
        # each to one who waits, and nobody else is woken: thousands may wait for thousands
        arrived, waiters = self._arrived.get(loop), self._waiters.get(loop)
        while arrived and waiters:
            waiter = next(iter(waiters))
            del waiters[waiter]
            waiter.inbox.append(arrived.popleft())
            waiter.wake()
        if not arrived:
            self._arrived.pop(loop, None)

    def _leaves(self, waiter: Waiter, loop: asyncio.AbstractEventLoop) -> None:
        waiters = self._waiters.get(loop, {})
        waiters.pop(waiter, None)
        if not waiters:
            self._waiters.pop(loop, None)
        if waiter.inbox:  # of one who was cancelled meanwhile
            self._arrived.setdefault(loop, deque()).extendleft(waiter.inbox)
            self._hand_over(loop)

    # -- how accepting fails

    def _missed(self, timeout: float | None, *, over: bool) -> str:
        name = getattr(self.address.name, "pattern", self.address.name)
        where = masking.url(self.url) if self.url is not None else name
        waited = f"accepted() waited {timeout} s for a client to open {where}"
        if over:
            return f"{waited.replace(f' {timeout} s', '')}, and {self._why} came meanwhile. Accept it before that."
        cure = "Have the code under test connect first, or give it more time with timeout=."
        return f"{waited}: {self._state()}. {cure}\n{self._came_by()}"

    def _state(self) -> str:
        if self._arrived:
            return "one has, but in another event loop than this one"
        calls = self.calls
        if not calls:
            return "nobody has asked for it"
        last, opened = calls[-1], sum(call.status == 101 for call in calls)
        if last.status is None:
            return f"one has asked, {'and got no answer' if last.error is not None else 'and is still connecting'}"
        if last.status != 101:
            return f"the last one that asked was answered {last.status}"
        return f"the {opened} that have opened it were accepted before" if opened > 1 else "the one was accepted before"

    def _came_by(self) -> str:
        calls = [*self._home.calls, *getattr(self._home.calls, "to_test_servers", ())]
        unmatched = getattr(self._home, "unmatched", [])
        began = min((one.started for one in (*calls, *unmatched) if one.started is not None), default=0.0)
        came = timeline(calls, unmatched, (), began)
        return f"Requests so far: {came}" if came else "No request has come so far."


class Script:
    """Answers a handshake, and has a test play what follows; a handler of aiohttp.web."""

    def __init__(self, words: Mapping[str, Any]) -> None:
        self.words = words
        """What was said of it, as it was written."""
        self._protocols = _protocols(words.get("protocols", ()))
        self._headers = _headers(words.get("headers"))
        self._compress = _compress(words.get("compress", True))
        self._heartbeat = _heartbeat(words.get("heartbeat"))

    async def __call__(self, request: web.Request) -> web.WebSocketResponse:
        from aiohttp import web  # noqa: PLC0415 - it has been imported by whoever serves this, not by who registers

        from ..wire.server_socket import SERVED_END  # noqa: PLC0415 - the same
        from .line import Line  # noqa: PLC0415 - the same
        from .peer import Peer  # noqa: PLC0415 - the same

        calls: Sequence[Call] = request.get_extra_info(SERVED_END).exchange.told
        if not calls:
            raise asyncio.CancelledError  # the client is gone already
        call = calls[0]
        socket = web.WebSocketResponse(
            protocols=self._protocols,
            compress=self._compress,
            heartbeat=self._heartbeat,
            max_msg_size=0,  # a limit would be the server's, and this one has none
        )
        socket.headers.extend(self._headers)
        await socket.prepare(request)
        line = Line(request, socket)
        route: Any = call.route
        route.arrived(Peer(request, line, call), line)
        await line.play()
        return socket

    def __repr__(self) -> str:
        return "<played by the test>"


@legible
def check_words(handler: Callable[..., Any] | None, words: Mapping[str, Any], status: object) -> dict[str, Any]:
    """The options by which such a websocket is registered.

    Args:
        handler: who answers instead of the test.
        words: what else was said, as far as it was.
        status: what the handshake is answered with.

    Raises:
        OptionTypeError, OptionValueError: it can't be meant.
    """
    if handler is not None:
        beside = [f"{word}=" for word in words] + (["status="] if status != 101 else [])
        if beside:
            raise OptionTypeError(
                f"{' and '.join(beside)} beside a handler, which says all of that itself, with web.WebSocketResponse. "
                "Leave the handler out, or these."
            )
        return {"handler": handler}
    if status == 101 and isinstance(status, int):
        return {"handler": Script(words)}
    beside = [f"{word}=" for word in words if word != "headers"]
    if beside:
        raise OptionTypeError(
            f"{' and '.join(beside)} beside status={status!r}, with which no websocket is opened. Leave one or the "
            "other out."
        )
    return {"status": status, **words}


def _protocols(given: object) -> tuple[str, ...]:
    if isinstance(given, str) or not isinstance(given, Sequence) or not all(isinstance(one, str) for one in given):
        raise OptionTypeError(f"protocols={given!r} is not a list of names. Give one, such as protocols=['chat'].")
    for name in given:
        if not is_token(name):
            raise OptionValueError(
                f"protocols={given!r}: {name!r} is no token (RFC 6455, 4.1). Use letters, digits, dots and hyphens."
            )
    return tuple(given)


def _headers(given: object) -> CIMultiDict[str]:
    headers = checked(given)
    for name in headers:
        if name.lower() in _HANDSHAKE:
            raise OptionValueError(
                f"headers has {name}, which the handshake itself says. Leave it out, and give protocols= and "
                "compress=; for a handshake that goes wrong, give a handler that returns web.Response(status=101, "
                "headers=...)."
            )
    return headers


def _compress(given: object) -> bool:
    if not isinstance(given, bool):
        raise OptionTypeError(f"compress={given!r} is not a bool. Give False to refuse compression, or leave it out.")
    return given


def _heartbeat(given: object) -> float | None:
    if given is None:
        return None
    if isinstance(given, bool) or not isinstance(given, (int, float)):
        raise OptionTypeError(f"heartbeat={given!r} is no number of seconds. Give one, or leave it out.")
    if not 0 < given < float("inf"):
        raise OptionValueError(f"heartbeat={given!r} is no time between pings. Give seconds above 0, or leave it out.")
    return float(given)

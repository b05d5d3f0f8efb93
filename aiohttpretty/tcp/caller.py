"""One client's connection over a socket, answered by the far end that answers wires.

Law of this room: one request after the other, whoever sends several at once; and nobody reads or writes faster than
the other side. The far end takes this for aiohttp's client and its wire: `Client` and `Line` are what it sees of those.
"""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Any

from ..far_end import Speaker
from ..loopback import socket_end
from .arrivals import Arrival, Arrivals
from .seen import Client, Line
from .speech import Speech, refusal_of
from .threshold import Threshold

if TYPE_CHECKING:
    from .reception import Reception, Visit

_ESTABLISHED = b"HTTP/1.1 200 Connection established\r\n\r\n"
_SECURE = ":443"  # in tunnels to it nothing is spoken but TLS


class Caller(asyncio.Protocol):
    """The server's end of one connection."""

    def __init__(self, loop: asyncio.AbstractEventLoop, reception: Reception, *, secure: bool = False) -> None:
        self.loop = loop
        self.speech: Speech | None = None
        """The answer that is being said."""
        self.writable = True
        """Whether the client keeps up with what is said."""
        self.transport: Any = None
        self._reception = reception
        self._secure = secure
        self._arrivals = Arrivals(loop)
        self._arrival: Arrival | None = None  # the request that is being answered
        self._visit: Visit | None = None
        self._speaker: Speaker | None = None
        self._origin: tuple[str, str] | None = None  # whom the speaker stands for
        self._client = Client(self)
        self._line = Line(self)
        self._starting: asyncio.Task[None] | None = None
        self._held = self._paused = self._lost = False  # the first: whether the server's end reads no more for now
        self._early = b""

    # -- asyncio's side

    def connection_made(self, transport: Any) -> None:
        if self._lost:  # as soon as TLS was there
            transport.abort()
            return
        self.transport = transport
        self._reception.came(self)
        if self._early:
            early, self._early = self._early, b""
            self.data_received(early)

    def data_received(self, data: bytes) -> None:
        if self.transport is None:  # the first bytes inside a tunnel come before it is known to be there
            self._early += data
        elif self._upgraded and self._speaker is not None and not self._arrivals.rest:
            self._speaker.receive(data)
        else:
            self._arrivals.feed(data)
            self._hear()

    def connection_lost(self, exc: Exception | None) -> None:
        self.connection_left()
        if self.transport is not None:  # else a tunnel's handshake failed
            self.transport.close()  # CPython 3.10 warns of TLS that only the client has left

    def connection_left(self) -> None:
        """It is no business of this one any more."""
        self._lost = True
        self._reception.left(self)
        if self._starting is not None:
            self._starting.cancel()
        self._leave()
        self._arrival = self._visit = None

    def pause_writing(self) -> None:
        self.writable = False

    def resume_writing(self) -> None:
        self.writable = True
        if self._speaker is not None:
            self._speaker.resume()

    # -- for the server

    @property
    def busy(self) -> bool:
        """Whether a request is being answered."""
        return self._arrival is not None

    def cut(self) -> None:
        """End it, now."""
        self._leave()
        if self._starting is not None:
            self._starting.cancel()
        self.transport.abort()

    # -- for what the far end sees

    @property
    def closing(self) -> bool:
        """Whether it is gone, or as good as gone."""
        return self._lost or bool(self.transport.is_closing())

    @property
    def tls(self) -> Any:
        """What a handler sees of TLS."""
        return None if self._visit is None else self._visit.context

    def hold(self, *, held: bool) -> None:
        """Whether the server's end wants no more bytes for now."""
        self._held = held
        self._pace()

    def say(self, data: bytes) -> None:
        """Say some of an answer, or what comes behind it."""
        if self.speech is None:
            self._write(data)
        else:
            self.speech.say(data)
            self.said()

    def said(self) -> None:
        """Something has been said."""
        if self.speech is not None and (self.speech.whole or self.speech.upgraded):
            self.loop.call_soon(self._next)  # whoever says it is not done yet

    def failed(self, error: BaseException) -> None:
        """What was to be said can't be."""
        assert self._visit is not None  # it is being answered
        self._give_up(500, self._visit.failed(error))

    def reset(self) -> None:
        """Leave the connection at once: a RST."""
        socket_end.reset(self.transport)

    # -- requests

    def _hear(self) -> None:
        if self._arrival is None:
            self._begin()
        else:
            self._pass_on(self._arrival)
        self._pace()

    @property
    def _upgraded(self) -> bool:
        return self.speech is not None and self.speech.upgraded

    def _pace(self) -> None:
        """Read no more than is wanted."""
        paused = bool(self._held or self._arrivals.waiting or self._arrivals.rest or self._starting is not None)
        if paused is self._paused or self.transport is None or self.closing:
            return
        self._paused = paused
        if paused:
            self.transport.pause_reading()
        else:
            self.transport.resume_reading()

    def _begin(self) -> None:
        """Take the next request, if there is one."""
        if self.closing:
            return
        if not self._arrivals.waiting:
            if (error := self._arrivals.error) is not None:
                self._refuse(400, f"This is no request that a server could read: {_sentence(error)}")
            return
        self._arrival = arrival = self._arrivals.waiting.popleft()
        if arrival.method == "CONNECT":
            self._tunnel(arrival)
            return
        try:
            self._visit = visit = self._reception.visit(arrival, secure=self._secure)
        except ValueError as error:
            self._refuse(400, str(error))
            return
        self.speech = Speech(
            self._write, method=arrival.method, old=arrival.old, closes=arrival.closes, moved=visit.moved
        )
        if visit.ready():
            self._expect(arrival, visit)
        else:
            self._starting = self.loop.create_task(self._start(arrival, visit))

    async def _start(self, arrival: Arrival, visit: Visit) -> None:
        await visit.start()
        self._starting = None
        self._expect(arrival, visit)
        self._pace()

    def _expect(self, arrival: Arrival, visit: Visit) -> None:
        """Have the far end answer it."""
        if self._speaker is None or self._origin != visit.origin:
            self._leave()
            client: Any = self._client
            line: Any = self._line
            self._speaker, self._origin = Speaker(self.loop, client, line), visit.origin
        try:
            self._speaker.expect(visit.turn, visit.choose(), visit.answering)
        except Exception as error:  # what is mounted could not be started
            self._client.fail(error)
            return
        self._speaker.receive(visit.head)
        self._pass_on(arrival)

    def _pass_on(self, arrival: Arrival) -> None:
        """Give the far end what has come of the body."""
        speaker = self._speaker
        if speaker is None or arrival.over:
            return
        for piece in arrival.pieces():
            speaker.receive(piece)
        error = arrival.broken or (None if arrival.whole else self._arrivals.error)
        if error is not None:
            self._give_up(400, f"This is no body that a server could read: {_sentence(error)}")
        elif arrival.whole:
            arrival.over = True
            speaker.end_of_request()
            self.said()  # a handler may have been done before

    def _next(self) -> None:
        """The answer is whole: go on, if the request is, too."""
        arrival, speech = self._arrival, self.speech
        if arrival is None or speech is None or self.closing:
            return
        if self._upgraded:
            rest, self._arrivals.rest = self._arrivals.rest, b""
            if rest and self._speaker is not None:
                self._speaker.receive(rest)
            self._pace()
        elif speech.whole and speech.closes:
            self.transport.close()
        elif speech.whole and arrival.whole:
            self._arrival = self._visit = self.speech = None
            self._arrivals.go_on()
            self._hear()

    def _tunnel(self, arrival: Arrival) -> None:
        """Leave the connection to those who speak in the tunnel."""
        try:
            context, refusal = self._reception.tunnel(arrival)
        except ValueError as error:
            self._refuse(400, str(error))
            return
        if refusal and arrival.target.endswith(_SECURE):
            self._refuse(501, refusal)
            return
        self._write(_ESTABLISHED)
        rest = b"".join(arrival.pieces()) + self._arrivals.rest
        inside = partial(Caller, self.loop, self._reception)
        threshold = Threshold(self.loop, self._reception, inside, context, refusal=refusal_of(501, f"{refusal}\n"))
        self.transport.set_protocol(threshold)
        threshold.connection_made(self.transport)
        if self._paused:
            self.transport.resume_reading()
        self.connection_left()
        if rest:
            threshold.data_received(rest)

    # -- what is said

    def _give_up(self, status: int, text: str) -> None:
        """End what is being answered, with a refusal if there is something to say."""
        self._leave()
        if self.speech is not None and self.speech.begun:
            self.reset()  # anything else could be taken for the rest of the answer, or its end
        elif text:
            self._refuse(status, text)
        else:
            self.transport.close()

    def _refuse(self, status: int, text: str) -> None:
        """Say that there is no answer, and why; it is the last thing that is said."""
        bodiless = self._arrival is not None and self._arrival.method == "HEAD"
        self._write(refusal_of(status, "" if bodiless else f"{text}\n"))
        self.transport.close()

    def _write(self, data: bytes) -> None:
        self.transport.write(data)

    def _leave(self) -> None:
        """Have the far end stop."""
        speaker, self._speaker = self._speaker, None
        if speaker is not None:
            speaker.hang_up()


def _sentence(error: BaseException) -> str:
    return " ".join(str(getattr(error, "message", "") or error).split()) or type(error).__name__

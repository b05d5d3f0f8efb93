"""The far end of a wire: takes a request in, and has the answer said that was chosen for it.

Law of this room: it reads and writes bytes and knows of a reply only its shape. What goes wrong here is raised
where the client waits; an exception in a loop callback would be a hang until the client's timeout.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from .delivery import Delivery, later, really
from .errors import MalformedRequestError
from .handled import Handled
from .script import Ending
from .wire.framing import BROKEN, COMPLETE, CONTINUE, Progress, RequestReader
from .wire.protocol import WireProtocol
from .wire.transport import WireTransport

if TYPE_CHECKING:
    from .script import Wait
    from .shapes import Answering, Record, Spoken, Turn
    from .wire.handlers import Serving
    from .wire.served import ServedEnd

_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_ESTABLISHED = b"HTTP/1.1 200 Connection established\r\n\r\n"


class Speaker:
    """The far end of one connection."""

    def __init__(self, loop: asyncio.AbstractEventLoop, protocol: WireProtocol, transport: WireTransport) -> None:
        self._loop = loop
        self._protocol = protocol
        self._transport = transport
        self._delivery = Delivery(loop, protocol, transport)
        self._reader = RequestReader()
        self._request = self._reader
        self._turn: Turn | None = None
        self._reply: Spoken | None = None
        self._record: Record | None = None
        self._exchange: Handled | None = None  # the last one
        self._answered_by: Answering | None = None
        self._timer: asyncio.TimerHandle | asyncio.Task[None] | None = None
        self.established = _ESTABLISHED
        """What is answered to a CONNECT, by which aiohttp opens a tunnel through a proxy."""
        self._served: dict[Serving, ServedEnd] = {}
        self._serving: ServedEnd | None = None  # who takes the bytes of this request as they come
        self._all_said = False
        self._last = False
        self._gone = False

    def owes(self, answerer: object) -> bool:
        """Whether something of `answerer`'s is still to be said."""
        return self._answered_by is answerer and (
            self._reply is not None or self._delivery.under_way or any(end.busy for end in self._served.values())
        )

    def expect(
        self, turn: Turn, answer: tuple[Spoken, Record] | None = None, answered_by: Answering | None = None
    ) -> None:
        """Say the reply to the request that comes next, and note in the record what it was.

        Without an answer, `turn` is asked for one when the request is whole.
        """
        self._turn = turn
        self._reply, self._record = answer or (None, None)
        self._answered_by = answered_by
        self._all_said = False
        if self._serving is not None:
            self._serving.exchange = None  # whoever answers now, it is not the one of the last time
            self._serving = None
            if self._reader.head:  # pragma: no cover - aiohttp < 3.14
                # aiohttp 3.13 and older take a connection again whose last request they left off because it was
                # answered early; a server takes the new one for the rest of that, and ends the connection
                self._gone = True
                self._loop.call_soon(self._loop.call_soon, self._drop)  # aiohttp 3.10 has a task write the body
                return
        if answer is not None and (reply := answer[0]).handler is not None and not reply.delay:
            self._serving = self._begin(turn, reply, answer[1])  # it may read the body as it comes

    def receive(self, data: bytes) -> None:
        if self._gone:
            self._transport.breathe()
            return
        serving = self._serving
        if serving is not None and serving.upgraded:
            serving.feed(data)
            return
        reader = self._reader
        progress = reader.feed(data)
        if serving is not None:
            # aiohttp writes a head without a body when all else is done
            (serving.feed_last if self._all_said and progress is COMPLETE else serving.feed)(data)
        if progress is CONTINUE:
            progress = self._go_on(reader)
        if progress is COMPLETE:
            self._reader = RequestReader()
            self._last = reader.closes
            if self._record is not None:
                self._record.received(reader.head, reader.body)
            if self._serving is not None:
                self._turn = self._reply = self._record = None
                self._request = self._reader  # an idle connection must not hold a body
                return
            self._request = reader
            self._loop.call_soon(self._answer)
        elif progress is BROKEN or self._all_said:
            self._loop.call_soon(self._refuse)
        else:
            self._on_the_way(reader, self._reply, self._record)

    def _on_the_way(self, reader: RequestReader, reply: Spoken | None, record: Record | None) -> None:
        """Some of the request has come."""
        if self._serving is None:  # else there is somebody who reads, as fast as he does
            self._transport.breathe(reader.size)
        if reply is None or record is None:
            return
        if reply.fault is not None and reply.fault.upload is not None and reader.head:
            if reader.size >= reply.fault.upload:
                self._loop.call_soon(self._cut, reader)
        elif reader.size > record.large and (self._serving is not None or reply.handler is None):
            record.receiving(reader.body)  # nobody else needs it, and memory need not hold it

    def _go_on(self, reader: RequestReader) -> Progress:
        """Have the client send the body."""
        if self._serving is None:
            self._loop.call_soon(self._deliver, _CONTINUE)
        return reader.feed(b"")  # a request without a body is whole all the same

    def _cut(self, reader: RequestReader) -> None:
        """Lose the connection in the middle of the request."""
        turn, reply, record = self._turn, self._reply, self._record
        if self._gone or turn is None or reply is None or record is None or reader is not self._reader:
            return
        self._gone = True  # to what still comes of it
        self._reply = self._record = None
        record.received(reader.head, reader.body)
        if reply.delay:
            wait = self._wait(turn, reply)
            self._after(reply.delay, wait, partial(self._delivery.end, Ending.RESET, record))
        else:
            self._delivery.end(Ending.RESET, record)

    def end_of_request(self) -> None:
        self._all_said = True  # but for a head without a body, which aiohttp writes only now
        if self._reader.head:
            self._loop.call_soon(self._refuse)
        elif self._serving is not None:
            self._serving.hear()

    def resume(self) -> None:
        self._delivery.resume()
        for end in self._served.values():
            end.resume()

    def hang_up(self) -> None:
        self._gone = True
        if self._record is not None:
            self._record.ended()
        if self._exchange is not None:
            self._exchange.on_end()
        self._turn = self._reply = self._record = None
        if self._timer is not None:
            self._timer.cancel()
        self._delivery.stop()
        ends, self._served = self._served, {}
        for end in ends.values():
            end.hang_up(midway=bool(self._reader.head))

    def _answer(self, waited: bool = False) -> None:
        __tracebackhide__ = True  # pytest leaves such frames out of its tracebacks
        if not (self._all_said or waited):
            # aiohttp 3.10 is yet to run the task that writes the body, even where there is none; an answer now would
            # cancel it, and cost the connection. A tick for the task, and one for what waits for its end.
            self._loop.call_soon(self._loop.call_soon, self._answer, True)
            return
        turn, self._turn = self._turn, None
        if self._gone or self._transport.is_closing():
            return
        if turn is None:
            # Nobody was told of it: the CONNECT by which aiohttp opens a tunnel through a proxy
            self._deliver(self.established)
            return
        try:
            reply = self._reply
            if reply is None:
                reply, self._record, self._answered_by = turn.decide(self._request.head, self._request.body)
                self._reply = reply
            if reply.delay:
                wait = self._wait(turn, reply)
                self._after(reply.delay, wait, partial(self._say_late, turn, wait))
            else:
                self._say(turn)
        except BaseException as error:
            self._fail(turn, error)

    def _wait(self, turn: Turn, reply: Spoken) -> Wait:
        """How time passes for the answer."""
        time = reply.time or (self._answered_by.time if self._answered_by is not None else "real")
        if time == "real" or not hasattr(turn, "timer"):  # of a client beyond a socket, no timeouts are known
            return really
        from .pace import Pace  # noqa: PLC0415 - most tests don't wait, or really do

        return Pace(turn, self._protocol, lambda: self._all_said).pause

    def _after(self, seconds: float, wait: Wait, then: Callable[[], None]) -> None:
        self._timer = later(self._loop, wait, seconds, then)

    def _say_late(self, turn: Turn, wait: Wait) -> None:
        self._timer = None
        if not self._transport.is_closing():
            self._say(turn, wait)

    def _say(self, turn: Turn, wait: Wait | None = None) -> None:
        reply: Any = self._reply
        record: Any = self._record
        try:
            if reply.error is not None:
                self._fail(turn, reply.exception())
            elif reply.fault is not None:
                self._go_wrong(turn, reply, record, wait or self._wait(turn, reply))
            elif reply.handler is not None:
                self._serving = end = self._begin(turn, reply, record)  # which may upgrade
                for piece in self._request.replayed():
                    end.feed(piece)
            else:
                if reply.whole is None:
                    wait = wait or self._wait(turn, reply)
                self._delivery.say(reply, record, last=self._last, wait=wait)
        except BaseException as error:
            self._fail(turn, error)
        self._reply = self._record = None
        self._request = self._reader

    def _go_wrong(self, turn: Turn, reply: Spoken, record: Record, wait: Wait) -> None:
        fault = reply.fault
        assert fault is not None
        if fault.upload is not None:
            self._delivery.end(Ending.RESET, record)
        elif fault.connection is not None and (error := turn.unconnected(reply)) is not None:
            self._delivery.miss(turn, error, record, wait)  # only now was it known to be this one's turn
        elif fault.connection is not None:  # a proxy's answer
            self._delivery.say(reply, record, last=self._last, wait=wait)
        else:
            self._delivery.play(reply, record, last=self._last, wait=wait)

    def _begin(self, turn: Turn, reply: Spoken, record: Record) -> ServedEnd:
        """Have the reply's handler, or what is mounted, take the request."""
        answered_by = self._answered_by
        assert answered_by is not None  # who chose the reply
        server = answered_by.server(self._loop, reply)
        end = self._served.get(server)
        if end is None:
            end = self._served[server] = server.connect(self._loop, self._protocol, self._transport, self._lost)
        self._exchange = Handled(turn, reply, record, answered_by)
        end.begin(self._exchange)
        return end

    def _lost(self, server: Serving) -> None:
        """That one serves this connection no more; an idle connection must not hold what it served."""
        end = self._served.get(server)
        if end is None or end.busy:
            return
        del self._served[server]
        if self._serving is end:
            self._serving = self._exchange = None

    def _fail(self, turn: Turn, error: BaseException) -> None:
        if isinstance(error, (KeyboardInterrupt, SystemExit)) and error.__traceback__ is not None:
            raise error  # it comes from outside, and is for the one who runs the loop
        turn.error = error
        if self._record is not None:
            self._record.ended(error)
        self._protocol.fail(error)

    def _deliver(self, data: bytes) -> None:
        if not self._gone and not self._transport.is_closing():
            self._protocol.data_received(data)

    def _drop(self) -> None:  # pragma: no cover - aiohttp < 3.14
        if not self._transport.is_closing():
            self._protocol.eof_received()
            self._transport.close()

    def _refuse(self) -> None:
        if self._gone or not self._reader.head:
            return  # the rest came right behind: aiohttp may write a long head and the end of its body apart
        what = self._turn or "to a proxy"
        self._protocol.fail(
            MalformedRequestError(
                f"The body of the request {what} does not follow the Content-Length or Transfer-Encoding in its "
                "headers, so no server could find its end: a real one would answer 400 or wait for ever. Leave both "
                "headers to aiohttp; it sets them itself, and chunked=True asks for chunks."
            )
        )

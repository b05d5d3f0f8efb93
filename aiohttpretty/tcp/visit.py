"""One request over a socket, and what a registry answers to it.

Law of this room: it asks the registry what the interception asks, and records the same. Nobody waits in this process,
so that what would be raised at a client is an answer that says so, or the end of the connection; a test is told.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING, Any, Protocol

from multidict import CIMultiDict
from yarl import URL

from ..activation import UNDECIDED, Activation, Request
from ..errors import AiohttprettyError, ApplicationError, UnansweredError
from ..records.call import Call
from ..records.came import Came
from ..replies.reply import Reply
from . import meant

if TYPE_CHECKING:
    from ..answering import Answerer
    from ..shapes import Answering
    from .arrivals import Arrival

_UNANSWERED, _BROKEN = 501, 500
Answer = tuple[Any, Any]


class Teller(Protocol):
    """Who lets the test know."""

    def unanswered(self) -> None:
        """The latest request got no answer."""

    def failed(self, error: BaseException, call: Call | None, visit: Visit) -> None:
        """An exception that no client can be given; with the record, if there is one."""


class Visit:
    """A request that has come, for the registry behind a server; it is its own turn.

    Args:
        teller: is told of what no client can be given.
    """

    open = True
    error: BaseException | None = None
    context: Any

    def __init__(
        self,
        arrival: Arrival,
        place: meant.Place,
        answerer: Answerer,
        activation: Activation,
        context: Callable[[], Any],
        teller: Teller,
    ) -> None:
        asked = meant.meant(arrival.target, arrival.host, place)
        self.method = arrival.method
        self._urls = asked.urls
        self._chosen = asked.urls[0]
        self._answerer = answerer
        self._teller = teller
        self._context = context
        self._large = arrival.length is None or arrival.length > Call.large
        self._came = Came()
        self._started = monotonic()
        self._answer: Answer | None = None
        self.route: Any = None
        self.head = arrival.head(asked.target, asked.host)
        self.answering: Answering = activation
        self.moved: Callable[[bytes], bytes] | None = None
        if asked.behind:
            self.moved = partial(meant.moved, url=self._chosen, place=place)
        self._find()
        self._settle(self._chosen)

    @property
    def url(self) -> URL:
        """The address that is meant."""
        return self._chosen

    @property
    def turn(self) -> Visit:
        """Whose turn it is, for the far end."""
        return self

    def _settle(self, url: URL) -> None:
        """This address is meant; handlers see it so."""
        self._chosen = url
        self.origin = (url.scheme, f"{url.raw_host}:{url.port}")
        self.context = self._context() if url.scheme == "https" else None

    def _find(self) -> None:
        """The first of the addresses that is registered."""
        try:
            for url in self._urls:
                if (route := self._answerer.find(self.method, url)) is not None:
                    self._chosen, self.route = url, route
                    return
        except BaseException as error:
            self._refuse(error)

    # -- before it is whole

    def ready(self) -> bool:
        """Whether nothing that is mounted there need be started."""
        return self._answer is not None or self._answerer.ready(self.url)

    async def start(self) -> None:
        """Start what is mounted there."""
        while not self.ready():
            await self._answerer.start(self.url)
            self._find()  # the test went on meanwhile

    def choose(self) -> Answer | None:
        """The reply and the record; None if it is to be asked for when the request is whole."""
        while self._answer is None and self.route not in (None, UNDECIDED):
            answer = self._answerer.answer(self.route, self.method, self.url, self._came)
            if answer is not None:
                return self._given(answer)
            self.route = None
            self._find()  # it was used up by another request
        if self._answer is None and self.route is None and self._large:
            self._refuse(self._answerer.refuse([], Request(self.method, self.url, self._came, self.head), None))
        return self._answer

    # -- when it is whole

    def decide(self, head: bytes, body: list[bytes]) -> tuple[Any, Any, Answering]:
        """The same of the whole request; one that nobody answers is answered with what is wrong."""
        try:
            for url in self._urls:
                request = Request(self.method, url, self._came, head, body)
                if (answer := self._answerer.decide(request)) is not None:
                    self._settle(url)
                    return (*self._given(answer), self.answering)
            request = Request(self.method, self.url, self._came, head, body)
            self._refuse(self._answerer.refuse([], request, None))
        except BaseException as error:
            self._refuse(error)
        assert self._answer is not None  # which says what is wrong
        return (*self._answer, self.answering)

    def unconnected(self, reply: Any) -> BaseException:
        """In the place of a connection that there is all the same: it ends without an answer."""
        return ConnectionRefusedError(f"{reply!r}")

    def failed(self, error: BaseException) -> str:
        """Take note that what was to be said can't be; what a client that has heard nothing is told."""
        reply, call = self._answer or (None, None)
        words = ("error", "fault", "handler")
        meant_so = any(getattr(reply, word, None) is not None for word in words)
        if meant_so and not isinstance(error, ApplicationError):
            return ""  # an error= of the test's, or one that it sent from a server under its control
        self._teller.failed(error, call, self)
        return _said(error)

    # -- how it is answered

    def _given(self, answer: Answer) -> Answer:
        self._answer = answer
        call = answer[1]
        self._came.call = call
        call.started = self._started
        return answer

    def _refuse(self, error: BaseException) -> None:
        """Answer with what is wrong."""
        if isinstance(error, (KeyboardInterrupt, SystemExit)):
            raise error  # it comes from outside, and is for the one who runs the loop
        unanswered = isinstance(error, UnansweredError)
        if unanswered:
            self._teller.unanswered()
        else:  # a matcher of the test's own
            self._teller.failed(error, None, self)
        status = _UNANSWERED if unanswered else _BROKEN
        headers = CIMultiDict({"Content-Type": "text/plain; charset=utf-8"})
        text = f"{_said(error)}\n".encode("utf-8", "backslashreplace")
        reply = Reply(status=status, reason=_REASONS[status], headers=headers, body=text)
        self._answer = reply, _Unrecorded(self.method, self.url, None, self._came)


_REASONS = {_UNANSWERED: "Not Implemented", _BROKEN: "Internal Server Error"}


class _Unrecorded(Call):
    """In the place of the record of a request that is in no list."""

    __slots__ = ()

    def received(self, head: bytes, body: Any) -> None:
        """Nobody waits for it."""


def _said(error: BaseException) -> str:
    return str(error) if isinstance(error, AiohttprettyError) else f"{type(error).__name__}: {error}"

"""The desk on which requests lie until the test answers them.

Law of this room: it knows aiohttp.web and nothing of what carries the requests; whoever does, gives each to `handle`,
and says what only the carrier knows. Requests come up in the order in which they came, and each is answered once.
"""

from __future__ import annotations

from abc import abstractmethod
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from aiohttp import web

from ..errors import DeactivatedError, OptionTypeError, VerificationError
from ..options import Headers
from ..replies.outcome import check_error
from ..verification.checks import check_timeout
from ..waiting import Waiter
from .held import Held, listed
from .worded import NOT_GIVEN, Error, check_response, page
from .worded import response as made_of

__unittest = True  # unittest leaves the frames of such a module out of its tracebacks, as pytest those with a mark


class Desk:
    """What a test says when it plays the server itself; `name` begins the sentences about it."""

    def __init__(self, name: str) -> None:
        self._call_it(name)
        self._held: dict[int, Held] = {}  # by the identity of the request, which it keeps alive
        self._came: deque[Held] = deque()
        self._waiting: dict[Waiter, None] = {}
        self._left = False

    async def receive_request(self, timeout: float | None = 1.0) -> web.Request:
        """The next request, in the order in which they came; its body can be read while it comes.

        Args:
            timeout: in seconds; 0 looks only at what has come already, None waits for ever.

        Raises:
            VerificationError: (an `AssertionError`) none has come. The report has what came so far.
            OptionTypeError, OptionValueError: (a `TypeError`, a `ValueError`) that is no length of time.
        """
        __tracebackhide__ = True  # pytest leaves such frames out of its tracebacks
        patience = check_timeout(timeout)
        found: list[Held] = []

        def look(_: object) -> bool:
            with suppress(IndexError):
                found.append(self._came.popleft())
            return bool(found)

        waiter = Waiter()
        waiter.over = self._left
        self._waiting[waiter] = None
        try:
            if await waiter.until(look, patience):
                return found[0].received()
        finally:
            del self._waiting[waiter]
        waited = "Waited until the end" if waiter.over else f"Waited {patience:g} s" if patience else "Looked"
        raise VerificationError(f"{waited} for a request to {self._name}, and none came.\n\n{self._so_far()}")

    def send_response(
        self,
        request: web.BaseRequest,
        response: web.StreamResponse | None = None,
        *,
        status: int | None = None,
        reason: str | None = None,
        text: str | None = None,
        body: Any = None,
        json: Any = NOT_GIVEN,
        headers: Headers | None = None,
        content_type: str | None = None,
        charset: str | None = None,
    ) -> None:
        """Answer a request; the client gets it as soon as the event loop runs.

        Args:
            request: as `receive_request` returned it.
            response: any response of aiohttp.web; one that `prepare` has begun is ended by this. Without it, the words
                are those of `aiohttp.web.Response`, and `json`, which takes any JSON value.

        Raises:
            ControlError: the request has been answered, or its client is gone, or the response has been sent.
            OptionTypeError, OptionValueError: (a `TypeError`, a `ValueError`) no answer can be meant by that.
        """
        __tracebackhide__ = True
        words = {"status": status, "reason": reason, "text": text, "body": body, "json": json, "headers": headers}
        held = self._open(request, "send_response")
        answer = made_of(response, words | {"content_type": content_type, "charset": charset})
        held.check_new(answer)
        held.answer(answer, f"answered {answer.status}")

    async def prepare(self, request: web.BaseRequest, response: web.StreamResponse) -> web.StreamResponse:
        """Begin an answer: send the head of `response`, of which the test writes the rest: `await response.write(...)`.

        `send_response(request, response)` ends it.

        Raises:
            ControlError: the request has been answered, or its client is gone, or one of the two was begun before.
            OptionTypeError: (a `TypeError`) that is no request to this server, or no response.
        """
        __tracebackhide__ = True
        held = self._open(request, "prepare")
        held.begin(check_response(response, "prepare"))
        await response.prepare(request)
        return response

    def send_error(
        self,
        request: web.BaseRequest,
        status: int | Error = 500,
        *,
        error: Error | None = None,
        reason: str | None = None,
        text: str | None = None,
        headers: Headers | None = None,
    ) -> None:
        """Answer a request with an error: one of the server's, or an exception in place of an answer.

        Args:
            request: as `receive_request` returned it.
            status: from 400 to 599; or the same as `error`.
            error: an `aiohttp.web.HTTPException`, which is sent. Any other exception, or the class of one, is raised
                where the client waits, as with `error=` in a registration.
            reason, text: by default, what aiohttp.web says of the status.
            headers: those of the response.

        Raises:
            ControlError: the request has been answered, or its client is gone.
            OptionTypeError, OptionValueError: (a `TypeError`, a `ValueError`) no error can be meant by that.
        """
        __tracebackhide__ = True
        held = self._open(request, "send_error")
        if error is None and isinstance(status, int) and not isinstance(status, bool):
            self.send_response(request, headers=headers, **page(status, reason, text))
            return
        raised = check_error(status if error is None else error)
        raised = raised() if isinstance(raised, type) else raised
        if isinstance(raised, web.HTTPException):
            self.send_response(request, raised)
        else:
            held.answer(self._at_client(raised), f"answered with {type(raised).__name__}")

    # -- for whoever carries the requests

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """The handler of aiohttp.web that waits for the test's answer."""
        held = Held(len(self._held) + 1, request, self._watch(request))
        if self._left:
            raise self._at_client(self._abandoned(held))
        self._held[id(request)] = held
        self._came.append(held)
        for waiter in list(self._waiting):
            waiter.wake()
        return await held.wait()

    def leave(self) -> VerificationError | None:
        """The end: every client that still waits gets an error; what is to be said of those, if there are any."""
        self._left = True
        for waiter in list(self._waiting):
            waiter.over = True
            waiter.wake()
        left = [held for held in self._held.values() if held.open and held.waits()]
        for held in self._held.values():
            if held.open:
                held.drop(self._at_client(self._abandoned(held)))
        if not left:
            return None
        many = f"{len(left)} of {len(self._held)} requests" if len(self._held) > 1 else "its only request"
        return VerificationError(
            f"{self._sentence} was left with {many} unanswered. Answer each with send_response() or send_error() "
            f"before the block ends.\n\n{listed(left)}"
        )

    def owes(self) -> bool:
        """Whether something that was said is still to reach a client."""
        return any(held.waits() for held in self._held.values() if not held.open)

    def _call_it(self, name: str) -> None:
        """What begins the sentences about it."""
        self._name = name
        self._sentence = name[0].upper() + name[1:]

    @abstractmethod
    def _watch(self, request: web.Request) -> Callable[[], bool]:
        """What tells whether the client of the request still waits for its answer, or the rest of it."""

    @abstractmethod
    def _at_client(self, error: BaseException) -> BaseException:
        """What a handler raises to have the error raised where its client waits."""

    def _beside(self) -> str:
        """What else may be the reason that no request comes."""
        return ""

    # -- within

    def _open(self, request: object, where: str) -> Held:
        __tracebackhide__ = True
        held = self._held.get(id(request))
        if held is None or held.request is not request:
            raise OptionTypeError(
                f"{where}({request!r}): that is no request to {self._name}. Give one that receive_request() returned."
            )
        held.check_open()
        return held

    def _abandoned(self, held: Held) -> DeactivatedError:
        return DeactivatedError(
            f"{self._sentence} was left while {held} was waiting for its answer. Answer it with send_response() or "
            "send_error() before the block ends."
        )

    def _so_far(self) -> str:
        came = f"What came so far:\n{listed(self._held.values())}" if self._held else "Nothing came so far."
        beside = self._beside()
        return f"{came}\n\n{beside}" if beside else came

"""What can go wrong, by name.

Law of this room: every error of this package is an `AiohttprettyError`, and none is an
`aiohttp.ClientError`, an `OSError` or a `TimeoutError`, so that neither a retry loop nor an
`except ClientError` of the code under test can mistake a gap in the test for a fault of the network.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from types import CodeType, TracebackType
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from .diagnosis.nearness import Candidate
    from .diagnosis.question import Question

_Self = TypeVar("_Self", bound="UnansweredError")


class AiohttprettyError(Exception):
    """Base of every error that this package raises."""


class OptionTypeError(AiohttprettyError, TypeError):
    """A registration got an option that does not exist, or a value of the wrong kind."""


class OptionValueError(AiohttprettyError, ValueError):
    """A registration got a value of the right kind that can't be served."""


class DeactivatedError(AiohttprettyError):
    """`deactivate()` came while a request was under way; it was neither answered nor let out."""


class MalformedRequestError(AiohttprettyError):
    """The client sent a request whose framing no server could read to its end."""


class BodyError(AiohttprettyError):
    """A registered body could not be read when it was to be delivered, or gave what can't be sent."""


class BodyNotKeptError(AiohttprettyError):
    """Of a large body only the beginning was kept, and somebody asked for the rest.

    No `ValueError`: a matcher takes that for "doesn't fit", and this is "nobody can tell".
    """


class UnreadableBodyError(AiohttprettyError, ValueError):
    """The body of a call is not what it was asked to be read as."""


class FaultError(AiohttprettyError):
    """A fault was registered that can't happen to the request."""


class VerificationError(AiohttprettyError, AssertionError):
    """The calls that came by are not those that the test expected.

    An `AssertionError`, so that pytest and unittest count it as a test that failed, not as one that broke.
    """

    def __init__(self, report: str, nearest: Iterable[Any] = ()) -> None:
        super().__init__(report)
        self.nearest = tuple(nearest)
        """The calls that come nearest to what was expected, each with its `call` and `verdicts`, the nearest first."""

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), self.args  # into another process goes the report only: calls can't be pickled


class PeerError(VerificationError):
    """What the test wanted of the other end of a websocket did not happen, or can't; it says what was exchanged."""


class HandlerError(AiohttprettyError):
    """A handler, or a mounted application, let out an exception that the test did not ask for: its `__cause__`."""


class HandlerResultError(AiohttprettyError, TypeError):
    """A handler returned something that is no response."""


class ControlError(AiohttprettyError):
    """A test asked a server under its control for what can't be done, such as to answer a request twice."""


class ApplicationError(AiohttprettyError, RuntimeError):
    """A mounted application failed to start or to end, can't be started here, or did not keep to its interface."""


class MissingPackageError(AiohttprettyError, ImportError):
    """Something needs an optional package that is not installed."""


class LoopError(AiohttprettyError, RuntimeError):
    """A test that runs in an event loop of its own has no such loop, has left it early, or was called inside of one."""


class BackgroundError(AiohttprettyError, AssertionError):
    """What a test has begun, and does not await, has failed: its `__cause__`.

    An `AssertionError`, so that unittest counts it as a test that failed, not as one that broke.
    """

    def __init__(self, report: str, errors: Iterable[BaseException] = ()) -> None:
        super().__init__(report)
        self.errors = tuple(errors)
        """All that was raised, in the order in which it was noticed."""

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), self.args  # into another process goes the report only: some exceptions can't be pickled


class UnansweredError(AiohttprettyError):
    """A request that no route answered; it is listed in `unmatched` too.

    The list must not keep the error alive: an error holds its traceback, the traceback holds the frames, and
    the frames hold the session of the code under test, whose "Unclosed client session" would then never be
    said. So the error itself tells the one who `watch`es it which code it passed through, when it dies or
    when its traceback is taken off (as `unittest`'s `assertRaises` does).
    """

    request: Question | None = None
    """What was asked, as plain data: `method`, `url`, `headers`, `body`, `asked_at`."""
    candidates: tuple[Candidate, ...] = ()
    """The nearest routes, the nearest first: each has its `route` and the `verdicts` of its conditions."""
    suggestion: str = ""
    """The registration that would have answered, ready to paste; without secrets."""
    _witness: Callable[[frozenset[CodeType]], None] | None = None

    def watch(self, witness: Callable[[frozenset[CodeType]], None]) -> None:
        """Have `witness` told the code objects of the traceback before the traceback is gone."""
        self._witness = witness

    def codes(self) -> frozenset[CodeType]:
        """The code objects of the frames that the error has passed through so far."""
        return frozenset(_codes(self.__traceback__))

    def with_traceback(self: _Self, tb: TracebackType | None, /) -> _Self:
        self._tell()
        return super().with_traceback(tb)

    def __del__(self) -> None:
        self._tell()

    def _tell(self) -> None:
        if self._witness is not None:
            self._witness(self.codes())


class NoMatchError(UnansweredError):
    """No registered route answers the request."""


class ResponsesExhausted(UnansweredError):  # noqa: N818 - the name is public and reads as what happened
    """The route was found, and all of its `responses` have been used."""


class BodyConsumedError(UnansweredError):
    """The route was found, and its body, which can be read only once, has been read."""


class AiohttprettyWarning(UserWarning):
    """Something that this package had to leave undone."""


class UnreachableRouteWarning(AiohttprettyWarning):
    """A route can never answer, because one that was registered later always answers first."""


def _codes(traceback: TracebackType | None) -> Iterator[CodeType]:
    while traceback is not None:
        yield traceback.tb_frame.f_code
        traceback = traceback.tb_next

"""The words of a registration, and the sentences for the ones that don't exist."""

from __future__ import annotations

from collections.abc import AsyncIterable, Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from http import HTTPStatus
from os import PathLike
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypedDict, cast, get_args

from .errors import OptionTypeError, OptionValueError
from .script import Time
from .words import check_words

if TYPE_CHECKING:
    from http.cookies import Morsel

    from aiohttp.web import Request, StreamResponse
    from yarl import URL

    from .match import Matcher
    from .replies.fault import Fault


class AsyncReadable(Protocol):
    """Anything with an async `read(size)`, such as `asyncio.StreamReader`."""

    async def read(self, n: int = ..., /) -> bytes: ...


class Readable(Protocol):
    """A file object, binary or text."""

    def read(self, n: int = ..., /) -> bytes | str: ...


# Values are str, int, float, None, lists of them, or what compares, such as dirty-equals; hence Any
Params = str | Mapping[str, Any] | Sequence[tuple[str, Any]]
Headers = Mapping[str, str | int] | Iterable[tuple[str, str | int]]
Piece = bytes | bytearray | memoryview | str
Pieces = AsyncIterable[bytes] | AsyncIterable[str] | AsyncIterable[Piece]
Body = Piece | PathLike[str] | AsyncReadable | Readable | Pieces | Callable[[], Pieces]
Event = str | Mapping[str, Any]
Events = Iterable[Event] | AsyncIterable[Event]
Coding = Literal["gzip", "deflate", "br", "zstd"]
Exhausted = Literal["error", "repeat", "cycle"]


class _SharedOptions(TypedDict, total=False):
    """What is said in both ways of registering."""

    status: int | HTTPStatus
    reason: str
    headers: Headers | None
    json: Any
    sse: Events | Callable[[], Events | Awaitable[Events]]
    cookies: Mapping[str, str | Morsel[str] | Mapping[str, Any]]
    content_encoding: Coding
    location: str | URL
    auto_length: bool
    delay: float | timedelta
    error: BaseException | type[BaseException]
    fault: Fault | None
    handler: Callable[[Request], Awaitable[StreamResponse] | StreamResponse]
    expect_errors: bool
    time: Time


class JsonReplyOptions(_SharedOptions, total=False):
    """What will be said, with any JSON value as the body; see the table in the README."""

    body: Any


class ReplyOptions(_SharedOptions, total=False):
    """What will be said; see the table in the README."""

    body: Body
    charset: str


class _RequestOptions(TypedDict, total=False):
    """Which requests are meant, and how often they are answered."""

    params: Params | None
    check_params: bool
    match: Matcher | Callable[[Any], object] | Sequence[Matcher | Callable[[Any], object]] | None
    exhausted: Exhausted
    times: int
    optional: bool


class RouteOptions(ReplyOptions, _RequestOptions, total=False):
    """A reply, or several, and what belongs to the address."""

    responses: Sequence[ReplyOptions]


class JsonRouteOptions(JsonReplyOptions, _RequestOptions, total=False):
    """The same, with any JSON value as the body."""

    responses: Sequence[JsonReplyOptions]


class ReplacedOptions(JsonReplyOptions, total=False):
    """What `Route.replace()` takes: a reply, or several, and how often they are given."""

    charset: str
    responses: Sequence[Mapping[str, Any]]
    exhausted: Exhausted
    times: int


REPLY_WORDS = (
    *("status", "reason", "headers", "body", "json", "sse", "charset", "cookies", "content_encoding", "location"),
    *("auto_length", "delay", "error", "fault", "handler", "expect_errors", "time"),
)
ROUTE_WORDS = (*REPLY_WORDS, "params", "check_params", "match", "responses", "exhausted", "times", "optional")
# Words that an item of `responses` can't have, because they say which request is meant, and the thing they look at
_ASKING = {"params": "query", "check_params": "query", "match": "matcher"}


def check_responses(responses: object) -> Sequence[Mapping[str, Any]]:
    """The items of `responses`, each checked to be a mapping of reply options.

    Raises:
        OptionTypeError: it is not a sequence of dicts, or one has an unknown option.
        OptionValueError: it is empty, or one has a word that belongs beside `responses`.
    """
    if not isinstance(responses, Sequence) or isinstance(responses, (str, bytes, bytearray)):
        raise OptionTypeError(
            f"responses={responses!r} is not a list. Give a list of dicts, one a call, such as "
            "responses=[{'status': 500}, {'body': b'ok'}]."
        )
    if not responses:
        raise OptionValueError(
            "responses=[] answers nothing. Give one dict a call, such as "
            "responses=[{'status': 500}, {'body': b'ok'}], or leave responses out."
        )
    for number, response in enumerate(responses):
        if not isinstance(response, Mapping):
            raise OptionTypeError(
                f"responses[{number}] is {response!r}, not a dict. Give a dict of reply options, "
                "such as {'status': 200, 'body': b'ok'}."
            )
        _check_item(response, f"responses[{number}]")
        check_words(response, REPLY_WORDS, f"responses[{number}]")
    return responses


def _check_item(response: Mapping[object, Any], where: str) -> None:
    for word, looked_at in _ASKING.items():
        if word in response:
            raise OptionValueError(
                f"{where} has {word}, but the {looked_at} says which request is meant, not "
                f"what is answered. Register once for each {looked_at} and give {word} there."
            )
    if "responses" in response:
        raise OptionValueError(f"{where} has responses of its own. Write all replies into one list.")
    if "times" in response:
        raise OptionValueError(
            f"{where} has times, but each item answers one request. Write the item as often as it shall answer, such "
            "as responses=[{...}] * 3."
        )
    if "exhausted" in response:
        raise OptionValueError(
            f"{where} has exhausted, but what follows the last item is said of all. Write it beside responses."
        )
    if "optional" in response:
        raise OptionValueError(
            f"{where} has optional, but whether nobody need ask is said of all. Write it beside responses."
        )


def check_succession(options: Mapping[str, Any]) -> None:
    """Refuse `times` beside `responses`, and `exhausted` without them.

    Raises:
        OptionTypeError: it is so.
    """
    if "times" in options and "responses" in options:
        raise OptionTypeError(
            "times= and responses= are both given, and the length of responses says how often they answer. Leave "
            "times out; exhausted='repeat' or 'cycle' says what follows the last."
        )
    if "exhausted" in options and "responses" not in options:
        raise OptionTypeError(
            "exhausted= is given without responses=, whose last item it is about. Leave it out, or write "
            "responses=[...]; a single reply answers any number of requests, and times=N limits it."
        )


def check_times(times: object) -> int:
    """How often the reply may be used.

    Raises:
        OptionTypeError, OptionValueError: it is not an int from 1 on.
    """
    if isinstance(times, bool) or not isinstance(times, int):
        raise OptionTypeError(
            f"times={times!r} is not a number of requests. Give an int from 1 on, or leave it out for any number."
        )
    if times < 1:
        raise OptionValueError(
            f"times={times} would never answer. Give an int from 1 on, or leave it out for any number of requests."
        )
    return int(times)


def check_optional(optional: object) -> bool:
    """Whether nobody need ask for the route.

    Raises:
        OptionTypeError: it is not a bool.
    """
    if not isinstance(optional, bool):
        raise OptionTypeError(
            f"optional={optional!r} is not a bool. Give True for a route that no request need ask for, or leave it out."
        )
    return optional


def check_exhausted(exhausted: object) -> Exhausted:
    """What follows the last of `responses`.

    Raises:
        OptionTypeError, OptionValueError: it is none of the three words.
    """
    if not isinstance(exhausted, str):
        kind: type[OptionTypeError | OptionValueError] = OptionTypeError
    elif exhausted in get_args(Exhausted):
        return cast("Exhausted", exhausted)
    else:
        kind = OptionValueError
    raise kind(
        f"exhausted={exhausted!r} is not known. Give 'error' (a further request fails), 'repeat' (the last item "
        "answers from then on) or 'cycle' (begin again with the first)."
    )

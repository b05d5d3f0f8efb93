"""The words of a registration, and the sentences for the ones that don't exist."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from http import HTTPStatus
from typing import Any, Protocol, TypedDict

from .errors import OptionTypeError, OptionValueError


class AsyncReadable(Protocol):
    """Anything with an async `read(size)`, such as `asyncio.StreamReader`."""

    async def read(self, n: int = ..., /) -> bytes: ...


Scalar = str | int | float | None
Params = str | Mapping[str, Scalar | Sequence[Scalar]] | Sequence[tuple[str, Scalar]]
Headers = Mapping[str, str | int] | Iterable[tuple[str, str | int]]
Body = str | bytes | bytearray | memoryview | AsyncReadable


class ReplyOptions(TypedDict, total=False):
    """What will be said; see the table in the README."""

    status: int | HTTPStatus
    reason: str
    headers: Headers
    body: Body
    json: Any
    auto_length: bool


class RouteOptions(ReplyOptions, total=False):
    """A reply, or several, and the query that belongs to the address."""

    params: Params | None
    responses: Sequence[ReplyOptions]


class JsonReplyOptions(TypedDict, total=False):
    """The same, with any JSON value as the body."""

    status: int | HTTPStatus
    reason: str
    headers: Headers
    body: Any
    json: Any
    auto_length: bool


class JsonRouteOptions(JsonReplyOptions, total=False):
    """The same, with any JSON value as the body."""

    params: Params | None
    responses: Sequence[JsonReplyOptions]


REPLY_WORDS = ("status", "reason", "headers", "body", "json", "auto_length")
ROUTE_WORDS = (*REPLY_WORDS, "params", "responses")


# Words of other libraries, and of the requests' side, that no likeness of letters leads from
_ELSEWHERE = {
    "code": " Did you mean 'status'?",
    "content": " Did you mean 'body'?",
    "content_type": " Write it as headers={'Content-Type': ...}.",
    "data": " Leave it out: what a request carries is checked afterwards, with has_call(..., data=...).",
    "match_querystring": " Leave it out: the query is always compared.",
    "method": " It is the first argument.",
    "payload": " Did you mean 'json'?",
    "query": " Did you mean 'params'?",
    "query_string": " Did you mean 'params'?",
    "status_code": " Did you mean 'status'?",
    "text": " Did you mean 'body'?",
}


def check_words(given: Iterable[object], known: Sequence[str], where: str) -> None:
    """Refuse an option that does not exist, with the name of the nearest that does.

    Raises:
        OptionTypeError: one of the `given` names is not `known`.
    """
    for word in given:
        if word in known:
            continue
        hint = _ELSEWHERE.get(str(word))
        if hint is None:
            import difflib  # noqa: PLC0415 - a millisecond of every import, and only a failure needs it

            near = difflib.get_close_matches(str(word), known, n=1, cutoff=0.5)
            hint = f" Did you mean {near[0]!r}?" if near else ""
        raise OptionTypeError(f"{where} has no option {word!r}.{hint} The options are: {', '.join(known)}.")


def check_responses(responses: object) -> Sequence[Mapping[str, Any]]:
    """The items of `responses`, each checked to be a mapping of reply options.

    Raises:
        OptionTypeError: it is not a sequence of dicts, or one has an unknown option.
        OptionValueError: it is empty, or one has `params` or `responses`.
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
        if "params" in response:
            raise OptionValueError(
                f"responses[{number}] has params, but the query says which request is meant, not "
                "what is answered. Register once for each query and give params there."
            )
        if "responses" in response:
            raise OptionValueError(f"responses[{number}] has responses of its own. Write all replies into one list.")
        check_words(response, REPLY_WORDS, f"responses[{number}]")
    return responses

"""A response that a test writes by hand: from the words it gives to one of aiohttp.web's.

Law of this room: the words are those of `aiohttp.web.Response`, and `json`; what can't be meant is said at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, cast

from aiohttp import web

from ..errors import OptionTypeError, OptionValueError
from ..replies.headers import checked

Error = BaseException | type[BaseException]
# What is said before the answer; 101 is one, of a websocket's server
_NEVER_LAST = frozenset(range(100, 200)) - {101}
NOT_GIVEN: Any = type("NotGiven", (), {"__repr__": lambda self: "not given"})()


def response(given: object, words: Mapping[str, Any]) -> web.StreamResponse:
    """The response itself, or one that is made of the words.

    Raises:
        OptionTypeError, OptionValueError: it is none, or can't be made, or has words beside it.
    """
    said = {word: value for word, value in words.items() if value is not (NOT_GIVEN if word == "json" else None)}
    if given is None:
        return _made(said)
    sent = check_response(given, "send_response")
    if said:
        raise OptionTypeError(
            f"send_response() got a response, and beside it {', '.join(f'{word}=' for word in said)}. Give the one or "
            "the other."
        )
    return sent


def check_response(given: object, where: str) -> web.StreamResponse:
    """A response of aiohttp.web.

    Raises:
        OptionTypeError: it is none.
    """
    if not isinstance(given, web.StreamResponse):
        raise OptionTypeError(
            f"{where}(request, {given!r}): that is no response. Give an aiohttp.web.Response or another StreamResponse"
            + (", or text=, json= or body=." if where == "send_response" else ".")
        )
    return given


def page(status: int, reason: str | None, text: str | None) -> dict[str, Any]:
    """The words of an error's page, as aiohttp.web writes it.

    Raises:
        OptionValueError: the status is none of an error.
    """
    if not 400 <= status <= 599:
        raise OptionValueError(
            f"send_error(request, {status}): that is no status of an error. Give one from 400 to 599, or an exception; "
            "send_response() sends any other."
        )
    if reason is None:
        reason = next((each.phrase for each in HTTPStatus if each == status), "")
    return {"status": int(status), "reason": reason, "text": f"{int(status)}: {reason}" if text is None else text}


def _made(words: dict[str, Any]) -> web.Response:
    make: Any = web.json_response if "json" in words else web.Response
    if "json" in words:
        words["data"] = words.pop("json")
    if "headers" in words:  # which aiohttp.web would refuse when it is too late to tell the test
        words["headers"] = checked(words["headers"])
    if words.get("status") in _NEVER_LAST:
        raise OptionValueError(
            f"send_response(request, status={int(words['status'])}): that can't end a request, and its client would "
            "wait for ever. Give a status from 200 on, or 101."
        )
    try:
        return cast("web.Response", make(**words))
    except TypeError as error:
        raise OptionTypeError(f"{_no_response(words)}: {error}") from error
    except ValueError as error:
        raise OptionValueError(f"{_no_response(words)}: {error}") from error


def _no_response(words: Mapping[str, Any]) -> str:
    given = ", ".join(f"{'json' if word == 'data' else word}=" for word in words)
    return f"No response can be made of {given}. aiohttp.web says"

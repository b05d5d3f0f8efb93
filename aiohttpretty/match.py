"""The language of matchers: what a request must be like, for `match=` and for assertions.

Law of this room: a matcher looks at what goes over the wire, so that it makes no difference how the client put the
request together: headers, cookies and auth of the session are there, a compressed body is decompressed. It never
raises on a request of another kind; it says why it refuses. A mistake in an expectation is refused on the line that
wrote it.

Wherever a value is compared, there may stand instead: a type; a `re.Pattern`, which the whole text must match (in
`body`, it is searched for); an object with its own `__eq__`, such as `unittest.mock.ANY`, which is asked;
`match.where(function)`, called with the value; and any of these joined by `&`, `|`, `~`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from .errors import OptionTypeError, OptionValueError
from .legible import legible
from .matching import contents, heads
from .matching.compare import AnyOrder, checked_json
from .matching.leaf import IN_BODY, IN_FILE, IN_TEXT, checked
from .matching.leaf import is_condition as is_condition  # noqa: PLC0414 - for the rooms above, not promised
from .matching.matcher import Matcher
from .matching.matcher import Request as Request  # noqa: PLC0414 - for the rooms above, not promised
from .matching.matcher import check as check  # noqa: PLC0414 - for the rooms above, not promised
from .matching.matcher import where as _where
from .matching.pairs import expected_pairs, given_pairs
from .notation import named, written
from .replies.headers import is_token

_Pairs = Mapping[str, Any] | Sequence[tuple[str, Any]]
# type checkers don't take a dict with str keys for a mapping from str | None
_Parts = Mapping[str, Any] | Mapping[str | None, Any] | Sequence[tuple[str, Any]] | Sequence[tuple[str | None, Any]]


@legible
def json(value: Any) -> Matcher:
    """The body is JSON (RFC 8259) and equal to `value`, whatever its Content-Type says.

    Members in any order, items in order (see `any_order`); numbers by value: `1` is `1.0`, but `True` is no number.
    A tuple stands for a list. Of the types, `float` is any number, and `int` one without a fraction, be it written
    `1` or `1.0`: JSON has one kind of number.

    Raises:
        OptionTypeError: JSON has no such value.
        OptionValueError: a value that holds itself.
    """
    return contents.Json(checked_json(value, "match.json"), partly=False)


@legible
def json_contains(value: Any) -> Matcher:
    """The body is JSON and `value` a part of it: at every level, an object may have more members than are asked for.

    A list has as many items as are asked for, in the same order; each of them may have more members. `any_order`
    lifts the order. For the rest see `json`.

    Raises:
        OptionTypeError, OptionValueError: as `json` does.
    """
    return contents.Json(checked_json(value, "match.json_contains"), partly=True)


@legible
def any_order(items: Sequence[Any]) -> Matcher:
    """Within `json` and `json_contains`: a list of just these items, in any order.

    Each item is paired with one of its own; if there is any way to pair them all, it is found.

    Raises:
        OptionTypeError: it is no list, or JSON has no such item.
    """
    if not isinstance(items, (list, tuple)):
        raise OptionTypeError(f"match.any_order: {written(items)} is not a list. Give the items as one.")
    return AnyOrder(checked_json(items, "match.any_order"))


@legible
def form(fields: _Pairs) -> Matcher:
    """The body is an HTML form, application/x-www-form-urlencoded, of just these fields, in any order.

    A value is a str, int or float (compared as text), or a list of them for a repeated field. A form that is sent as
    multipart/form-data is another body to a server, so it doesn't fit; aiohttp sends one as soon as a field is a
    file or has a content type. Use `multipart` for that, or `match.form(…) | match.multipart(…)`.

    Raises:
        OptionTypeError: it is neither a mapping nor a list of pairs, or a form has no such value.
    """
    return contents.Form(expected_pairs(fields, contents.FORM, "match.form"))


@legible
def multipart(fields: _Parts) -> Matcher:
    """The body is multipart (RFC 2046, RFC 7578) of just these parts, in any order, whatever its boundary.

    A value is a str (compared by the part's charset), bytes, an int or float (as text), `file(…)`, or a list of them
    for a repeated name; content that was encoded for the way is decoded. A plain value looks at the content only, and
    so fits a file with that content, too. Parts without a name, as in multipart/mixed, go by the name None. `where`
    is called with the text, or with the bytes if they are none.

    Raises:
        OptionTypeError: it is neither a mapping nor a list of pairs, or a part has no such value.
    """
    return contents.Multipart(expected_pairs(fields, contents.PARTS, "match.multipart"))


@legible
def file(*, filename: Any = None, content: Any = None, content_type: Any = None) -> Matcher:
    """Within `multipart`: a part with this filename, content and content type; of what is None, anything goes.

    `filename` fits as it was sent or percent-decoded (aiohttp encodes it), and `filename=str` is any, but one.
    `content` is bytes or a str. `content_type` is compared without its parameters, unless it has some itself.

    Raises:
        OptionTypeError: a part has no such value.
    """
    if content_type is not None:
        content_type = checked(content_type, IN_TEXT, "match.file: content_type")
    return contents.File(
        None if filename is None else checked(filename, IN_TEXT, "match.file: filename"),
        None if content is None else checked(content, IN_FILE, "match.file: content"),
        content_type.lower() if isinstance(content_type, str) else content_type,
    )


@legible
def body(content: Any) -> Matcher:
    """The body, decompressed, is this: bytes, a str (in UTF-8, or the charset of the Content-Type), a `re.Pattern`.

    A pattern is searched for, in the bytes or in the text, as it is one of bytes or of str. `where` is called with
    the bytes.

    Raises:
        OptionTypeError: a body can't be that.
    """
    return contents.Body(checked(content, IN_BODY, "match.body"))


@legible
def header(name: str, value: Any) -> Matcher:
    """The request has a header of this name, in any case, with this value; None: it has none of this name.

    Of a header that is there several times, one value that fits is enough. An int or float is compared as text; the
    type `str` is any value.

    Raises:
        OptionTypeError, OptionValueError: no header has such a name or value.
    """
    return _header(name, value, "match.header")


@legible
def headers(headers: _Pairs) -> Matcher:
    """The request has all of these headers, as `header` says of each; more may be there.

    Raises:
        OptionTypeError, OptionValueError: they are no mapping or pairs, or no header has such a name or value.
    """
    pairs = given_pairs(headers, "match.headers")
    return heads.Headers(tuple(_header(name, value, "match.headers") for name, value in pairs))


def _header(name: object, value: object, maker: str) -> heads.Header:
    if not isinstance(name, str):
        raise OptionTypeError(f"{maker}: the name {written(name)} is not a str. Write it as one, such as 'X-Key'.")
    if not is_token(name):
        raise OptionValueError(
            f"{maker}: the name {written(name)} is not a token (RFC 9110, 5.6.2), so no header has it. Use letters, "
            "digits and hyphens, without spaces or colons."
        )
    return heads.Header(name, None if value is None else checked(value, IN_TEXT, f"{maker}: {name}"))


@legible
def cookie(name: str, value: Any) -> Matcher:
    """The request carries this cookie, from the session's jar or from elsewhere; None: it carries none of this name.

    Names are compared in their case. A value in quotes is compared as a server reads it, without them.

    Raises:
        OptionTypeError, OptionValueError: no cookie has such a name or value.
    """
    if not isinstance(name, str):
        raise OptionTypeError(f"match.cookie: the name {written(name)} is not a str. Write it as one.")
    if not is_token(name):
        raise OptionValueError(
            f"match.cookie: the name {written(name)} is not a token (RFC 6265, 4.1.1), so no cookie has it. Give the "
            "name alone, and the value as the second argument."
        )
    return heads.Cookie(name, None if value is None else checked(value, IN_TEXT, f"match.cookie: {name}"))


@legible
def params_contain(params: _Pairs) -> Matcher:
    """These parameters are among those of the query; more may be there, and more values of a name.

    A value is a str, int or float (compared as text), None (an empty value, as in `params=`), or a list: all of these.

    Raises:
        OptionTypeError: they are no mapping or pairs, or a query has no such value.
    """
    return heads.Params(expected_pairs(params, heads.PARAMS, "match.params_contain"), partly=True)


@legible
def params(params: _Pairs) -> Matcher:
    """The query is just these parameters, in any order; values as in `params_contain`."""
    return heads.Params(expected_pairs(params, heads.PARAMS, "match.params"), partly=False)


@legible
def basic_auth(user: Any, password: Any) -> Matcher:
    """The header Authorization has this user and password by the scheme Basic (RFC 7617), in UTF-8 or Latin-1.

    Neither the reason nor the `repr` shows the password.

    Raises:
        OptionTypeError: no user or password can be that.
        OptionValueError: a colon in the user, where it would end.
    """
    user = checked(user, IN_TEXT, "match.basic_auth: user")
    if isinstance(user, str) and ":" in user:
        raise OptionValueError(
            f"match.basic_auth: the user {user!r} has a colon in it, which would end it (RFC 7617, 2). Give the "
            "password as the second argument."
        )
    return heads.BasicAuth(user, checked(password, IN_TEXT, "match.basic_auth: password"))


@legible
def where(function: Callable[[Any], object], why: str | None = None) -> Matcher:
    """The function, called with the request, answers with something true; inside another matcher, with the value there.

    Args:
        function: A plain function. What it raises reaches the test.
        why: The reason when it says no, such as "the signature is wrong".

    Raises:
        OptionTypeError: it can't be called, or its answer would always be true: a class, a coroutine function.
    """
    return _where(function, why, f"match.where: {named(function)}")


__all__ = [
    "Matcher",
    "any_order",
    "basic_auth",
    "body",
    "cookie",
    "file",
    "form",
    "header",
    "headers",
    "json",
    "json_contains",
    "multipart",
    "params_contain",
    "where",
]

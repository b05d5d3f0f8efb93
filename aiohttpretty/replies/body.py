"""What a reply carries: bytes that are sent to every caller, or a stream that is read for each, or once.

Law of this room: nothing is ever silently empty.
"""

from __future__ import annotations

import codecs
import inspect
import io
import json
import os
import re
from collections.abc import AsyncIterable, AsyncIterator, Iterator
from typing import Any

from ..calling import misfit
from ..errors import OptionTypeError, OptionValueError
from .headers import is_token
from .stream import File, Iterable, PathFile, Reader, Stream

__all__ = ["Stream", "check_charset", "content_type", "encode", "encode_json"]

_KINDS = (
    "bytes, bytearray, memoryview, str (sent as UTF-8), a pathlib.Path, a file object, an object with an async "
    "read(size), an async iterable, or an async generator function"
)
# RFC 9110, 8.3.1 and 5.6.6: parameters stand behind semicolons, and the value may be quoted
_CHARSET = re.compile(r""";\s*charset\s*=\s*(?:"([^"]*)"|([^\s;]*))""", re.IGNORECASE)


def encode(body: object, charset: str | None = None) -> bytes | Stream:
    """The body as it will be sent, text of it in `charset`.

    Raises:
        OptionTypeError: it is of no kind that can be sent, or has no text for a charset.
        OptionValueError: the charset can't hold the text; it is a file that is not there, or closed.
    """
    if isinstance(body, Stream):
        return body
    if isinstance(body, str):
        return _text(body, charset)
    if isinstance(body, (bytes, bytearray, memoryview)):
        _refuse_charset(charset, "bytes")
        return bytes(body)
    if isinstance(body, os.PathLike):
        _refuse_charset(charset, "a path")
        return _path(body)
    return _read(body, charset) or _iterated(body, charset) or _refuse(body)


def encode_json(value: object) -> bytes:
    """The value as JSON (RFC 8259), by `json.dumps`.

    Raises:
        OptionTypeError: JSON has no such type.
        OptionValueError: JSON has no such value (nan, infinity, a circle).
    """
    try:
        return json.dumps(value, allow_nan=False).encode()
    except (TypeError, ValueError) as error:
        kind = OptionTypeError if isinstance(error, TypeError) else OptionValueError
        raise kind(
            f"The value can't be written as JSON: {error}. Give dicts with str keys, lists, str, int, float, "
            "bool and None, or encode it yourself and use register_uri with body=."
        ) from error


def check_charset(charset: object) -> str:
    """The charset, if there is such a one.

    Raises:
        OptionTypeError, OptionValueError: there is not.
    """
    if not isinstance(charset, str):
        raise OptionTypeError(f"charset={charset!r} is not a str. Give the name of one, such as 'latin-1'.")
    try:
        if not is_token(charset):
            raise LookupError("that is no name of one")
        "".encode(charset)  # not only looked up: Python has codecs that are none of text
    except LookupError as error:
        raise OptionValueError(
            f"charset={charset!r} is not known to Python ({error}). Give the name of one, such as 'utf-8' or 'latin-1'."
        ) from None
    return charset


def content_type(given: str | None, charset: str) -> str:
    """The Content-Type that says `charset`, too.

    Raises:
        OptionValueError: the one that was given says another.
    """
    if given is None:
        return f"text/plain; charset={charset}"
    said = _CHARSET.search(given)
    if said is None:
        return f"{given}; charset={charset}"
    if not _same(said[1] or said[2], charset):
        raise OptionValueError(
            f"charset={charset!r} contradicts the header Content-Type: {given}. Leave one of them out."
        )
    return given


def _same(one: str, other: str) -> bool:
    try:
        return codecs.lookup(one) == codecs.lookup(other)
    except LookupError:
        return False


def _text(body: str, charset: str | None) -> bytes:
    try:
        return body.encode(charset or "utf-8")
    except UnicodeEncodeError as error:
        raise OptionValueError(
            f"The body can't be written in {charset or 'UTF-8'}: {error}. Give another charset, or the body as bytes."
        ) from error


def _refuse_charset(charset: str | None, what: str) -> None:
    if charset is not None:
        raise OptionTypeError(
            f"charset={charset!r} says how text is encoded, and the body is {what}, which is sent as it is. Give the "
            f"body as str, or leave charset out and write headers={{'Content-Type': 'text/plain; charset={charset}'}}."
        )


def _path(path: os.PathLike[Any]) -> Stream:
    if os.path.isfile(path):
        return PathFile(path)
    what = "is a directory" if os.path.isdir(path) else "does not exist" if not os.path.exists(path) else "is no file"
    raise OptionValueError(
        f"body={path!r} {what}. Give the path of a file that is there when it is registered and when it is asked for."
    )


def _read(body: object, charset: str | None) -> Stream | None:
    read = getattr(body, "read", None)
    if inspect.iscoroutinefunction(read) or inspect.iscoroutinefunction(getattr(read, "__call__", None)):  # noqa: B004
        return Reader(body, charset=charset)
    if isinstance(body, type) or not callable(read):
        return None
    if getattr(body, "closed", False) is True:
        raise OptionValueError(
            f"body={body!r} is closed. Register it while it is open, or give the pathlib.Path, which is opened for "
            "each request."
        )
    inner = getattr(body, "file", body)  # what the tempfile module wraps
    if not isinstance(inner, io.TextIOBase) and isinstance(inner, io.IOBase):
        _refuse_charset(charset, "a binary file")
    place = _place(body)
    if place is None:
        return Reader(body, charset=charset)
    return File(body, place, charset=charset, text=isinstance(inner, io.TextIOBase))


def _place(file: Any) -> int | None:
    """Where the file stands, if it can be wound back to there."""
    try:
        place: int = file.tell()
        file.seek(place)
    except (AttributeError, OSError, ValueError, TypeError):
        return None
    return place


def check_callable(word: str, function: Any) -> None:
    """Refuse a function that is to be called for each request and can't be, as far as its signature tells.

    Raises:
        OptionTypeError: it needs arguments.
    """
    if (why := misfit(function)) is not None:
        raise OptionTypeError(
            f"{word}={function!r} can't be called without arguments ({why}), as it is for each request. Give them "
            "with functools.partial, or write a handler=, which is given the request."
        )


def _iterated(body: Any, charset: str | None) -> Stream | None:
    if inspect.isasyncgenfunction(body):
        check_callable("body", body)
        return Iterable(body, body, charset=charset, once=False)
    if isinstance(body, type) or not isinstance(body, AsyncIterable):
        return None
    # not asked of others: to begin one may need an event loop
    once = isinstance(body, AsyncIterator) and aiter(body) is body
    return Iterable(body, lambda: body, charset=charset, once=once)


def _refuse(body: object) -> bytes:
    hint = ""
    if isinstance(body, Iterator) or inspect.isgeneratorfunction(body):
        hint = " An ordinary generator becomes an async one with async def; or join its pieces, with b''.join(...)."
    elif callable(body):
        hint = " To compute an answer for each request, use handler=."
    raise OptionTypeError(
        f"body={body!r} can't be sent.{hint} Give {_KINDS}; for JSON, use json= or register_json_uri."
    )

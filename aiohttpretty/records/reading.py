"""What can be read in the body of a request: a text, JSON, a form, the parts of a multipart body.

Law of this room: a body is read when somebody asks. What can't be read is a sentence that says what it is instead.
"""

from __future__ import annotations

import json as stdlib_json
from types import ModuleType
from typing import Any, NamedTuple

from multidict import CIMultiDictProxy, MultiDict, MultiDictProxy

from ..errors import UnreadableBodyError


class Part(NamedTuple):
    """One part of a multipart body."""

    name: str | None
    """The name of its field; None if it has none."""
    filename: str | None
    """As it was sent: aiohttp writes it percent-encoded."""
    content_type: str
    """The header, or what is meant by its absence: text/plain."""
    headers: CIMultiDictProxy[str]
    """All of its headers."""
    content: bytes
    """Its content, decoded as its Content-Transfer-Encoding and Content-Encoding say."""

    def text(self) -> str:
        """Its content, decoded by the charset of its Content-Type; UTF-8 if that names none.

        Raises:
            UnicodeDecodeError: it is no such text.
            UnreadableBodyError: (a `ValueError`) there is no such charset.
        """
        return text(self.content, self.content_type)


def text(content: bytes, content_type: str) -> str:
    """A content as text, by the charset of its Content-Type; UTF-8 if that names none.

    Raises:
        UnicodeDecodeError: it is no such text.
        UnreadableBodyError: there is no such charset.
    """
    charset = _charset(content_type)
    try:
        return content.decode(charset)
    except LookupError:
        raise UnreadableBodyError(
            f"The Content-Type {content_type!r} names the charset {charset!r}, which Python doesn't know. Decode the "
            "bytes yourself: they are in content."
        ) from None


def json(content: bytes, content_type: str) -> Any:
    """A content read as JSON.

    Raises:
        json.JSONDecodeError: it is not JSON.
        UnreadableBodyError: there is no such charset.
    """
    # json.loads finds out by itself which of the UTFs it is
    return stdlib_json.loads(
        content if _charset(content_type).lower().startswith("utf") else text(content, content_type)
    )


def form(content: bytes, content_type: str) -> MultiDictProxy[str]:
    """The fields of an urlencoded form, in order.

    Raises:
        UnreadableBodyError: it is none.
    """
    read = _form()
    kind = read.valued(content_type)
    if kind.value != "application/x-www-form-urlencoded":
        cure = "read it with multipart()" if kind.value.startswith("multipart/") else "read it with text() or json()"
        raise UnreadableBodyError(
            f"form() reads a body of application/x-www-form-urlencoded, and this one is {_named(content_type)}. "
            f"If it is right that the client sends that, {cure}."
        )
    try:
        return MultiDictProxy(MultiDict(read.urlencoded(content, kind.charset)))
    except ValueError as error:
        raise UnreadableBodyError(f"form() can't read the body: {error}. Look at the bytes in content.") from error


def multipart(content: bytes, content_type: str) -> list[Part]:
    """The parts of a multipart body, in order.

    Raises:
        UnreadableBodyError: it is none, or breaks off.
    """
    read = _form()
    kind = read.valued(content_type)
    if not kind.value.startswith("multipart/"):
        cure = "form()" if kind.value == "application/x-www-form-urlencoded" else "text() or json()"
        raise UnreadableBodyError(
            f"multipart() reads a body of multipart/form-data or the like, and this one is {_named(content_type)}. "
            f"If it is right that the client sends that, read it with {cure}."
        )
    if not (boundary := kind.parameters.get("boundary")):
        raise UnreadableBodyError(
            f"The Content-Type {content_type!r} names no boundary, so nobody can tell the parts. Leave the header to "
            "aiohttp, which writes one."
        )
    try:
        return [
            Part(part.name, part.filename, part.content_type, CIMultiDictProxy(part.headers), part.content.raw)
            for part in read.parts(content, boundary)
        ]
    except ValueError as error:
        raise UnreadableBodyError(f"multipart() can't read the body: {error}. Look at the bytes in content.") from error


def _charset(content_type: str) -> str:
    charset: str = _form().valued(content_type).charset if "charset" in content_type.lower() else "utf-8"
    return charset


def _named(content_type: str) -> str:
    return content_type or "of no Content-Type"


def _form() -> ModuleType:
    from ..matching import form  # noqa: PLC0415 - the matchers' house, which few tests enter; it takes as long as they do

    return form

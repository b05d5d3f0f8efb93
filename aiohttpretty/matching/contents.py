"""The kinds of matchers that look at the body of a request.

Law of this room: first read, then judge. What can't be read (a body of another kind, a broken encoding) is a reason;
what the judging raises comes from the test's own code, and is left alone.
"""

from __future__ import annotations

import json as stdlib_json
import re
from typing import Any
from urllib.parse import unquote

from ..notation import call, in_python
from .compare import difference, first_of
from .form import Part, Valued, parts, urlencoded, valued
from .leaf import IN_BODY, IN_FIELD, IN_FILE, IN_TEXT, Content, Place, checked, none_fits, refusal
from .matcher import PART, Matcher, Request
from .pairs import Expected, Kind, as_mapping, refusals


def content_type(request: Request) -> Valued:
    """The request's Content-Type, taken apart."""
    return valued(request.request_headers.get("Content-Type", ""))


class Body(Matcher):
    """The whole body."""

    def __init__(self, expected: Any) -> None:
        self.expected = expected

    def why_not(self, request: Request) -> str | None:
        try:
            content = request.content
        except ValueError as error:
            return str(error)
        body = Content(content, content_type(request).charset)
        words = refusal(self.expected, body, IN_BODY)
        if words is None:
            return None
        pattern = isinstance(self.expected, re.Pattern)
        as_bytes = isinstance(self.expected.pattern if pattern else self.expected, bytes)
        shown = in_python(content) if as_bytes else IN_BODY.shown(body)
        return f"the body is {shown if content else 'empty'}{words}"

    def __repr__(self) -> str:
        return call("body", self.expected)


class Json(Matcher):
    """The body as JSON, whole or in part."""

    def __init__(self, expected: Any, *, partly: bool) -> None:
        self.expected = expected
        self.partly = partly

    def why_not(self, request: Request) -> str | None:
        try:
            value = self.read(request)
        except ValueError as error:
            return str(error)
        found = difference(self.expected, value, partly=self.partly)
        return None if found is None else f"the JSON differs{found}"

    def read(self, request: Request) -> Any:
        """The body as JSON; raises `ValueError` with the reason if it is none."""
        content = request.content
        if not content:
            raise ValueError("the body is empty, not JSON")
        charset = content_type(request).charset
        try:
            # json.loads finds out by itself which of the UTFs it is
            text = content if charset.lower().startswith("utf") else content.decode(charset)
            return stdlib_json.loads(text)
        except (LookupError, RecursionError, ValueError) as error:
            raise ValueError(f"the body is not JSON ({error})") from error

    def __repr__(self) -> str:
        return call("json_contains" if self.partly else "json", self.expected)


class _Fields(Matcher):
    """The body as names with values."""

    def __init__(self, expected: Expected) -> None:
        self.expected = expected

    def why_not(self, request: Request) -> str | None:
        try:
            actual = self.read(request)
        except ValueError as error:
            return str(error)
        return first_of(refusals(self.expected, actual, self.kind()))

    def read(self, request: Request) -> Any:
        """The pairs of names and values; raises `ValueError` with the reason if the body has none."""
        raise NotImplementedError

    def kind(self) -> Kind:
        """What such a pair is called, and how it is compared."""
        raise NotImplementedError

    def __repr__(self) -> str:
        return call(type(self).__name__.lower(), as_mapping(self.expected))


FORM = Kind("the form field", IN_TEXT)


class Form(_Fields):
    """The body as an urlencoded form."""

    def kind(self) -> Kind:
        return FORM

    def read(self, request: Request) -> list[tuple[str, str]]:
        """The pairs of the form; raises `ValueError` with the reason if the body is none."""
        kind = content_type(request)
        if kind.value != "application/x-www-form-urlencoded":
            hint = " (match.multipart looks at that)" if kind.value == "multipart/form-data" else ""
            raise ValueError(
                f"the body is {kind.value or 'of no Content-Type'}, not application/x-www-form-urlencoded{hint}"
            )
        return urlencoded(request.content, kind.charset)


class Multipart(_Fields):
    """The body as parts with names."""

    def kind(self) -> Kind:
        return PARTS

    def read(self, request: Request) -> list[tuple[str | None, Part]]:
        """The parts with their names; raises `ValueError` with the reason if the body has none."""
        kind = content_type(request)
        if not kind.value.startswith("multipart/"):
            raise ValueError(f"the body is {kind.value or 'of no Content-Type'}, not multipart")
        boundary = kind.parameters.get("boundary")
        if not boundary:
            raise ValueError("the Content-Type of the multipart body names no boundary")
        return [(self._name(part), part) for part in parts(request.content, boundary)]

    def _name(self, part: Part) -> str | None:
        # browsers write a quotation mark in a name as %22 (HTML, 4.10.21.8), aiohttp as \"
        return part.name if part.name is None or part.name in self.expected else _known(part.name, self.expected)


def _known(name: str, expected: Expected) -> str:
    return unquote(name) if unquote(name) in expected else name


class File(Matcher):
    """One part of a multipart body, with what is known of it."""

    sees = frozenset({PART})
    asks = False

    def __init__(self, filename: Any, content: Any, content_type: Any) -> None:
        self.filename = filename
        self.content = content
        self.content_type = content_type

    def why_not(self, request: Part) -> str | None:
        part = request
        if self.filename is not None:
            if part.filename is None:
                return "it has no filename"
            # aiohttp writes it percent-encoded
            words = none_fits(self.filename, (part.filename, unquote(part.filename)))
            if words is not None:
                return f"its filename is {in_python(part.filename)}{words}"
        if self.content_type is not None:
            forms = (valued(part.content_type).value, part.content_type, part.content_type.lower())
            words = none_fits(self.content_type, forms)
            if words is not None:
                return f"its content type is {in_python(part.content_type)}{words}"
        if self.content is not None:
            words = refusal(self.content, part.content, IN_FILE)
            if words is not None:
                return f"its content is {IN_FILE.shown(part.content)}{words}"
        return None

    def __repr__(self) -> str:
        return call("file", filename=self.filename, content=self.content, content_type=self.content_type)


def _refuse_part(expected: Any, part: Part, place: Place) -> str | None:
    if isinstance(expected, Matcher) and PART in expected.sees:
        reason = expected.judge(part, partly=False)
        return None if reason is None else f": {reason}"
    return refusal(expected, part.content, place)


def _checked_part(value: object, place: Place, name: str) -> Any:
    return value if isinstance(value, Matcher) and PART in value.sees else checked(value, place, name)


PARTS = Kind(
    "the part",
    IN_FIELD,
    check=_checked_part,
    refuse=_refuse_part,
    shown=lambda part: IN_FIELD.shown(part.content),
    name=(str, type(None)),
)

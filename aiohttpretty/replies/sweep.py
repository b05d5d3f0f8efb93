"""An answer that breaks off: where it may, and what has been said by then.

Law of this room: an answer is spelled once, and all the faults that are made of it share it; a cut is no more than a
number of its bytes.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from multidict import CIMultiDict

from ..errors import AiohttprettyError, OptionTypeError, OptionValueError
from ..legible import legible
from ..words import check_words
from . import head
from .amounts import check_attempts, check_size, check_word
from .fault import Fault
from .reply import reply

_ENDS = ("disconnect", "reset", "stall")

_WORDS = (
    *("status", "reason", "headers", "body", "json", "charset", "cookies", "content_encoding", "location"),
    "auto_length",
)
# Words of a reply that no answer can be spelled from
_UNSPELLED = {
    "error": "with an error nothing is answered. Leave it out",
    "fault": "the answer goes wrong by being cut. Leave it out",
    "handler": "what a handler says is known when it is asked. Give the answer itself, as status, headers and body",
    "expect_errors": "it is about what a handler lets out. Leave it out",
    "sse": "events are a stream, whose bytes are known when it is read. Give them as body=, in bytes",
    "delay": "a cut is a number of bytes. Give it beside fault= in the registration",
    "time": "a cut is a number of bytes. Give it beside fault= in the registration",
    "responses": "one answer is cut. Call it for each of them",
}
# What is said at a time
_SEGMENT = 64 * 1024
_LAST_CHUNK = b"0\r\n\r\n"


class _Size(int):
    """In the place of bytes that nobody would paste, and whose repr takes its time."""

    def __repr__(self) -> str:
        return f"<{int(self)} bytes>"


@dataclass(frozen=True)
class Answer:
    """All of an answer as a server says it, with a framing that holds; prints as the options that it can be made of."""

    status: int
    reason: str
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def __repr__(self) -> str:
        names = {name.lower() for name, _ in self.headers}
        words = {
            "status": self.status if self.status != 200 else None,
            "reason": self.reason,
            "headers": dict(self.headers) if len(names) == len(self.headers) else list(self.headers),
            "body": self.body if len(self.body) <= _SEGMENT else _Size(len(self.body)),
        }
        return repr({word: value for word, value in words.items() if value})

    def __getstate__(self) -> dict[str, object]:
        """What it is, without what was made of that, whose views of the body nobody can copy."""
        return {name: self.__dict__[name] for name in self.__dataclass_fields__}

    @cached_property
    def chunked(self) -> bool:
        """Whether the body comes in chunks."""
        return head.is_chunked(CIMultiDict(self.headers))

    @property
    def encoded(self) -> bool:
        """Whether the bytes of the body have a meaning only together."""
        return any(name.lower() == "content-encoding" for name, _ in self.headers)

    @cached_property
    def head(self) -> bytes:
        """The head, with the empty line."""
        line = head.wire(f"HTTP/1.1 {self.status} {self.reason}")
        return head.full(line, self.headers, length=None if self.chunked else len(self.body))

    @cached_property
    def chunks(self) -> tuple[memoryview, ...]:
        """The body, in two chunks if there are so many bytes, so that there is a border between them."""
        body, middle = memoryview(self.body), len(self.body) // 2
        return tuple(piece for piece in (body[:middle], body[middle:]) if piece)

    @cached_property
    def parts(self) -> tuple[bytes | memoryview, ...]:
        """Its bytes, none of the body copied."""
        if not self.chunked:
            return self.head, memoryview(self.body)
        framed = [(b"%x\r\n" % len(chunk), chunk, b"\r\n") for chunk in self.chunks]
        return self.head, *(part for parts in framed for part in parts), _LAST_CHUNK

    @cached_property
    def size(self) -> int:
        """How many bytes it has."""
        return sum(map(len, self.parts))

    @cached_property
    def places(self) -> dict[str, int]:
        """Where it may break off, in words and in bytes, in order; one name for each number."""
        named: dict[int, str] = {}
        for at, words in (*_in_head(self.head), *(_in_chunks(self) if self.chunked else _in_body(self))):
            if at < self.size:
                named.setdefault(at, words)
        return {words: at for at, words in sorted(named.items())}

    def said(self, size: int) -> Iterator[bytes]:
        """The first `size` bytes, in segments."""
        segment = b""
        for part in self.parts:
            for start in range(0, len(part), _SEGMENT):
                if size <= 0:
                    break
                piece = part[start : start + min(_SEGMENT, size)]
                size -= len(piece)
                segment += piece
                if len(segment) >= _SEGMENT:
                    yield segment
                    segment = b""
        if segment:
            yield segment

    def breaking_off(self, at: int | str, *, bodiless: bool) -> Iterator[bytes]:
        """What is said until it breaks off there; `bodiless`, at the end of the head at the latest."""
        size = at if isinstance(at, int) else self.places[at]
        return self.said(min(size, len(self.head)) if bodiless else size)


def answer(options: object, where: str) -> Answer:
    """The answer that these options of a reply describe; `where` they were given.

    Raises:
        OptionTypeError, OptionValueError: they can't, or not all of its bytes are known.
    """
    if not isinstance(options, Mapping):
        raise OptionTypeError(
            f"{where}: {options!r} is no mapping. Give the options of a reply, such as "
            "{'status': 200, 'body': b'ok'}."
        )
    for word, because in _UNSPELLED.items():
        if word in options:
            raise OptionTypeError(f"{where}: {word}= is given, and {because}.")
    check_words(options, _WORDS, where)
    try:
        return _spelled(options, where)
    except AiohttprettyError:
        raise
    except (ValueError, OverflowError) as error:
        raise OptionValueError(
            f"{where}: one of the options can't be sent: {error}. Give text that has a form in its charset, and "
            "numbers of a usual size."
        ) from error


def _spelled(options: Mapping[str, object], where: str) -> Answer:
    made, _ = reply(options, as_json=False)
    if not isinstance(made.body, bytes):
        raise OptionTypeError(
            f"{where}: the body is a stream, whose bytes are known when it is read. Give it as bytes or str."
        )
    body = b"" if made.bodiless("GET") else made.body
    head.wire(made.reason)  # which may be a text that has no bytes
    return Answer(made.status, made.reason, tuple(made.headers.items()), body)


@legible
def cut(options: object, at: object, end: object, attempts: object) -> Fault:
    """The fault that `faults.cut` was asked for."""
    whole = answer(options, "cut()")
    return _cut(whole, _position(whole, at), _end(end, f"cut(end={end!r})"), check_attempts(attempts, "cut"))


@legible
def sweep(options: object, ends: object, attempts: object) -> list[Fault]:
    """The faults that `faults.sweep` was asked for."""
    whole = answer(options, "sweep()")
    if isinstance(ends, str):
        ends = [ends]
    if not isinstance(ends, Sequence) or not ends:
        raise OptionTypeError(
            f"sweep(ends={ends!r}): that is no list of ends. Give one, such as ['disconnect', 'reset']."
        )
    each = dict.fromkeys(_end(end, f"sweep(ends={ends!r})") for end in ends)
    count = check_attempts(attempts, "sweep")
    return [_cut(whole, words, end, count) for words in whole.places for end in each]


def _cut(whole: Answer, at: int | str, end: str, attempts: int | None) -> Fault:
    words = (("reply", whole), ("at", at), *([("end", end)] if end != "disconnect" else []))
    return Fault("cut", words, attempts=attempts, shows=False)


def _end(end: object, where: str) -> str:
    return check_word(end, _ENDS, f"{where}: {{!r}} is no end of a connection")


def _position(whole: Answer, at: object) -> int | str:
    """In words, where there are any, so that equal cuts are equal."""
    if isinstance(at, str):
        if at in whole.places:
            return at
        near = difflib.get_close_matches(at, whole.places, n=1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise OptionValueError(
            f"cut(at={at!r}): this answer has no such place.{hint} Give a number of bytes, or one of: "
            f"{', '.join(map(repr, whole.places))}."
        )
    size = check_size(at, "cut", "at")
    if size >= whole.size:
        raise OptionValueError(
            f"cut(at={size}): the answer has {whole.size} bytes, and with the last of them it is whole. Give fewer."
        )
    return next((words for words, place in whole.places.items() if place == size), size)


# -- where it may break off

Places = Iterator[tuple[int, str]]


def _in_head(text: bytes) -> Places:
    yield 0, "before the status line"
    line, *fields = text[:-4].split(b"\r\n")
    yield len(line) // 2, "in the status line"
    at = len(line) + 2
    yield at, "behind the status line"
    seen: dict[str, int] = {}
    for field in fields:
        name = field.partition(b":")[0].decode()
        seen[name] = seen.get(name, 0) + 1
        which = f"{name}, number {seen[name]}" if seen[name] > 1 else name
        yield at + len(field) // 2, f"in the header {which}"
        at += len(field) + 2
        yield at, f"behind the header {which}"
    yield len(text) - 1, "before the last byte of the head"
    yield len(text), "behind the head"


def _in_body(whole: Answer) -> Places:
    first, length = len(whole.head), len(whole.body)
    if not length:
        return
    middle, line = length // 2, 0 if whole.encoded else whole.body.find(b"\n") + 1
    yield first + 1, "behind the first byte of the body"
    yield whole.size - 1, "before the last byte of the body"
    yield first + middle, f"in the middle of the body, behind {middle} of its {length} bytes"
    if line:
        yield first + line, "behind the first line of the body"


def _in_chunks(whole: Answer) -> Places:
    at = len(whole.head)
    for number, chunk in enumerate(whole.chunks, 1):
        digits = len(f"{len(chunk):x}")
        yield at + max(1, digits // 2), f"in the size of chunk {number}"
        at += digits + 2
        yield at, f"behind the size of chunk {number}"
        yield at + len(chunk) // 2, f"in the data of chunk {number}"
        at += len(chunk)
        yield at, f"behind the data of chunk {number}"
        at += 2
        yield at, f"behind chunk {number}"
    yield at + 1, "in the size of the last chunk"
    yield at + 3, "behind the size of the last chunk"
    yield at + 4, "before the last byte of the last chunk"

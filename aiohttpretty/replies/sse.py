"""Server-sent events, as the HTML standard has them on the wire.

Law of this room: an event arrives as it was written, or is refused; each is a piece of its own, and the next one is
sent when it has been read. The format is that of https://html.spec.whatwg.org/multipage/server-sent-events.html (9.2.5
and 9.2.6).
"""

from __future__ import annotations

import inspect
import re
from collections.abc import (
    AsyncGenerator,
    AsyncIterable,
    AsyncIterator,
    Callable,
    Iterable,
    Iterator,
    Mapping,
    Sequence,
)
from contextlib import aclosing
from typing import Any

from multidict import CIMultiDict

from ..errors import AiohttprettyError, BodyError, OptionTypeError, OptionValueError
from ..words import check_words
from .body import check_callable, encode_json
from .stream import Stream, Wait

_FIELDS = ("event", "id", "retry", "data", "comment")
_LINE_END = re.compile("\r\n|\r|\n")
_BREAKING = re.compile("[\r\n\0]")
_GIVE = (
    "Give a list of events, each a str (its data) or a dict such as {'event': 'news', 'data': {'id': 1}}; or an "
    "iterable, an async iterable, or a function without arguments that returns one."
)


class Events(Stream):
    """Events in the order of `source`: a list of them, or what `make` gives.

    `delay` is how many seconds pass between one and the next.
    """

    def __init__(self, source: Any, make: Callable[[], Any], *, once: bool = False) -> None:
        self.delay = 0.0
        self._make = make
        self._shared = _Shared()
        super().__init__(source, once=once)

    def paced(self, delay: float) -> Events:
        """The same events, with a delay between them."""
        events = Events(self.source, self._make, once=self.once)
        events.delay = delay
        events._shared = self._shared
        return events

    @property
    def taken(self) -> bool:
        """Whether they have been promised to a request, by whichever of the replies that share them."""
        return self._shared.taken

    @taken.setter
    def taken(self, taken: bool) -> None:
        self._shared.taken = taken or self._shared.taken

    async def pieces(self) -> AsyncGenerator[bytes, None]:
        """The events, each as it is written.

        Raises:
            BodyError: they have been read already, or one can't be written.
        """
        given = self._make()
        if inspect.isawaitable(given):
            given = await given
        iterator = self._begun(given)
        number = 0
        try:
            while True:
                try:
                    event = await anext(iterator) if isinstance(iterator, AsyncIterator) else next(iterator)
                except (StopAsyncIteration, StopIteration):
                    return
                yield self._written(event, number)
                number += 1
        finally:
            await _end(iterator)

    async def open(self, wait: Wait) -> AsyncGenerator[bytes, None]:
        first = True
        async with aclosing(self.pieces()) as pieces:
            async for piece in pieces:
                if self.delay and not first:
                    await wait(self.delay)
                first = False
                yield piece

    def _begun(self, given: Any) -> Any:
        if isinstance(given, (str, bytes, Mapping)) or not isinstance(given, (AsyncIterable, Iterable)):
            raise BodyError(f"sse={self.source!r} gave {given!r}, which are no events. {_GIVE}")
        iterator = aiter(given) if isinstance(given, AsyncIterable) else iter(given)
        frame = getattr(iterator, "gi_frame", getattr(iterator, "ag_frame", iterator))
        if frame is None or (not self.once and iterator is self._shared.last):
            raise BodyError(
                f"sse={self.source!r} gave events that have been read already. Give a generator function, without "
                "calling it; each request then gets a generator of its own."
            )
        if iterator is given:  # an iterator, that has one life
            self._shared.last = iterator
        return iterator

    def _written(self, event: Any, number: int) -> bytes:
        if isinstance(event, _Written):
            return event
        try:
            return written(event, f"Event {number}")
        except AiohttprettyError as error:
            raise BodyError(f"sse={self.source!r} gave what can't be sent. {error}") from error


class _Shared:
    """What the replies know together that say the same events."""

    taken = False
    last: Any = None
    """The iterator that was read last, if it has one life only."""


class _Written(bytes):
    """An event that is written already."""

    __slots__ = ()


def events(given: object) -> Events:
    """The events, those of a list written already.

    Raises:
        OptionTypeError, OptionValueError: they are none, or one of a list can't be sent.
    """
    if isinstance(given, Events):
        return given
    if isinstance(given, (str, bytes, bytearray, memoryview, Mapping)):
        raise OptionTypeError(f"sse={given!r} is no list of events. {_GIVE}")
    if isinstance(given, Sequence):
        finished = [_Written(written(event, f"sse[{number}]")) for number, event in enumerate(given)]
        return Events(given, lambda: finished)
    if isinstance(given, type):
        raise OptionTypeError(f"sse={given!r} is a class. {_GIVE}")
    if isinstance(given, (AsyncIterable, Iterable)):
        return Events(given, lambda: given, once=isinstance(given, (AsyncIterator, Iterator)))
    if not callable(given):
        raise OptionTypeError(f"sse={given!r} is no list of events. {_GIVE}")
    check_callable("sse", given)
    return Events(given, given)


def head(headers: CIMultiDict[str]) -> None:
    """Say what a server of events says of them, where nothing else is said."""
    headers.setdefault("Content-Type", "text/event-stream")
    headers.setdefault("Cache-Control", "no-store")


def written(event: object, where: str) -> bytes:
    """One event, as it is sent; `where` it stands, for the errors.

    Raises:
        OptionTypeError, OptionValueError: it can't be sent.
    """
    if isinstance(event, str):
        event = {"data": event}
    if not isinstance(event, Mapping):
        raise OptionTypeError(
            f"{where} is {event!r}, which is no event. Give a str, or a dict such as {{'event': 'news', 'data': "
            "'text'}; any JSON value stands under 'data'."
        )
    check_words(event, _FIELDS, where, {})
    if not event:
        raise OptionValueError(f"{where} is empty, and would send nothing. Give it data, such as {{'data': 'text'}}.")
    lines = [line for field in ("comment", "event", "id", "retry", "data") for line in _lines(event, field, where)]
    try:
        return ("\n".join(lines) + "\n\n").encode()
    except UnicodeEncodeError as error:
        raise OptionValueError(
            f"{where} has text that UTF-8 can't hold: {error}. Events are always UTF-8; leave that character out."
        ) from error


def _lines(event: Mapping[Any, Any], field: str, where: str) -> Iterator[str]:
    if field not in event:
        return
    value = event[field]
    if field == "data":
        text = value if isinstance(value, str) else _json(value, where)
        yield from (f"data: {line}" for line in _LINE_END.split(text))
    elif field == "retry":
        yield f"retry: {_retry(value, where)}"
    elif field == "id" and isinstance(value, int) and not isinstance(value, bool):
        yield f"id: {value}"
    elif not isinstance(value, str):
        raise OptionTypeError(f"{where} has {field}={value!r}, which is not a str. Write it as one.")
    elif field == "comment":
        yield from (f": {line}" for line in _LINE_END.split(value))
    elif _BREAKING.search(value):
        raise OptionValueError(
            f"{where} has {field}={value!r}, with a line break or a NUL in it, which would end the {field} or have it "
            "ignored. Take it out; text of several lines stands under 'data'."
        )
    else:
        yield f"{field}: {value}"


def _json(value: object, where: str) -> str:
    try:
        return encode_json(value).decode()
    except AiohttprettyError as error:
        kind = OptionTypeError if isinstance(error, TypeError) else OptionValueError
        raise kind(
            f"{where} has data={value!r}, which can't be written as JSON ({error.__cause__}). Give a str, or a value "
            "that JSON has."
        ) from error


def _retry(value: object, where: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise OptionTypeError(f"{where} has retry={value!r}, which is not an int. Give milliseconds, such as 3000.")
    if value < 0:
        raise OptionValueError(f"{where} has retry={value!r}. Give milliseconds from 0 on, such as 3000.")
    return int(value)


async def _end(iterator: Any) -> None:
    if hasattr(iterator, "aclose"):
        await iterator.aclose()
    elif hasattr(iterator, "close"):
        iterator.close()

"""Bodies that are delivered piece by piece, as they are produced.

Law of this room: nothing is ever silently empty, and nothing is read before it is wanted. What goes wrong while a
body is read reaches the client as it is.
"""

from __future__ import annotations

import codecs
import inspect
import io
import os
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from threading import Lock
from typing import Any

from ..calling import misfit
from ..coding import encoder
from ..errors import BodyError

# Waits so many seconds; given from outside, because this room knows no event loop
Wait = Callable[[float], Awaitable[object]]


async def _here(work: Callable[..., Any], *args: Any) -> Any:
    return work(*args)


aside: Callable[..., Awaitable[Any]] = _here
"""Does what may have to wait for a disk, where no event loop waits for it; from outside, too."""

_CHUNK = 64 * 1024
# Requests of several threads may read one file object, and each finds its place before it reads
_files = Lock()


class Stream:
    """A body in pieces. `source` is what was registered, `charset` how text in it is sent."""

    def __init__(self, source: Any, *, charset: str | None = None, once: bool = False) -> None:
        self.source = source
        self.charset = charset
        self.once = once
        """Whether it can be read only once."""
        self.taken = False
        """Whether it has been promised to a request; whoever asks afterwards for what is there once must be told."""

    @property
    def length(self) -> int | None:
        """How many bytes it has now, if that is known before it is read.

        Raises:
            BodyError: it can't be read any more.
        """
        return None

    def pieces(self) -> AsyncGenerator[Any, None]:
        """What the source gives, from its beginning, whatever that is."""
        raise NotImplementedError

    async def open(self, wait: Wait) -> AsyncGenerator[bytes, None]:
        """Read it from its beginning, piece by piece; no piece is empty. `wait` is for pauses between them.

        Raises:
            BodyError: it can't be read any more, or gives what can't be sent.
        """
        # one for the whole body: some charsets begin with a mark, or switch back and forth
        text = codecs.getincrementalencoder(self.charset or "utf-8")()
        has_text = False
        async with aclosing(self.pieces()) as pieces:
            async for piece in pieces:
                has_text = has_text or isinstance(piece, str)
                if data := self._encoded(piece, text):
                    yield data
        if has_text and (rest := text.encode("", final=True)):
            yield rest

    def _encoded(self, piece: object, text: codecs.IncrementalEncoder) -> bytes:
        if isinstance(piece, bytes):
            return piece
        if isinstance(piece, (bytearray, memoryview)):
            return bytes(piece)
        if not isinstance(piece, str):
            raise BodyError(
                f"The body {self.source!r} gave {piece!r}, which can't be sent. Let it give bytes, bytearray, "
                "memoryview or str."
            )
        try:
            return text.encode(piece)
        except UnicodeEncodeError as error:
            raise BodyError(
                f"The body {self.source!r} gave text that {self.charset or 'UTF-8'} can't hold: {error}. "
                "Give another charset, or let it give bytes."
            ) from error


class Reader(Stream):
    """An object with a `read`, async or not, that can't be wound back: read to its end, once."""

    def __init__(self, source: Any, *, charset: str | None = None) -> None:
        super().__init__(source, charset=charset, once=True)

    async def pieces(self) -> AsyncGenerator[Any, None]:
        sizes = (_CHUNK,) if misfit(self.source.read, _CHUNK) is None else ()
        on_disk = _on_disk(self.source)
        while True:
            _check_open(self.source)
            piece = await aside(_done, self.source.read, *sizes) if on_disk else self.source.read(*sizes)
            if inspect.isawaitable(piece):
                piece = await piece
            if not piece:
                return
            yield piece


class File(Stream):
    """A file object, sent from `place` on, each time anew."""

    def __init__(self, source: Any, place: int, *, charset: str | None = None, text: bool = False) -> None:
        super().__init__(source, charset=charset)
        self._place = place
        self._text = text
        self._on_disk = _on_disk(source)
        self._readers = 0
        self._stood = place

    @property
    def length(self) -> int | None:
        if self._text:
            return None
        with _files:
            _check_open(self.source)
            stood = self.source.tell()
            try:
                end: int = self.source.seek(0, os.SEEK_END)
            except (OSError, ValueError, TypeError):  # not every file object can
                return None
            finally:
                self.source.seek(stood)
        return max(end - self._place, 0)

    async def pieces(self) -> AsyncGenerator[Any, None]:
        place = self._place
        self._come()
        try:
            while True:
                piece, place = await aside(_done, self._read, place) if self._on_disk else self._read(place)
                if not piece:
                    return
                yield piece
        finally:
            self._go()

    def _come(self) -> None:
        with _files:
            _check_open(self.source)
            if not self._readers:
                self._stood = self.source.tell()
            self._readers += 1

    def _go(self) -> None:
        """Leave the file where it stood, for whoever reads it or registers it next."""
        with _files:
            self._readers -= 1
            if not (self._readers or _closed(self.source)):
                self.source.seek(self._stood)

    def _read(self, place: int) -> tuple[Any, int]:
        with _files:
            if not self._readers:  # they have gone before their thread came to it
                return b"", place
            _check_open(self.source)
            if self.source.tell() != place:  # to wind a compressed file back is expensive
                self.source.seek(place)
            return self.source.read(_CHUNK), self.source.tell()


class PathFile(Stream):
    """A file by its path, opened anew each time."""

    def __init__(self, source: Any) -> None:
        super().__init__(source)
        # now, so that the code under test can go elsewhere
        self._path = os.path.abspath(source)

    @property
    def length(self) -> int | None:
        with self._opened() as file:
            return os.fstat(file.fileno()).st_size

    async def pieces(self) -> AsyncGenerator[Any, None]:
        with self._opened() as file:
            while piece := await aside(file.read, _CHUNK):
                yield piece

    def _opened(self) -> Any:
        try:
            return open(self._path, "rb")
        except OSError as error:
            raise self._unreadable(error) from error

    def _unreadable(self, error: OSError) -> BodyError:
        return BodyError(
            f"body={self.source!r} was a file when it was registered, and can't be read now ({error.strerror}). Keep "
            "the file until the last request is answered, or register its content: body=path.read_bytes()."
        )


class Iterable(Stream):
    """What `make` gives, iterated; with each request anew, unless `once`."""

    def __init__(self, source: Any, make: Callable[[], Any], *, charset: str | None = None, once: bool) -> None:
        super().__init__(source, charset=charset, once=once)
        self._make = make
        self._last: AsyncIterator[Any] | None = None

    async def pieces(self) -> AsyncGenerator[Any, None]:
        iterator = aiter(self._make())
        if iterator is self._last:
            raise BodyError(
                f"The body {self.source!r} gave the same iterator a second time, and that has been read. Let its "
                "__aiter__ begin anew each time, or give an async generator function."
            )
        if inspect.isasyncgen(iterator) and iterator.ag_frame is None:
            raise BodyError(
                f"The body {self.source!r} is a generator that has run already. Give the async generator function, "
                "without calling it; each request then gets a generator of its own."
            )
        self._last = iterator
        try:
            while True:
                try:
                    piece = await anext(iterator)
                except StopAsyncIteration:
                    return
                yield piece
        finally:
            if hasattr(iterator, "aclose"):
                await iterator.aclose()


class Encoded(Stream):
    """Another stream in a content coding, each piece of it so that it can be decoded at once."""

    def __init__(self, inner: Stream, coding: str) -> None:
        self._inner = inner
        self._coding = coding
        super().__init__(inner.source, once=inner.once)

    @property
    def taken(self) -> bool:
        """Of the stream below, which others may carry, too."""
        return self._inner.taken

    @taken.setter
    def taken(self, taken: bool) -> None:
        self._inner.taken = taken or self._inner.taken

    async def open(self, wait: Wait) -> AsyncGenerator[bytes, None]:
        coding = encoder(self._coding)
        async with aclosing(self._inner.open(wait)) as pieces:
            async for piece in pieces:
                yield coding.encode(piece)
        yield coding.finish()


def _done(work: Callable[..., Any], *args: Any) -> Any:
    try:
        return work(*args)
    except StopIteration as error:
        # as generators do (PEP 479): no future takes one, and before CPython 3.12 nobody would ever hear of it
        raise RuntimeError(f"{type(error).__name__} was raised by a file") from error


def _on_disk(file: Any) -> bool:
    """Whether reading it may take its time; also for a pipe, or what the tempfile module wraps."""
    file = getattr(file, "file", file)
    return isinstance(file, io.IOBase) and not isinstance(file, (io.BytesIO, io.StringIO))


def _closed(file: Any) -> bool:
    return getattr(file, "closed", False) is True


def _check_open(file: Any) -> None:
    if _closed(file):
        raise BodyError(
            f"body={file!r} was open when it was registered, and is closed now. Make the requests inside its with "
            "block, or give the pathlib.Path, which is opened for each request."
        )

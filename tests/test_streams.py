"""Bodies in pieces: anew for each request, or once; no faster than they are read; and closed when nobody reads on."""

import asyncio
import functools
import gc
import gzip
import io
import mmap
import os
import re
import tempfile
import threading
import tracemalloc
from contextlib import asynccontextmanager

import aiohttp
import pytest
from settling import PATIENCE, settle, until

import aiohttpretty
from aiohttpretty import AiohttprettyError, OptionValueError, coding
from aiohttpretty.errors import BodyError
from aiohttpretty.replies import stream

URL = "http://example.com/"
PIECE = bytes(16 * 1024)


@asynccontextmanager
async def requested(body, **options):
    """A response to a request for `body` that has just begun."""
    aiohttpretty.register_uri("GET", URL, body=body, **options)
    with aiohttpretty.activate():
        async with aiohttp.ClientSession() as session, session.get(URL) as response:
            yield response


async def answer():
    return await (await aiohttpretty.fake_request("GET", URL)).read()


async def answers(count=2):
    """What several requests get, at the same time."""
    return list(await asyncio.gather(*(answer() for _ in range(count))))


async def failure(body, **options):
    async with requested(body, **options) as response:
        with pytest.raises(BaseException) as caught:
            await response.read()
    return caught.value


def others():
    """The tasks besides the test's own."""
    return asyncio.all_tasks() - {asyncio.current_task()}


def sentence(error):
    assert isinstance(error, BodyError)
    assert isinstance(error, AiohttprettyError)
    return re.sub("0x[0-9a-f]+", "0x", str(error))


class Producer:
    """Counts how far it got, and knows whether it was closed."""

    def __init__(self, count=10_000, piece=PIECE):
        self.count, self.piece = count, piece
        self.made = 0
        self.began = self.closed = 0

    async def __call__(self):
        self.began += 1
        try:
            for _ in range(self.count):
                self.made += len(self.piece)
                yield self.piece
        finally:
            await asyncio.sleep(0)  # what a generator awaits at its end is awaited, too
            self.closed += 1

    async def function(self):
        async for piece in self():
            yield piece


class Again:
    """An async iterable that begins anew."""

    async def __aiter__(self):
        yield b"ab"
        yield b"c"


class Same:
    """An async iterable that always gives the same iterator."""

    def __init__(self):
        self.iterator = Again().__aiter__()

    def __aiter__(self):
        return self.iterator


class Bare:
    """An iterator with no more than it must have; each has one run."""

    def __init__(self):
        self.left = [b"ab", b"c"]

    def __aiter__(self):
        return self

    async def __anext__(self):
        if not self.left:
            raise StopAsyncIteration
        return self.left.pop(0)


async def pieces(*given):
    for piece in given or (b"ab", b"c"):
        yield piece


class Unseekable(io.RawIOBase):
    """A file that can only be read on, as a pipe."""

    def __init__(self, content):
        self.content = io.BytesIO(content)

    def readable(self):
        return True

    def readinto(self, buffer):
        return self.content.readinto(buffer)


class NoEnd(io.BytesIO):
    """A file that can be wound back, and does not know where it ends, as some that are read from a network."""

    def seek(self, offset, whence=0):
        if whence == io.SEEK_END:
            raise ValueError("the end is not known")
        return super().seek(offset, whence)


class Mapped:
    """A reader of somebody's own whose `read` is a builtin, which may not tell how it is called."""

    def __init__(self):
        self.memory = mmap.mmap(-1, 3)
        self.memory.write(b"abc")
        self.memory.seek(0)
        self.read = self.memory.read


def text_file(content, **options):
    return io.TextIOWrapper(io.BytesIO(content), **options)


def standing(file, place):
    file.seek(place)
    return file


def temporary(kind, content=b"abc"):
    file = kind()
    file.write(content)
    file.seek(0)
    return file


ANEW = {
    "an async generator function": lambda: pieces,
    "a method": lambda: Producer(3, b"abc").function,
    "a partial": lambda: functools.partial(pieces, b"a", b"bc"),
    "an async iterable": Again,
    "a binary file": lambda: io.BytesIO(b"abc"),
    "a file from where it stands": lambda: standing(io.BytesIO(b"xxabc"), 2),
    "a buffered file": lambda: io.BufferedReader(io.BytesIO(b"abc")),
    "a text file": lambda: io.StringIO("abc"),
    "a text file from where it stands": lambda: standing(io.StringIO("ééabc"), 2),
    "a decoded text file": lambda: text_file(b"abc"),
    "a temporary file": lambda: temporary(tempfile.TemporaryFile),
    "a named temporary file": lambda: temporary(tempfile.NamedTemporaryFile),
    "a spooled temporary file": lambda: temporary(tempfile.SpooledTemporaryFile),
    "a file without a known end": lambda: NoEnd(b"abc"),
    "a compressed file": lambda: gzip.GzipFile(fileobj=io.BytesIO(gzip.compress(b"abc"))),
}
ONCE = {
    "a generator": pieces,
    "an iterator": Bare,
    "a file that can't be wound back": lambda: Unseekable(b"abc"),
    "a reader in C": Mapped,
}


@pytest.mark.parametrize("kind", ANEW)
async def test_anew(kind):
    """Each request gets the whole of it, also when several are answered at once."""
    body = ANEW[kind]()
    aiohttpretty.register_uri("GET", URL, body=body)
    expected = b"abc" * 3 if kind == "a method" else b"abc"
    assert await answers() + await answers() == [expected] * 4
    assert aiohttpretty.registry["GET", URL] == {"body": body}
    if hasattr(body, "close"):
        body.close()


@pytest.mark.parametrize("kind", ONCE)
async def test_once(kind):
    """What can be read only once says so when it is asked for again, and is never silently empty."""
    route = aiohttpretty.register_uri("GET", URL, body=ONCE[kind]())
    assert await answer() == b"abc"
    with pytest.raises(aiohttpretty.BodyConsumedError) as caught:
        await answer()
    assert str(caught.value).startswith(
        "The body for GET http://example.com/ can be read only once, and has been read by an earlier request. It was "
        f"registered at {route.origin}."
    )


async def test_a_path(tmp_path):
    """A path is opened for each request, and what stands there then is sent, with its length."""
    path = tmp_path / "file"
    path.write_bytes(b"abc")
    aiohttpretty.register_uri("GET", URL, body=path)
    assert await answers() == [b"abc"] * 2
    path.write_bytes(b"longer")
    assert await answer() == b"longer"
    path.write_bytes(b"")
    assert await answer() == b""
    assert aiohttpretty.registry["GET", URL] == {"body": path}


async def test_nothing_is_read_behind_the_length(tmp_path):
    """With the last byte of its announced length an answer is over: the file is not asked for more."""
    path = tmp_path / "file"
    path.write_bytes(bytes(600_000))
    aiohttpretty.register_uri("GET", URL, body=path)
    with aiohttpretty.activate():
        async with aiohttp.ClientSession() as session, session.get(URL) as response:
            assert len(await response.read()) == 600_000
            assert aiohttpretty.calls[0].duration is not None


async def test_a_relative_path(tmp_path, monkeypatch):
    """A path means what it meant on the line that registered it."""
    from pathlib import Path

    (tmp_path / "file").write_bytes(b"abc")
    monkeypatch.chdir(tmp_path)
    aiohttpretty.register_uri("GET", URL, body=Path("file"))
    monkeypatch.chdir("/")
    assert await answer() == b"abc"


class Noting(io.FileIO):
    """Notes in which threads it is read."""

    def __init__(self, *args):
        super().__init__(*args)
        self.threads = set()

    def read(self, *size):
        self.threads.add(threading.current_thread())
        return super().read(*size)


@pytest.mark.parametrize("kind", ["a file object", "one that can't be wound back", "a path"])
async def test_a_file_does_not_hold_the_event_loop_up(kind, tmp_path, monkeypatch):
    """What may have to wait for a disk, or for whoever fills a pipe, is read in a thread of its own."""
    path = tmp_path / "file"
    path.write_bytes(b"abc")
    with Noting(path) as file:
        body = file
        if kind == "a path":
            body = path
            monkeypatch.setattr(stream.PathFile, "_opened", lambda self: file)
            monkeypatch.setattr(stream.PathFile, "length", 3)  # it opens the file for itself
        elif kind == "one that can't be wound back":
            monkeypatch.setattr(file, "seek", None, raising=False)
        aiohttpretty.register_uri("GET", URL, body=body)
        assert await answer() == b"abc"
        assert file.threads
        assert threading.current_thread() not in file.threads


async def test_a_file_that_raises_what_no_future_takes():
    """A StopIteration, such as of a `next()` in a `read`, reaches the client, instead of having it wait for ever."""

    class Pieces(io.RawIOBase):
        def __init__(self):
            self.pieces = iter([b"one"])

        def read(self, size=-1):
            return next(self.pieces)

    async with requested(Pieces()) as response:
        with pytest.raises(RuntimeError) as caught:
            await asyncio.wait_for(response.read(), PATIENCE)
    assert str(caught.value) == "StopIteration was raised by a file"
    assert isinstance(caught.value.__cause__, StopIteration)


async def test_a_file_is_left_where_it_stood_though_its_thread_came_late(tmp_path, monkeypatch):
    """A client that goes while a piece waits for its thread leaves a file that the thread does not touch any more."""
    late = []

    async def aside(work, *args):
        late.append((work, args))
        await asyncio.Event().wait()

    monkeypatch.setattr(stream, "aside", aside)
    monkeypatch.setattr(asyncio, "to_thread", aside)  # from which each registration takes it
    (tmp_path / "file").write_bytes(b"abcdef")
    with (tmp_path / "file").open("rb") as file:
        file.seek(2)
        async with requested(file):
            await until(lambda: late)
        await until(lambda: not others())
        [(work, args)] = late
        work(*args)
        assert file.tell() == 2


@pytest.mark.parametrize("make", [lambda path: path, lambda path: path.open("rb"), lambda path: io.BytesIO(b"abc")])
async def test_auto_length(make, tmp_path):
    """The size of a file is known, and can be said."""
    path = tmp_path / "file"
    path.write_bytes(b"abc")
    body = make(path)
    async with requested(body, auto_length=True) as response:
        assert (dict(response.headers), await response.read()) == ({"Content-Length": "3"}, b"abc")
    if body is not path:
        body.close()


@pytest.mark.parametrize(
    "make", [lambda: pieces, pieces, lambda: io.StringIO("abc"), lambda: Unseekable(b"abc"), lambda: NoEnd(b"abc")]
)
def test_no_auto_length(make):
    """A size that is not known can't be said."""
    with pytest.raises(OptionValueError) as caught:
        aiohttpretty.register_uri("GET", URL, body=make(), auto_length=True)
    assert str(caught.value) == (
        "auto_length=True needs a body whose size is known, and this one is a stream. Give the Content-Length in "
        "headers, or the body as bytes."
    )


async def test_a_file_stays_where_it_stood():
    """A file stands after a request where it stood before, for whoever reads or registers it next."""
    for file in standing(io.BytesIO(b"xabc"), 1), standing(io.StringIO("xabc"), 1):
        aiohttpretty.register_uri("GET", URL, body=file)
        assert await answers() == [b"abc"] * 2
        assert file.tell() == 1
        aiohttpretty.register_uri("GET", URL, body=file)
        assert await answer() == b"abc"
    file = io.BytesIO(PIECE * 100)
    async with requested(file) as response:
        await response.content.readexactly(1)
        assert file.tell() > 0
    await settle()
    assert file.tell() == 0


# -- text


@pytest.mark.parametrize(
    "make",
    [
        lambda: functools.partial(pieces, "é", "à"),
        lambda: io.StringIO("éà"),
        lambda: text_file("éà".encode(), encoding="utf-8"),
        lambda: temporary(lambda: tempfile.NamedTemporaryFile("w+", encoding="utf-8"), "éà"),
    ],
)
async def test_text(make):
    """Text in pieces is sent as UTF-8, or in the charset, which begins and ends once for all of it."""
    body = make()
    aiohttpretty.register_uri("GET", URL, body=body)
    assert await answers() == ["éà".encode()] * 2
    aiohttpretty.register_uri("GET", URL, body=body, charset="utf-16")
    assert await answers() == ["éà".encode("utf-16")] * 2
    response = await aiohttpretty.fake_request("GET", URL)
    assert (await response.text(), response.charset) == ("éà", "utf-16")
    if hasattr(body, "close"):
        body.close()


async def test_a_charset_that_must_be_ended():
    """A charset that switches alphabets is switched back at the end."""
    aiohttpretty.register_uri("GET", URL, body=functools.partial(pieces, "日", "本"), charset="iso-2022-jp")
    assert await answer() == "日本".encode("iso-2022-jp")


async def test_kinds_of_pieces():
    """A piece is bytes of any kind, or text; empty ones are left out, for an empty chunk would end the body."""
    given = [b"a", bytearray(b"b"), b"", memoryview(b"c"), "", "é"]
    async with requested(functools.partial(pieces, *given)) as response:
        chunks = [chunk async for chunk, _ in response.content.iter_chunks() if chunk]
    assert chunks == [b"a", b"b", b"c", "é".encode()]


async def test_nothing():
    """A stream without pieces is an empty body."""

    async def nothing():
        for _ in ():
            yield b""

    aiohttpretty.register_uri("GET", URL, body=nothing)
    assert await answer() == b""


# -- what goes wrong


async def test_a_piece_that_can_not_be_sent():
    """A piece of another kind is an error in the client's hands, with what to give instead."""
    assert sentence(await failure(functools.partial(pieces, b"a", 1))) == (
        f"The body {functools.partial(pieces, b'a', 1)!r} gave 1, which can't be sent. Let it give bytes, bytearray, "
        "memoryview or str."
    ).replace(re.search("0x[0-9a-f]+", repr(pieces))[0], "0x")


async def test_text_that_the_charset_can_not_hold():
    """So is text that the charset can't hold."""
    assert sentence(await failure(functools.partial(pieces, "日"), charset="latin-1")).endswith(
        " gave text that latin-1 can't hold: 'latin-1' codec can't encode character '\\u65e5' in position 0: ordinal "
        "not in range(256). Give another charset, or let it give bytes."
    )


class Outcome(BaseException):
    """As pytest.fail() raises."""


@pytest.mark.parametrize("error", [ValueError("mine"), Outcome("mine"), asyncio.CancelledError("mine")])
@pytest.mark.parametrize("options", [{}, {"content_encoding": "gzip"}])
async def test_a_mistake_in_the_generator(error, options):
    """What a generator raises is raised where its body is read, as it is, and what came before it arrived."""

    async def broken():
        yield b"abc"
        raise error

    async with requested(broken, **options) as response:
        assert await response.content.readexactly(3) == b"abc"
        with pytest.raises(type(error)) as caught:
            await response.read()
    assert caught.value is error
    await settle()
    assert not others()


async def test_the_same_iterator_twice():
    """An iterable that gives the same iterator again would be silently empty."""
    body = Same()
    aiohttpretty.register_uri("GET", URL, body=body)
    assert await answer() == b"abc"
    with pytest.raises(BodyError) as caught:
        await answer()
    assert sentence(caught.value) == (
        "The body <tests.test_streams.Same object at 0x> gave the same iterator a second time, and that has been read. "
        "Let its __aiter__ begin anew each time, or give an async generator function."
    ).replace("tests.test_streams", __name__)


async def test_a_generator_of_two_routes():
    """A generator that another route has used up says so."""
    generator = pieces()
    aiohttpretty.register_uri("GET", URL, body=generator)
    assert await answer() == b"abc"
    assert sentence(await failure(generator)) == (
        "The body <async_generator object pieces at 0x> is a generator that has run already. Give the async generator "
        "function, without calling it; each request then gets a generator of its own."
    )


def test_no_such_path(tmp_path):
    """A path is checked when it is registered."""
    for path, what in ((tmp_path / "none", "does not exist"), (tmp_path, "is a directory")):
        with pytest.raises(OptionValueError) as caught:
            aiohttpretty.register_uri("GET", URL, body=path)
        assert str(caught.value) == (
            f"body={path!r} {what}. Give the path of a file that is there when it is registered and when it is asked "
            "for."
        )


async def test_a_path_that_is_gone(tmp_path):
    """A file that was removed meanwhile is an error of ours, before any answer."""
    path = tmp_path / "file"
    path.write_bytes(b"abc")
    aiohttpretty.register_uri("GET", URL, body=path)
    path.unlink()
    with pytest.raises(BodyError) as caught:
        await answer()
    assert str(caught.value) == (
        f"body={path!r} was a file when it was registered, and can't be read now (No such file or directory). Keep the "
        "file until the last request is answered, or register its content: body=path.read_bytes()."
    )


async def test_a_file_that_changes_its_size(tmp_path):
    """A file that shrinks while it is sent is an error; of one that grows, what was there when the answer began."""
    path = tmp_path / "file"
    path.write_bytes(bytes(4 << 20))
    async with requested(path) as response:
        os.truncate(path, 3 << 20)
        with pytest.raises(BodyError) as caught:
            await response.read()
    assert str(caught.value) == (
        f"The body ended {1 << 20} bytes before its size: it was {4 << 20} bytes long when the answer began, and has "
        "been shortened since. Leave the file alone until the answer is read."
    )
    async with requested(path) as response:
        with path.open("ab") as file:
            file.write(b"more")
        assert len(await response.read()) == 3 << 20


@pytest.mark.parametrize("make", [lambda: io.BytesIO(b"abc"), lambda: Unseekable(b"abc"), lambda: io.StringIO("abc")])
async def test_a_file_that_is_closed(make):
    """A file that is closed by the time of the request says where the mistake is; one that is closed already, too."""
    body = make()
    aiohttpretty.register_uri("GET", URL, body=body)
    body.close()
    with pytest.raises(BodyError) as caught:
        await answer()
    assert sentence(caught.value) == re.sub(
        "0x[0-9a-f]+",
        "0x",
        f"body={body!r} was open when it was registered, and is closed now. Make the requests inside its with block, "
        "or give the pathlib.Path, which is opened for each request.",
    )
    with pytest.raises(OptionValueError) as refused:
        aiohttpretty.register_uri("GET", URL, body=body)
    assert str(refused.value) == (
        f"body={body!r} is closed. Register it while it is open, or give the pathlib.Path, which is opened for each "
        "request."
    )


# -- as it is produced, and no faster than it is read


@pytest.mark.parametrize("options", [{}, *({"content_encoding": name} for name in coding.known())], ids=str)
async def test_each_piece_as_it_is_produced(options):
    """A piece is read before the next one is made."""
    read = []  # filled while the generator looks on

    async def produce():
        for number in range(3):
            assert len(read) == number
            yield b"piece %d" % number

    async with requested(produce, **options) as response:
        async for piece in response.content.iter_any():
            read.append(piece)  # noqa: PERF401
    assert read == [b"piece 0", b"piece 1", b"piece 2"]


@pytest.mark.parametrize("options", [{}, {"content_encoding": "gzip"}])
async def test_back_pressure(options):
    """A reader that stops reading stops the producer: it is never further ahead than aiohttp's buffer holds."""
    producer = Producer(piece=os.urandom(len(PIECE)))
    limit = 64 * 1024
    aiohttpretty.register_uri("GET", URL, body=producer.function, **options)
    with aiohttpretty.activate():
        async with (
            aiohttp.ClientSession(read_bufsize=limit) as session,
            session.get(URL) as response,
        ):
            read = 0
            for amount in 0, 1, *[60_000] * 20:  # not more than the limit at once, for that would raise it
                read += len(await response.content.readexactly(amount))
                await settle()
                # twice the limit is where aiohttp stops reading; and one piece is on its way
                assert read <= producer.made <= read + 2 * limit + 3 * len(PIECE)


async def test_one_large_piece():
    """One large piece stays one chunk, and comes no faster than it is read, either."""
    async with requested(functools.partial(pieces, bytes(8 << 20), b"end")) as response:
        await settle()
        assert response.content.total_bytes < 4 << 20
        ends, size = [], 0
        async for piece, end in response.content.iter_chunks():
            size += len(piece)
            if end:
                ends.append(size)
    assert sorted(set(ends)) == [8 << 20, (8 << 20) + 3]


@pytest.mark.parametrize("options", [{}, {"content_encoding": "gzip"}])
async def test_memory(options):
    """A stream of 100 MB takes less than 10 MB of memory."""
    producer = Producer(count=(100 << 20) // (1 << 18), piece=bytes(1 << 18))
    async with requested(producer.function, **options) as response:
        tracemalloc.start()
        size = 0
        async for piece in response.content.iter_any():
            size += len(piece)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert size == producer.made == 100 << 20
    assert peak < 10_000_000


# -- closed when nobody reads on


async def close_response(session, response, task):
    response.close()


async def cancel(session, response, task):
    task.cancel()


async def close_session(session, response, task):
    await session.close()


async def deactivate(session, response, task):
    aiohttpretty.deactivate()


@pytest.mark.parametrize("options", [{}, {"content_encoding": "gzip"}])
@pytest.mark.parametrize("generator", [False, True], ids=["function", "generator"])
@pytest.mark.parametrize("end", [close_response, cancel, close_session, deactivate])
async def test_closed(end, generator, options):
    """However the answer ends early, the generator is closed, its `finally` runs to its end, and no task is left."""
    producer = Producer()
    aiohttpretty.register_uri("GET", URL, body=producer() if generator else producer.__call__, **options)
    aiohttpretty.activate()
    responses = []

    async def read(session):
        async with session.get(URL) as response:
            responses.append(response)
            async for _ in response.content.iter_any():
                await asyncio.sleep(0)

    async with aiohttp.ClientSession() as session:
        task = asyncio.create_task(read(session))
        await settle()
        await end(session, responses[0], task)
        await asyncio.gather(task, return_exceptions=True)
        await settle()
        assert (producer.began, producer.closed) == (1, 1)
        assert not others()


async def test_a_mistake_at_the_end_of_a_generator_that_nobody_reads():
    """When the client is gone, nobody else can be told of it than the event loop, which logs it."""
    told = []
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: told.append(context["exception"]))

    async def body():
        try:
            while True:
                yield PIECE
        finally:
            raise LookupError("at the end")

    async with requested(body) as response:
        await response.content.readany()
        response.close()
        await settle()
    gc.collect()
    assert [repr(error) for error in told] == ["LookupError('at the end')"]


async def test_closed_before_the_client_sees_the_end():
    """When the client has read all, the generator is through with what it does at its end."""
    producer = Producer(count=3)
    aiohttpretty.register_uri("GET", URL, body=producer.__call__)
    assert (len(await answer()), producer.closed) == (3 * len(PIECE), 1)


async def test_the_connection_is_used_again(tmp_path):
    """A body in pieces leaves its connection for the next request, whether its size was known or not."""
    path = tmp_path / "file"
    path.write_bytes(b"abc")
    aiohttpretty.register_uri("GET", URL, responses=[{"body": body} for body in (path, pieces, io.BytesIO(b"abc"))])
    with aiohttpretty.activate():
        async with aiohttp.ClientSession() as session:
            used = []
            for _ in range(3):
                async with session.get(URL) as response:
                    used.append(response.connection.transport)
                    assert await response.read() == b"abc"
    assert len(set(used)) == 1


async def test_a_generator_that_will_not_be_closed():
    """A generator that goes on after it was cancelled is not asked for more."""
    made = []

    async def stubborn():
        while True:
            made.append(1)
            try:
                yield b"x"
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                pass

    async with requested(stubborn) as response:
        assert await response.content.readany() == b"x"
        response.close()
        await settle()
        assert len(made) == 2
        assert not others()


async def test_files_without_a_thread(monkeypatch, tmp_path):
    """The room reads a file as well where nobody has given it a thread to wait for the disk in."""
    path = tmp_path / "file"
    path.write_bytes(b"from the disk")
    aiohttpretty.register_uri("GET", URL, body=path)
    monkeypatch.setattr(stream, "aside", stream._here)
    with aiohttpretty.activate():
        async with aiohttp.ClientSession() as session, session.get(URL) as response:
            assert await response.read() == b"from the disk"

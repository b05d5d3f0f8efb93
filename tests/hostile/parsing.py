"""What may be read of bytes that come from outside: functions of any bytes that raise nothing but what they promise."""

import asyncio
import re
import warnings

from aiohttpretty.addresses.address import address, place_of
from aiohttpretty.addresses.hosts import rules
from aiohttpretty.diagnosis import masking
from aiohttpretty.errors import AiohttprettyError, UnreadableBodyError
from aiohttpretty.matching import form
from aiohttpretty.records import reading
from aiohttpretty.tcp import meant
from aiohttpretty.tcp.arrivals import Arrivals
from aiohttpretty.tcp.speech import Speech
from aiohttpretty.wire.frames import Frames
from aiohttpretty.wire.framing import BROKEN, COMPLETE, Progress, RequestReader

_LAST = (BROKEN, COMPLETE)
_HERE = meant.Place("http", "127.0.0.1", 8080)


def halves(data):
    """The bytes in one piece, and in two: the first of them says where the cut is."""
    at = data[0] if data else 0
    return [data[1:]], [data[1:][:at], data[1:][at:]]


def framing(data):
    """The wire's reader says how far a request has come, and the same in whatever pieces it comes."""
    results = []
    for pieces in halves(data):
        reader, last = RequestReader(), Progress.MORE
        for piece in pieces:
            if piece and last not in _LAST:
                last = reader.feed(piece)
        b"".join(reader.replayed())
        results.append((last, b"".join(reader.body)))
    one, two = results
    assert one == two or BROKEN in (one[0], two[0]) or COMPLETE in (one[0], two[0])


class _Sink:
    def take(self, direction, kind, data, extra, moment):
        assert isinstance(data, (bytes, str, int)) or data is None, data


def frames(data):
    """The messages of a websocket, of both directions, compressed or not."""
    for compressed in (False, True):
        told = Frames(3, compressed=compressed)
        told.sink = _Sink()
        for piece in halves(data)[1]:
            told.sent(piece)
            told.received(piece)
        told.read()


def arrivals(data):
    """Requests over a socket: what is no request is an error that is kept, and raised by nobody."""
    loop = _loop()
    for pieces in halves(data):
        came = Arrivals(loop)
        for piece in pieces:
            came.feed(piece)
            for arrival in list(came.waiting):
                _ = arrival.length, arrival.whole, arrival.broken
                arrival.head("/", "a.example")
                list(arrival.pieces())
                try:
                    meant.meant(arrival.target, arrival.host, _HERE)
                except ValueError as error:
                    assert str(error)
            came.waiting.clear()
            came.go_on()


def speech(data):
    """Answers of a handler: what is said goes out, byte for byte, whatever it is."""
    for method, old in (("GET", False), ("HEAD", True)):
        for pieces in halves(data):
            out = []
            said = Speech(out.append, method=method, old=old, closes=False)
            for piece in pieces:
                said.say(piece)
            assert b"".join(out) == data[1:]


def moved(data):
    """A Location is led back here, or left alone."""
    for text in (data, b"http://" + data, b"//" + data):
        assert isinstance(meant.moved(text, meant.URL("http://a.example/x"), _HERE), bytes)


def targets(data):
    """Any target and any Host mean an address, or are refused with a `ValueError`."""
    target, _, host = data.decode("utf-8", "surrogateescape").partition("\n")
    for text in (target, f"/{target}", f"http://{target}", f"/http://{target}"):
        try:
            found = meant.meant(text, host, _HERE)
        except ValueError as error:
            assert str(error)
        else:
            assert all(url.raw_host for url in found.urls)


def forms(data):
    """Bodies of forms are read, or a `ValueError` says why not."""
    first, _, content = data.partition(b"\n")
    kind = first.decode("latin-1")
    form.valued(kind)
    for read in (
        lambda: form.parts(content, "b"),
        lambda: form.urlencoded(content, kind),
        lambda: reading.text(content, f"text/plain; charset={kind}"),
        lambda: reading.json(content, f"text/plain; charset={kind}"),
        lambda: reading.form(content, f"application/x-www-form-urlencoded; {kind}"),
        lambda: [part.text() for part in reading.multipart(content, f"multipart/form-data; boundary=b; {kind}")],
    ):
        try:
            read()
        except (UnreadableBodyError, ValueError) as error:
            assert str(error)
        except RecursionError:
            assert content.count(b"[") + content.count(b"{") > 100


def addresses(data):
    """An address, a place, a host: read, or refused in words."""
    text = data.decode("utf-8", "surrogateescape" if data[:1] == b"\0" else "replace")
    for written in (text, f"http://{text}", f"http://a.example/{text}", f"/{text}", f"http://a.example/{{a:{text}}}"):
        for read in (
            lambda written=written: address(written, beneath=True),
            lambda written=written: address(written, {"a": text}, check_params=True),
            lambda written=written: place_of(written, beneath=True),
            lambda written=written: rules([written], "passthrough()"),
        ):
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")  # of Python's own, about an expression
                    read()
            except AiohttprettyError as error:
                assert str(error)


def masks(data):
    """Any text is masked."""
    text = data.decode("utf-8", "surrogateescape")
    assert isinstance(masking.assigned(text), str)
    assert isinstance(masking.header("Cookie", text), str)
    assert isinstance(masking.Secrets([text]).scrub(text + "…" + text, quoted=True), str)
    list(masking.of_request(meant.URL("http://a.example/"), [("Authorization", text), ("X", text)], data))


TARGETS = {
    function.__name__: function
    for function in (framing, frames, arrivals, speech, moved, targets, forms, addresses, masks)
}
_loops = []


def _loop():
    if not _loops:
        _loops.append(asyncio.new_event_loop())
    return _loops[0]


# What coverage would take long to find
SEEDS = [
    b"\x10POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
    b"\x20HTTP/1.1 200 OK\r\nContent-Length: 3\r\nLocation: /a\r\n\r\nabcHTTP/1.1 204 \r\n\r\n",
    b"\x05GET http://a.example/b?c#d HTTP/1.0\r\nContent-Length: 3\r\n\r\nabcGET",
    b"\x03abc\x81\x05hello\x89\x00\xc1\x03\x4b\x04\x00\x88\x02\x03\xe8",
    b"/a/../b%2e%00//x?y=z\nuser:pw@[::1]:80",
    b"utf-16\r\n\r\n--b\r\nContent-Disposition: form-data; name=\"a\"; filename*=utf-8''%e4\r\n\r\nx\r\n--b--",
    b'utf-8\n{"password": "hunter2", "a": [1, 2, {"b": null}]}',
    b"xn--bcher-kva.example:8080/{name:[a-z]+}/{other}?a=b&c",
    b"Authorization: Bearer abcdefgh; token=abc&password=1; Set-Cookie: session=x",
]
TOKENS = re.findall(rb"[A-Za-z-]+|\r\n|[^A-Za-z]", b"".join(SEEDS))

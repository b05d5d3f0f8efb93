"""The messages of a websocket, in the bytes that went over it."""

import struct

import pytest
from aiohttp import WSMsgType

from aiohttpretty.wire.frames import Frames


class Sink(list):
    """Whom the messages are told."""

    def take(self, direction, kind, data, extra, moment):
        self.append((direction, kind, data))


def frame(content, first=0x82):
    """A server's frame; it has no mask."""
    return struct.pack("!BBH", first, 126, len(content)) + content


def frames(behind=0):
    made = Frames(behind, compressed=False)
    made.sink = Sink()
    return made


@pytest.mark.parametrize("cuts", [[5], [2, 5], [2, 7], [1, 2, 3, 4, 5, 6]])
def test_behind_the_head(cuts):
    """What the client is still to receive of the handshake is no message, however it comes."""
    made, data = frames(behind=5), b"head\n" + frame(b"one")
    for start, end in zip([0, *cuts], [*cuts, len(data)], strict=True):
        made.received(data[start:end])
    made.read()
    assert made.sink == [("received", WSMsgType.BINARY, b"one")]


def test_put_aside():
    """Messages are read when somebody asks, or when a megabyte has come; and then from the start again."""
    made, content = frames(), bytes(60_000)
    for _ in range(17):
        made.received(frame(content))
    assert made.sink == []
    made.received(frame(content))
    assert len(made.sink) == 18
    for _ in range(17):
        made.received(frame(content))
    assert len(made.sink) == 18
    made.read()
    assert len(made.sink) == 35


def test_broken():
    """Behind bytes that are no frame nothing more can be read; that is said once."""
    made = frames()
    made.received(frame(b"one"))
    made.received(b"\xff" * 8)
    made.read()
    assert [kind for _, kind, _ in made.sink] == [WSMsgType.BINARY, WSMsgType.ERROR]
    made.received(frame(b"two"))
    made.received(b"\xff" * 8)
    made.read()
    assert [kind for _, kind, _ in made.sink] == [WSMsgType.BINARY, WSMsgType.ERROR]

"""One direction of a connection: what is written, how it comes, and what is lost."""

import asyncio
from contextvars import Context

import pytest
from settling import settle

from aiohttpretty.wire.flow import Flow


class Ends(asyncio.Protocol):
    """Both ends of a flow: what the writer is told, and what the reader got."""

    def __init__(self):
        self.told, self.got, self.wants = [], [], True
        self.flow = Flow(
            asyncio.get_running_loop(),
            Context(),
            writer=self,
            wanted=lambda: self.wants,
            deliver=self.got.append,
            finish=lambda: self.got.append("end"),
        )

    def pause_writing(self):
        self.told.append("pause")

    def resume_writing(self):
        self.told.append("go on")


@pytest.fixture
async def ends():
    return Ends()


async def test_the_end_comes_last(ends):
    """What is written in one turn comes together in a later one, and the end of it behind it, once."""
    ends.flow.put(b"a")
    ends.flow.put(b"b")
    ends.flow.end()
    assert ends.got == []
    await settle()
    assert ends.got == [b"ab", "end"]
    ends.flow.wake()
    await settle()
    assert ends.got == [b"ab", "end"]


async def test_behind_the_end(ends):
    """What is written behind the end is lost."""
    ends.flow.put(b"a")
    ends.flow.end()
    ends.flow.put(b"b")
    ends.flow.pass_on(b"c")
    await settle()
    assert ends.got == [b"a", "end"]


async def test_cut(ends):
    """What was on its way is lost, and all that is still to come; a writer that waits goes on, and no end comes."""
    ends.flow.put(bytes(100_000))
    assert (ends.told, ends.flow.size) == (["pause"], 100_000)
    ends.flow.cut()
    assert (ends.told, ends.flow.size) == (["pause", "go on"], 0)
    ends.flow.put(b"a")
    ends.flow.end()
    assert ends.flow.size == 0
    await settle()
    assert ends.got == []


async def test_hurry(ends):
    """A writer that waits for the reader has its bytes delivered at once, unless the reader wants none."""
    ends.wants = False
    ends.flow.put(b"a")
    ends.flow.hurry()
    await settle()
    assert ends.got == []
    ends.wants = True
    ends.flow.hurry()
    assert ends.got == [b"a"]


async def test_passed_on(ends):
    """Bytes are passed on at once, but never before those that were written earlier."""
    ends.flow.pass_on(b"a")
    assert ends.got == [b"a"]
    ends.flow.put(b"b")
    ends.flow.pass_on(b"c")
    assert ends.got == [b"a"]
    await settle()
    assert ends.got == [b"a", b"bc"]

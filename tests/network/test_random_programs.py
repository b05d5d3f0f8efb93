"""Whatever is switched in the midst of whatever request: nothing that began under an activation tries to connect."""

import asyncio
import gc
import itertools
import os
import random

import aiohttp
import guard
import pytest
from cases import TOTAL, cases
from hypothesis import given

import aiohttpretty
from aiohttpretty import interception
from network import program, real

_played = itertools.count()
ORIGINAL = aiohttp.ClientSession.__dict__["_request"]
# What aiohttp makes of a session that is closed in the midst of a request, over a socket, too
CLOSED = (
    "Session is closed",
    "Connection closed.",
    "'NoneType' object has no attribute '_timeout_ceil_threshold'",
    "",
)
OURS = {"connect", "_close", "_close_immediately"}


@pytest.fixture(scope="module")
def port():
    """Where a server really is."""
    try:
        with real.server() as port:
            yield port
    finally:
        gc.unfreeze()


def new_loop():
    """As the run asks for; a name is never handed to a thread, where nobody knows who asked."""
    if os.environ.get("AIOHTTPRETTY_LOOP") == "uvloop":
        import uvloop

        return uvloop.new_event_loop()
    loop = asyncio.new_event_loop()
    look_up = loop.getaddrinfo

    async def getaddrinfo(host, port, **options):
        guard.ask("getaddrinfo", host, port)
        return await look_up(host, port, **options)

    loop.getaddrinfo = getaddrinfo
    return loop


def as_may_be(ask):
    """Whether that may come of a request; None is what one never came to that was cancelled before it began."""
    came = ask.came
    if isinstance(came, tuple):
        _, said = came
        # by one of those under which it began, and no later one
        return said in ("", "x", "re", "real", *ask.by) or said[:2] in ask.by
    if came is None or isinstance(came, (aiohttpretty.AiohttprettyError, asyncio.CancelledError)):
        return True
    if not ask.mocked:
        return True
    closed = ask.session.closed
    if isinstance(came, aiohttp.ClientError):
        return closed or ask.kind in program.FAULTY or ask.kind.startswith("real")
    return closed and isinstance(came, (RuntimeError, AssertionError, AttributeError)) and str(came) in CLOSED


def of_aiohttp(context, player):
    """Whether the event loop would log that over a socket, too: who writes when the session is closed is left alone."""
    closed = any(ask.session.closed for ask in player.asks if ask.kind == "expect")
    return closed and isinstance(context.get("exception"), aiohttp.ClientConnectionResetError)


def play(played, port):
    """Play it, and say what is wrong with what came of it."""
    random.seed(0)  # aiohttp shuffles
    if next(_played) % 500 == 0:
        gc.collect()
        gc.freeze()  # what hypothesis remembers of the cases; a report may have the garbage collected
    player = program.Player(port)
    guard.watch(player.judge)
    loop = new_loop()
    try:
        sessions = loop.run_until_complete(player.play(played))
        left = asyncio.all_tasks(loop)
        loop.run_until_complete(loop.shutdown_asyncgens())
    finally:
        player.all_off()
        guard.unwatch(player.judge)
        guard.seen.clear()
        loop.close()
    for registry in player.registries:
        registry.clear()
    touched = [session for session in sessions if session.connector is not None and OURS & set(vars(session.connector))]
    return {
        "connected": player.violations,
        "came": [(str(ask), repr(ask.came)) for ask in player.asks if not as_may_be(ask)],
        "complaints": [one for one in player.complaints if not of_aiohttp(one, player)],
        "tasks": left,
        "touched": touched,
        "hooks": list(interception._hooks),
        "request": aiohttp.ClientSession.__dict__["_request"] is ORIGINAL,
    }


NOTHING = {"connected": [], "came": [], "complaints": [], "tasks": set(), "touched": [], "hooks": [], "request": True}


@cases(1 if TOTAL in os.environ else 0.25)
@given(program.programs)
def test_a_request_that_began_under_an_activation_never_connects(port, played):
    """Whoever is deactivated, cleared, closed or cancelled, and where: it is answered, or fails as it may."""
    assert play(played, port) == NOTHING

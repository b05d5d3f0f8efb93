"""Plays a situation in both worlds, and says what the client saw."""

import asyncio
import re
import socket
import time
from contextlib import contextmanager

import aiohttp
from aiohttp import http_parser
from conformance.looking import described, head, names, tracing

from . import certificates
from .raw import Ear
from .situation import Place
from .worlds import Real, Wire

# What hangs must not hang the run
_PATIENCE = 60
# What is said of the situations is said of aiohttp's compiled parser; the one in Python has other messages
COMPILED = http_parser.HttpResponseParser is not http_parser.HttpResponseParserPy
_STRETCHES = (1, 2, 4, 8, 16, 32, 64)


async def seen(world, situation, way, stretch=1):
    """What a client sees that comes to the situation this way."""
    config, events = tracing()
    traces = [] if way.plain else [config]
    options = {
        "timeout": aiohttp.ClientTimeout(**{"total": None, **_stretched(situation.timeout, stretch)}),
        "proxy": world.proxy,
        "data": None if way.method == "GET" else b"uploaded",
        **situation.asking,
    }
    if callable(options["data"]):
        options["data"] = options["data"]()
    if isinstance(situation.really, Place) and situation.really.kind == "other":
        options["ssl"] = aiohttp.Fingerprint(certificates.fingerprint())
    common = {name: options[name] for name in ("proxy", "ssl") if name in options}
    connector = aiohttp.TCPConnector(resolver=world.names)
    async with aiohttp.ClientSession(connector=connector, trace_configs=traces) as session:
        if way.reused:
            async with session.get(world.base / "first", **common) as first:
                assert await first.read() == b"first"
        await world.vanish(connector)
        events.clear()
        told = await asked(session, way.method, world.base / "a", at_once=way.plain, **options)
        told["events"] = names(events)
        await world.quiet()
        told["attempts"] = world.asked()
        if not isinstance(situation.really, Place) and not (world.proxy and situation.https):
            events.clear()
            async with session.get(world.base / "first", **common) as after:
                assert await after.read() == b"first"
            told["after"] = names(events)
    return world.neutral(told)


def _stretched(timeout, stretch):
    return {name: seconds * stretch for name, seconds in timeout.items()}


async def asked(session, method, url, *, at_once=False, **options):
    """What comes of one request."""
    told = {"head": None, "pieces": [], "where": "request", "error": None}
    try:
        async with session.request(method, url, **options) as response:
            told |= {"head": head(response), "where": "body"}
            if at_once:
                told["pieces"].append(await response.read())
            else:
                async for piece in response.content.iter_any():
                    told["pieces"].append(piece)
            told["where"] = None
    except Exception as error:
        told["error"] = _told(error)
    return told


def _told(error):
    told = described(error)
    if "message" in told:  # a head that was cut is a message, too, and equals no other
        told["message"] = str(told["message"])
    for name in ("os_error", "certificate_error"):
        told[name] = described(getattr(error, name, None))
    for name in ("host", "port", "ssl", "strerror", "verify_code", "verify_message", "library", "reason"):
        told[name] = repr(getattr(error, name, None))
    told["context"] = type(error.__context__).__name__
    told["timeout"] = isinstance(error, asyncio.TimeoutError)
    if isinstance(error, aiohttp.ServerFingerprintMismatch):  # which certificates they are is made up in each run
        told["text"] = str(("...", "...", error.host, error.port)).replace("'...'", "b'...'")
        told["args"][:2] = [error.expected, type(error.got)]
    return told


def summary(told):
    """Type and message of what was raised."""
    error = told["error"]
    if error is None:
        return ""
    name = error["type"].replace("aiohttp.client_exceptions.", "aiohttp.")
    name = re.sub(r"^(builtins|asyncio\.exceptions)\.", "", name)
    return f"{name}: {error['text']}" if error["text"] else name


@contextmanager
def _trusting(situation, monkeypatch):
    """A client that trusts our authority, if it asks by https at all."""
    with monkeypatch.context() as patch:
        if situation.https:
            reason = situation.really.detail if isinstance(situation.really, Place) else None
            patch.setattr(aiohttp.connector, "_SSL_CONTEXT_VERIFIED", certificates.client(reason or ""))
        yield


async def really(situation, way, monkeypatch, stretch=1):
    """The server's port, what a client sees of it, and whether it had said all when the client's time was over."""
    ear = Ear()
    with ear.listening(monkeypatch), _trusting(situation, monkeypatch):
        with socket.create_server(("127.0.0.1", 0)) as sock:
            world = Real(situation.really, sock, ear, https=situation.https, proxy=situation.proxy)
            async with world.open():
                told = await asyncio.wait_for(seen(world, situation, way, stretch), _PATIENCE)
                in_time = not situation.timeout or isinstance(situation.really, Place) or world.server.in_time
                return world.port, told, in_time


async def on_the_wire(situation, way, port, monkeypatch, stretch=1):
    """What a client sees of the fault on the wire."""
    world = Wire(port, situation.replies(), https=situation.https, proxy=situation.proxy)
    with _trusting(situation, monkeypatch), world.registry.activate():
        return await asyncio.wait_for(seen(world, situation, way, stretch), _PATIENCE)


class Pace:
    """Whether the event loop went round without pausing for long, as measured by the client's shortest timeout."""

    def __init__(self, limit):
        self.kept = True
        self._limit = limit

    @contextmanager
    def watched(self):
        if not self._limit:
            yield
            return
        task = asyncio.create_task(self._watch())
        try:
            yield
        finally:
            task.cancel()

    async def _watch(self):
        before = time.monotonic()
        while self.kept:
            await asyncio.sleep(self._limit / 10)
            before, last = time.monotonic(), before
            self.kept = before - last < self._limit / 2


async def both(situation, way, monkeypatch):
    """What a client sees of the real server, and of the fault on the wire.

    Where the client's own timeouts matter, they are made longer until the machine was quick enough for them: until the
    event loop never paused for long, and the server had come to its silence when the timeout was over.
    """
    limit = min(situation.timeout.values(), default=0)
    for stretch in _STRETCHES:
        pace = Pace(limit * stretch)
        with pace.watched():
            port, real, in_time = await really(situation, way, monkeypatch, stretch)
        if in_time and pace.kept:
            break
    for stretch in _STRETCHES:
        pace = Pace(limit * stretch)
        with pace.watched():
            fake = await on_the_wire(situation, way, port, monkeypatch, stretch)
        if pace.kept:
            break
    if real["attempts"] is None:  # nobody is there to count them; each of them would be traced
        assert way.plain or real["events"].count("connection_create_start") == 1
        real["attempts"] = 1
    return real, fake


async def sequence(client, scripts, options, monkeypatch):
    """`await client(world, session)`, played against a real server with these scripts, and over the wire.

    Both tell what the client gives, the names of all trace events, and how many requests came.
    """
    ear = Ear()
    with ear.listening(monkeypatch), socket.create_server(("127.0.0.1", 0)) as sock:
        world = Real(scripts, sock, ear)
        async with world.open():
            real = await asyncio.wait_for(_sequence(client, world), _PATIENCE)
    world = Wire(world.port, options)
    with world.registry.activate():
        fake = await asyncio.wait_for(_sequence(client, world), _PATIENCE)
    return real, fake


async def _sequence(client, world):
    config, events = tracing()
    connector = aiohttp.TCPConnector(resolver=world.names)
    async with aiohttp.ClientSession(connector=connector, trace_configs=[config]) as session:
        told = await client(world, session)
        await world.quiet()
        return world.neutral({"told": told, "events": names(events), "attempts": world.asked()})

"""What a scenario is: an application, a client that asks it, and what is left to say about the two."""

import asyncio
from collections import defaultdict
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

import aiohttp
from aiohttp import web

from ..conftest import Everywhere
from ..looking import tracing


class World:
    """Where a scenario is played: `base` is the application's address; what its handlers see goes to `notes`."""

    def __init__(self, base, directory, trusting=None):
        self.base = base
        self.directory = directory
        self.notes = []
        self.events = []
        self.signals = defaultdict(asyncio.Event)
        """By which handlers and client wait for each other."""
        self._trusting = trusting

    @asynccontextmanager
    async def session(self, *, traced=True, connector=None, **options):
        """A session that finds every name on this machine, and says all that happens."""
        if traced:
            config, events = tracing()
            self.events.append(events)
            options["trace_configs"] = [config]
        if connector is None:
            connector = self.connector()
        async with aiohttp.ClientSession(connector=connector, **options) as session:
            yield session

    def connector(self, **options):
        return aiohttp.TCPConnector(resolver=Everywhere(), ssl=self._trusting or True, **options)

    def url(self, path):
        """The address of a path of the application's, with a query or without."""
        return f"{str(self.base).rstrip('/')}{path}"

    def note(self, *said):
        self.notes.append(said if len(said) > 1 else said[0])


class Scenario(NamedTuple):
    """`app(world)` makes what is served: an application, a `web.Server` or a handler; `client(world)` asks it."""

    app: Any
    client: Any
    below: str = ""
    """The path at which it stands; empty for the root."""
    tls: bool = False
    cancellation: bool = False
    """Whether handlers are cancelled when their client is gone."""
    until: str | None = None
    """The signal that it has ended, for an application that does something then."""
    status: int | None = None
    """That of the first response, so that a scenario in which both worlds fail alike is noticed."""


SCENARIOS = {}


def scenario(app, **options):
    """Makes a scenario of a client, with its name."""

    def added(client):
        add(client.__name__.strip("_").replace("_", " "), Scenario(app, client, **options))
        return client

    return added


def add(name, made):
    assert name not in SCENARIOS, f"there are two scenarios {name!r}"
    SCENARIOS[name] = made


def one_handler(handler):
    """An application in which a handler answers everything."""

    def app(world):
        async def handle(request):
            return await handler(world, request)

        made = web.Application(client_max_size=1 << 30)
        made.router.add_route("*", "/{tail:.*}", handle)
        return made

    return app

"""One scenario, twice: over a loopback server, and mounted."""

import asyncio
import socket
from contextlib import asynccontextmanager

import aiohttp
from aiohttp import web

import aiohttpretty
from aiohttpretty.live import lifetime
from aiohttpretty.live.foreign import adapted

# Long enough for a busy machine; a scenario that hangs must not hang the run
PATIENCE = 10


class Playing:
    """`async with playing(app, prefix) as (session, url)` serves the application at `url`.

    Afterwards, `errors` are the exceptions that the application let out; they have to be announced by `bugs=True`.
    """

    def __init__(self, mounted):
        self.mounted = mounted
        self.errors = []

    @asynccontextmanager
    async def __call__(self, app, prefix="", *, bugs=False):
        self.errors.clear()
        play = self._mounted if self.mounted else self._over_loopback
        async with aiohttp.ClientSession() as session, play(app, prefix) as url:
            yield session, url
        assert bool(self.errors) == bugs

    @asynccontextmanager
    async def _mounted(self, app, prefix):
        registry = aiohttpretty.AioHTTPretty()
        with registry.activate():
            registry.mount(f"http://example.com{prefix}", app)
            try:
                yield f"http://example.com{prefix}"
            finally:
                self.errors += [failure.error for failure in registry.handler_errors]
                registry.handler_errors.clear()
        while lifetime._lives:  # the event loop goes on, and the end of what was mounted is a task in it
            await asyncio.sleep(0)

    @asynccontextmanager
    async def _over_loopback(self, app, prefix):
        @web.middleware
        async def told(request, handler):
            try:
                return await handler(request)
            except (web.HTTPException, ConnectionError):
                raise
            except Exception as error:
                self.errors.append(error)
                raise

        outer = web.Application(middlewares=[told])
        made = adapted(app)
        if prefix:
            outer.add_subapp(prefix, made)
        else:
            made.middlewares.append(told)
            outer = made
        # no TestServer, which cancels a handler when its client is gone, as servers do not
        runner = web.AppRunner(outer)
        await runner.setup()
        with socket.create_server(("127.0.0.1", 0)) as listening:
            await web.SockSite(runner, listening).start()
            try:
                yield f"http://127.0.0.1:{listening.getsockname()[1]}{prefix}"
            finally:
                await runner.cleanup()

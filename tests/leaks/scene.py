"""One way into the mock and out of it, with something under way, and what there is to be seen of it afterwards."""

import asyncio
import gc
import os
import threading
import weakref
from collections import Counter

import aiohttp
from settling import PATIENCE, settle

import aiohttpretty
from leaks.under_way import KINDS

ORIGINAL = aiohttp.ClientSession.__dict__["_request"]
PACKAGE = aiohttpretty.__name__


class Failed(Exception):
    """As a test fails."""


def new_loop():
    """As the run asks for."""
    if os.environ.get("AIOHTTPRETTY_LOOP") == "uvloop":
        import uvloop

        return uvloop.new_event_loop()
    return asyncio.new_event_loop()


class Scene:
    """What a test does between its way in and its way out: begin something, and end as it ends.

    Args:
        kind: what is under way.
        end: how it ends: "returns", "fails", "interrupted", "cancelled", or "closed" (the loop, before all else).
    """

    def __init__(self, kind, end):
        self.kind = kind
        self.end = end
        self.session = None
        self.connector = None
        self.ended = []
        self.errors = []
        self._held = []
        self._tasks = []
        self._watched = {}
        self.complaints = []

    # What is under way

    def watch(self, *objects):
        """These must die."""
        for one in objects:
            self._watched[weakref.ref(one)] = f"{type(one).__name__} {one!r:.80}"

    def hold(self, response):
        self.watch(response)
        self._held.append(response)

    def asks(self, uri, method="GET", **options):
        """In a task of its own."""
        self._tasks.append(asyncio.ensure_future(self.session.request(method, uri, **options)))

    # The test

    async def body(self, pretty=aiohttpretty):
        """Of the test: what comes between the way in and the way out."""
        self.connector = aiohttp.TCPConnector()
        self.session = aiohttp.ClientSession(connector=self.connector)
        self.watch(self.connector, self.session)
        self.attributes = set(vars(self.connector))
        await KINDS[self.kind](self, pretty)
        await settle()
        if self.end == "fails":
            raise Failed
        if self.end == "interrupted":
            raise KeyboardInterrupt
        if self.end == "cancelled":
            asyncio.current_task().cancel()
            await asyncio.sleep(0)

    def drive(self, main):
        """Run it as a runner of tests does, in a loop of its own; what the test's own code would close, it closes."""
        loop = new_loop()
        loop.set_exception_handler(lambda loop, context: self.complaints.append(context))
        try:
            loop.run_until_complete(main())
        finally:
            if self.end == "closed":
                # what waits in it can't be told any more; a user who does this hears of it from asyncio and aiohttp
                for task in asyncio.all_tasks(loop):
                    task._log_destroy_pending = False
                loop.close()
            else:
                self._loop = loop

    def tidy(self):
        """The end of the test's own code: it cancels what it has begun, and closes its session; then the loop ends."""
        if self._loop is not None:
            self.tidy_session()
            self.close_loop()

    def tidy_session(self):
        if self._loop is not None:
            self._loop.run_until_complete(self._tidy())

    def close_loop(self):
        """See what is left in it, and close it."""
        loop, self._loop = self._loop, None
        if loop is None:
            return
        loop.run_until_complete(settle())
        self.tasks = [repr(task) for task in asyncio.all_tasks(loop)]
        self.timers = [repr(timer) for timer in getattr(loop, "_scheduled", ()) if not timer.cancelled()]
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()

    _loop = None
    tasks: list = []
    timers: list = []

    async def _tidy(self):
        for task in self._tasks:
            task.cancel()
        ended = await asyncio.wait_for(asyncio.gather(*self._tasks, return_exceptions=True), PATIENCE)
        for response in (*self._held, *ended):
            if isinstance(response, aiohttp.ClientResponse):
                response.close()
            elif isinstance(response, aiohttp.ClientWebSocketResponse):
                await response.close()
        await self.session.close()
        await settle()

    # Afterwards

    def touched(self):
        """The attributes that its connector has now, and had not before."""
        self._tasks.clear()  # one whose loop is closed is over when it is collected
        gc.collect()
        return set(vars(self.connector)) - self.attributes

    def let_go(self):
        """The test's own names go."""
        self.session = self.connector = None
        self._held.clear()
        self._tasks.clear()
        self.complaints.clear()
        # Routes that are gone are remembered, for reports: so many at most, and without what they answered
        gone = aiohttpretty._registry._ledger.gone
        assert gone.maxlen is not None
        gone.clear()

    def alive(self):
        """What is still there."""
        return [said for one, said in self._watched.items() if one() is not None]


def ours():
    """How many objects of the package the garbage collector knows, of each kind; made since it was frozen."""
    kinds = (type(one) for one in gc.get_objects())
    return Counter(kind.__qualname__ for kind in kinds if str(kind.__module__).partition(".")[0] == PACKAGE)


def threads():
    return set(threading.enumerate())


def descriptors():
    return set(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else set()

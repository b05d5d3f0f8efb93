"""Random programs: requests of all kinds, and somewhere in the midst of one, something is switched.

A program is a list of steps, which hypothesis chooses. `Player` plays one in an event loop, and keeps of each request
under whom it began, whether it tried to connect, and what came of it.
"""

import asyncio
from contextlib import nullcontext, suppress
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import NamedTuple

import aiohttp
from aiohttp import web
from hypothesis import strategies as st
from peers import echo
from settling import PATIENCE, settle

import aiohttpretty
from aiohttpretty import faults, patch

SHOP = "http://shop.example"
SECURE = "https://secure.example"
REGISTRIES = 3
SESSIONS = 3
MIDDLEWARES = hasattr(aiohttp, "ClientMiddlewareType")
SIGNALS = (
    "request_start",
    "request_chunk_sent",
    "request_headers_sent",
    "request_redirect",
    "request_end",
    "response_chunk_received",
    "connection_queued_start",
    "connection_queued_end",
    "connection_create_start",
    "connection_create_end",
    "connection_reuseconn",
    "dns_resolvehost_start",
    "dns_resolvehost_end",
)
# A request that is cancelled there costs aiohttp a place in its pool, or leaves a connection behind; without us, too
LOSSY = ("connection_queued_end", "connection_create_end")
ACTIONS = ("off", "all off", "all off", "all off", "off and on", "on", "register", "clear", "close", "cancel")
# How requests are made; what stands behind a slash is the address, on the real server if it begins with "real"
KINDS = (
    "plain",
    "unknown",
    "hops",
    "hop to nowhere",
    "moved upload",
    "lost once",
    "lost upload",
    "late",
    "late instantly",
    "stream",
    "half",
    "matched upload",
    "upload",
    "expect",
    "handled",
    "mounted",
    "websocket",
    "played websocket",
    "secure",
    "refused",
    "error",
    "fake",
    "real",
    "real hop",
    "real hop to nowhere",
    "real lost once",
    "real half",
)
ADDRESSES = {"moved upload": "moved", "hop to nowhere": "nowhere", "half": "stream", "late instantly": "instantly"}
# Where something can happen in any request, and where in some
ANYWHERE = ("before", "middleware", "request_start", "request_headers_sent", "request_end", "reading", "after", "late")
CONNECTING = ("connection_queued_start", "connection_queued_end", "connection_create_start", "connection_create_end")
UPLOADING = ("upload", "request_chunk_sent", "matcher", "connection_reuseconn")
SOMEWHERE = {
    "hop": ("request_redirect", "request_redirect", *CONNECTING, "connection_reuseconn"),
    "upload": UPLOADING,
    "expect": UPLOADING,
    "lost": CONNECTING,
    "stream": ("reply", "response_chunk_received"),
    "half": ("reply", "response_chunk_received"),
    "handled": ("handler", *CONNECTING),
    "mounted": ("handler", *CONNECTING),
    "real": ("rule", "rule", "dns_resolvehost_start", "dns_resolvehost_end", *CONNECTING),
}


def points(kind):
    """Where a request of that kind comes by."""
    more = [point for word, some in SOMEWHERE.items() if word in kind for point in some]
    return (*more, *more, *ANYWHERE)


# An error of aiohttp's own is what these may come to
FAULTY = {"lost once", "lost upload", "refused", "error", "moved upload", "websocket", "played websocket"}

POINTS = {kind: points(kind) for kind in KINDS}
numbers = st.integers(0, REGISTRIES - 1)
asks = st.sampled_from(KINDS).flatmap(
    lambda kind: st.tuples(
        st.just("ask"),
        st.just(kind),
        st.integers(0, SESSIONS - 1),
        st.sampled_from(POINTS[kind]),
        st.sampled_from((1, 1, 2, 3)),  # at the how manieth time
        st.sampled_from(ACTIONS),
        st.sampled_from(("", "", "", "", "isolated", "sealed")),
    )
)
waits = st.tuples(st.just("wait"), st.integers(1, 15))
others = st.one_of(
    st.tuples(st.just("on"), numbers),
    st.tuples(st.just("on"), numbers),
    st.tuples(st.just("off"), numbers),
    st.tuples(st.just("off"), numbers),
    st.sampled_from((("clear", 0), ("close", 1), ("close", 2), ("register", 0))),
    st.tuples(st.just("cancel"), st.integers(0, 5)),
)
programs = st.tuples(
    st.sampled_from(((0,), (0,), (1, 0), (0, 2), (2, 1, 0), ())),  # which are active from the first
    st.lists(st.one_of(asks, asks, asks, waits, waits, others), min_size=1, max_size=12),
)


class Act(NamedTuple):
    """What a request does to everything else, and when."""

    point: str
    turn: int
    what: str


@dataclass(eq=False)
class Ask:
    """One request, or what a handler or a middleware has made within one."""

    kind: str
    act: Act
    session: aiohttp.ClientSession
    mocked: bool = False
    by: frozenset = frozenset()
    """What those registries say that were there when it began."""
    permitted: bool = False
    """Whether somebody has let it through since it connected the last time."""
    came: object = None
    met: dict = field(default_factory=dict)
    cancelled: bool = False

    def __str__(self):
        return f"{self.kind} ({self.act.what} at {self.act.point} {self.act.turn})"


asking: ContextVar[Ask | None] = ContextVar("asking", default=None)


class Player:
    """Plays one program."""

    def __init__(self, real):
        self.real = real  # the port of a server that is really there
        self.violations = []
        self.asks = []
        self.tasks = []
        self.responses = []
        self.complaints = []
        self.depths = [0] * REGISTRIES
        self.registries = [aiohttpretty.AioHTTPretty() for _ in range(REGISTRIES)]

    def judge(self, event, host, port):
        """What the guard asks of each attempt: a request that began under an activation makes none, but on purpose."""
        ask = asking.get()
        here = host == "127.0.0.1" and port == self.real
        if ask is None or (ask.mocked and not (here and ask.permitted)):
            self.violations.append(f"{ask}: {event} {host}:{port}")
            return False
        ask.permitted = event == "getaddrinfo" and ask.permitted
        return here

    # -- before

    def register(self, number):
        """What each registry answers, with a number that says which one it was."""
        registry, said = self.registries[number], f"r{number}"
        app = web.Application()
        app.router.add_get("/handled", self._handle(said))

        async def stream():
            for _ in range(3):
                self.at("reply")
                yield said.encode()
                await asyncio.sleep(0)

        def accepts(call):
            self.at("matcher")
            return True

        def refuses(call):
            self.at("matcher")
            return False

        def moved(where, status=302):
            return {"status": status, "headers": {"Location": where}}

        def rule(url):
            ask = asking.get()
            if ask is not None and url.port == self.real:
                ask.permitted = True
                self.at("rule")
                return True
            return False

        add = registry.register_uri
        for host in (SHOP, SECURE, "http://other.example"):
            add("*", f"{host}/plain", body=said)
        add("GET", f"{SHOP}/hops", **moved("/hop"))
        add("GET", f"{SHOP}/hop", **moved("http://other.example/plain"))
        add("GET", f"{SHOP}/nowhere", **moved("http://nowhere.example/"))
        add("POST", f"{SHOP}/moved", **moved("http://other.example/plain", 307))
        lost = [{"fault": faults.disconnect(attempts=1)}, {"body": said}]
        lost_midway = [{"fault": faults.during_upload(after=5, attempts=1)}, {"body": said}]
        add("GET", f"{SHOP}/lost", responses=lost, exhausted="cycle")
        add("PUT", f"{SHOP}/lost", responses=lost_midway, exhausted="cycle")
        add("GET", f"{SHOP}/late", body=said, delay=0.001)
        add("GET", f"{SHOP}/instantly", body=said, delay=10, time="instant")
        add("GET", f"{SHOP}/stream", body=stream)
        add("POST", f"{SHOP}/matched", body="never", match=refuses)
        add("POST", f"{SHOP}/matched", body=said, match=[aiohttpretty.match.body(b"abab"), accepts])
        add("POST", f"{SHOP}/upload", body=said)
        add("GET", f"{SHOP}/handled", handler=self._handle(said))
        add("GET", f"{SHOP}/refused", fault=faults.refused())
        add("GET", f"{SHOP}/error", error=aiohttp.ServerDisconnectedError)
        registry.register_websocket(f"{SHOP}/echo", echo)
        registry.register_websocket(f"{SHOP}/played")
        registry.mount(f"{SHOP}/app", app)
        registry.passthrough(rule)

    def _handle(self, said):
        async def handler(request):
            self.at("handler")
            await asyncio.sleep(0)
            return web.Response(text=said)

        return handler

    def _session(self, number):
        traces = []
        if number:
            config = aiohttp.TraceConfig()
            for signal in SIGNALS:
                getattr(config, f"on_{signal}").append(self._traced(signal))
            traces = [config]
        options = {"middlewares": [self._middleware]} if number == 2 and MIDDLEWARES else {}
        connector = aiohttp.TCPConnector(limit=1 if number == 2 else 100, force_close=number == 1)
        return aiohttp.ClientSession(connector=connector, trace_configs=traces, **options)

    def _traced(self, signal):
        async def traced(session, context, params):
            self.at(signal)
            if signal not in LOSSY:
                await asyncio.sleep(0)

        return traced

    async def _middleware(self, request, handler):
        self.at("middleware")
        await asyncio.sleep(0)
        response = await handler(request)
        self.at("middleware")
        return response

    # -- in the midst of it

    def at(self, point):
        """A request has come as far as this."""
        ask = asking.get()
        if ask is None:  # in a handler, which has a context of its own
            for ask in self.asks:
                self._reached(ask, point)
        else:
            self._reached(ask, point)

    def _reached(self, ask, point):
        ask.met[point] = ask.met.get(point, 0) + 1
        if (point, ask.met[point]) == ask.act[:2]:
            self.do(ask.act.what, ask)

    def do(self, what, ask):
        """Something is switched."""
        if what == "off":
            self.off(next((number for number in reversed(range(REGISTRIES)) if self.depths[number]), 0))
        elif what in ("all off", "off and on"):
            self.all_off()
            if what == "off and on":
                self.on(0)
        elif what == "clear":
            for registry in self.registries:
                registry.clear()
        elif what == "on":
            self.on(2)
        elif what == "register":
            self.register(1)
        elif what == "close":
            self.tasks.append(asyncio.create_task(ask.session.close()))
        elif what == "cancel" and ask.act.point not in LOSSY:
            ask.cancelled = True
            self.tasks[self.asks.index(ask)].cancel() if ask in self.asks else None

    def on(self, number):
        self.registries[number].activate()
        self.depths[number] += 1

    def off(self, number):
        if self.depths[number]:
            self.registries[number].deactivate()
            self.depths[number] -= 1

    def all_off(self):
        for number in range(REGISTRIES):
            while self.depths[number]:
                self.off(number)

    # -- the requests

    async def ask(self, ask, scope):
        """Make it, and keep what came of it."""
        asking.set(ask)
        isolated = {"isolated": {}, "sealed": {"fall_through": False}}.get(scope)
        context = nullcontext() if isolated is None else aiohttpretty.isolated(**isolated)
        try:
            async with context as pretty:
                self.at("before")
                ask.by = frozenset(f"r{number}" for number in range(REGISTRIES) if self.depths[number])
                if ask.kind == "fake":
                    ask.by = {"r0"}
                elif pretty is not None:
                    pretty.register_uri("GET", f"{SHOP}/plain", body="own")
                    ask.by = {"own"} if scope == "sealed" else {"own", *ask.by}
                ask.mocked = bool(patch._activations) or isolated is not None or ask.kind == "fake"
                ask.came = await self._made(ask)
        except BaseException as error:
            ask.came = error
        finally:
            self.at("after")

    async def _made(self, ask):
        kind, get = ask.kind, ask.session.get
        if kind == "fake":
            return await self._read(ask, self.registries[0].fake_request("GET", f"{SHOP}/hops"))
        if kind.startswith("real"):
            where = f"http://127.0.0.1:{self.real}/{kind.removeprefix('real').strip().replace(' ', '-')}"
            return await self._read(ask, get(where))
        if "websocket" in kind:
            return await self._talk(ask, f"{SHOP}/{'played' if 'played' in kind else 'echo'}")
        if kind == "unknown":
            return await self._read(ask, get("http://nobody.example/"))
        if kind == "secure":
            return await self._read(ask, get(f"{SECURE}/plain"))
        if kind == "mounted":
            return await self._read(ask, get(f"{SHOP}/app/handled"))
        if kind in ("upload", "moved upload", "lost upload", "matched upload", "expect"):
            method = "PUT" if kind == "lost upload" else "POST"
            path = "upload" if kind == "expect" else kind.split()[0]
            data = b"abab" if kind == "moved upload" else self._upload()
            options = {"expect100": True} if kind == "expect" else {}
            return await self._read(ask, ask.session.request(method, f"{SHOP}/{path}", data=data, **options))
        return await self._read(ask, get(f"{SHOP}/{ADDRESSES.get(kind, kind.split()[0])}"))

    async def _upload(self):
        for _ in range(2):
            self.at("upload")
            await asyncio.sleep(0)
            yield b"ab"

    async def _read(self, ask, made):
        response = await made
        self.responses.append((ask, response))
        if "half" in ask.kind:
            first = await response.content.read(2)
            self.at("reading")
            return response.status, first.decode()
        self.at("reading")
        said = await response.text()
        response.release()
        return response.status, said

    async def _talk(self, ask, where):
        async with ask.session.ws_connect(where) as socket:
            if "played" in ask.kind:
                self.at("reading")
                return 101, ""
            await socket.send_str("x")
            self.at("reading")
            message = await socket.receive()
            return 101, "" if message.type is not aiohttp.WSMsgType.TEXT else message.data

    # -- one program

    async def play(self, program):
        """Play it to its end, and take away what is left."""
        active, steps = program
        asyncio.get_running_loop().set_exception_handler(lambda loop, context: self.complaints.append(context))
        for number in range(REGISTRIES):
            self.register(number)
        sessions = [self._session(number) for number in range(SESSIONS)]
        for number in active:
            self.on(number)
        for name, *words in steps:
            await self._step(sessions, name, *words)
        self.at("late")
        self.all_off()
        await settle()
        for ask, task in zip(self.asks, self.tasks):
            if ask.session.closed:  # aiohttp lets one that reads a body wait for ever then, over a socket too
                task.cancel()
        await self._let_go()
        await asyncio.wait_for(asyncio.gather(*self.tasks, return_exceptions=True), PATIENCE)
        self.all_off()
        await self._let_go()
        for session in sessions:
            await session.close()
        await settle()
        return sessions

    async def _let_go(self):
        """Read on, which must not hang, and give the connections back: others may wait for them."""
        for ask, response in [one for one in self.responses if one[0].came is not None]:
            if not ask.session.closed:
                with suppress(aiohttp.ClientError, aiohttpretty.AiohttprettyError):
                    await asyncio.wait_for(response.read(), PATIENCE)
            response.close()

    async def _step(self, sessions, name, *words):
        if name == "ask":
            kind, number, point, turn, what, scope = words
            if scope and not hasattr(aiohttpretty, "isolated"):
                scope = ""
            if not number and point in (*SIGNALS, "middleware"):
                number = 2  # the first one knows neither traces nor middlewares
            ask = Ask(kind, Act(point, turn, what), sessions[number])
            self.asks.append(ask)
            self.tasks.insert(len(self.asks) - 1, asyncio.create_task(self.ask(ask, scope)))
        elif name == "on":
            self.on(*words)
        elif name == "off":
            self.off(*words)
        elif name == "clear":
            self.registries[words[0]].clear()
        elif name == "register":
            self.register(words[0])
        elif name == "cancel":
            for ask, task in list(zip(self.asks, self.tasks))[words[0] : words[0] + 1]:
                ask.cancelled = True
                task.cancel()
        elif name == "close":
            await sessions[words[0]].close()
        else:
            for _ in range(words[0]):
                await asyncio.sleep(0)

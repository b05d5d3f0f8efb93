"""The life of a mounted application: when it starts, in which event loop, and how it ends."""

import asyncio
import gc
import os
import sys
import threading
import weakref

import aiohttp
import pytest
from aiohttp import web
from settling import PATIENCE, outcome, settle, until

import aiohttpretty
from aiohttpretty.live import lifetime

API = "https://api.example.test"


class Story:
    """An application, and what happens to it; each entry with the event loop it happened in."""

    def __init__(self, *, slow=0.0):
        self.events = []
        self.loops = []
        self.slow = slow
        self.reached = None

    def happens(self, what):
        self.events.append(what)
        self.loops.append(asyncio.get_running_loop())

    def app(self):
        async def startup(app):
            self.happens("startup")

        async def context(app):
            self.happens("context")
            yield
            await asyncio.sleep(self.slow)
            self.happens("end of context")

        async def shutdown(app):
            self.happens("shutdown")

        async def cleanup(app):
            self.happens("cleanup")

        async def hello(request):
            self.happens("request")
            return web.Response(text="hello")

        async def waiting(request):
            self.happens("request")
            if self.reached is not None:
                self.reached.set()
            try:
                await asyncio.Event().wait()
            finally:
                self.happens("handler's end")

        app = web.Application()
        app.router.add_get("/", hello)
        app.router.add_post("/waiting", waiting)
        app.on_startup.append(startup)
        app.cleanup_ctx.append(context)
        app.on_shutdown.append(shutdown)
        app.on_cleanup.append(cleanup)
        return app


# aiohttp starts its contexts before what is appended to on_startup, and ends them before what is appended to on_cleanup
BEGIN = ["context", "startup"]
END = ["shutdown", "end of context", "cleanup"]


async def ask(path="/", method="GET"):
    async with aiohttp.ClientSession() as session, session.request(method, API + path) as response:
        return await response.text()


@pytest.fixture(params=["asyncio", "uvloop"])
def new_loop(request):
    if request.param == "asyncio":
        return asyncio.new_event_loop
    return pytest.importorskip("uvloop").new_event_loop


def run(main, new_loop):
    """As asyncio.run() does it, on every CPython here."""
    loop = new_loop()
    complaints = []
    loop.set_exception_handler(lambda loop, context: complaints.append(context))
    try:
        result = loop.run_until_complete(main)
        for task in asyncio.all_tasks(loop):
            task.cancel()
            loop.run_until_complete(asyncio.wait([task]))
        loop.run_until_complete(loop.shutdown_asyncgens())
    finally:
        loop.close()
    gc.collect()
    assert complaints == []
    return result


@pytest.mark.parametrize("slow", [0, 0.02])
async def test_in_a_running_loop(slow):
    """It starts with its first request, once, and ends soon after deactivate(), all in the event loop of the test."""
    story = Story(slow=slow)
    tasks = asyncio.all_tasks()
    with aiohttpretty.activate():
        aiohttpretty.mount(API, story.app())
        assert story.events == []
        assert await asyncio.gather(*[ask() for _ in range(10)]) == ["hello"] * 10
        assert story.events == BEGIN + ["request"] * 10
        assert asyncio.all_tasks() == tasks
        del story.events[:]
    await asyncio.wait_for(until(lambda: story.events == END), 10)
    assert set(story.loops) == {asyncio.get_running_loop()}
    assert asyncio.all_tasks() == tasks


async def test_never_asked():
    """What nobody asks is not started, and not ended."""
    story = Story()
    with aiohttpretty.activate():
        aiohttpretty.mount(API, story.app())
    aiohttpretty.clear()
    await settle()
    assert story.events == []


ENDS = {
    "clear": lambda mount: aiohttpretty.clear(),
    "remove": lambda mount: mount.remove(),
    "another": lambda mount: aiohttpretty.mount(API, Story().app()),
    "deactivate": lambda mount: aiohttpretty.deactivate(),
}


@pytest.mark.parametrize("way", ENDS)
async def test_ways_to_end(way):
    """clear(), remove(), another mount in its place and deactivate() end it, and the handlers at work."""
    story = Story()
    story.reached = asyncio.Event()
    aiohttpretty.activate()
    mount = aiohttpretty.mount(API, story.app())
    request = asyncio.ensure_future(ask("/waiting", "POST"))
    await story.reached.wait()
    ENDS[way](mount)
    await asyncio.wait_for(until(lambda: "cleanup" in story.events), 10)
    assert story.events == [*BEGIN, "request", "shutdown", "handler's end", "end of context", "cleanup"]
    with pytest.raises(aiohttpretty.DeactivatedError if way == "deactivate" else aiohttp.ServerDisconnectedError):
        await request


@pytest.mark.parametrize("way", ENDS)
@pytest.mark.parametrize("turns", range(1, 9))
async def test_ended_before_its_first_step(way, turns):
    """Whoever waits for its start is told, also if it is ended before the event loop has come to begin it."""
    aiohttpretty.activate()
    mount = aiohttpretty.mount(API, Story().app())
    request = asyncio.gather(ask(), return_exceptions=True)
    for _ in range(turns):
        await asyncio.sleep(0)
    ENDS[way](mount)
    [ended] = await asyncio.wait_for(request, PATIENCE)
    if not isinstance(ended, (str, aiohttp.ServerDisconnectedError)):
        assert type(ended) is (aiohttpretty.DeactivatedError if way == "deactivate" else aiohttpretty.NoMatchError)


def test_a_loop_closed_before_its_end(new_loop):
    """Who ends it, and closes the event loop without waiting for that, leaves nothing of it, nor of its sessions."""

    async def main():
        held = asyncio.Event()

        async def handler(request):
            held.set()
            await asyncio.Event().wait()

        app = web.Application()
        app.router.add_get("/", handler)
        session = aiohttp.ClientSession()
        async with aiohttpretty.activate():
            aiohttpretty.mount(API, app)
            request = asyncio.ensure_future(outcome(session.get(API)))
            await held.wait()
        aiohttpretty.clear()
        assert type(await request) is aiohttpretty.DeactivatedError
        await session.close()
        return weakref.ref(session), weakref.ref(app)

    loop = new_loop()
    left = loop.run_until_complete(main())
    loop.close()
    gc.collect()
    assert [one() for one in left] == [None, None]
    assert lifetime._lives == {}
    assert {"close", "shutdown_asyncgens"} & set(vars(loop)) == set()


async def test_again_and_again():
    """It runs again after deactivate() and activate(), and in the next test, as behind a TestServer."""
    story = Story()
    app = story.app()
    for _ in range(3):
        with aiohttpretty.activate():
            aiohttpretty.mount(API, app)
            assert await ask() == "hello"
        await asyncio.wait_for(until(lambda: "cleanup" in story.events), 10)
        assert story.events == [*BEGIN, "request", *END]
        story.events.clear()


def test_at_the_end_of_the_loop(new_loop):
    """An event loop that ends while the mock is active ends the application before it is closed."""
    story = Story(slow=0.01)
    aiohttpretty.activate()
    aiohttpretty.mount(API, story.app())
    assert run(ask(), new_loop) == "hello"
    assert story.events == [*BEGIN, "request", *END]
    assert len(set(story.loops)) == 1
    aiohttpretty.deactivate()
    assert story.events == [*BEGIN, "request", *END]


def test_deactivated_at_the_end_of_the_loop(new_loop):
    """deactivate() as the last thing in an event loop is early enough."""
    story = Story(slow=0.01)

    async def main():
        with aiohttpretty.activate():
            aiohttpretty.mount(API, story.app())
            return await ask()

    assert run(main(), new_loop) == "hello"
    assert story.events == [*BEGIN, "request", *END]


def test_the_loop_is_stopped(new_loop):
    """deactivate() between two runs of an event loop, as in a fixture's end, has the application end there and then."""
    story = Story(slow=0.01)
    loop = new_loop()
    aiohttpretty.activate()
    aiohttpretty.mount(API, story.app())
    assert loop.run_until_complete(ask()) == "hello"
    aiohttpretty.deactivate()
    assert story.events == [*BEGIN, "request", *END]
    assert set(story.loops) == {loop}
    loop.close()


def test_the_loop_is_closed(new_loop):
    """An event loop that was closed without ado takes its application with it; nothing complains of that."""
    story = Story()
    loop = new_loop()
    aiohttpretty.activate()
    aiohttpretty.mount(f"{API}/v1", app := story.app())
    with pytest.raises(aiohttpretty.NoMatchError):
        loop.run_until_complete(ask())
    assert loop.run_until_complete(ask("/v1/")) == "hello"
    loop.close()
    aiohttpretty.deactivate()
    aiohttpretty.clear()
    gc.collect()
    assert story.events == [*BEGIN, "request"]
    assert [resource.canonical for resource in app.router.resources()] == ["/", "/waiting"]


def test_the_loop_is_closed_while_it_starts(new_loop):
    """One that was closed in the midst of the start leaves it there; nothing is cleaned up in a loop that is gone."""
    events = []

    async def starting(app):
        events.append("begun")
        try:
            await asyncio.Event().wait()
        finally:
            events.append("left")

    async def begin():
        asking = asyncio.ensure_future(ask())
        await until(lambda: events)
        asking.cancel()
        await asyncio.wait([asking])

    app = web.Application()
    app.on_startup.append(starting)
    app.on_cleanup.append(starting)
    loop = new_loop()
    aiohttpretty.activate()
    aiohttpretty.mount(API, app)
    loop.run_until_complete(begin())
    loop.close()
    aiohttpretty.deactivate()
    aiohttpretty.clear()
    gc.collect()
    assert events == ["begun", "left"]


async def test_one_application_in_two_registries():
    """Below the same path, it keeps it until the last of them is gone."""
    app = Story().app()
    other = aiohttpretty.AioHTTPretty()
    aiohttpretty.mount(f"{API}/v1", app)
    other.mount("http://other.example/v1", app)
    with aiohttpretty.activate():
        with other.activate():
            async with aiohttp.ClientSession() as session:
                assert (await session.get("http://other.example/v1/")).status == 200
            assert await ask("/v1/") == "hello"
        await settle()
        assert await ask("/v1/") == "hello"
    await settle()
    assert [resource.canonical for resource in app.router.resources()] == ["/", "/waiting"]


def test_another_loop_runs_it_no_more():
    """aiohttp starts an application in one event loop only, as for a TestServer; that is said in a sentence."""
    app = Story().app()
    aiohttpretty.activate()
    aiohttpretty.mount(API, app)
    assert asyncio.run(ask()) == "hello"
    with pytest.raises(aiohttpretty.ApplicationError) as caught:
        asyncio.run(ask())
    assert str(caught.value) == (
        "The application mounted at https://api.example.test has been started in another event loop before, and "
        "aiohttp starts an application in one event loop only. Make it anew for each, for example in a fixture of the "
        "test."
    )
    with pytest.raises(aiohttpretty.HandlerError):
        aiohttpretty.deactivate()


def test_in_threads():
    """deactivate() in another thread ends it in its own event loop."""
    story = Story()
    asked, go = threading.Event(), threading.Event()

    async def main():
        assert await ask() == "hello"
        asked.set()
        await asyncio.get_running_loop().run_in_executor(None, go.wait)
        await asyncio.wait_for(until(lambda: "cleanup" in story.events), 10)

    aiohttpretty.activate()
    aiohttpretty.mount(API, story.app())
    thread = threading.Thread(target=asyncio.run, args=(main(),))
    thread.start()
    asked.wait(10)
    aiohttpretty.deactivate()
    go.set()
    thread.join(10)
    assert story.events == [*BEGIN, "request", *END]
    assert len(set(story.loops)) == 1


async def test_one_application_at_two_addresses():
    """At two addresses with the same path, one run answers both; it ends with the last."""
    story = Story()
    app = story.app()
    with aiohttpretty.activate():
        first = aiohttpretty.mount(API, app)
        aiohttpretty.mount("http://api.example.test", app)
        async with aiohttp.ClientSession() as session:
            for url in (API, "http://api.example.test"):
                async with session.get(url) as response:
                    assert response.status == 200
        assert story.events == [*BEGIN, "request", "request"]
        first.remove()
        await settle()
        assert story.events == [*BEGIN, "request", "request"]
    await asyncio.wait_for(until(lambda: "cleanup" in story.events), 10)


async def test_one_application_below_two_paths():
    """aiohttp's routes begin with one path only: an application can't run below two at a time, and says so."""
    app = Story().app()
    with aiohttpretty.activate():
        aiohttpretty.mount(f"{API}/v1", app)
        aiohttpretty.mount(f"{API}/v2", app)
        assert await ask("/v1/") == "hello"
        with pytest.raises(aiohttpretty.ApplicationError) as caught:
            await ask("/v2/")
        aiohttpretty.handler_errors.clear()
    assert str(caught.value) == (
        f"The application {app!r} is to answer at the path '/v2' of one address while it is running at the path '/v1' "
        "of another, and its routes can begin with one path only. Make another instance for one of the two."
    )


async def test_a_start_that_fails():
    """A start that fails is told to each client, in a sentence, and to the test; what had begun is ended."""
    story = Story()
    app = story.app()
    bug = LookupError("no database")

    async def failing(app):
        raise bug

    app.on_startup.append(failing)
    with pytest.raises(aiohttpretty.HandlerError) as told:
        with aiohttpretty.activate():
            mount = aiohttpretty.mount(API, app)
            for _ in range(2):
                with pytest.raises(aiohttpretty.ApplicationError) as caught:
                    await ask()
                assert caught.value.__cause__ is bug
            assert story.events == [*BEGIN, "end of context"]
    assert str(caught.value) == (
        "The application mounted at https://api.example.test could not be started (LookupError: no database). It is "
        "started by the first request; look at its on_startup and cleanup_ctx."
    )
    assert told.value.__cause__ is bug
    assert str(told.value) == (
        f"A mounted application failed at its start or its end: LookupError: no database (mounted at {API}, "
        f"{mount.origin}). Mend it; or if the test means it to happen, let it say so: expect_errors=True in the "
        "registration or the mount, or aiohttpretty.handler_errors.clear()."
    )


@pytest.mark.parametrize(
    ("raised", "said"),
    [(asyncio.CancelledError(), "CancelledError"), (pytest.fail.Exception("no"), "Failed: no")],
    ids=["cancelled", "pytest.fail"],
)
async def test_a_start_that_gives_up(raised, said):
    """A start or an end that lets out what is no `Exception` has failed as well, and the test is told."""
    story = Story()
    app = story.app()

    async def failing(app):
        raise raised

    app.on_startup.append(failing)
    with aiohttpretty.activate():
        aiohttpretty.mount(API, app)
        with pytest.raises(aiohttpretty.ApplicationError) as caught:
            await ask()
        assert story.events == [*BEGIN, "end of context"]
        [failure] = aiohttpretty.handler_errors
        aiohttpretty.handler_errors.clear()
    assert failure.error is raised
    assert str(caught.value) == (
        f"The application mounted at https://api.example.test could not be started ({said}). It is started by the "
        "first request; look at its on_startup and cleanup_ctx."
    )


@pytest.mark.parametrize("way", ["clear", "remove", "deactivate"])
@pytest.mark.parametrize("path", ["", "/v1"])
async def test_again_at_once(way, path):
    """Mounted again while it is ending, an application starts when it has ended: aiohttp ends all contexts at once."""
    story = Story(slow=0.01)
    app = story.app()
    for at in ("", path):
        with aiohttpretty.activate():
            mount = aiohttpretty.mount(API + at, app)
            assert await ask(at + "/") == "hello"
            if way == "clear":
                aiohttpretty.clear()
            elif way == "remove":
                mount.remove()
    once = [*BEGIN, "request", *END]
    await asyncio.wait_for(until(lambda: len(story.events) == 2 * len(once)), 10)
    assert story.events == [*once, *once]
    assert aiohttpretty.handler_errors == []


def test_an_end_that_fails():
    """An end that fails is told to the test, where it is run to its end before deactivate() returns."""
    bug = LookupError("no database")
    app = Story().app()

    async def failing(app):
        raise bug

    app.on_cleanup.append(failing)
    loop = asyncio.new_event_loop()
    aiohttpretty.activate()
    aiohttpretty.mount(API, app)
    loop.run_until_complete(ask())
    with pytest.raises(aiohttpretty.HandlerError, match="LookupError: no database") as caught:
        aiohttpretty.deactivate()
    assert caught.value.__cause__ is bug
    loop.close()


async def test_an_end_that_fails_in_a_running_loop():
    """Where nobody can wait for the end, what it lets out is told to the event loop, and kept."""
    told = []
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: told.append(context))
    app = Story().app()

    async def failing(app):
        raise LookupError("no database")

    app.on_cleanup.append(failing)
    with aiohttpretty.activate():
        aiohttpretty.mount(API, app)
        await ask()
    await asyncio.wait_for(until(lambda: aiohttpretty.handler_errors), 10)
    [failure] = aiohttpretty.handler_errors
    assert repr(failure) == f"<HandlerFailure mount {API}: LookupError('no database')>"
    assert [(context["message"], context["exception"]) for context in told] == [
        (f"The application mounted at {API} failed at its end", failure.error)
    ]


async def test_a_start_that_asks_itself():
    """A start that waits for its own application would wait for ever; it is told so."""
    app = Story().app()

    async def asking(app):
        await asyncio.create_task(ask())

    app.on_startup.append(asking)
    with aiohttpretty.activate():
        aiohttpretty.mount(API, app, expect_errors=True)
        with pytest.raises(aiohttpretty.ApplicationError) as caught:
            await asyncio.wait_for(ask(), 10)
    assert str(caught.value) == (
        "The application mounted at https://api.example.test was asked by its own start, which would wait for itself. "
        "Ask it once it has started, or mount the part that is asked apart."
    )


async def test_deactivated_while_it_starts():
    """deactivate() while an application starts cancels the start, and the client is told."""
    story = Story()
    app = story.app()
    begun = asyncio.Event()

    async def endless(app):
        begun.set()
        await asyncio.Event().wait()

    app.on_startup.append(endless)
    aiohttpretty.activate()
    aiohttpretty.mount(API, app)
    request = asyncio.ensure_future(ask())
    await begun.wait()
    aiohttpretty.deactivate()
    with pytest.raises(aiohttpretty.DeactivatedError):
        await request
    await asyncio.wait_for(until(lambda: story.events == [*BEGIN, "end of context"]), 10)


async def test_a_client_that_does_not_wait_for_the_start():
    """A client that gives up while the application starts does not stop the start; the next one is answered."""
    story = Story()
    app = story.app()
    begun, go = asyncio.Event(), asyncio.Event()

    async def slow(app):
        begun.set()
        await go.wait()

    app.on_startup.append(slow)
    with aiohttpretty.activate():
        aiohttpretty.mount(API, app)
        request = asyncio.ensure_future(ask())
        await begun.wait()
        request.cancel()
        await asyncio.wait([request])
        go.set()
        assert await ask() == "hello"
        assert aiohttpretty.calls[0].status == 200
        assert len(aiohttpretty.calls) == 1


async def test_contexts_of_its_own():
    """It runs in no context of its client's; what its start sets is there for its handlers, as in life."""
    import contextvars

    who = contextvars.ContextVar("who", default="nobody")
    app = web.Application()

    async def start(app):
        assert who.get() == "nobody"
        who.set("the application")

    async def tell(request):
        return web.Response(text=who.get())

    app.on_startup.append(start)
    app.router.add_get("/", tell)
    who.set("the client")
    with aiohttpretty.activate():
        aiohttpretty.mount(API, app)
        assert await ask() == "the application"


async def test_where_tasks_begin_at_once():
    """It starts, answers and ends in an event loop whose tasks are eager (CPython 3.12), too."""
    story = Story()
    loop = asyncio.get_running_loop()
    loop.set_task_factory(getattr(asyncio, "eager_task_factory", None))
    try:
        with aiohttpretty.activate():
            aiohttpretty.mount(API, story.app())
            assert await ask() == "hello"
        await until(lambda: "cleanup" in story.events)
    finally:
        loop.set_task_factory(None)
    assert story.events == [*BEGIN, "request", *END]


@pytest.mark.skipif(sys.version_info < (3, 11), reason="there are no task groups before")
async def test_start_and_end_in_one_task():
    """A context may hold what has to be entered and left by one task, such as a task group."""
    seen = []

    async def context(app):
        async with asyncio.TaskGroup() as group, asyncio.timeout(60):
            task = group.create_task(asyncio.Event().wait())
            seen.append(asyncio.current_task())
            yield
            seen.append(asyncio.current_task())
            task.cancel()

    app = Story().app()
    app.cleanup_ctx.append(context)
    with aiohttpretty.activate():
        aiohttpretty.mount(API, app)
        assert await ask() == "hello"
    await asyncio.wait_for(until(lambda: len(seen) == 2), 10)
    assert seen[0] is seen[1]


async def test_nothing_is_held():
    """After clear(), nothing keeps an application, its requests or its connection alive."""
    app = Story().app()
    dead = weakref.ref(app)
    with aiohttpretty.activate():
        async with aiohttp.ClientSession() as session:
            aiohttpretty.mount(f"{API}/v1", app)
            async with session.get(f"{API}/v1/") as response:
                await response.read()
            aiohttpretty.clear()
            del app, response
            for _ in range(20):
                await asyncio.sleep(0)
            gc.collect()
            assert dead() is None


def test_the_loop_is_as_before():
    """What holds the life of an application to its event loop is gone with it."""

    async def main():
        loop = asyncio.get_running_loop()
        with aiohttpretty.activate():
            aiohttpretty.mount(API, Story().app())
            await ask()
            assert "shutdown_asyncgens" in vars(loop)
            aiohttpretty.clear()
            await asyncio.wait_for(until(lambda: "shutdown_asyncgens" not in vars(loop)), 10)

    asyncio.run(main())


def test_in_a_child(tmp_path):
    """At the end of a whole process, with warnings as errors and in asyncio's debug mode, nothing is complained of."""
    import subprocess

    script = tmp_path / "child.py"
    script.write_text(
        "import asyncio, aiohttp, aiohttpretty\n"
        "from aiohttp import web\n"
        "async def context(app):\n"
        "    yield\n"
        "    await asyncio.sleep(0.01)\n"
        "    print('ended')\n"
        "async def main():\n"
        "    async with aiohttp.ClientSession() as session, session.get('http://a.test/') as response:\n"
        "        print(response.status)\n"
        "app = web.Application()\n"
        "app.cleanup_ctx.append(context)\n"
        "aiohttpretty.activate()\n"
        "aiohttpretty.mount('http://a.test', app)\n"
        "asyncio.run(main())\n"
    )
    done = subprocess.run(
        [sys.executable, "-X", "dev", "-W", "error", str(script)],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "PYTHONASYNCIODEBUG": "1"},
    )
    assert (done.stdout, done.stderr) == ("404\nended\n", "")

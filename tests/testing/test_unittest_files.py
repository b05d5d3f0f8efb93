"""Whole files of unittest: what the decorators do to them, and what is shown."""

import sys

SAID = (
    "What fails in the background fails the test. If the test means it to happen, let it take the exception: await the "
    "task, catch it where it is raised, or set an exception handler of the test's own.\n"
)


def test_each_outcome_stays_what_it_is(unit):
    """Passed, failed, broken, skipped and expected to fail, setUp, cleanups and subtests: all as in plain tests."""
    run = unit(
        """
class OutcomeTest(unittest.TestCase):
    def setUp(self):
        self.steps = ["setUp"]
        self.addCleanup(lambda: self.assertEqual(self.steps, ["setUp", "test", "tearDown"]))

    def tearDown(self):
        self.steps.append("tearDown")

    async def reach(self):
        await asyncio.sleep(0)
        self.steps.append("test")

    @run_until_complete
    async def test_1_passes(self):
        await self.reach()

    @run_until_complete
    async def test_2_fails(self):
        await self.reach()
        self.assertEqual(1, 2)

    @run_forever(timeout=0)
    async def test_3_breaks(self):
        await self.reach()
        raise KeyError("lost")

    @run_forever(timeout=0)
    async def test_4_fails_at_last(self):
        async def check():
            await self.reach()
            self.assertEqual(3, 4)

        return check

    @run_until_complete
    async def test_5_skips(self):
        await self.reach()
        self.skipTest("not today")

    @run_until_complete
    @unittest.expectedFailure
    async def test_6_is_expected(self):
        await self.reach()
        self.fail()

    @unittest.expectedFailure
    @run_until_complete
    async def test_7_is_not_expected(self):
        await self.reach()

    @run_until_complete
    async def test_8_subtests(self):
        await self.reach()
        for number in (1, 2, 3):
            with self.subTest(number=number):
                await asyncio.sleep(0)
                self.assertNotEqual(number, 2)


class SkippedTest(unittest.TestCase):
    def setUp(self):
        raise AssertionError

    @run_until_complete
    @unittest.skip("below")
    async def test_1(self):
        raise AssertionError

    @unittest.skip("above")
    @run_until_complete
    async def test_2(self):
        raise AssertionError


class IsolatedTest(unittest.IsolatedAsyncioTestCase):
    @run_until_complete
    async def test_beside_its_loop(self):
        await asyncio.sleep(0)


class ClassTest(unittest.TestCase):
    @classmethod
    @run_until_complete
    async def setUpClass(cls):
        await asyncio.sleep(0)
        cls.ready = True

    @staticmethod
    @run_until_complete
    async def test_static():
        await asyncio.sleep(0)

    @run_until_complete
    def test_plain(self):
        self.assertTrue(self.ready)
        self.assertTrue(asyncio.get_running_loop().is_running())
"""
    )
    assert run.code == 1
    assert [line for line in run.report.splitlines() if "Error" in line or "File" in line or "self." in line] == [
        '  File "test_it.py", in test_3_breaks',
        '    raise KeyError("lost")',
        "KeyError: 'lost'",
        '  File "test_it.py", in test_2_fails',
        "    self.assertEqual(1, 2)",
        "AssertionError: 1 != 2",
        '  File "test_it.py", in check',
        "    self.assertEqual(3, 4)",
        "AssertionError: 3 != 4",
        '  File "test_it.py", in test_8_subtests',
        "    self.assertNotEqual(number, 2)",
        "AssertionError: 2 == 2",
    ]
    assert run.report.endswith(
        "FAILED (failures=3, errors=1, skipped=3, expected failures=1, unexpected successes=1)\n"
    )


def test_what_fails_in_the_background_fails_the_test(unit):
    """A task that nobody awaits, dead or alive: the test fails with a sentence, and shows the task's own traceback."""
    run = unit(
        """
async def boom():
    raise ZeroDivisionError("at once")


class BackgroundTest(unittest.TestCase):
    @run_until_complete
    async def test_a_task(self):
        self.task = asyncio.create_task(boom())
        await asyncio.sleep(0.001)

    @run_forever(timeout=0.001)
    async def test_forever(self):
        asyncio.create_task(self.beat(), name="heart")

    async def beat(self):
        raise KeyError("beat")
"""
    )
    assert run.code == 1
    assert run.report == (
        f"""FF
{"=" * 70}
FAIL: test_a_task (test_it.BackgroundTest{".test_a_task" if sys.version_info >= (3, 11) else ""})
{"-" * 70}
Traceback (most recent call last):
  File "test_it.py", in boom
    raise ZeroDivisionError("at once")
ZeroDivisionError: at once

The above exception was the direct cause of the following exception:

aiohttpretty.errors.BackgroundError: In the background of BackgroundTest.test_a_task, the task of boom() raised \
ZeroDivisionError: at once.
{SAID}
{"=" * 70}
FAIL: test_forever (test_it.BackgroundTest{".test_forever" if sys.version_info >= (3, 11) else ""})
{"-" * 70}
Traceback (most recent call last):
  File "test_it.py", in beat
    raise KeyError("beat")
KeyError: 'beat'

The above exception was the direct cause of the following exception:

aiohttpretty.errors.BackgroundError: In the background of BackgroundTest.test_forever, the task 'heart' of \
BackgroundTest.beat() raised KeyError: 'beat'.
{SAID}
{"-" * 70}
Ran 2 tests in 0s

FAILED (failures=2)
"""
    )


def test_nothing_is_left(unit):
    """Tasks, generators, threads and the loop are ended, the former loop is the current one, and nothing warns."""
    run = unit(
        """
class CleanTest(unittest.TestCase):
    ended = []

    def look(self):
        policy = asyncio.get_event_loop_policy()
        return getattr(policy._local, "_loop", None), getattr(policy._local, "_set_called", True)

    def setUp(self):
        self.before = self.look()

    def tearDown(self):
        self.assertEqual(self.look(), self.before)
        self.assertTrue(self.loop.is_closed())
        self.assertEqual([thread.name for thread in threading.enumerate()], ["MainThread"])

    async def wait(self):
        try:
            await asyncio.sleep(3600)
        finally:
            self.again = asyncio.create_task(self.wait_again())
            await asyncio.sleep(0)
            self.ended.append("task")

    async def wait_again(self):
        try:
            await asyncio.sleep(3600)
        finally:
            self.ended.append("its task")

    async def count(self):
        try:
            yield 1
            yield 2
        finally:
            await asyncio.sleep(0)
            self.ended.append("generator")

    async def leave_things(self):
        self.loop = asyncio.get_running_loop()
        self.assertIs(asyncio.get_event_loop_policy().get_event_loop(), self.loop)
        self.task = asyncio.create_task(self.wait())
        self.numbers = self.count()
        await anext(self.numbers)
        await self.loop.run_in_executor(None, int)
        process = await asyncio.create_subprocess_exec("true")
        self.assertEqual(await process.wait(), 0)

    @run_until_complete
    async def test_1_where_none_was_set(self):
        await self.leave_things()

    @run_forever(timeout=0)
    async def test_2_forever(self):
        return self.leave_things

    @run_until_complete(loop=loop_context)
    async def test_3_in_a_loop_that_is_given(self):
        await self.leave_things()

    @run_until_complete(loop=loop_context)
    async def test_4_and_a_failure(self):
        await self.leave_things()
        raise SystemError("never mind")

    test_4_and_a_failure = unittest.expectedFailure(test_4_and_a_failure)


class FormerTest(CleanTest):
    def setUp(self):
        self.former = asyncio.new_event_loop()
        asyncio.set_event_loop(self.former)
        super().setUp()

    def tearDown(self):
        super().tearDown()
        asyncio.set_event_loop(None)
        self.former.close()


def tearDownModule():
    if CleanTest.ended != ["task", "its task", "generator"] * 8:
        raise AssertionError(CleanTest.ended)
"""
    )
    assert run.report.startswith("...x...x\n"), run.report
    assert run.report.endswith("Ran 8 tests in 0s\n\nOK (expected failures=2)\n"), run.report
    assert run.code == 0


def test_run_forever_takes_its_steps(unit):
    """Body, loop, callback, end of the loop, then the threads' time; and only then it fails."""
    run = unit(
        """
def say(*words):
    print(*words, flush=True)


class ForeverTest(unittest.TestCase):
    @run_forever(timeout=0.02, sleep=3600)
    async def test_steps(self):
        loop = asyncio.get_running_loop()
        began = loop.time()
        loop.call_later(0.01, say, "going on")
        asyncio.create_task(self.serve())
        sleeping = threading.Event()

        def late():
            sleeping.wait()
            say("asleep, loop closed:", loop.is_closed())
            raise OSError("late")

        thread = threading.Thread(target=late, name="late")
        thread.start()

        def sleep(seconds):
            say("sleep", seconds)
            sleeping.set()
            thread.join()

        patched = mock.patch("aiohttpretty.loops.run.sleep_outside", sleep)
        patched.start()
        self.addCleanup(patched.stop)
        say("body")

        async def check():
            await asyncio.sleep(0)
            say("callback, on time:", 0.02 <= loop.time() - began)

        return check

    async def serve(self):
        try:
            await asyncio.sleep(3600)
        finally:
            say("stopped")
"""
    )
    assert run.printed == (
        "body\ngoing on\ncallback, on time: True\nstopped\nsleep 3600\nasleep, loop closed: True\n"
    ), run.report
    assert (
        "BackgroundError: In the background of ForeverTest.test_steps, the thread 'late' raised OSError: late.\n" + SAID
        in run.report
    )
    assert run.report.endswith("FAILED (failures=1)\n")
    assert run.code == 1


def test_an_interrupt_ends_it_in_good_order(unit):
    """Control-C: the test is cancelled, the loop closed, what comes after does not run, and unittest ends as ever."""
    run = unit(
        """
class InterruptedTest(unittest.TestCase):
    @run_forever(timeout=3600, sleep=3600)
    async def test_1(self):
        self.loop = asyncio.get_running_loop()
        self.addCleanup(lambda: print("closed:", self.loop.is_closed(), flush=True))
        asyncio.create_task(self.wait())
        self.loop.call_later(0.01, os.kill, os.getpid(), signal.SIGINT)

    async def wait(self):
        try:
            await asyncio.sleep(3600)
        finally:
            await asyncio.sleep(0)
            print("cancelled", flush=True)

    def test_2(self):
        print("another", flush=True)
"""
    )
    assert run.printed in ("cancelled\n", "cancelled\nclosed: True\n")
    assert run.report.rstrip().splitlines()[-1] == "KeyboardInterrupt"
    assert "Warning" not in run.report
    assert "never" not in run.report
    assert run.code != 0


MOCKED = """
from aiohttp import web

URL = "http://example.com/"


async def fetch(url=URL):
    async with aiohttp.ClientSession() as session, session.get(url) as response:
        return await response.text()


def tests(module, LOOP):
    class MockedTest(unittest.TestCase):
        def tearDown(self):
            self.assertNotIn("active on", repr(aiohttpretty.activate.__self__))

        @aiohttpretty.activate
        @run_until_complete(loop=LOOP)
        async def test_activated_outside(self):
            aiohttpretty.register_uri("GET", URL, body="hello")
            self.assertEqual(await fetch(), "hello")
            self.assertEqual(type(asyncio.get_running_loop()).__module__.split(".")[0], module)

        @run_until_complete(loop=LOOP)
        @aiohttpretty.activate
        async def test_activated_inside(self):
            aiohttpretty.register_uri("GET", URL, body="hello")
            self.assertEqual(await fetch(), "hello")

        @run_until_complete(loop=LOOP)
        @aiohttpretty.activate
        async def test_a_gap(self):
            with self.assertRaises(aiohttpretty.NoMatchError):
                await fetch()

        @mock.patch(__name__ + ".URL", "http://example.net/")
        @run_until_complete(loop=LOOP)
        @mock.patch(__name__ + ".fetch", new_callable=mock.AsyncMock, return_value="patched")
        async def test_patched(self, fetch_):
            self.assertEqual((await fetch(), URL), ("patched", "http://example.net/"))
            fetch_.assert_awaited_once_with()

        @aiohttpretty.activate
        @run_until_complete(loop=LOOP)
        async def test_a_mounted_application(self):
            async def context(app):
                yield
                await asyncio.sleep(0)
                print("ended", flush=True)

            async def answer(request):
                return web.Response(text="mounted")

            app = web.Application()
            app.router.add_get("/", answer)
            app.cleanup_ctx.append(context)
            aiohttpretty.mount("http://example.com", app)
            self.assertEqual(await fetch(), "mounted")

        @run_until_complete(loop=LOOP)
        async def test_background(self):
            asyncio.create_task(self.boom(), name="beat")
            asyncio.get_running_loop().call_soon(self.tick)
            await asyncio.sleep(0.001)

        async def boom(self):
            raise ZeroDivisionError

        def tick(self):
            raise KeyError("tick")

        test_background = unittest.expectedFailure(test_background)

    @aiohttpretty.activate
    class DecoratedClassTest(unittest.TestCase):
        @run_forever(timeout=0, loop=LOOP)
        async def test_forever(self):
            aiohttpretty.register_uri("GET", URL, body="hello")
            task = asyncio.create_task(fetch())

            async def check():
                self.assertEqual(await task, "hello")
                self.assertTrue(aiohttpretty.has_call(URL))

            return check

    return MockedTest, DecoratedClassTest


AsyncioTest, AsyncioClassTest = tests("asyncio", loop_context)
try:
    import uvloop
except ImportError:  # there is none for this Python
    FreshTest, FreshClassTest = tests("asyncio", loop_context)
else:
    UvloopTest, UvloopClassTest = tests("uvloop", functools.partial(loop_context, uvloop.new_event_loop))
"""


def test_mocked(unit):
    """With `activate` and `mock.patch`, above and below; what is mounted ends with the test's loop; also on uvloop."""
    run = unit(MOCKED)
    assert run.report.endswith("\n\nOK (expected failures=2)\n"), run.report
    assert run.printed == "ended\nended\n"
    assert run.code == 0

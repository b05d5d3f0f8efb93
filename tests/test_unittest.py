"""Without pytest: each way to switch on in plain `unittest`.

These are examples as much as tests. They run as part of pytest's run, and `test_without_pytest` runs the same file by
`python -m unittest`, where no plug-in could help.
"""

import asyncio
import os
import subprocess
import sys
import unittest
from pathlib import Path

import aiohttp

import aiohttpretty

URL = "http://example.com/"
ORIGINAL = aiohttp.ClientSession.__dict__["_request"]
# a variable of the environment that tells the run inside the run from the outer one
INNER = "AIOHTTPRETTY_UNITTEST"


async def fetch(url=URL):
    async with aiohttp.ClientSession() as session, session.get(url) as response:
        return await response.text()


def mocked():
    return aiohttp.ClientSession.__dict__["_request"] is not ORIGINAL


class AsyncSetUpTest(unittest.IsolatedAsyncioTestCase):
    """setUp switches on, a cleanup switches off, whatever became of the test."""

    def setUp(self):
        aiohttpretty.clear()
        aiohttpretty.activate()
        self.addCleanup(aiohttpretty.deactivate)

    async def test_an_answer(self):
        """A registered request is answered, and recorded."""
        aiohttpretty.register_uri("GET", URL, body="hello")
        self.assertEqual(await fetch(), "hello")
        self.assertTrue(aiohttpretty.has_call(URL, method="GET"))

    async def test_a_gap(self):
        """Nothing is left of the other test: the request is refused."""
        with self.assertRaisesRegex(aiohttpretty.NoMatchError, "^No URLs matching GET http://example.com/ with params"):
            await fetch()
        self.assertEqual(len(aiohttpretty.unmatched), 1)


class AsyncioSetUpTest(unittest.IsolatedAsyncioTestCase):
    """The same in asyncSetUp and asyncTearDown, with a session that lives as long as the test."""

    async def asyncSetUp(self):
        aiohttpretty.clear()
        aiohttpretty.activate()
        self.addCleanup(aiohttpretty.deactivate)
        self.session = await self.enter(aiohttp.ClientSession())

    async def enter(self, manager):
        entered = await manager.__aenter__()
        self.addAsyncCleanup(manager.__aexit__, None, None, None)
        return entered

    async def test_an_answer(self):
        """Setup, test and cleanups share one event loop, and the mock."""
        aiohttpretty.register_json_uri("GET", URL, body={"a": 1})
        async with self.session.get(URL) as response:
            self.assertEqual(await response.json(), {"a": 1})


class PlainSetUpTest(unittest.TestCase):
    """The same for tests that run an event loop of their own."""

    def setUp(self):
        aiohttpretty.clear()
        aiohttpretty.activate()
        self.addCleanup(aiohttpretty.deactivate)

    def test_an_answer(self):
        """A registered request is answered in any event loop."""
        aiohttpretty.register_uri("GET", URL, responses=[{"body": "one"}, {"body": "two"}])
        self.assertEqual([asyncio.run(fetch()), asyncio.run(fetch())], ["one", "two"])

    def test_a_gap(self):
        """Nothing is left of the other test: the request is refused."""
        self.assertRaises(aiohttpretty.NoMatchError, asyncio.run, fetch())


class BlockTest(unittest.IsolatedAsyncioTestCase):
    """A `with` block; what came by can be looked at after it."""

    def setUp(self):
        self.addCleanup(aiohttpretty.clear)

    async def test_with(self):
        """Mocked inside, not after."""
        with aiohttpretty.activate():
            aiohttpretty.register_uri("GET", URL, body="hello")
            self.assertEqual(await fetch(), "hello")
        self.assertFalse(mocked())
        self.assertTrue(aiohttpretty.has_call(URL))

    async def test_async_with(self):
        """`async with` does the same."""
        async with aiohttpretty.activate():
            aiohttpretty.register_uri("GET", URL, body="hello")
            self.assertEqual(await fetch(), "hello")
        self.assertFalse(mocked())

    async def test_an_error_leaves_the_block(self):
        """It is switched off all the same."""
        with self.assertRaises(ZeroDivisionError), aiohttpretty.activate():
            self.assertTrue(mocked())
            raise ZeroDivisionError
        self.assertFalse(mocked())


class PlainBlockTest(unittest.TestCase):
    """The block in a test that runs an event loop of its own."""

    def test_with(self):
        """Mocked inside, not after."""
        self.addCleanup(aiohttpretty.clear)
        with aiohttpretty.activate():
            aiohttpretty.register_uri("GET", URL, body="hello")
            self.assertEqual(asyncio.run(fetch()), "hello")
        self.assertFalse(mocked())


class DecoratedMethodTest(unittest.IsolatedAsyncioTestCase):
    """`@aiohttpretty.activate` on methods: mocked inside, and cleared when it is over."""

    def tearDown(self):
        self.assertFalse(mocked())
        self.assertEqual(len(aiohttpretty.registry) + len(aiohttpretty.calls), 0)

    @aiohttpretty.activate
    async def test_awaited(self):
        """A coroutine method."""
        aiohttpretty.register_uri("GET", URL, body="hello")
        self.assertEqual(await fetch(), "hello")

    @aiohttpretty.activate
    def test_plain(self):
        """A plain method."""
        self.assertTrue(mocked())

    async def test_another(self):
        """A method without it is not mocked."""
        self.assertFalse(mocked())


@aiohttpretty.activate
class DecoratedClassTest(unittest.IsolatedAsyncioTestCase):
    """`@aiohttpretty.activate` on a class: each of its tests, and what setUp has registered stays."""

    def setUp(self):
        aiohttpretty.register_uri("GET", URL, body="hello")

    def tearDown(self):
        self.assertFalse(mocked())

    async def test_awaited(self):
        """A coroutine method."""
        self.assertEqual(await fetch(), "hello")

    async def test_again(self):
        """Another one."""
        self.assertEqual(await fetch(), "hello")
        self.assertEqual(len(aiohttpretty.calls), 1)


@aiohttpretty.activate
class PlainDecoratedClassTest(unittest.TestCase):
    """The same for tests that run an event loop of their own."""

    def test_plain(self):
        """A plain method."""
        aiohttpretty.register_uri("GET", URL, body="hello")
        self.assertEqual(asyncio.run(fetch()), "hello")


class WithoutPytest(unittest.TestCase):
    """The run inside the run."""

    def test_without_pytest(self):
        """All of this passes under `python -m unittest`, every warning an error."""
        if INNER in os.environ:
            self.assertNotIn("pytest", sys.modules)
            return
        run = subprocess.run(
            [sys.executable, "-W", "error", "-m", "unittest", Path(__file__).stem],
            cwd=Path(__file__).parent,
            env={**os.environ, INNER: "1"},
            capture_output=True,
            text=True,
            check=False,
        )
        self.assertEqual(run.returncode, 0, run.stderr)
        tests = unittest.defaultTestLoader.loadTestsFromModule(sys.modules[__name__]).countTestCases()
        self.assertIn(f"Ran {tests} tests in ", run.stderr)
        self.assertTrue(run.stderr.endswith("\nOK\n"))

"""With nest_asyncio2, which lets an event loop run within itself; it has come for nest_asyncio, which nobody keeps."""

import json
import subprocess
import sys
from textwrap import dedent

# In a process of its own: what it does to asyncio can't be undone
SCRIPT = """
import asyncio
import json

import aiohttp
import aiohttpretty
import nest_asyncio2
from aiohttp import web

URL = "http://example.com/"


async def ask(path=""):
    async with aiohttp.ClientSession() as session, session.get(URL + path) as response:
        return await response.text()


async def main():
    nest_asyncio2.apply()
    loop = asyncio.get_running_loop()
    said = []

    async def handler(request):
        return web.Response(text="handled")

    async def nested(request):
        return web.Response(text="nested " + loop.run_until_complete(ask()))

    with aiohttpretty.activate():
        aiohttpretty.register_uri("GET", URL, body="plain")
        aiohttpretty.register_uri("GET", URL + "delay", delay=0.01, body="late")
        aiohttpretty.register_uri("GET", URL + "handler", handler=handler)
        aiohttpretty.register_uri("GET", URL + "nested", handler=nested)
        aiohttpretty.register_uri("GET", URL + "open", body=asyncio.StreamReader())
        beside = asyncio.ensure_future(ask("delay"))
        for path in ("", "delay", "handler", "nested"):
            said.append(loop.run_until_complete(ask(path)))
        said.append(asyncio.run(ask()))
        said.append(await beside)
        for path in ("none", "open"):
            asked = asyncio.ensure_future(ask(path))
            if path == "open":
                while aiohttpretty.calls[-1].url.path != "/open":
                    await asyncio.sleep(0)
                aiohttpretty.deactivate()
            try:
                loop.run_until_complete(asked)
            except aiohttpretty.AiohttprettyError as error:
                said.append(type(error).__name__)
    return said


before = aiohttp.ClientSession.__dict__["_request"]
print(json.dumps([*asyncio.run(main()), aiohttp.ClientSession.__dict__["_request"] is before]))
"""


def test_a_loop_within_itself():
    """Requests are answered in loops within loops, and fail there as they should."""
    ran = subprocess.run(
        [sys.executable, "-c", dedent(SCRIPT)], capture_output=True, text=True, check=False, timeout=120
    )
    assert (ran.returncode, ran.stderr) == (0, "")
    assert json.loads(ran.stdout) == [
        *("plain", "late", "handled", "nested plain", "plain", "late"),
        *("NoMatchError", "DeactivatedError"),
        True,
    ]

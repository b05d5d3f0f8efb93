"""What is forgotten says so itself, as without us; and what is alive on its own keeps nothing of ours."""

import asyncio
import gc
import os
import subprocess
import sys
import textwrap
import weakref

import aiohttp
import pytest
from cases import TOTAL
from settling import settle

import aiohttpretty
from leaks.under_way import SHOP


async def test_a_forgotten_session_says_so():
    """Whoever forgets a session is told by aiohttp, though it was mocked, and at once: nothing holds it."""
    aiohttpretty.register_uri("GET", SHOP, body=b"x")
    gc.collect()
    gc.disable()
    try:
        with aiohttpretty.activate():
            session = aiohttp.ClientSession()
            async with session.get(SHOP) as response:
                await response.read()
            del response
        with pytest.warns(ResourceWarning, match=r"Unclosed (client session|connector)"):
            del session
    finally:
        gc.enable()


@pytest.mark.parametrize("while_active", [True, False])
async def test_without_the_garbage_collector(while_active):
    """Session, connector, response and bodies die with the last name of the test's own; no cycle of ours holds them."""
    gc.collect()
    gc.disable()
    handle = aiohttpretty.activate()
    try:
        aiohttpretty.register_uri("GET", SHOP, body=b"x")
        session = aiohttp.ClientSession()
        async with session.get(SHOP) as response:
            await response.read()
        watched = [weakref.ref(one) for one in (session, session.connector, response)]
        if not while_active:
            handle.undo()
        await session.close()
        del session, response
        assert [one() for one in watched] == [None] * 3
    finally:
        gc.enable()
        handle.undo()


@pytest.mark.parametrize("kind", ["body", "handler"])
async def test_a_registry_goes_with_its_connections(kind):
    """A session that lives on holds nothing of a registry that is gone, once their connection is closed."""
    options = {"body": b"x"} if kind == "body" else {"handler": _handler}
    connector = aiohttp.TCPConnector(force_close=True)
    async with aiohttp.ClientSession(connector=connector) as session:
        with aiohttpretty.activate():
            pretty = aiohttpretty.AioHTTPretty()
            with pretty.activate():
                pretty.register_uri("GET", SHOP, **options)
                async with session.get(SHOP) as response:
                    await response.read()
            watched = [weakref.ref(pretty), weakref.ref(pretty._ledger)]
            del pretty, response
            await settle()
            gc.collect()
            assert [one() for one in watched] == [None] * 2


async def _handler(request):
    return aiohttp.web.Response(text="x")


def test_memory_is_flat():
    """A hundred tests one after the other leave as many objects as one."""

    async def main():
        with aiohttpretty.activate():
            aiohttpretty.register_uri("GET", SHOP, body=b"x")
            aiohttpretty.register_uri("GET", f"{SHOP}/handled", handler=_handler)
            async with aiohttp.ClientSession() as session:
                for path in ("", "/handled"):
                    async with session.get(SHOP + path) as response:
                        await response.read()
        aiohttpretty.clear()

    def counted(times):
        for _ in range(times):
            asyncio.run(main())
        gc.collect()
        return len(gc.get_objects())

    counted(20)
    gc.collect()
    gc.freeze()
    try:
        first, last = counted(1), counted(100)
        assert last <= first + 20
    finally:
        gc.unfreeze()


ENDS = {
    "returns": "",
    "fails": "raise RuntimeError('as a test fails')",
    "interrupted": "raise KeyboardInterrupt",
    "exits": "sys.exit(3)",
}


SAID = {"fails": "RuntimeError: as a test fails", "interrupted": "KeyboardInterrupt"}


@pytest.mark.parametrize("end", ENDS if TOTAL in os.environ else ["interrupted"])
def test_the_interpreter_ends(end, tmp_path):
    """It ends with everything under way and aiohttpretty still active, as it would without, and says nothing more."""
    code = f"""
        import asyncio, sys
        import aiohttp
        from leaks.scene import Scene
        from leaks.under_way import KINDS
        import aiohttpretty

        async def main():
            for number, kind in enumerate(KINDS):
                scene = scenes[kind] = Scene(kind, "returns")
                with aiohttpretty.isolated() as pretty:
                    await scene.body(pretty)
                    await scene._tidy() if kind != "mounted" else None
            await scenes["mounted"]._tidy()
            {ENDS[end]}

        scenes = {{}}
        aiohttpretty.activate()
        asyncio.run(main())
    """
    file = tmp_path / "ends.py"
    file.write_text(textwrap.dedent(code))
    path = os.pathsep.join([os.path.dirname(os.path.dirname(__file__)), *sys.path])
    done = subprocess.run(
        [sys.executable, "-X", "dev", "-W", "error", str(file)],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    # in debug mode, asyncio tells what takes long, on a machine that is busy
    lines = [line for line in done.stderr.splitlines() if not line.startswith("Executing <")]
    assert "".join(lines[-1:]) == SAID.get(end, ""), done.stderr
    assert all(word not in done.stderr for word in ("Exception ignored", "Warning", "was destroyed", "never retrieved"))
    assert done.stdout == ""

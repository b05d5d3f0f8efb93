"""What can be under way when a test ends: each begins something with a session, and gives what the test holds of it.

A kind registers what it needs, and begins; what the code under test would hold (a response, a task) goes to the scene.
"""

import asyncio

from aiohttp import web
from peers import echo

SHOP = "http://shop.example"


async def idle(scene, pretty):
    """A connection that is kept alive."""
    pretty.register_uri("GET", f"{SHOP}/", body=b"x")
    async with scene.session.get(f"{SHOP}/") as response:
        await response.read()


async def in_flight(scene, pretty):
    """A request that is not answered yet."""
    pretty.register_uri("GET", f"{SHOP}/", body=asyncio.StreamReader())
    scene.asks(f"{SHOP}/")


async def delayed(scene, pretty):
    """A reply that takes its time."""
    pretty.register_uri("POST", f"{SHOP}/", body=b"x", delay=1000)
    scene.asks(f"{SHOP}/", method="POST", data=b"x")


async def uploading(scene, pretty):
    """A body that does not come to its end."""

    async def upload():
        yield b"x"
        await asyncio.Event().wait()

    body = upload()
    scene.watch(body)
    pretty.register_uri("POST", f"{SHOP}/", match=lambda call: True)
    scene.asks(f"{SHOP}/", method="POST", data=body)


async def stalled(scene, pretty):
    """An answer that stops in its midst."""
    from aiohttpretty import faults

    pretty.register_uri("GET", f"{SHOP}/", body=bytes(100), fault=faults.stall(after=10))
    response = await scene.session.get(f"{SHOP}/")
    await response.content.read(5)
    scene.hold(response)


async def half_read(scene, pretty):
    """A stream of which the first piece was read."""

    async def body():
        while True:
            yield bytes(1 << 17)

    scene.watch(body)
    pretty.register_uri("GET", f"{SHOP}/", body=body)
    response = await scene.session.get(f"{SHOP}/")
    await response.content.read(5)
    scene.hold(response)


async def handled(scene, pretty):
    """A handler that does not return."""

    async def handler(request):
        await asyncio.Event().wait()

    pretty.register_uri("GET", f"{SHOP}/", handler=handler)
    scene.asks(f"{SHOP}/")


async def websocket(scene, pretty):
    """A websocket whose both ends wait."""
    pretty.register_websocket(f"{SHOP}/", echo)
    socket = await scene.session.ws_connect(f"{SHOP}/")
    await socket.send_str("x")
    assert await socket.receive_str() == "x"
    scene.hold(socket)


async def played(scene, pretty):
    """A websocket that the test answers."""
    route = pretty.register_websocket(f"{SHOP}/")
    socket = await scene.session.ws_connect(f"{SHOP}/")
    peer = await route.accepted()
    await peer.send_str("x")
    assert await socket.receive_str() == "x"
    scene.hold(socket)


async def mounted(scene, pretty):
    """An application that runs, with a context to end and a handler at work."""

    async def context(app):
        yield
        scene.ended.append("application")

    async def handler(request):
        if request.path != "/ready":
            await asyncio.Event().wait()
        return web.Response()

    app = web.Application()
    app.cleanup_ctx.append(context)
    app.router.add_get("/{name}", handler)
    pretty.mount(SHOP, app)
    async with scene.session.get(f"{SHOP}/ready"):
        pass
    scene.asks(f"{SHOP}/waits")


async def unmatched(scene, pretty):
    """A request that nobody answered, and whose error somebody keeps."""
    pretty.register_uri("GET", f"{SHOP}/known")
    try:
        await scene.session.get(f"{SHOP}/unknown")
    except Exception as error:
        scene.errors.append(error.with_traceback(None))


_ALL = (idle, in_flight, delayed, uploading, stalled, half_read, handled, websocket, played, mounted, unmatched)
KINDS = {kind.__name__: kind for kind in _ALL}

"""The application under test: a small shop, which asks an external API for the rate of exchange."""

import aiohttp
from aiohttp import web

RATE = "https://api.example.com/rate"
PRICES = web.AppKey("prices", dict)


async def rate():
    async with aiohttp.ClientSession() as session, session.get(RATE) as response:
        return (await response.json())["rate"]


async def price(request):
    name = request.match_info["name"]
    return web.json_response({"price": request.app[PRICES][name] * await rate()})


async def change(request):
    request.app[PRICES][request.match_info["name"]] = (await request.json())["price"]
    response = web.Response(status=201)
    response.set_cookie("changed", request.match_info["name"])
    return response


async def described(request):
    """Whatever the method: what came."""
    return web.Response(text=f"{request.method} {await request.text()}", headers={"X-Method": request.method})


async def moved(request):
    raise web.HTTPFound("/prices/tea")


async def away(request):
    raise web.HTTPFound(RATE)


async def nowhere(request):
    raise web.HTTPFound("https://api.example.com/nowhere")


async def ticker(request):
    ws = web.WebSocketResponse()
    await ws.prepare(request)
    async for message in ws:
        await ws.send_json({"name": message.data, "price": request.app[PRICES][message.data] * await rate()})
    return ws


def application():
    app = web.Application()
    app[PRICES] = {"tea": 100}
    app.router.add_get("/prices/{name}", price)
    app.router.add_put("/prices/{name}", change)
    app.router.add_route("*", "/described", described)
    app.router.add_get("/moved", moved)
    app.router.add_get("/away", away)
    app.router.add_get("/nowhere", nowhere)
    app.router.add_get("/ticker", ticker)
    return app


async def raw(request):
    """The same without an application: a handler of `web.Server`, which gets a `BaseRequest`."""
    return web.json_response({"path": request.path, "rate": await rate()})

"""Servers' ends of websockets that several tests have."""

from aiohttp import web


async def echo(request):
    """Say each text again, until the client closes."""
    socket = web.WebSocketResponse()
    await socket.prepare(request)
    async for message in socket:
        await socket.send_str(message.data)
    return socket

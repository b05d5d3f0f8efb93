"""A server that is really there, on this machine: what is let through on purpose has somewhere to go."""

import asyncio
import itertools
import threading
from contextlib import contextmanager, suppress

_HOPS = {b"/hop": b"http://shop.example/plain", b"/hop-to-nowhere": b"http://nowhere.example/"}
_numbers = itertools.count()


async def _serve(reader, writer):
    with suppress(OSError, asyncio.IncompleteReadError):
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            path = head.split(b" ", 2)[1]
            if path == b"/lost-once" and next(_numbers) % 2:
                break
            if path in _HOPS:
                writer.write(b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: " + _HOPS[path] + b"\r\n\r\n")
            else:
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nre")
                await asyncio.sleep(0)
                writer.write(b"al")
            await writer.drain()
    writer.close()


@contextmanager
def server():
    """Its port; it runs in a thread, because the event loops of the tests come and go."""
    loop = asyncio.SelectorEventLoop()
    listening = loop.run_until_complete(asyncio.start_server(_serve, "127.0.0.1", 0))
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield listening.sockets[0].getsockname()[1]
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        listening.close()
        loop.run_until_complete(_ended())
        loop.close()


async def _ended():
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await asyncio.sleep(0)

"""What tests wait for: the event loop's turns, and what comes of a request."""

import asyncio


async def settle():
    """Let everything run that can run now."""
    for _ in range(50):
        await asyncio.sleep(0)


async def until(condition):
    """Let the event loop go on until it holds; the run's own timeout is the end of patience."""
    while not condition():
        await asyncio.sleep(0)


async def outcome(awaitable):
    """What came of it: the status, or the error."""
    try:
        return (await awaitable).status
    except BaseException as error:
        return error


class Stop(BaseException):
    """Such as those that test frameworks raise."""

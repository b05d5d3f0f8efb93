"""What tests wait for: the event loop's turns, and what comes of a request."""

import asyncio

import pytest

PATIENCE = 30  # seconds, for what must not hang


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


async def text(awaitable):
    """Status and text of the answer."""
    async with await awaitable as response:
        return response.status, await response.text()


async def raised(awaitable):
    """The exception in its place."""
    with pytest.raises(Exception) as caught:  # noqa: PT011 - the caller looks
        await asyncio.wait_for(awaitable, PATIENCE)
    return caught.value


def retrying(kind):
    """A middleware that tries again behind such an exception."""

    async def again(request, handler):
        try:
            return await handler(request)
        except kind:
            return await handler(request)

    return again


class Stop(BaseException):
    """Such as those that test frameworks raise."""

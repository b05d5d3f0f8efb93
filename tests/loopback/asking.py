"""What these tests ask of a session, and what comes of it."""

import asyncio

import pytest

PATIENCE = 30  # seconds, for what must not hang


async def text(awaitable):
    async with await awaitable as response:
        return response.status, await response.text()


async def raised(awaitable):
    with pytest.raises(Exception) as caught:  # noqa: PT011 - the caller looks
        await asyncio.wait_for(awaitable, PATIENCE)
    return caught.value

"""A failure."""

import pytest

import aiohttpretty


async def failure(request, kind=aiohttpretty.NoMatchError):
    """The error of a request that gets no answer."""
    with pytest.raises(kind) as caught:
        await request
    return caught.value

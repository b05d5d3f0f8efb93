"""A failure and its report, with the lines of this project's files in it left out."""

import re

import pytest

import aiohttpretty

LINE = re.compile(r"(?<=\.py):\d+")


async def failure(request, kind=aiohttpretty.NoMatchError):
    """The error of a request that gets no answer."""
    with pytest.raises(kind) as caught:
        await request
    return caught.value


def told(error):
    """The report; the numbers of lines, which change with every edit, are an N."""
    return LINE.sub(":N", str(error))

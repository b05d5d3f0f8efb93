"""What the tests of this folder ask, and how."""

import aiohttp

URI = "http://api.example.com/price"


async def ask(session=None, uri=URI):
    """The text of the answer; on a session of one's own, or on another's."""
    if session is None:
        async with aiohttp.ClientSession() as own:
            return await ask(own, uri)
    async with session.get(uri) as response:
        return await response.text()


def said(error):
    """The whole text of an error, in one line."""
    return " ".join(str(error).split())

"""A small SDK, as there are many, and the mistakes that are made in such."""

import asyncio

import aiohttp

URL = "https://shop.example.com/stock"


class Unavailable(Exception):
    """What the SDK says when it does not help to ask again."""


class Shop:
    """Says what is in stock, all of it, or that it is `Unavailable`."""

    _timeout = aiohttp.ClientTimeout(sock_connect=5, sock_read=5)

    def __init__(self, session):
        self._session = session

    async def stock(self):
        try:
            return await self._asked()
        except Exception as error:
            if not self._passing(error):
                raise
        try:
            return await self._asked()
        except Exception as error:
            if not self._passing(error):
                raise
            raise Unavailable from error

    async def _asked(self):
        async with self._session.get(URL, timeout=self._timeout) as response:
            return await response.json()

    def _passing(self, error):
        """Whether it may go better the next time."""
        return isinstance(error, (aiohttp.ClientConnectionError, aiohttp.ClientPayloadError, asyncio.TimeoutError))


class Careless(Shop):
    """Takes an answer that breaks off for an empty one."""

    async def _asked(self):
        try:
            return await super()._asked()
        except aiohttp.ClientPayloadError:
            return {}


class Literal(Shop):
    """Knows a server that has gone by the words of the error, which has others if an answer has begun."""

    def _passing(self, error):
        if isinstance(error, aiohttp.ServerDisconnectedError):
            return str(error) == "Server disconnected"
        return super()._passing(error)


class Patient(Shop):
    """Waits for ever."""

    _timeout = aiohttp.ClientTimeout(total=None)

"""A small client of the Kraken exchange, and the same play on it in three forms: over the wire, on a port, with TLS.

Run it: python examples/kraken.py (the third form needs trustme: pip install 'aiohttpretty[tls]')
"""

import asyncio
import base64
import hashlib
import hmac
import time
from collections.abc import AsyncGenerator
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

import aiohttp

import aiohttpretty

# ---------------------------------------------------------------- the code under test: it knows nothing of a mock

HOST = "api.kraken.com"


class KrakenError(Exception):
    """Kraken said no."""


class Kraken:
    """A little of Kraken's API (https://docs.kraken.com/api): the last price of a pair, and an order."""

    def __init__(self, session: aiohttp.ClientSession, key: str, secret: str, address: str = f"https://{HOST}") -> None:
        self._session = session
        self._key = key
        self._secret = base64.b64decode(secret)
        self._address = address

    async def prices(self, pair: str, every: float = 1.0) -> AsyncGenerator[Decimal]:
        """The price of the last trade, again and again. While Kraken is not available, there is none."""
        while True:
            async with self._session.get(f"{self._address}/0/public/Ticker", params={"pair": pair}) as response:
                if response.status != 503:
                    result = await self._result(response)
                    yield Decimal(result[pair]["c"][0])
            await asyncio.sleep(every)

    async def buy(self, pair: str, volume: Decimal, price: Decimal) -> str:
        """Place an order; its number."""
        path = "/0/private/AddOrder"
        order = {"ordertype": "limit", "type": "buy", "pair": pair, "volume": str(volume), "price": str(price)}
        nonce = str(time.time_ns())
        data = urlencode({"nonce": nonce, **order})
        digest = hashlib.sha256((nonce + data).encode()).digest()
        sign = base64.b64encode(hmac.digest(self._secret, path.encode() + digest, "sha512")).decode()
        headers = {"API-Key": self._key, "API-Sign": sign, "Content-Type": "application/x-www-form-urlencoded"}
        async with self._session.post(self._address + path, data=data, headers=headers) as response:
            return str((await self._result(response))["txid"][0])

    async def _result(self, response: aiohttp.ClientResponse) -> Any:
        response.raise_for_status()
        payload = await response.json()
        if payload["error"]:
            raise KrakenError("; ".join(payload["error"]))
        return payload["result"]


# ------------------------------------------------------------------------------------------- the test's side of it

PATIENCE = 10  # seconds; a busy machine is no failure
PAIR = "XXBTZUSD"
TICKER = {"error": [], "result": {PAIR: {"a": ["3603.7", "195"], "b": ["3603.6", "23"], "c": ["3602.2", "0.6"]}}}
PLACED = {"error": [], "result": {"txid": ["OU22CG-KLAF2-FWUDD7"]}}


async def play(kraken: Kraken, server: Any) -> None:
    """Be the exchange: answer what is asked, one after the other."""
    prices = kraken.prices(PAIR, every=0)
    asking = asyncio.ensure_future(anext(prices))
    request = await server.receive_request(PATIENCE)
    print(f"  asked  {request.method} {request.url}")
    server.send_error(request, 503)
    request = await server.receive_request(PATIENCE)
    print(f"  asked  {request.method} {request.url}, once more")
    server.send_response(request, json=TICKER)
    price = await asking
    print(f"  got    {price} USD")
    await prices.aclose()

    buying = asyncio.ensure_future(kraken.buy(PAIR, Decimal("0.1"), price))
    request = await server.receive_request(PATIENCE)
    form = await request.post()
    print(f"  asked  {request.method} {request.url}: {form['type']} {form['volume']} {form['pair']} at {form['price']}")
    server.send_response(request, json=PLACED)
    print(f"  got    {await buying}")


async def main() -> None:
    """Play the same three times."""
    key, secret = "a key", base64.b64encode(b"a secret").decode()

    print("Over the wire: no port, no network")
    async with aiohttp.ClientSession() as session, aiohttpretty.controlled(f"https://{HOST}") as server:
        await play(Kraken(session, key, secret), server)

    authority = aiohttpretty.Authority()
    redirector = aiohttpretty.Redirector(authority)

    print(f"\nOn a port of this machine: http://{HOST} leads there")
    async with aiohttpretty.CaseControlledTestServer() as server:
        redirector.add_server(HOST, 80, server.port)
        await play(Kraken(redirector.session, key, secret, address=f"http://{HOST}"), server)

    print(f"\nThe same with TLS: https://{HOST}, and a certificate for it")
    async with aiohttpretty.CaseControlledTestServer(ssl=authority.server_context(HOST)) as server:
        redirector.add_server(HOST, 443, server.port)
        await play(Kraken(redirector.session, key, secret), server)


if __name__ == "__main__":
    asyncio.run(main())

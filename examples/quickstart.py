"""A small price client for the Kraken exchange, and what it does when Kraken's answers are mocked.

Run it: python examples/quickstart.py
"""

import asyncio
from decimal import Decimal, InvalidOperation
from textwrap import indent
from typing import Any

import aiohttp

import aiohttpretty

# ---------------------------------------------------------------- the code under test: it knows nothing of a mock


class KrakenError(Exception):
    """Kraken could not say the price."""


class UnknownPairError(KrakenError):
    """There is no such pair of currencies."""


class Kraken:
    """Prices from Kraken's public API (https://docs.kraken.com/api/docs/rest-api/get-ticker-information)."""

    TICKER = "https://api.kraken.com/0/public/Ticker"
    PAIRS = {"btcusd": "XXBTZUSD", "ethusd": "XETHZUSD"}

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session

    async def get_price(self, pair: str) -> Decimal:
        """The price of the latest trade. Asks once more if Kraken answers with a server error."""
        if pair not in self.PAIRS:
            raise UnknownPairError(f"no pair {pair!r}; there are {', '.join(self.PAIRS)}")
        try:
            payload = await self._ticker(pair)
        except aiohttp.ClientResponseError as error:
            if error.status < 500:
                raise
            payload = await self._ticker(pair)
        return self._price(payload, pair)

    async def _ticker(self, pair: str) -> Any:
        async with self._session.get(self.TICKER, params={"pair": self.PAIRS[pair]}) as response:
            response.raise_for_status()
            return await response.json()

    def _price(self, payload: Any, pair: str) -> Decimal:
        if payload.get("error"):
            raise KrakenError("; ".join(payload["error"]))
        try:
            last_price, _volume = payload["result"][self.PAIRS[pair]]["c"]
            return Decimal(last_price)
        except (KeyError, TypeError, ValueError, InvalidOperation) as error:
            raise KrakenError(f"a payload without a price: {payload}") from error


# ------------------------------------------------------------------------------------------- the test's side of it

TICKER = {
    "error": [],
    "result": {
        "XXBTZUSD": {
            "a": ["3603.70000", "195", "195.000"],
            "b": ["3603.60000", "23", "23.000"],
            "c": ["3602.20000", "0.60000000"],
            "v": ["1178.93286628", "5316.72064108"],
            "p": ["3600.46148", "3586.79866"],
            "t": [2976, 12823],
            "l": ["3585.00000", "3555.00000"],
            "h": ["3611.10000", "3618.00000"],
            "o": "3593.20000",
        }
    },
}


async def ask(kraken: Kraken, title: str, pair: str) -> None:
    """Ask for one price, and print what was asked and what came of it."""
    before = len(aiohttpretty.calls)
    try:
        outcome = f"{await kraken.get_price(pair)} USD"
    except (KrakenError, aiohttpretty.NoMatchError) as error:
        outcome = f"{type(error).__name__}: {error}"
    print(f"\n{title}\n  get_price({pair!r})")
    for call in aiohttpretty.calls[before:]:
        print(f"  asked  {call.method} {call.url} -> {call.status}")
    print(indent(outcome, " " * 9).replace("         ", "  got    ", 1))


async def main() -> None:
    """Play Kraken's answers, one after the other."""
    async with aiohttp.ClientSession() as session:
        kraken = Kraken(session)
        with aiohttpretty.activate():
            btc = {"pair": "XXBTZUSD"}
            aiohttpretty.register_json_uri("GET", Kraken.TICKER, params=btc, body=TICKER)
            await ask(kraken, "A good answer", "btcusd")

            aiohttpretty.register_json_uri("GET", Kraken.TICKER, params=btc, body={"error": ["EService:Unavailable"]})
            await ask(kraken, "An error of the API", "btcusd")

            aiohttpretty.register_json_uri("GET", Kraken.TICKER, params=btc, body={"error": [], "result": {}})
            await ask(kraken, "A payload that makes no sense", "btcusd")

            aiohttpretty.register_json_uri(
                "GET", Kraken.TICKER, params=btc, responses=[{"status": 500, "body": None}, {"body": TICKER}]
            )
            await ask(kraken, "An HTTP 500, then a recovery", "btcusd")

            await ask(kraken, "A pair that does not exist", "btceth")
            await ask(kraken, "A url that is not registered", "ethusd")


if __name__ == "__main__":
    asyncio.run(main())

"""The example, a client of the Kraken exchange, tested in all three forms: over the wire, on a port, and with TLS."""

import asyncio
import base64
import importlib.util
import os
import subprocess
import sys
from contextlib import AsyncExitStack
from decimal import Decimal
from pathlib import Path

import aiohttp
import pytest
from settling import PATIENCE, raised

import aiohttpretty

EXAMPLE = Path(__file__).parent.parent.parent / "examples" / "kraken.py"
SPEC = importlib.util.spec_from_file_location("kraken", EXAMPLE)
example = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(example)

SECRET = "kQH5HW/8p1uGOVjbgWA7FunAmGO8lsSUXNsu3eow76sz84Q18fWxnyRzBHCd3pd5nE9qa99HAZtuZuj6F1huXg=="


@pytest.fixture(params=["wire", "loopback", "loopback with TLS"])
async def exchange(request, aiohttp_redirector, aiohttp_tls):
    """The client, and the server that the test plays: the only lines that differ."""
    async with AsyncExitStack() as stack:
        scheme = "http" if request.param == "loopback" else "https"
        if request.param == "wire":
            session = await stack.enter_async_context(aiohttp.ClientSession())
            server = await stack.enter_async_context(aiohttpretty.controlled("https://api.kraken.com"))
        else:
            context = aiohttp_tls.server_context("api.kraken.com") if scheme == "https" else None
            session = aiohttp_redirector.session
            server = await stack.enter_async_context(aiohttpretty.CaseControlledTestServer(ssl=context))
            aiohttp_redirector.add_server("api.kraken.com", 443 if scheme == "https" else 80, server.port)
        yield example.Kraken(session, "a key", SECRET, address=f"{scheme}://api.kraken.com"), server


async def test_the_ticker(exchange):
    """The price is asked for again and again, and an outage is no end of it."""
    kraken, server = exchange
    prices = kraken.prices("XXBTZUSD", every=0)
    for expected in (Decimal("3602.2"), Decimal("3603.1")):
        asking = asyncio.ensure_future(anext(prices))
        server.send_error(await server.receive_request(PATIENCE), 503)
        request = await server.receive_request(PATIENCE)
        assert (request.method, request.path_qs) == ("GET", "/0/public/Ticker?pair=XXBTZUSD")
        assert request.host == "api.kraken.com"
        server.send_response(request, json={"error": [], "result": {"XXBTZUSD": {"c": [str(expected), "0.6"]}}})
        assert await asking == expected
    await prices.aclose()


async def test_an_order(exchange):
    """An order is sent signed, and its number comes back."""
    kraken, server = exchange
    buying = asyncio.ensure_future(kraken.buy("XXBTZUSD", Decimal("0.1"), Decimal("3600.0")))
    request = await server.receive_request(PATIENCE)
    form = dict(await request.post())
    assert int(form.pop("nonce")) > 0
    assert (request.method, request.path) == ("POST", "/0/private/AddOrder")
    assert form == {"ordertype": "limit", "type": "buy", "pair": "XXBTZUSD", "volume": "0.1", "price": "3600.0"}
    assert request.headers["API-Key"] == "a key"
    assert len(base64.b64decode(request.headers["API-Sign"])) == 64
    server.send_response(request, json={"error": [], "result": {"txid": ["OU22CG"]}})
    assert await buying == "OU22CG"


async def test_an_order_that_is_refused(exchange):
    """What Kraken says is told."""
    kraken, server = exchange
    buying = asyncio.ensure_future(raised(kraken.buy("XXBTZUSD", Decimal("0.1"), Decimal("3600.0"))))
    server.send_response(await server.receive_request(PATIENCE), json={"error": ["EOrder:Insufficient funds"]})
    assert repr(await buying) == "KrakenError('EOrder:Insufficient funds')"


async def test_the_exchange_falls_over(exchange):
    """An order whose answer is lost is not sent once more."""
    kraken, server = exchange
    buying = asyncio.ensure_future(raised(kraken.buy("XXBTZUSD", Decimal("0.1"), Decimal("3600.0"))))
    server.send_error(await server.receive_request(PATIENCE), aiohttp.ServerDisconnectedError)
    assert type(await buying) is aiohttp.ServerDisconnectedError
    with pytest.raises(aiohttpretty.VerificationError):
        await server.receive_request(timeout=0)


def test_the_example_runs():
    """The example plays all three forms, with the same outcome."""
    quiet = {**os.environ, "PYTHONASYNCIODEBUG": ""}  # in debug mode, asyncio tells of what takes its time
    command = [sys.executable, "-W", "error", EXAMPLE]
    run = subprocess.run(command, env=quiet, capture_output=True, text=True, check=False)
    assert (run.returncode, run.stderr) == (0, "")
    first, second, third = run.stdout.split("\n\n")
    assert first.count("  got    3602.2 USD\n") == first.count("  got    OU22CG-KLAF2-FWUDD7") == 1
    assert first.splitlines()[1:] == third.splitlines()[1:]
    assert first.splitlines()[1:] == second.replace("http://", "https://").splitlines()[1:]

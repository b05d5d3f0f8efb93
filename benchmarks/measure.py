"""Measure the contenders in this environment, and print what came out as JSON.

    python benchmarks/measure.py floor aiohttpretty TestServer [--quick]

The contenders take turns, a short round each, hundreds of times; of each the fastest round counts. So a machine that
is busy with something else for a while disturbs all of them or none.
"""

import argparse
import asyncio
import gc
import json
import logging
import os
import pathlib
import platform
import subprocess
import sys
import tempfile
import time
from importlib import metadata

ROOT = str(pathlib.Path(__file__).resolve().parent.parent)
sys.path.insert(0, ROOT)  # this clone is measured, installed or not

from contenders import (  # noqa: E402
    CONTENDERS,
    GET,
    LARGE,
    POST,
    BesideTemplates,
    BodyMatcher,
    ManyRoutes,
    OneOfPatterns,
    OneOfTemplates,
)

ROUTES = (1, 1_000, 100_000)
IMPORT = """
import sys, time
sys.path.insert(0, sys.argv[1])
start = time.perf_counter()
import {}
print(time.perf_counter() - start)
"""


async def one_by_one(contender, exchange, count):
    """Seconds a request, on a session that is open and a connection that is kept alive."""
    contender.prepare(exchange)
    url = await contender.open(exchange)
    assert await exchange.ask(contender.session, url) == exchange.expected()
    await exchange.ask(contender.session, url)
    start = time.perf_counter()
    for _ in range(count):
        await exchange.ask(contender.session, url)
    seconds = time.perf_counter() - start
    await contender.close()
    return seconds / count


async def all_at_once(contender, exchange, count):
    """Seconds a request, when all are started together on one session."""
    contender.prepare(exchange)
    url = await contender.open(exchange)
    await exchange.ask(contender.session, url)
    start = time.perf_counter()
    await asyncio.gather(*[exchange.ask(contender.session, url) for _ in range(count)])
    seconds = time.perf_counter() - start
    await contender.close()
    return seconds / count


async def whole_tests(contender, exchange, count):
    """Seconds a test: switch on (or start a server), open a session, one request, close, switch off."""
    contender.prepare(exchange)
    start = time.perf_counter()
    for _ in range(count):
        url = await contender.open(exchange)
        await exchange.ask(contender.session, url)
        await contender.close()
    return (time.perf_counter() - start) / count


# name, how, what, requests a round, rounds
ROWS = (
    ("GET", one_by_one, GET, 50, 300),
    ("POST", one_by_one, POST, 50, 300),
    ("1 MB", one_by_one, LARGE, 5, 150),
    ("whole test", whole_tests, GET, 10, 300),
    ("1,000 at once", all_at_once, GET, 1000, 15),
)


async def alternate(turns, rounds):
    """The smallest result of each of `turns`, functions that take a round each."""
    best = dict.fromkeys(turns, float("inf"))
    names = list(turns)
    for number in range(rounds):
        first = number % len(names)
        for name in names[first:] + names[:first]:
            gc.collect()
            best[name] = min(best[name], await turns[name]())
    return best


async def requests(names, quick):
    """Microseconds a request, by row and contender."""
    contenders = {name: CONTENDERS[name]() for name in names}
    result = {}
    for row, how, exchange, count, rounds in ROWS:
        turns = {name: lambda one=one: how(one, exchange, count) for name, one in contenders.items()}
        best = await alternate(turns, -(-rounds // 10) if quick else rounds)
        result[row] = {name: seconds * 1e6 for name, seconds in best.items()}
    return result


async def lookups(quick):
    """Microseconds a request, by the number of registered routes."""
    contenders = {count: ManyRoutes(count) for count in ROUTES}
    gc.freeze()
    turns = {count: lambda one=one: one_by_one(one, GET, 50) for count, one in contenders.items()}
    best = await alternate(turns, 30 if quick else 300)
    return {str(count): seconds * 1e6 for count, seconds in best.items()}


# name, who, what
MATCHING = (
    ("GET, one exact address", lambda: ManyRoutes(1), GET),
    ("GET beside 10,000 templates", lambda: BesideTemplates(10_000), GET),
    ("GET by one of 10,000 templates", lambda: OneOfTemplates(10_000), GET),
    ("GET by the last of 1,000 patterns", lambda: OneOfPatterns(1_000), GET),
    ("POST, one exact address", CONTENDERS["aiohttpretty"], POST),
    ("POST with a JSON body matcher", BodyMatcher, POST),
)


async def matching(quick):
    """Microseconds a request, by how its route is found."""
    contenders = {name: (make(), exchange) for name, make, exchange in MATCHING}
    gc.freeze()
    turns = {
        name: lambda one=one, exchange=exchange: one_by_one(one, exchange, 50)
        for name, (one, exchange) in contenders.items()
    }
    best = await alternate(turns, 10 if quick else 100)
    return {name: seconds * 1e6 for name, seconds in best.items()}


async def imports(quick):
    """Milliseconds that `import aiohttp` and `import aiohttpretty` take, each in a process of its own."""

    async def seconds(module):
        command = [sys.executable, "-c", IMPORT.format(module), ROOT]
        return float(subprocess.run(command, env=env, capture_output=True, check=True).stdout)

    turns = {name: lambda name=name: seconds(name) for name in ("aiohttp", "aiohttpretty")}
    with tempfile.TemporaryDirectory() as compiled:
        # Both as compiled as an installed package is, whatever stands in the environment
        env = {**os.environ, "PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": compiled}
        best = await alternate(turns, 5 if quick else 25)
    return {name: taken * 1e3 for name, taken in best.items()}


def environment(names):
    """What was measured, by name and version."""
    packages = ["aiohttp", *[name for name in names if name in ("aioresponses", "aiointercept")]]
    versions = {name: metadata.version(name) for name in packages}
    return {"python": platform.python_version(), **versions}


def measured(names, quick, *, peers_only=False):
    """Everything that can be measured here."""
    logging.disable(logging.CRITICAL)
    gc.collect()
    gc.freeze()
    result = {"environment": environment(names), "rows": asyncio.run(requests(names, quick))}
    if not peers_only:
        result["routes"] = asyncio.run(lookups(quick))
        result["matching"] = asyncio.run(matching(quick))
        result["import"] = asyncio.run(imports(quick))
    return result


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("contenders", nargs="+", choices=CONTENDERS)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--peers-only", action="store_true", help="leave out routes and import")
    given = parser.parse_args()
    json.dump(measured(given.contenders, given.quick, peers_only=given.peers_only), sys.stdout)

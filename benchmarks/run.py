"""What a mocked request costs, against aiohttp's own floor and against the other ways to test.

    python benchmarks/run.py [--quick] [--peers [--cache DIR]] [--json FILE]

`README.md` beside this file says what each row means. Exits with 1 when a requirement is not met.
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import venv

HERE = pathlib.Path(__file__).resolve().parent
OURS = ["floor", "aiohttpretty", "served floor", "handler", "application", "WireServer", "TestServer"]
PEERS = ["aioresponses", "aiointercept"]
PEERS_AIOHTTP = "aiohttp==3.13.5"  # aioresponses does not work with 3.14


def main():
    given = arguments()
    results = {"here": measure(sys.executable, OURS, given.quick)}
    if given.peers:
        results["peers"] = measure_peers(given.cache, given.quick)
    results["requirements"] = list(requirements(results))
    # with --json -, the output is the JSON and the table goes where it does not disturb
    out = sys.stderr if given.json == "-" else sys.stdout
    for line in report(results):
        print(line, file=out)
    if given.json == "-":
        json.dump(results, sys.stdout, indent=2)
        print()
    elif given.json:
        pathlib.Path(given.json).write_text(json.dumps(results, indent=2) + "\n")
    return int(any(one["met"] is False for one in results["requirements"]))


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="a tenth of the rounds: a glance, not a judgement")
    parser.add_argument("--peers", action="store_true", help="measure other libraries too; installs them with pip")
    parser.add_argument("--cache", metavar="DIR", help="where the peers' environment is kept (default: thrown away)")
    parser.add_argument("--json", metavar="FILE", help="write the numbers there too; - is the standard output")
    return parser.parse_args()


def measure(python, contenders, quick, *options):
    """What measure.py says, run by that interpreter."""
    command = [python, HERE / "measure.py", *contenders, *options, *(["--quick"] if quick else [])]
    return json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)


def measure_peers(cache, quick):
    """The peers beside ours in an environment of their own; those that can't be installed are named."""
    with tempfile.TemporaryDirectory() as temporary:
        where = pathlib.Path(cache or temporary).resolve() / "aiohttpretty-peers"
        python = where / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
        if not python.exists():
            venv.create(where, with_pip=True)
        failed = {peer: error for peer in PEERS if (error := install(python, peer))}
        there = [peer for peer in PEERS if peer not in failed]
        result = measure(python, [*OURS, *there], quick, "--peers-only") if there else {}
        return {**result, "failed": failed}


def install(python, peer):
    """Install one peer; returns pip's last word if that can't be done."""
    pip = [python, "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
    ran = subprocess.run([*pip, PEERS_AIOHTTP, peer], check=False, capture_output=True, text=True)
    return (ran.stderr.strip() or "pip failed").splitlines()[-1] if ran.returncode else None


def requirements(results):
    """Each requirement, with what was measured; `met` is None for what was not."""
    here, peers = results["here"], results.get("peers", {})

    def ratio(environment, row, above, below):
        found = environment.get("rows", {}).get(row, {})
        return found[above] / found[below] if above in found and below in found else None

    def at_most(what, value, limit, unit="x"):
        return {"what": what, "value": value, "unit": unit, "met": None if value is None else value <= limit}

    def at_least(what, value, limit):
        return {"what": what, "value": value, "unit": "x", "met": None if value is None else value >= limit}

    yield at_most("GET: within 1.25 times the floor", ratio(here, "GET", "aiohttpretty", "floor"), 1.25)
    yield at_least("GET: 1.9 times faster than TestServer", ratio(here, "GET", "TestServer", "aiohttpretty"), 1.9)
    yield at_least("GET: 3 times faster than aioresponses", ratio(peers, "GET", "aioresponses", "aiohttpretty"), 3)
    yield at_least("GET: 3.5 times faster than aiointercept", ratio(peers, "GET", "aiointercept", "aiohttpretty"), 3.5)
    whole = "whole test"
    yield at_most(f"{whole}: within 1.25 times the floor", ratio(here, whole, "aiohttpretty", "floor"), 1.25)
    yield at_least(f"{whole}: 4 times faster than TestServer", ratio(here, whole, "TestServer", "aiohttpretty"), 4)
    for served in ("handler", "application", "WireServer"):
        yield at_least(
            f"GET by {served}: 1.2 times faster than TestServer", ratio(here, "GET", "TestServer", served), 1.2
        )
        yield at_least(
            f"{whole}, {served}: 4 times faster than TestServer", ratio(here, whole, "TestServer", served), 4
        )
        yield at_most(f"GET by {served}: within 1.25 times its floor", ratio(here, "GET", served, "served floor"), 1.25)
        yield at_most(f"{whole}, {served}: within 1.25 times", ratio(here, whole, served, "served floor"), 1.25)
    routes = here["routes"]
    # A linear scan would be hundreds of times slower; a tenth is room for the processor's caches
    yield at_most("100,000 routes: as fast as one (within a tenth)", routes["100000"] / routes["1"], 1.1)
    matching = here["matching"]
    beside = matching["GET beside 10,000 templates"] / matching["GET, one exact address"]
    yield at_most("an exact address beside 10,000 templates (a tenth)", beside, 1.1)
    taken = here["import"]["aiohttpretty"] - here["import"]["aiohttp"]
    yield at_most("import: within 10 ms of aiohttp's", taken, 10, " ms")


def report(results):
    """The lines of the table."""
    for name in ("here", "peers"):
        part = results.get(name, {})
        if "rows" in part:
            yield from rows(part)
        for peer, error in part.get("failed", {}).items():
            yield f"{peer} could not be installed: {error}"
            yield ""
    for number, micros in results["here"]["routes"].items():
        yield f"GET with {int(number):>7,} routes {micros:9.1f} µs"
    for name, micros in results["here"]["matching"].items():
        yield f"{name:<34} {micros:9.1f} µs"
    for name, millis in results["here"]["import"].items():
        yield f"import {name:<17} {millis:9.1f} ms"
    yield ""
    for one in results["requirements"]:
        verdict = {True: "PASS", False: "FAIL", None: "----"}[one["met"]]
        value = "not measured" if one["value"] is None else f"{one['value']:.2f}{one['unit']}"
        yield f"{verdict}  {one['what']:<50} {value}"


def rows(part):
    """One environment: microseconds a request, and how many times the floor that is."""
    yield ", ".join(f"{name} {version}" for name, version in part["environment"].items())
    contenders = list(next(iter(part["rows"].values())))
    yield " " * 14 + "".join(f"{name:>20}" for name in contenders)
    for row, found in part["rows"].items():
        cells = [f"{found[name]:.1f} µs {found[name] / found['floor']:6.2f}x" for name in contenders]
        yield f"{row:<14}" + "".join(f"{cell:>20}" for cell in cells)
    yield ""


if __name__ == "__main__":
    sys.exit(main())

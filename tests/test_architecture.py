"""The rooms of the house: arrows never point up, and only the right staircase knows aiohttp's private names."""

import ast
import re
from functools import cache
from importlib import import_module
from pathlib import Path

import pytest

import aiohttpretty

PACKAGE = Path(aiohttpretty.__file__).parent

HOUSES = (
    "addresses",
    "diagnosis",
    "live",
    "loopback",
    "loops",
    "matching",
    "plugin",
    "records",
    "replies",
    "tcp",
    "verification",
    "wire",
)
# Of the live house, those that know the event loop
LIVE = {"live.hosts", "live.lifetime", "live.prefix"} | {
    f"live.{name}" for name in ("foreign", "asgi", "asgi_http", "asgi_websocket", "wsgi", "departure")
}
WIRE = (
    "connector",
    "exchange",
    "flow",
    "frames",
    "framing",
    "handlers",
    "handshake",
    "possible",
    "protocol",
    "said",
    "served",
    "server_socket",
    "transport",
    "unconnected",
)

# From the top down; a room may enter only rooms of lower storeys. See ARCHITECTURE.md.
STOREYS = [
    {"pytest_plugin"},
    {"plugin.watch", "plugin.sections", "plugin.settings"},
    {"__init__"},
    {"live.wire_server"},
    {"steward"},
    {"isolation"},
    {"sockets", "control", "serving", "testing"},
    {"live.controlled", "loopback.case_controlled", "loopback.redirector", "tcp.server"},
    {"tcp.visit"},
    {"live.desk"},
    {"live.held", "live.worded"},
    {"live.websocket"},
    {"live.peer"},
    {"live.line"},
    {"answering"},
    {"looking", "hosting"},
    {"records.log", "verification.checks"},
    {"diagnosis.inquiry", "verification.expectation", "verification.shortfall"},
    {"diagnosis.prose", "verification.attempts", "verification.nearcalls"},
    {"diagnosis.report", "registration", "patch", "waiting", "live.hosts"},
    {"sight"}
    | {"ledger", "switch", "diagnosis.hints", "diagnosis.suggestion", "interception", "known", "live.lifetime"}
    | {"tcp.caller"},
    {"records.through"},
    {"records.outgoing"},
    {"records.call", "records.recalled", "diagnosis.nearness", "binding", "settings", "live.mount"},
    {"diagnosis.single"},
    {"route", "records.unused", "diagnosis.verdict", "far_end", "activation", "records.described", "records.timeline"},
    {"records.messages", "records.came"},
    {"handled"},
    {"shapes"},
    {"faults", "match", "diagnosis.matched", "records.recorded", "delivery"},
    {"matching.contents", "matching.heads", "records.reading", "wire.handlers"},
    {"matching.pairs"},
    {"matching.compare", "matching.form"},
    {"matching.leaf", "matching.likeness", "diagnosis.place", "wire.served", "wire.unconnected", "addresses.hosts"},
    {"matching.matcher", "addresses.address", "tcp.meant", "wire.flow", "wire.said"},
    {"addresses.mounted", "live.foreign", "replies.sweep"},
    {"replies.reply", "addresses.template", "neighbours", "diagnosis.later", "wire.connector"}
    | {"records.recall", "records.passed", "diagnosis.failed"},
    {"pace", "play", "private", "replies.faulty", "replies.sse", "live.asgi", "live.wsgi", "tcp.speech"},
    {"replies.body", "replies.cookies", "replies.location", "replies.succession"}
    | {"options", "origin", "addresses.uri", "wire.framing", "wire.protocol", "wire.exchange", "wire.server_socket"}
    | {"wire.handshake", "wire.possible"},
    {"wire.frames", "live.asgi_websocket"},
    {"loops.run", "words", "replies.amounts", "replies.possible", "replies.headers"}
    | {"replies.outcome", "replies.stream", "replies.together"}
    | {"diagnosis.difference", "diagnosis.outside", "diagnosis.question", "matching.pairing", "records.failed"}
    | {"live.prefix", "live.asgi_http", "live.departure"}
    | {"loopback.resolver", "loopback.socket_end", "loopback.tls"},
    {
        "diagnosis.masking",
        "diagnosis.paste",
        "legible",
        "replies.fault",
        "replies.head",
        "loops.background",
        "loops.current",
    }
    | {"tcp.arrivals", "tcp.reception", "tcp.seen", "tcp.threshold"},
    {"coding", "elsewhere", "errors", "loops.stand_in", "notation", "script", "wire.transport", "diagnosis.layout"}
    | {"diagnosis.listening", "loops.threads"}
    | {"calling", "diagnosis.mention"}
    | {f"{house}.__init__" for house in HOUSES},
]
# What both staircases stand on
GROUND = {"coding", "errors", "origin", "script"}
RIGHT = {
    "patch",
    "private",
    "sight",
    "interception",
    "waiting",
    "known",
    "binding",
    "activation",
    "shapes",
    "far_end",
    "handled",
    "delivery",
    "pace",
    "play",
}
RIGHT |= {f"tcp.{name}" for name in ("arrivals", "caller", "reception", "seen", "speech", "threshold")}
RIGHT |= {"loops.background", "loops.current", "loops.run", "loops.stand_in", "loops.threads"}
RIGHT |= LIVE | {"loopback.resolver", "loopback.socket_end"} | {f"wire.{name}" for name in WIRE}
BELOW = STOREYS[next(at for at, storey in enumerate(STOREYS) if "looking" in storey) + 1 :]
LEFT = {room for storey in BELOW for room in storey} - RIGHT - GROUND
HEIGHT = {room: -number for number, storey in enumerate(STOREYS) for room in storey}
ROOMS = {".".join(path.relative_to(PACKAGE).with_suffix("").parts): path for path in sorted(PACKAGE.rglob("*.py"))}


@cache
def parsed(room):
    return ast.parse(ROOMS[room].read_text())


@cache
def names_of_ours():
    return {name for room in ROOMS for name in _defined(parsed(room))} | {"_getframe"}


def imports(room):
    """The rooms that a room enters at run time, for types only left out, and the other modules it imports."""
    tree = parsed(room)
    for_types = {
        inner
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and getattr(node.test, "id", "") == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }
    package = ["aiohttpretty", *room.split(".")[:-1]]
    for node in ast.walk(tree):
        if node in for_types:
            continue
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            yield from (f"{module}.{name.name}" for name in node.names)


def rooms_entered(room):
    for name in imports(room):
        if name == "aiohttpretty":
            yield "__init__"
        elif name.startswith("aiohttpretty."):
            inner = name.removeprefix("aiohttpretty.")
            yield inner if inner in ROOMS else inner.rpartition(".")[0]


def test_every_room_has_a_storey():
    """A new module is given its place in the house."""
    assert set(HEIGHT) == set(ROOMS)


def test_every_room_can_be_entered():
    """Also those that hold nothing but shapes for the type checkers: whoever asks for a type's hints imports them."""
    for room in ROOMS:
        assert import_module(f"aiohttpretty.{room}".removesuffix(".__init__")).__doc__


# Who else than the coverage session runs what it can't
_ELSEWHERE = re.compile(r"- (aiohttp < 3\.\d+|CPython (< )?3\.\d+|other systems)(,? .+)?$")


def test_nothing_is_left_out_of_coverage_without_a_reason():
    """What no test has to reach is what another version runs, or another system, and says which."""
    left_out = [
        line.partition("#")[2]
        for path in ROOMS.values()
        for line in path.read_text().splitlines()
        if re.search(r"pragma: ?no ?(cover|branch)", line, re.IGNORECASE)
    ]
    assert [why for why in left_out if not _ELSEWHERE.search(why)] == []


@pytest.mark.parametrize("room", ROOMS)
def test_arrows_never_point_up(room):
    """A room enters only rooms below it."""
    entered = set(rooms_entered(room))
    assert {other for other in entered if HEIGHT[other] >= HEIGHT[room]} == set()


@pytest.mark.parametrize("room", sorted(LEFT))
def test_the_left_staircase_knows_no_wire(room):
    """What is said knows nothing of how it travels: no aiohttp, no event loop, no room of the right staircase."""
    entered = set(rooms_entered(room))
    assert entered & RIGHT == set()
    assert {name for name in imports(room) if name.split(".")[0] in ("aiohttp", "asyncio")} == set()


@pytest.mark.parametrize("room", sorted(RIGHT))
def test_the_right_staircase_knows_no_registry(room):
    """How it travels knows nothing of what is said."""
    assert set(rooms_entered(room)) & LEFT == set()


@pytest.mark.parametrize("room", sorted(set(ROOMS) - RIGHT))
def test_private_names_of_aiohttp_stay_on_the_right(room):
    """Outside the right staircase, an underscore attribute is one of this house."""
    used = {
        node.attr
        for node in ast.walk(parsed(room))
        if isinstance(node, ast.Attribute) and node.attr.startswith("_") and not node.attr.startswith("__")
    }
    assert used - names_of_ours() == set()


def _defined(tree):
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            yield node.name
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.attr
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id


def test_the_front_door_is_the_promise():
    """Everything in __all__ is there, and nothing public is there without being promised."""
    public = {name for name in vars(aiohttpretty) if name[0].isalpha()} - set(ROOMS) - {"annotations", *HOUSES}
    public -= {"import_module", "TYPE_CHECKING", "Any"}
    assert public | {*aiohttpretty._LATE_ROOMS, *aiohttpretty._LATE} == set(aiohttpretty.__all__)


@pytest.mark.parametrize("room", ROOMS)
def test_rooms_stay_small(room):
    """A module that outgrows 300 lines, or a function 40, was two."""
    source = ROOMS[room].read_text()
    functions = {
        node.name: node.end_lineno - node.lineno + 1
        for node in ast.walk(parsed(room))
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
    }
    assert {name: lines for name, lines in functions.items() if lines > 40} == {}
    assert len(source.splitlines()) <= 300

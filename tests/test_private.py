"""aiohttp's private names: all that are used stand in one table, and where one is gone, that is said by name."""

import ast
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import aiohttp
import pytest
from settling import PATIENCE
from test_architecture import ROOMS, parsed

import aiohttpretty
from aiohttpretty import patch, private
from aiohttpretty.errors import AiohttprettyError, AiohttprettyWarning

# Names that aiohttp has somewhere, too, and that are none of aiohttp's where these rooms use them
OURS = {
    "_app": "live.asgi live.lifetime",
    "_body": "live.wsgi records.call records.outgoing records.recorded",
    "_closing": "wire.transport",
    "_connector": "known",
    "_getframe": "origin diagnosis.inquiry",
    "_headers": "records.call records.came records.recorded",
    "_last": "wire.framing",
    "_loop": "loops.current live.wire_server wire.transport",
    "_prefix": "live.asgi",
    "_protocol": "wire.server_socket wire.transport",
    "_route": "live.asgi wire.handlers",
    "_run": "live.asgi",
    "_settle": "live.wire_server",
    "_ssl": "live.wire_server",
    "_state": "live.asgi",
    "_task": "live.lifetime",
    "_websockets": "live.asgi",
}


def is_private(name):
    return len(name) > 1 and name.isidentifier() and name.startswith("_") and not name.startswith("__")


def attributes(tree):
    """All private names that some code has or uses as attributes."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and is_private(node.attr):
            yield node.attr
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)) and is_private(node.name):
            yield node.name


@cache
def of_aiohttp():
    sources = Path(aiohttp.__file__).parent.rglob("*.py")
    return {name for source in sources for name in attributes(ast.parse(source.read_text(encoding="utf-8")))}


def own(kind):
    """What a class, or one that it inherits from, defines itself, in this package."""
    found = set()
    for node in (part for base in kind for part in ast.walk(base)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            found.add(node.name)
        elif isinstance(node, (ast.Attribute, ast.Name)) and isinstance(node.ctx, ast.Store):
            found.add(node.attr if isinstance(node, ast.Attribute) else node.id)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):  # in __slots__
            found.add(node.value)
    return found


@cache
def classes():
    return {node.name: node for room in ROOMS for node in ast.walk(parsed(room)) if isinstance(node, ast.ClassDef)}


def bases(node):
    """A class and those of this package that it inherits from; and whether it inherits from one elsewhere."""
    found, foreign = [node], False
    for base in node.bases:
        name = base.id if isinstance(base, ast.Name) else getattr(base, "attr", "")
        if name in classes() and name != node.name:
            more, others = bases(classes()[name])
            found += more
            foreign = foreign or others
        else:
            foreign = foreign or name not in (
                "Protocol",
                "NamedTuple",
                "Exception",
                "Enum",
                "Generic",
                "list",
                "Mapping",
            )
    return found, foreign


def used(tree, known=None):
    """The private names that a room uses, but for those that a class of it has itself."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.ClassDef):
            kinds, heir = bases(node)
            if heir:
                yield from (part.name for part in node.body if hasattr(part, "name") and is_private(part.name))
            yield from used(node, None if heir else own(kinds))
            continue
        if isinstance(node, ast.Attribute) and is_private(node.attr):
            of_self = isinstance(node.value, ast.Name) and node.value.id in ("self", "cls")
            if not of_self or known is None or node.attr not in known:
                yield node.attr
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and is_private(node.value):
            yield node.value  # as of getattr(), or in a list of names
        yield from used(node, known)


def in_use():
    """What of aiohttp's each room uses."""
    for room in ROOMS:
        if room != "private":
            yield from ((name, room) for name in {*used(parsed(room))} & of_aiohttp())


def listed():
    for row in private.TABLE:
        for name in re.findall(r"\w+", row.names):
            yield from ((name, room) for room in row.rooms.split())


def ours():
    return {(name, room) for name, rooms in OURS.items() for room in rooms.split()}


def test_every_private_name_of_aiohttp_is_in_the_table():
    """A room that begins to use another one is told to say what breaks without it."""
    assert {*in_use()} - {*listed()} - ours() == set()


def test_the_table_has_no_name_that_nobody_uses():
    """What is said to break would; names that another version has are used by a room all the same."""
    assert {(name, room) for name, room in listed() if name not in {*used(parsed(room))}} == set()


@pytest.mark.parametrize("row", private.TABLE, ids=lambda row: f"{row.owner.partition(':')[2]}")
def test_the_installed_aiohttp_has_each_of_them(row):
    """On a version that nobody knows, this says which one is gone, who uses it, and what breaks."""
    assert [str(one) for one in private.missing([row])] == []


@pytest.fixture
def newer(monkeypatch):
    """aiohttp as if it was newer than any that is known."""
    private.check.cache_clear()
    monkeypatch.setattr(patch, "_VERSION", (99, 0, 0))
    monkeypatch.setattr(aiohttp, "__version__", "99.0.0")
    yield monkeypatch
    private.check.cache_clear()


def test_a_newer_aiohttp_that_has_them_all_is_taken_as_it_is(newer):
    """Nothing is said, and requests are mocked."""
    with aiohttpretty.activate():
        assert aiohttp.ClientSession.__dict__["_request"].aiohttpretty_patch is not None


def test_a_newer_aiohttp_without_what_all_need_is_refused_by_activate(newer):
    """Not by an AttributeError deep inside of some request, or by one that hangs; and nothing is left half active."""
    before = aiohttp.ClientSession.__dict__["_request"]
    newer.delattr(aiohttp.BaseConnector, "_create_connection")
    newer.setattr(aiohttp.TCPConnector, "_create_connection", None)
    newer.delattr(aiohttp.TCPConnector, "_create_connection")
    for _ in range(2):
        with pytest.raises(AiohttprettyError) as caught:
            aiohttpretty.activate()
        assert str(caught.value) == (
            "aiohttp 99.0.0 is newer than any that this aiohttpretty was tested with, and lacks what it needs: "
            "BaseConnector._create_connection (aiohttpretty/wire/connector.py and aiohttpretty/wire/unconnected.py; "
            "without it, every mocked request can't work). Install a newer aiohttpretty, or an older aiohttp."
        )
    assert aiohttp.ClientSession.__dict__["_request"] is before
    assert "not active" in repr(aiohttpretty.activate.__self__)


def test_what_is_newer_is_told_to_the_patch_release():
    """One that only mends something may have lost a name, too."""
    assert ".".join(map(str, patch._VERSION)) == re.match(r"\d+\.\d+\.\d+", aiohttp.__version__)[0]


async def test_a_newer_aiohttp_without_what_some_need_is_warned_of_once(newer):
    """What does not need it goes on to work."""

    class TimerContext:
        """Has none of the attributes that aiohttp's has."""

    newer.setattr(aiohttp.helpers, "TimerContext", TimerContext)
    sentence = re.escape(
        "aiohttp 99.0.0 is newer than any that this aiohttpretty was tested with, and lacks what it needs: "
        "TimerContext._cancelled (aiohttpretty/pace.py; without it, time='instant' can't work). Install a newer "
        "aiohttpretty, or an older aiohttp."
    )
    with pytest.warns(AiohttprettyWarning, match=f"^{sentence}$") as warned:
        with aiohttpretty.activate():
            pass
    assert warned[0].filename == __file__
    with aiohttpretty.activate():
        pass


def test_a_class_that_is_gone_is_told_by_its_names(monkeypatch):
    """Also one that was moved elsewhere."""
    monkeypatch.delattr(aiohttp.connector, "_DNSCacheTable")
    assert [one.name for one in private.missing()] == ["_DNSCacheTable._ttl"]


def test_a_module_that_is_gone_is_told_by_the_names_in_it():
    """A look for what stood in it says that it is missing, and does not fail itself."""
    row = private.TABLE[0]._replace(owner="aiohttp.moved_elsewhere:Thing", names="_one _other")
    assert [one.name for one in private.missing([row])] == ["Thing._one", "Thing._other"]


def test_a_known_aiohttp_costs_nobody_a_look():
    """The table is not even imported."""
    found = subprocess.run(
        [sys.executable, "-c", _QUIET], capture_output=True, text=True, check=True, timeout=PATIENCE
    ).stdout
    assert found.strip() == "False"


_QUIET = """
import sys, aiohttpretty
from aiohttpretty import patch
patch._VERSION = patch._TESTED
with aiohttpretty.activate():
    print('aiohttpretty.private' in sys.modules)
"""

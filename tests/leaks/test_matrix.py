"""Every way in and out, with every end, with everything that can be under way: afterwards all is as it was before."""

import asyncio
import gc
import os
from collections import Counter

import aiohttp
import pytest
from cases import TOTAL

from aiohttpretty import interception, patch
from leaks.containers import containers
from leaks.scene import ORIGINAL, Failed, Scene, descriptors, ours, threads
from leaks.under_way import KINDS
from leaks.ways import WAYS

ENDS = {
    "returns": None,
    "fails": Failed,
    "interrupted": KeyboardInterrupt,
    "cancelled": asyncio.CancelledError,
    "closed": None,
}


@pytest.fixture(scope="module", autouse=True)
def _frozen():
    """What was there before is out of sight of the garbage collector, which has little to do then."""
    for kind in KINDS:
        played("block", "returns", kind)  # imports what is imported late
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


def played(way, end, kind):
    """Play it, and see what is left."""
    scene = Scene(kind, end)
    raised = None
    try:
        WAYS[way](scene)
    except BaseException as error:
        raised = type(error)
        del error
    touched, tasks, timers = scene.touched(), scene.tasks, scene.timers
    complaints = [] if end == "closed" else [repr(one) for one in scene.complaints]
    scene.let_go()
    while gc.collect():  # what ends in the last round may be what something else waited for
        pass
    return {
        "raised": raised,
        "request": aiohttp.ClientSession.__dict__["_request"] is ORIGINAL,
        "active": (patch._patch, patch._activations, set(patch._isolated), dict(interception._hooks)),
        "touched": touched,
        "tasks": tasks,
        "timers": timers,
        "complaints": complaints,
        "alive": scene.alive(),
    }


NOTHING = {
    "request": True,
    "active": (None, (), set(), {}),
    "touched": set(),
    "tasks": [],
    "timers": [],
    "complaints": [],
    "alive": [],
}


def combinations(way):
    """Of a kind and an end: all where many cases are asked for, else each kind with one end, in each way another."""
    offset = list(WAYS).index(way)
    for number, kind in enumerate(KINDS):
        for turn, end in enumerate(ENDS):
            if end == "closed" and way in ("own_loop", "served"):
                continue  # whose loop is not the test's to close, and a server can't end without its loop
            if TOTAL in os.environ or (number + offset) % len(ENDS) == turn:
                yield kind, end


@pytest.mark.filterwarnings("ignore:Unclosed:ResourceWarning", "ignore:unclosed event loop:ResourceWarning")
@pytest.mark.parametrize("way", WAYS)
def test_nothing_stays(way):
    """As it was: aiohttp, its connectors, the loop, threads, files; and nobody keeps a session or a body alive."""
    played(way, "returns", "unmatched")  # imports what the way needs
    there, running, opened, known = containers(), threads(), descriptors(), ours()
    found = {}
    for kind, end in combinations(way):
        wanted = {"raised": ENDS[end], **NOTHING}
        wrong = {name: value for name, value in played(way, end, kind).items() if value != wanted[name]}
        if wrong:
            found[kind, end] = wrong
    assert found == {}
    assert ours() - known == Counter()
    assert containers() == there
    assert threads() == running
    assert descriptors() == opened

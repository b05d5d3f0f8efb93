"""What all tests share: a clean global registry, and the event loop that the run asks for."""

import asyncio
import os

import guard
import pytest
from hypothesis import HealthCheck, settings

import aiohttpretty

guard.install()

# A machine that is busy fails nobody
settings.register_profile("untimed", settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")

pytest_plugins = ["pytester"]


def pytest_asyncio_loop_factories(config, item):
    """asyncio's loop, or uvloop's with AIOHTTPRETTY_LOOP=uvloop in the environment."""
    if os.environ.get("AIOHTTPRETTY_LOOP") == "uvloop":
        import uvloop

        return {"uvloop": uvloop.new_event_loop}
    return {"asyncio": asyncio.new_event_loop}


@pytest.fixture(autouse=True)
def _nothing_stays():
    """Every test begins and ends with an empty registry that is not active."""
    yield
    while "not active" not in repr(aiohttpretty.activate.__self__):
        aiohttpretty.deactivate()
    aiohttpretty.clear()


@pytest.fixture(autouse=True)
def _nothing_leaves():
    """No test connects to another machine, or looks a name up; `guard` says what tried."""
    yield
    tried, guard.seen[:] = list(guard.seen), []
    assert tried == []

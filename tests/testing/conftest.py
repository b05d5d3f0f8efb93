"""Small files of unittest, each run by a Python of its own, as those run who have no pytest."""

import os
import re
import signal
import subprocess
import sys

import pytest

_HEAD = """\
import asyncio
import functools
import os
import signal
import threading
import unittest
from unittest import mock

import aiohttp
from aiohttp.test_utils import loop_context

import aiohttpretty
from aiohttpretty.testing import current_loop, run_forever, run_until_complete

"""


class Run:
    """What came of it: its exit code, what it printed, and unittest's report without what differs by version."""

    def __init__(self, done):
        self.code = done.returncode
        self.printed = done.stdout
        report = re.sub(r"in \d+\.\d+s", "in 0s", done.stderr)
        report = re.sub(r'File "[^"]*test_it\.py", line \d+', 'File "test_it.py"', report)
        report = re.sub(r"(?m)^\s+[~^]+\n", "", report)  # the marks below a line, of newer Pythons
        self.report = re.sub(r"Executing .* took \d+\.\d+ seconds\n", "", report)  # as a busy machine makes asyncio say


@pytest.fixture
def unit(tmp_path):
    """Run the source as `python -m unittest` does, in debug mode, every warning an error."""

    def run(source, *options):
        path = tmp_path / "test_it.py"
        path.write_text(_HEAD + source)
        command = [sys.executable, "-X", "dev", "-W", "error", "-m", "unittest", *options, "test_it"]
        done = subprocess.run(command, cwd=tmp_path, env=os.environ, capture_output=True, text=True, check=False)
        return Run(done)

    return run


@pytest.fixture(autouse=True)
def _interruptible():
    """Control-C interrupts, here and in children, also behind a shell that has told its background to ignore it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)

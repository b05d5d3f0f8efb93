"""Who doesn't fail doesn't pay."""

import subprocess
import sys

# What registrations say themselves
AMONG_THE_REGISTRATIONS = ["aiohttpretty.diagnosis.report"]


def test_a_run_without_a_failure_imports_nothing_of_it():
    """Importing the package, and a request that is answered, leave the rooms of the diagnosis closed."""
    script = """
import asyncio, sys, aiohttpretty
aiohttpretty.register_uri("GET", "http://example.com/")
asyncio.run(aiohttpretty.fake_request("GET", "http://example.com/"))
print([name for name in sys.modules if name.startswith("aiohttpretty.diagnosis.")])
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == f"{AMONG_THE_REGISTRATIONS}\n"

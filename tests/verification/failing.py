"""What a failure says, with what differs from run to run taken out."""

import re
from contextlib import contextmanager

import pytest

from aiohttpretty import VerificationError

_LINE = re.compile(r"[^\s(]*/(test_\w+\.py):\d+|\b(test_\w+\.py):\d+")
_SECONDS = re.compile(r"\d+\.\d{3} s after")


def text(error):
    """The report, its lines and times replaced."""
    report = _SECONDS.sub("0.001 s after", _LINE.sub(lambda found: f"{found[1] or found[2]}:1", str(error)))
    # where lines are wrapped depends on the length of those paths
    first, *rest = re.sub(r"\n +\((?=call|asked)", " (", report).split("\n\n")
    return "\n\n".join([first.replace("\n", " "), *rest])


@contextmanager
def fails(expected=None):
    """The block fails with just this report."""
    with pytest.raises(VerificationError) as caught:
        yield caught
    if expected is not None:
        assert text(caught.value) == expected.strip("\n")

"""What the tests of live servers share."""

import pytest

from .playing import Playing


@pytest.fixture(params=[False, True], ids=["loopback", "mounted"])
def playing(request):
    """Plays a scenario over a loopback server, and mounted."""
    return Playing(request.param)

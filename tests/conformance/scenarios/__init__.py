"""What is played twice, over a loopback server and mounted: `SCENARIOS`, by name."""

from . import answering, asking, lasting, routing  # noqa: F401 - each adds its own
from .scenario import SCENARIOS

__all__ = ["SCENARIOS"]

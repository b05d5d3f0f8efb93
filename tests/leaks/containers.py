"""The containers that the modules of the package hold, and how many things are in each."""

import sys
from collections import deque
from weakref import WeakKeyDictionary, WeakSet, WeakValueDictionary

_KINDS = (dict, list, set, deque, WeakSet, WeakKeyDictionary, WeakValueDictionary)
# What is remembered is limited: by the number of modules and of files of code, or by the cache itself
BOUNDED = {f"aiohttpretty.origin.{name}" for name in ("_known", "_ways", "_outside")}


def containers():
    """How many things are in each."""
    found = {}
    for name, module in list(sys.modules.items()):
        if module is None or name.partition(".")[0] != "aiohttpretty":
            continue
        for word, value in list(vars(module).items()):
            if isinstance(value, _KINDS) and not word.startswith("__") and f"{name}.{word}" not in BOUNDED:
                found[f"{name}.{word}"] = len(value)
    return found

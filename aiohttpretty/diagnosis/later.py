"""A registration that stands further down than the request it is for.

Law of this room: it reads the source of the functions that were running, and claims only what is written there.
"""

from __future__ import annotations

import ast
import linecache
import re
from collections.abc import Iterable
from types import FrameType

from yarl import URL

from ..addresses.uri import NO_URL, key
from ..origin import Origin

_NAME = re.compile(r"register_(json_)?uri$")
_REGISTERED = re.compile(r"""register_(?:json_)?uri\(\s*(["'])(\w+|\*)\1\s*,\s*(?:(["'])([^"'{}]+)\3|(\w+)\s*[,)])""")


def further_down(method: str, url: URL, frames: Iterable[FrameType]) -> Origin | None:
    """Where one of the functions that are running would go on to register such a request."""
    for frame in frames:
        code = frame.f_code
        last = max((line for _, _, line in code.co_lines() if line is not None), default=frame.f_lineno)
        lines = linecache.getlines(code.co_filename, frame.f_globals)
        text = "".join(lines[frame.f_lineno : last])
        for found in _REGISTERED.finditer(text):
            if found[2].upper() in ("*", method) and _is_there(_address(found, frame), url):
                line = frame.f_lineno + 1 + text.count("\n", 0, found.start())
                if _is_called("".join(lines), line):
                    return Origin(code.co_filename, line)
    return None


def _is_called(source: str, line: int) -> bool:
    """Whether it is a call, and not a text about one."""
    try:
        calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    except (SyntaxError, ValueError, RecursionError, SystemError):  # CPython 3.11 has the last for garbage meanwhile
        return False
    return any(node.func.end_lineno == line and _NAME.search(ast.unparse(node.func)) for node in calls)


def _address(found: re.Match[str], frame: FrameType) -> object:
    if found[4] is not None:
        return found[4]
    name = found[5]
    return frame.f_locals.get(name, frame.f_globals.get(name))


def _is_there(address: object, url: URL) -> bool:
    try:
        # params may follow in other words
        return isinstance(address, (str, URL)) and key(URL(address)).address == key(url).address
    except (TypeError, *NO_URL):
        return False

"""A changed function body, put into the functions that exist already.

So a change costs no import: the process that tries it is forked off one that has collected the tests.
"""

import gc
from collections.abc import Iterator
from inspect import CO_OPTIMIZED
from types import CodeType, FunctionType

Path = tuple[tuple[str, int], ...]


def swapped(filename: str, source: str, changed: str) -> bool:
    """Whether the change could be made: not in what runs at import (tables, defaults, decorators, class bodies)."""
    before, after = dict(_codes(_compiled(source, filename))), dict(_codes(_compiled(changed, filename)))
    instead: dict[CodeType, CodeType] = {}
    for path, old in before.items():
        new = after.get(path)
        if new is None:
            # a lambda that went with what was left out; its function is another one, too
            continue
        if not old.co_flags & CO_OPTIMIZED:
            if _own(old) != _own(new):
                return False
        elif old != new:
            instead[old] = new
    functions = [one for one in gc.get_objects() if type(one) is FunctionType and one.__code__ in instead]
    if not functions or any(len(one.__closure__ or ()) != len(instead[one.__code__].co_freevars) for one in functions):
        return False
    for function in functions:
        function.__code__ = instead[function.__code__]
    return True


def _compiled(source: str, filename: str) -> CodeType:
    return compile(source, filename, "exec", dont_inherit=True)


def _codes(code: CodeType, path: Path = ()) -> Iterator[tuple[Path, CodeType]]:
    """The code with all that is in it, by name, and by number where names are the same."""
    yield path, code
    seen: dict[str, int] = {}
    for one in code.co_consts:
        if isinstance(one, CodeType):
            seen[one.co_name] = number = seen.get(one.co_name, -1) + 1
            yield from _codes(one, (*path, (one.co_name, number)))


def _own(code: CodeType) -> tuple[object, ...]:
    """What a code does by itself, without the functions in it."""
    constants = tuple((type(one), one) for one in code.co_consts if not isinstance(one, CodeType))
    return code.co_code, constants, code.co_names

"""Words that a caller gives, and whether there are such.

Law of this room: it knows spellings, not meanings.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import cast, get_args

from .elsewhere import ELSEWHERE
from .errors import OptionTypeError, OptionValueError
from .script import Time


def check_words(
    given: Iterable[object], known: Sequence[str], where: str, hints: Mapping[str, str] = ELSEWHERE
) -> None:
    """Refuse an option that does not exist, with the name of the nearest that does, or what `hints` say of it.

    Raises:
        OptionTypeError: one of the `given` names is not `known`.
    """
    for word in given:
        if word in known:
            continue
        hint = hints.get(str(word))
        if hint is None:
            import difflib  # noqa: PLC0415 - a millisecond of every import, and only a failure needs it

            near = difflib.get_close_matches(str(word), known, n=1, cutoff=0.5)
            hint = f" Did you mean {near[0]!r}?" if near else ""
        raise OptionTypeError(f"{where} has no option {word!r}.{hint} The options are: {', '.join(known)}.")


def check_time(time: object, where: str = "") -> Time:
    """Whether what waits, waits in `"real"` time or is over in an `"instant"`.

    Raises:
        OptionTypeError, OptionValueError: it is neither word.
    """
    if time in get_args(Time):
        return cast("Time", time)
    kind = OptionValueError if isinstance(time, str) else OptionTypeError
    raise kind(
        f"{where}time={time!r} is not known. Give 'real' (what waits takes its time) or 'instant' (nobody waits: what "
        "comes first in time happens at once)."
    )

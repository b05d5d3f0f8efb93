"""What a fault is told: numbers of bytes, lengths of time, what is said byte by byte.

Law of this room: it says only whether they can be.
"""

from __future__ import annotations

import math
from contextlib import suppress
from datetime import timedelta

from ..errors import OptionTypeError, OptionValueError
from ..legible import legible
from .fault import Fault
from .head import wire

# What is made at each request: any client has stopped reading long before
_MOST = {"oversized_header": 16 * 1024 * 1024, "too_many_headers": 100_000}


@legible
def check_size(value: object, name: str, word: str, *, least: int = 0) -> int:
    """A number of bytes, or of other things, from 0 or 1 on, up to what can be made.

    Raises:
        OptionTypeError, OptionValueError: it is none.
    """
    if isinstance(value, bool) or not isinstance(value, int):
        raise OptionTypeError(f"{name}({word}={value!r}): that is no number. Give an int from {least} on.")
    if value < 0:
        raise OptionValueError(f"{name}({word}={value}) is less than nothing. Give an int from {least} on.")
    if value < least:
        raise OptionValueError(f"{name}({word}=0): nothing would ever come. Give an int from {least} on.")
    if value > (most := _MOST.get(name, value)):
        raise OptionValueError(f"{name}({word}=...) is more than can be made. Give an int up to {most}.")
    return int(value)


@legible
def check_flag(value: object, name: str, word: str) -> bool:
    """A bool.

    Raises:
        OptionTypeError: it is none.
    """
    if not isinstance(value, bool):
        raise OptionTypeError(f"{name}({word}={value!r}): that is no bool. Give True, or leave it out.")
    return value


@legible
def check_word(word: object, known: tuple[str, ...], wrong: str) -> str:
    """One of the known words; `wrong` says what it is if it is none, with room for it.

    Raises:
        OptionTypeError, OptionValueError: it is none.
    """
    if isinstance(word, str) and word in known:
        return word
    kind = OptionValueError if isinstance(word, str) else OptionTypeError
    raise kind(f"{wrong.format(word)}. Give one of {', '.join(map(repr, known))}.")


@legible
def check_coding(encoding: object, name: str) -> str:
    """The name of a content coding, which may be known to nobody.

    Raises:
        OptionTypeError: it is none.
    """
    if not isinstance(encoding, str):
        raise OptionTypeError(f"{name}({encoding!r}): that is no content coding. Give a str, such as 'gzip'.")
    return encoding


@legible
def check_refusal(status: object, name: str) -> int:
    """The status of a proxy that does not do as it is asked.

    Raises:
        OptionTypeError, OptionValueError: it is none.
    """
    if isinstance(status, bool) or not isinstance(status, int):
        raise OptionTypeError(f"{name}({status!r}): that is no status code. Give an int from 300 to 599.")
    if not 300 <= status <= 599:
        raise OptionValueError(f"{name}({status}): that is no refusal. Give an int from 300 to 599.")
    return int(status)


@legible
def check_line(line: object, name: str) -> str | bytes:
    """A line without its end.

    Raises:
        OptionTypeError, OptionValueError: it is none, or has no bytes.
    """
    if not isinstance(line, (str, bytes)):
        raise OptionTypeError(f"{name}({line!r}): that is no line. Give a str or bytes.")
    text = line if isinstance(line, str) else line.decode("latin-1")
    if "\n" in text or "\r" in text:
        raise OptionValueError(
            f"{name}({line!r}): there is a line break in it. Give one line, or all of the bytes to malformed()."
        )
    if isinstance(line, str):
        try:
            wire(line)
        except UnicodeEncodeError as error:
            raise OptionValueError(
                f"{name}({line!r}): {line[error.start]!r} is half a character, which has no bytes. Take it out, or "
                "give the line as bytes."
            ) from error
    return line


@legible
def check_attempts(attempts: object, name: str) -> int | None:
    """How many attempts of one request a fault answers; None for all.

    Raises:
        OptionTypeError, OptionValueError: it is no number from 1 on.
    """
    if attempts is None:
        return None
    if isinstance(attempts, bool) or not isinstance(attempts, int):
        raise OptionTypeError(
            f"{name}(attempts={attempts!r}): that is no number. Give 1 to have aiohttp's silent second attempt "
            "answered by what comes next, or leave it out."
        )
    if attempts < 1:
        raise OptionValueError(
            f"{name}(attempts={attempts}) would never happen. Give 1 to have aiohttp's silent second attempt answered "
            "by what comes next, or leave it out."
        )
    return int(attempts)


@legible
def check_seconds(value: object, where: str) -> float:
    """A length of time in seconds; `where` it was given.

    Raises:
        OptionTypeError, OptionValueError: it is none, or one that nobody can wait for.
    """
    seconds = value.total_seconds() if isinstance(value, timedelta) else value
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)):
        raise OptionTypeError(f"{where}: {value!r} is no length of time. Give seconds as a number, or a timedelta.")
    with suppress(OverflowError):  # an int may be too long for that
        if 0 <= (number := float(seconds)) < math.inf:
            return number
    raise OptionValueError(f"{where}: {value!r} can't be waited for. Give seconds from 0 on.")


@legible
def check_segment(data: object, where: str) -> bytes:
    """Bytes that a server sends; `where` they were given, with room for them.

    Raises:
        OptionTypeError, OptionValueError: they are none, or empty.
    """
    if not isinstance(data, (bytes, bytearray, memoryview)):
        raise OptionTypeError(
            f"{where.format(data)}: that is not bytes. Give what the server sends, such as b'HTTP/1.1 200 OK\\r\\n'."
        )
    if not data:
        raise OptionValueError(
            f"{where.format(data)}: there is nothing in it. Give what the server sends; faults.disconnect() says "
            "nothing."
        )
    return bytes(data)


@legible
def check_step(step: object, at: int, *, last: bool) -> bytes | float | Fault:
    """One step of raw(): bytes, a pause in seconds, or the end, which is the `last`.

    Raises:
        OptionTypeError, OptionValueError: it is none of these, or not in its place.
    """
    where = f"raw(), step {at + 1}"
    if isinstance(step, (bytes, bytearray, memoryview)):
        return check_segment(step, where)
    if isinstance(step, Fault):
        if step.name not in ("disconnect", "reset", "stall") or step.words or step.attempts is not None:
            raise OptionValueError(
                f"{where}: {step!r} is no end. Give faults.disconnect(), faults.reset() or faults.stall()."
            )
        if not last:
            raise OptionValueError(
                f"{where}: {step!r} ends the connection, and something stands behind it. Put it last."
            )
        return step
    if isinstance(step, (int, float, timedelta)):
        return check_seconds(step, where)
    raise OptionTypeError(
        f"{where}: {step!r} is no step. Give bytes, a pause in seconds, or, at last, faults.disconnect(), "
        "faults.reset() or faults.stall()."
    )

"""What a reply carries: bytes that are sent to every caller, or a stream that can be read once.

Law of this room: nothing is ever silently empty.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import AsyncGenerator
from typing import Any

from .errors import OptionTypeError, OptionValueError

_KINDS = (
    "bytes, bytearray, memoryview, str (sent as UTF-8), or an object with an async read(size), such as "
    "asyncio.StreamReader"
)
_CHUNK = 64 * 1024


class Stream:
    """An object with an async `read`, delivered as it is read, to its end, once."""

    def __init__(self, reader: Any) -> None:
        self.reader = reader
        self.taken = False
        """Whether it has been promised to a request; whoever asks afterwards must be told."""

    async def open(self) -> AsyncGenerator[bytes, None]:
        """Read it, piece by piece."""
        sizes = (_CHUNK,) if _takes_size(self.reader.read) else ()
        while chunk := await self.reader.read(*sizes):
            yield chunk


def encode(body: object) -> bytes | Stream:
    """The body as it will be sent.

    Raises:
        OptionTypeError: it is of no kind that can be sent.
    """
    if isinstance(body, bytes):
        return body
    if isinstance(body, str):
        return body.encode()
    if isinstance(body, (bytearray, memoryview)):
        return bytes(body)
    read = getattr(body, "read", None)
    if inspect.iscoroutinefunction(read) or inspect.iscoroutinefunction(getattr(read, "__call__", None)):  # noqa: B004
        return Stream(body)
    raise OptionTypeError(f"body={body!r} can't be sent. Give {_KINDS}; for JSON, use json= or register_json_uri.")


def encode_json(value: object) -> bytes:
    """The value as JSON (RFC 8259), by `json.dumps`.

    Raises:
        OptionTypeError: JSON has no such type.
        OptionValueError: JSON has no such value (nan, infinity, a circle).
    """
    try:
        return json.dumps(value, allow_nan=False).encode()
    except (TypeError, ValueError) as error:
        kind = OptionTypeError if isinstance(error, TypeError) else OptionValueError
        raise kind(
            f"The value can't be written as JSON: {error}. Give dicts with str keys, lists, str, int, float, "
            "bool and None, or encode it yourself and use register_uri with body=."
        ) from error


def _takes_size(read: Any) -> bool:
    try:
        inspect.signature(read).bind(_CHUNK)
    except TypeError:
        return False
    except ValueError:  # a builtin without a signature: all that we know of take a size
        return True
    return True

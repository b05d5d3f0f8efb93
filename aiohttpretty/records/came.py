"""What came over a socket, under the names by which aiohttp's client is called.

Law of this room: nobody of this process has passed anything, so that it goes by what came: headers are equal if all
that are expected are there, and a body is what it can be read as.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

from multidict import CIMultiDictProxy

from ..errors import BodyNotKeptError
from .recorded import Recorded


class Came(Mapping[str, Any]):
    """Takes the place of the keywords of a call that came over a socket."""

    def __init__(self) -> None:
        self.call: Recorded | None = None
        """Which one, as soon as there is one."""

    def __getitem__(self, name: str) -> Any:
        if self.call is None or name not in _READ:
            raise KeyError(name)
        try:
            return _READ[name](self.call)
        except (ValueError, BodyNotKeptError):
            raise KeyError(name) from None

    def __iter__(self) -> Iterator[str]:
        return (name for name in _READ if name in self)

    def __len__(self) -> int:
        return sum(1 for _ in self)


class Fields(Mapping[str, str]):
    """Headers; equal to those that are all among them."""

    def __init__(self, headers: CIMultiDictProxy[str]) -> None:
        self._headers = headers

    def __getitem__(self, name: str) -> str:
        return ", ".join(self._headers.getall(name))

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys(self._headers))

    def __len__(self) -> int:
        return len(set(self._headers))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Mapping):
            return NotImplemented
        return all(name in self._headers and value == self[name] for name, value in other.items())

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return repr(dict(self))


class Content(bytes):
    """A body; equal to the text, or to the fields of the form, that it is."""

    form: Any = None

    def __eq__(self, other: object) -> bool:
        if isinstance(other, str):
            return bytes(self) == other.encode()
        if isinstance(other, Mapping) and self.form is not None:
            return sorted(_pairs(other)) == sorted(self.form.items())
        return bytes.__eq__(self, other)

    __hash__ = bytes.__hash__


def _pairs(fields: Mapping[Any, Any]) -> Iterator[tuple[str, str]]:
    """Of a form as one writes it: a field that is there several times has a list, or is written so often."""
    for name, value in fields.items():
        for one in value if isinstance(value, (list, tuple)) else [value]:
            yield str(name), str(one)


def _data(call: Recorded) -> Content:
    content = Content(call.content)
    if not content:
        raise ValueError("there is none")
    with suppress(ValueError):
        content.form = call.form()
    return content


def _json(call: Recorded) -> Any:
    if not call.body_size:
        raise ValueError("there is none")
    return call.json()


_READ = {"headers": lambda call: Fields(call.request_headers), "data": _data, "json": _json}

"""What tests may hand over, by mistake or in despair: values of any kind, also broken ones."""

import enum
import io
import pathlib
import re
from collections import OrderedDict, UserDict, UserString
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from http import HTTPStatus
from types import MappingProxyType
from unittest.mock import ANY, AsyncMock, MagicMock

from hypothesis import strategies as st
from multidict import CIMultiDict
from yarl import URL


class Oops(Exception):
    """What such an object raises."""


def _raises(*_, **__):
    raise Oops("no")


def breaking(*names, of=object):
    """A class whose methods of these names raise."""
    return type(f"Breaks{''.join(name.strip('_').title() for name in names)}", (of,), dict.fromkeys(names, _raises))


class Word(str):
    """A str that prints as another one."""

    def __str__(self):
        return "\r\nX-Injected: 1"

    def __repr__(self):
        raise Oops("no")


class Number(int):
    """An int that prints as another one."""

    def __str__(self):
        return "7\r\nX-Injected: 1"

    __repr__ = _raises
    __format__ = _raises


class Octets(bytes):
    """Bytes that have no length."""

    __len__ = _raises


class Color(enum.Enum):
    """Not what is asked for."""

    RED = "red"


class Told(enum.IntEnum):
    """A status of somebody's own."""

    FINE = 200
    ODD = 299


class Lying(dict):
    """A mapping that says that it is empty."""

    def __len__(self):
        return 0

    def __bool__(self):
        return False


class Endless:
    """Never comes to an end by itself."""

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return Endless()

    def __call__(self, *args, **kwargs):
        return self


async def _agen():
    yield b"piece"
    yield "text"


async def _bad_agen():
    yield b"piece"
    yield 3


async def _raising_agen():
    yield b"piece"
    raise Oops("in the midst of it")


async def _coroutine(*args):
    return b""


def _generator():
    yield ("name", "value")


def _circle():
    circle = []
    circle.append(circle)
    return circle


def _ring():
    ring = {}
    ring["a"] = ring
    return ring


def _deep(kind, levels=3000):
    value = kind()
    for _ in range(levels):
        value = [value] if kind is list else {"a": value}
    return value


def _closed(file):
    file.close()
    return file


MAKERS = [
    object,
    breaking("__str__"),
    breaking("__repr__"),
    breaking("__str__", "__repr__"),
    breaking("__eq__"),
    breaking("__hash__"),
    breaking("__eq__", "__hash__", "__repr__", "__bool__"),
    breaking("__bool__"),
    breaking("__iter__"),
    breaking("__len__"),
    breaking("__call__"),
    breaking("__getattr__"),
    breaking("__getattribute__"),
    breaking("__fspath__"),
    breaking("__aiter__"),
    breaking("read"),
    lambda: breaking("__repr__", of=str)("text"),
    lambda: breaking("__eq__", "__hash__", of=str)("text"),
    lambda: breaking("__str__", of=str)("http://example.com/"),
    lambda: breaking("encode", of=str)("text"),
    lambda: breaking("items", "__iter__", of=dict)({"a": "b"}),
    lambda: breaking("__iter__", of=list)(["a"]),
    lambda: breaking("__iter__", "__len__", "__repr__", of=list)(["a"]),
    lambda: breaking("total_seconds", of=timedelta)(1),
    lambda: breaking("__float__", of=int)(3),
    lambda: breaking("__lt__", "__le__", "__gt__", "__ge__", of=int)(200),
    lambda: breaking("__init__", of=Exception),
    lambda: breaking("__repr__", of=Exception)("x"),
    lambda: Word("text"),
    lambda: Word("http://example.com/a"),
    lambda: Number(200),
    lambda: Octets(b"bytes"),
    lambda: Color.RED,
    lambda: Told.FINE,
    lambda: Told.ODD,
    lambda: HTTPStatus.NOT_FOUND,
    lambda: HTTPStatus.CONTINUE,
    lambda: Lying(a="b"),
    Endless,
    _generator,
    lambda: _generator,
    _agen,
    lambda: _agen,
    lambda: _bad_agen,
    lambda: _raising_agen,
    _raising_agen,
    lambda: _coroutine,
    lambda: lambda: None,
    lambda: lambda request: None,
    lambda: lambda request: 1 / 0,
    lambda: print,
    lambda: int,
    lambda: str,
    lambda: dict,
    lambda: type,
    _circle,
    _ring,
    lambda: _deep(list),
    lambda: _deep(dict),
    MagicMock,
    AsyncMock,
    lambda: MagicMock(side_effect=Oops("no")),
    lambda: ANY,
    lambda: re.compile("x"),
    lambda: re.compile(b"x"),
    lambda: re.compile(r"(?i)^.*$", re.DOTALL),
    lambda: URL("http://example.com/a?b=c#d"),
    lambda: URL("/relative"),
    lambda: URL(""),
    lambda: URL("http://exa mple.com/\x00", encoded=True),
    lambda: URL("http://u:p@[::1%25eth0]:8080/"),
    lambda: timedelta(seconds=0),
    lambda: timedelta.max,
    lambda: timedelta.min,
    lambda: Decimal("1.5"),
    lambda: Decimal("NaN"),
    lambda: Fraction(1, 3),
    lambda: 1j,
    lambda: datetime(2020, 1, 1),
    lambda: datetime.min.replace(tzinfo=timezone(timedelta(hours=14))),
    lambda: datetime.max.replace(tzinfo=timezone(timedelta(hours=-12))),
    lambda: pathlib.Path("/nowhere"),
    lambda: pathlib.Path("/"),
    lambda: pathlib.Path("a\0b"),
    lambda: pathlib.Path("/dev/null"),
    lambda: pathlib.Path(__file__),
    lambda: io.BytesIO(b"bytes"),
    lambda: io.StringIO("text \ud800"),
    lambda: _closed(io.BytesIO(b"bytes")),
    lambda: UserString("text"),
    lambda: UserDict(a="b"),
    lambda: OrderedDict(a="b"),
    lambda: MappingProxyType({"a": "b"}),
    lambda: CIMultiDict([("a", "b"), ("A", "c")]),
    lambda: memoryview(b"abcdef")[::2],
    lambda: memoryview(b"abcdefgh").cast("I"),
    lambda: memoryview(b""),
    lambda: bytearray(b"abc"),
    lambda: range(3),
    lambda: range(10**10),
    lambda: frozenset({1}),
    lambda: set("ab"),
    lambda: iter([("a", "b")]),
    lambda: iter([]),
    lambda: NotImplemented,
    lambda: ...,
    lambda: ValueError("x"),
    lambda: ValueError,
    lambda: KeyboardInterrupt,
    lambda: StopIteration("x"),
    lambda: StopAsyncIteration,
    lambda: GeneratorExit,
    lambda: UnicodeDecodeError,
    lambda: UnicodeDecodeError("utf-8", b"x", 0, 1, "no"),
    lambda: OSError(5, "x"),
    lambda: 10**5000,
    lambda: -(10**5000),
    lambda: float("nan"),
    lambda: float("-inf"),
    lambda: "x" * 100_000,
    lambda: b"x" * 100_000,
]
NASTY = "\r\n\t\0\x0b\x1b\x7f\x80\xff\ud800\udfff\u2028\uffff/\\%?#&=;:@[]{}<>\"'`+ .,éßıſKſ。．😀"
texts = st.text(st.one_of(st.sampled_from(NASTY), st.characters(), st.sampled_from("aZ09%")), max_size=12)
octets = st.binary(max_size=16)


class Box:
    """A value that is made when it is needed: hypothesis looks at what it draws, and these can't stand that."""

    def __init__(self, make, text):
        self.make = make
        self.text = text

    def __repr__(self):
        return self.text


def plain(strategy):
    """Values that anybody may look at."""
    return strategy.map(lambda value: Box(lambda: value, repr(value)))


def _several(kind):
    return lambda boxes: Box(lambda: kind(box.make() for box in boxes), f"{kind.__name__}({boxes})")


def _mapping(pairs):
    def make():
        made = {}
        for name, box in pairs:
            try:
                made[name.make()] = box.make()
            except Exception:  # that can't be a key
                made["name"] = box.make()
        return made

    return Box(make, f"dict({pairs})")


_numbers = range(len(MAKERS))
objects = st.sampled_from(_numbers).map(lambda at: Box(MAKERS[at], f"<MAKERS[{at}]>"))
scalars = st.one_of(
    plain(
        st.one_of(st.none(), st.booleans(), st.integers(), st.integers(-2, 700), st.floats(), texts, octets),
    ),
    objects,
)


def _nested(inner):
    return st.one_of(
        st.lists(inner, max_size=3).map(_several(list)),
        st.lists(inner, min_size=2, max_size=2).map(_several(tuple)),
        st.lists(st.tuples(plain(texts), inner), max_size=3).map(_mapping),
        st.lists(st.tuples(scalars, inner), max_size=2).map(_mapping),
    )


anything = st.recursive(scalars, _nested, max_leaves=5)
"""A `Box` with anything in it."""


def opened(value):
    """What is in the boxes: of one, or of all in a dict or list."""
    if isinstance(value, Box):
        return value.make()
    if type(value) is dict:
        return {name: opened(one) for name, one in value.items()}
    return [opened(one) for one in value] if type(value) is list else value


def mostly(likely, rare, often=9):
    """So many times the one, and once the other."""
    return st.integers(0, often).flatmap(lambda number: likely if number < often else rare)

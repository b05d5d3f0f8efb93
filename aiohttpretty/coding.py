"""Content codings (RFC 9110, 8.4.1): gzip, deflate, br, zstd.

Law of this room: what aiohttp here can decode is what can be said, and what a client encoded can be read. Both
staircases may enter. The errors are plain `ValueError`s, in words that fit behind a colon; who asked knows
what to say of them.
"""

from __future__ import annotations

import sys
import zlib
from collections.abc import Callable
from contextlib import suppress
from importlib import import_module
from typing import Any, Protocol

from aiohttp import compression_utils

# wbits of zlib: its own format (RFC 1950), gzip's around the same (RFC 1952), and neither (RFC 1951)
_ZLIB, _GZIP, _RAW = zlib.MAX_WBITS, 16 + zlib.MAX_WBITS, -zlib.MAX_WBITS
_MODULES = {
    "br": ("brotlicffi", "brotli"),
    "zstd": ("compression.zstd",) if sys.version_info >= (3, 14) else ("backports.zstd",),
}
_NEEDS = {"br": "the package Brotli or brotlicffi", "zstd": "CPython 3.14 or the package backports.zstd"}


class Encoder(Protocol):
    """Encodes a stream; each piece comes out whole, so that the other end can decode it at once."""

    def encode(self, piece: bytes) -> bytes: ...
    def finish(self) -> bytes: ...


def known() -> tuple[str, ...]:
    """The codings that aiohttp can decode here."""
    brotli = ("br",) if compression_utils.HAS_BROTLI else ()
    zstd = ("zstd",) if getattr(compression_utils, "HAS_ZSTD", False) else ()  # aiohttp 3.12 knows it not yet
    return ("gzip", "deflate", *brotli, *zstd)


def encoder(coding: str) -> Encoder:
    """An encoder for one stream, in one of the `known()` codings."""
    return _ENCODERS[coding]()


def encode(coding: str, data: bytes) -> bytes:
    """`data` in one of the `known()` codings."""
    made = encoder(coding)
    return made.encode(data, last=True) if isinstance(made, _Zstd) else made.encode(data) + made.finish()


def decode(codings: str, data: bytes) -> bytes:
    """`data` without the `codings`, which are given as in the header Content-Encoding: in the order of encoding.

    Raises:
        ValueError: a coding is not known, or the data is none of that coding, or breaks off.
    """
    for coding in reversed([name.strip().lower() for name in codings.split(",") if name.strip()]):
        if coding not in _DECODERS:
            raise ValueError(f"the content coding {coding!r} is none of gzip, deflate, br, zstd and identity")
        if data:  # no content needs no decoding: a client may announce a coding and then send nothing
            data = _DECODERS[coding](data)
    return data


class _Zlib:
    def __init__(self, wbits: int) -> None:
        self._compressor = zlib.compressobj(wbits=wbits)

    def encode(self, piece: bytes) -> bytes:
        return self._compressor.compress(piece) + self._compressor.flush(zlib.Z_SYNC_FLUSH)

    def finish(self) -> bytes:
        return self._compressor.flush()


class _Brotli:
    def __init__(self) -> None:
        self._compressor = _load("br").Compressor()

    def encode(self, piece: bytes) -> bytes:
        compressor = self._compressor  # the two modules have different words for it
        process = compressor.process if hasattr(compressor, "process") else compressor.compress
        out: bytes = process(piece) + compressor.flush()
        return out

    def finish(self) -> bytes:
        out: bytes = self._compressor.finish()
        return out


class _Zstd:
    def __init__(self) -> None:
        self._compressor = _load("zstd").ZstdCompressor()

    def encode(self, piece: bytes, last: bool = False) -> bytes:
        flush = self._compressor.FLUSH_FRAME if last else self._compressor.FLUSH_BLOCK
        out: bytes = self._compressor.compress(piece, flush)
        return out

    def finish(self) -> bytes:
        return self.encode(b"", last=True)


def _inflate(coding: str, data: bytes, wbits: int) -> bytes:
    """One gzip member or zlib stream after the other, to the end of `data`."""
    pieces = []
    while data:
        decompressor = zlib.decompressobj(wbits)
        try:
            pieces.append(decompressor.decompress(data))
        except zlib.error as error:
            raise ValueError(f"the body is not {coding} ({error})") from error
        if not decompressor.eof:
            raise ValueError(f"the body is not {coding} (it breaks off)")
        data = decompressor.unused_data.lstrip(b"\0")  # gzip's members may be padded with zeros
    return b"".join(pieces)


def _undeflate(data: bytes) -> bytes:
    try:
        return _inflate("deflate", data, _ZLIB)
    except ValueError as error:
        # "Some non-conformant implementations send the "deflate" compressed data without the zlib wrapper"
        # (RFC 9110, 8.4.1.2)
        try:
            return _inflate("deflate", data, _RAW)
        except ValueError:
            raise error from None


def _decompress(coding: str, data: bytes) -> bytes:
    try:
        module = _load(coding)
    except ImportError as error:
        raise ValueError(f"the body is {coding}, and reading that needs {_NEEDS[coding]}") from error
    try:
        out: bytes = module.decompress(data)
    except Exception as error:  # each of the modules has an error of its own, derived from nothing else
        raise ValueError(f"the body is not {coding} ({error})") from error
    return out


def _load(coding: str) -> Any:
    """The module that aiohttp itself uses; only now, because it is rarely needed and may be missing."""
    *others, last = _MODULES[coding]
    for name in others:
        with suppress(ImportError):
            return import_module(name)
    return import_module(last)


_ENCODERS: dict[str, Callable[[], Encoder]] = {
    "gzip": lambda: _Zlib(_GZIP),
    "deflate": lambda: _Zlib(_ZLIB),
    "br": _Brotli,
    "zstd": _Zstd,
}
_DECODERS: dict[str, Callable[[bytes], bytes]] = {
    "identity": bytes,
    "gzip": lambda data: _inflate("gzip", data, _GZIP),
    "x-gzip": lambda data: _inflate("gzip", data, _GZIP),  # the same, for recipients (RFC 9110, 8.4.1.3)
    "deflate": _undeflate,
    "br": lambda data: _decompress("br", data),
    "zstd": lambda data: _decompress("zstd", data),
}

"""Content codings: what is encoded for the caller can be read by anyone, and what a client encoded can be read here."""

import gzip
import sys
import types
import zlib

import pytest
from aiohttp import compression_utils

from aiohttpretty import coding

PLAIN = b"some text, some text, some text" * 100


def raw(data):
    compressor = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return compressor.compress(data) + compressor.flush()


@pytest.fixture
def zstd(monkeypatch):
    """A module with zstd's interface, and zlib's format."""

    class ZstdCompressor:
        FLUSH_BLOCK, FLUSH_FRAME = zlib.Z_SYNC_FLUSH, zlib.Z_FINISH

        def __init__(self):
            self._compressor = zlib.compressobj()

        def compress(self, data, mode):
            return self._compressor.compress(data) + self._compressor.flush(mode)

    module = types.SimpleNamespace(ZstdCompressor=ZstdCompressor, decompress=zlib.decompress)
    name = "compression.zstd" if sys.version_info >= (3, 14) else "backports.zstd"
    monkeypatch.setitem(sys.modules, name.partition(".")[0], types.SimpleNamespace(zstd=module, __path__=[]))
    monkeypatch.setitem(sys.modules, name, module)
    monkeypatch.setattr(compression_utils, "HAS_ZSTD", True, raising=False)


@pytest.fixture
def without(monkeypatch):
    """As if neither brotli nor zstd were installed."""
    for name in ("brotli", "brotlicffi", "compression.zstd", "backports.zstd"):
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.setattr(compression_utils, "HAS_BROTLI", False)
    monkeypatch.setattr(compression_utils, "HAS_ZSTD", False, raising=False)


def test_known_here(zstd, monkeypatch):
    """Every coding is known that aiohttp here can decode."""
    monkeypatch.setattr(compression_utils, "HAS_BROTLI", True)
    assert coding.known() == ("gzip", "deflate", "br", "zstd")


def test_known_without_packages(without):
    """Without the packages that aiohttp asks for, there are two codings."""
    assert coding.known() == ("gzip", "deflate")


@pytest.mark.parametrize("name", coding.known())
@pytest.mark.parametrize("data", [b"", b"x", PLAIN])
def test_there_and_back(name, data):
    """What is encoded is what can be decoded."""
    assert coding.decode(name, coding.encode(name, data)) == data


@pytest.mark.parametrize("name", coding.known())
def test_streams(name):
    """A stream that is encoded piece by piece is one whole in the end."""
    encoder = coding.encoder(name)
    assert coding.decode(name, b"".join([encoder.encode(b"ab"), encoder.encode(PLAIN), encoder.finish()])) == (
        b"ab" + PLAIN
    )


def test_each_piece_at_once():
    """Each piece of a stream can be decoded before the next one is there."""
    for name, wbits in ("gzip", 16 + zlib.MAX_WBITS), ("deflate", zlib.MAX_WBITS):
        encoder, decoder = coding.encoder(name), zlib.decompressobj(wbits)
        assert [decoder.decompress(encoder.encode(piece)) for piece in (b"ab", b"c")] == [b"ab", b"c"]


def test_the_formats_of_others():
    """gzip and deflate are what the standard library reads."""
    assert gzip.decompress(coding.encode("gzip", PLAIN)) == zlib.decompress(coding.encode("deflate", PLAIN)) == PLAIN


def test_zstd(zstd):
    """zstd is encoded whole or in pieces, and decoded."""
    encoder = coding.encoder("zstd")
    pieces = encoder.encode(b"ab") + encoder.finish()
    assert [coding.decode("zstd", data) for data in (coding.encode("zstd", b"ab"), pieces)] == [b"ab", b"ab"]


@pytest.mark.parametrize(
    ("codings", "data"),
    [
        ("gzip", gzip.compress(b"x", mtime=0)),
        ("GZip", gzip.compress(b"x", mtime=0)),
        ("x-gzip", gzip.compress(b"x", mtime=0)),
        ("deflate", zlib.compress(b"x")),
        ("deflate", raw(b"x")),
        ("identity", b"x"),
        ("", b"x"),
        ("gzip, deflate", zlib.compress(gzip.compress(b"x", mtime=0))),
        ("deflate ,identity,gzip", gzip.compress(zlib.compress(b"x"), mtime=0)),
    ],
)
def test_decoding(codings, data):
    """The codings of a header are undone from the last to the first, in any case, with or without zlib's wrapper."""
    assert coding.decode(codings, data) == b"x"


def test_several_gzip_members():
    """gzip's members, padded with zeros or not, are one content (RFC 1952, 2.2)."""
    assert coding.decode("gzip", gzip.compress(b"a", mtime=0) + gzip.compress(b"b", mtime=0) + b"\0\0") == b"ab"


@pytest.mark.parametrize("codings", ["gzip", "deflate", "br", "zstd", "gzip, br"])
def test_nothing_is_nothing(codings, without):
    """No content is no content in any coding: a client may announce one and send nothing."""
    assert coding.decode(codings, b"") == b""


@pytest.mark.parametrize(
    ("codings", "data", "words"),
    [
        ("compress", b"x", "the content coding 'compress' is none of gzip, deflate, br, zstd and identity"),
        (
            "gzip",
            b"rubbish",
            "the body is not gzip (Error -3 while decompressing data: incorrect header check)",
        ),
        ("gzip", gzip.compress(PLAIN, mtime=0)[:-1], "the body is not gzip (it breaks off)"),
        ("deflate", zlib.compress(PLAIN)[:-1], "the body is not deflate (it breaks off)"),
        (
            "deflate",
            b"rubbish",
            "the body is not deflate (Error -3 while decompressing data: incorrect header check)",
        ),
        ("br", b"x", "the body is br, and reading that needs the package Brotli or brotlicffi"),
        ("zstd", b"x", "the body is zstd, and reading that needs CPython 3.14 or the package backports.zstd"),
    ],
)
def test_what_can_not_be_decoded(codings, data, words, without):
    """A coding that is not known, or data that is none of it, is a ValueError in words."""
    with pytest.raises(ValueError) as caught:
        coding.decode(codings, data)
    assert str(caught.value) == words


@pytest.mark.parametrize("name", [name for name in coding.known() if name in ("br", "zstd")])
def test_broken(name):
    """What the packages can't decode is a ValueError, too, whichever error they have of their own."""
    with pytest.raises(ValueError) as caught:
        coding.decode(name, coding.encode(name, PLAIN)[:-1])
    assert str(caught.value).startswith(f"the body is not {name} (")

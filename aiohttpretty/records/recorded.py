"""What came over a wire, as it is recorded: head and body; of a large body the beginning, its size and its digest.

Law of this room: what came is kept as it came, and read when somebody asks. Memory need not hold a large body, unless
the test wants it kept: then it is all there.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from hashlib import sha256
from typing import Any, ClassVar

from multidict import CIMultiDict, CIMultiDictProxy, MultiDictProxy
from yarl import URL

from ..coding import decode
from ..errors import BodyNotKeptError
from . import reading
from .reading import Part

LARGE = 1024 * 1024
"""Up to this size, in bytes, a body is kept whole."""
START = 64 * 1024
"""As much is kept of a larger one."""


class Shortened:
    """A large body in short: its beginning, its size and its digest, made while it comes."""

    __slots__ = ("_digest", "size", "start")

    def __init__(self) -> None:
        self.start = b""
        self.size = 0
        self._digest = sha256()

    def add(self, pieces: Iterable[bytes]) -> None:
        """Take more of it, and keep none of that but the beginning."""
        for piece in pieces:
            if (room := START - len(self.start)) > 0:
                self.start += piece[:room]
            self.size += len(piece)
            self._digest.update(piece)

    @property
    def digest(self) -> str:
        """The SHA-256 of what has come, in hexadecimal digits."""
        return self._digest.hexdigest()


class Recorded:
    """A request, as it went over the wire."""

    __slots__ = ("_body", "_head", "_headers", "method", "url")
    large: ClassVar[int] = LARGE

    # whoever is one sets them, all in one place with its own
    method: str
    """The method, in upper case."""
    url: URL
    """The full URL, query included."""
    _head: bytes
    _headers: CIMultiDictProxy[str] | None
    _body: bytes | Sequence[bytes] | Shortened

    @property
    def _kept_whole(self) -> bool:
        """Whether also a large body is kept whole."""
        raise NotImplementedError

    def receiving(self, body: list[bytes]) -> None:
        """Take what has come of a large body, so that memory need not hold all of it."""
        if not self._kept_whole:
            if not isinstance(self._body, Shortened):
                self._body = Shortened()
            self._body.add(body)
            body.clear()

    def take(self, body: Sequence[bytes]) -> None:
        """Take the body, or what is left of it, when the request is complete."""
        if isinstance(self._body, Shortened):
            self._body.add(body)
        else:
            self._body = body
            self.settle()

    def considered(self, head: bytes, body: Sequence[bytes]) -> None:
        """The same, for routes that are yet to decide: they see all of it. `settle` comes next."""
        self._head = head
        self._body = body

    def settle(self) -> None:
        """Keep of a large body what is to be kept."""
        body = self._body
        if not isinstance(body, Shortened) and _size(body) > LARGE and not self._kept_whole:
            self._body = Shortened()
            self._body.add([body] if isinstance(body, bytes) else body)

    @property
    def whole(self) -> bool:
        """Whether the request has come whole."""
        return bool(self._head)

    @property
    def request_headers(self) -> CIMultiDictProxy[str]:
        """The request's headers, as they went over the wire; empty until it is complete."""
        if self._headers is None:
            self._headers = CIMultiDictProxy(fields(self._head))
        return self._headers

    @property
    def body(self) -> bytes:
        """The request's body, as it went over the wire without its chunk framing; compressed if it was.

        Raises:
            BodyNotKeptError: it is larger than 1 MiB, and the registry does not keep such bodies.
        """
        if isinstance(self._body, Shortened):
            raise BodyNotKeptError(
                f"The body of {self.method} {shown(self.url)} was {self._body.size} bytes long. Of one above {LARGE}, "
                f"the first {START} bytes are kept (call.body_start), the size (call.body_size) and the SHA-256 "
                "(call.body_digest). To have all of it, keep bodies whole: activate(keep_bodies=True), or "
                "keep_bodies=True in the marker."
            )
        if not isinstance(self._body, bytes):
            self._body = b"".join(self._body)
        return self._body

    @property
    def body_start(self) -> bytes:
        """The first 64 KiB of the body, kept of any."""
        return self._body.start if isinstance(self._body, Shortened) else self.body[:START]

    @property
    def body_size(self) -> int:
        """The size of the body in bytes, known of any."""
        return self._body.size if isinstance(self._body, Shortened) else _size(self._body)

    @property
    def body_digest(self) -> str:
        """The SHA-256 of the body in hexadecimal digits, known of any."""
        return self._body.digest if isinstance(self._body, Shortened) else sha256(self.body).hexdigest()

    @property
    def content(self) -> bytes:
        """The request's body, decompressed as its Content-Encoding says (RFC 9110, 8.4).

        Raises:
            ValueError: it is not what its Content-Encoding says, or aiohttp here can't decode that.
            BodyNotKeptError: it is larger than 1 MiB, and the registry does not keep such bodies; so for the next four.
        """
        encoding = ", ".join(self.request_headers.getall("Content-Encoding", ()))
        return decode(encoding, self.body) if encoding else self.body

    def text(self) -> str:
        """The request's body, decompressed and decoded by the charset of its Content-Type; UTF-8 if that names none.

        Raises:
            UnicodeDecodeError: it is no such text.
            ValueError: it can't be decompressed, or there is no such charset.
        """
        return reading.text(self.content, self._content_type)

    def json(self) -> Any:
        """The request's body, read as JSON.

        Raises:
            json.JSONDecodeError: it is not JSON.
        """
        return reading.json(self.content, self._content_type)

    def form(self) -> MultiDictProxy[str]:
        """The fields of the request's body, an urlencoded form.

        Raises:
            UnreadableBodyError: (a `ValueError`) it is none.
        """
        return reading.form(self.content, self._content_type)

    def multipart(self) -> list[Part]:
        """The parts of the request's body, in order; each with name, filename, content_type, headers and content.

        Raises:
            UnreadableBodyError: (a `ValueError`) it is not multipart, or breaks off.
        """
        return reading.multipart(self.content, self._content_type)

    @property
    def _content_type(self) -> str:
        return self.request_headers.get("Content-Type", "")


def shown(url: URL) -> str:
    """An address, without its secrets."""
    from ..diagnosis import masking  # noqa: PLC0415 - only for whoever looks

    return str(masking.url(url))


def fields(head: bytes) -> CIMultiDict[str]:
    """The header fields of a head."""
    headers: CIMultiDict[str] = CIMultiDict()
    for line in head.split(b"\r\n")[1:]:
        name, colon, value = line.partition(b":")
        if colon:
            text = value.strip(b" \t").decode("utf-8", "surrogateescape")
            headers.add(name.decode("utf-8", "surrogateescape"), text)
    return headers


def _size(body: bytes | Sequence[bytes]) -> int:
    return len(body) if isinstance(body, bytes) else sum(map(len, body))

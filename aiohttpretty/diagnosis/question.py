"""A request that got no answer, as far as it is known.

Law of this room: it is plain data, and keeps nothing of aiohttp's alive; its values are whole, its `repr` shows no
secret.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from . import masking

if TYPE_CHECKING:
    from multidict import CIMultiDictProxy
    from yarl import URL

    from ..origin import Origin

# What aiohttp adds by itself, and nobody's mistake is about
_USUAL = frozenset({"host", "accept-encoding", "user-agent", "content-length", "transfer-encoding", "connection"})
_USUAL |= {"sec-websocket-key", "sec-websocket-version"}


@dataclass(frozen=True, slots=True, repr=False)
class Question:
    """A request that no route answered."""

    method: str
    """In upper case."""
    url: URL
    """The full URL, query included."""
    headers: CIMultiDictProxy[str]
    """As they went over the wire, or were about to."""
    body: bytes | None
    """Decompressed; None if it was not read, because the request was refused before."""
    asked_at: Origin | None
    """The line of the test, or of the code under test, that asked; prints as file:line. None if it can't be known."""
    written: Any = None
    """The address as the caller wrote it; None behind a redirect."""

    @property
    def host(self) -> str | None:
        """The host of the URL as people read it; as it is sent where it is no name that can be read (RFC 5891)."""
        try:
            return self.url.host
        except ValueError:
            return self.url.raw_host

    def telling_headers(self) -> list[tuple[str, str]]:
        """Those that say something, as they may be shown."""
        return [
            (name, masking.header(name, value))
            for name, value in self.headers.items()
            if name.lower() not in _USUAL
            and (name.lower(), value) != ("accept", "*/*")
            and (name.lower() != "content-type" or self.body != b"")
        ]

    @property
    def opens_websocket(self) -> bool:
        """Whether it is the handshake of a websocket."""
        return self.method == "GET" and self.headers.get("Upgrade", "").lower() == "websocket"

    @property
    def content_type(self) -> str:
        """The media type of the body, in lower case; empty if there is none."""
        return self.headers.get("Content-Type", "").partition(";")[0].strip().lower()

    def __repr__(self) -> str:
        size = "" if self.body is None else f", {len(self.body)} bytes"
        return f"<Question {self.method} {masking.url(self.url)}{size}>"

"""What went over a websocket, as it is recorded: message by message, in order, in both directions.

Law of this room: what came is kept as it came. Memory need not hold large messages, nor many of a middle size, unless
the test wants bodies kept whole: then they are all there.
"""

from __future__ import annotations

import json as stdlib_json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Protocol

from ..diagnosis import masking
from ..diagnosis.difference import cut
from ..errors import BodyNotKeptError
from .recorded import LARGE, START

if TYPE_CHECKING:
    from aiohttp import WSMsgType

Direction = Literal["sent", "received"]

# So many bytes of all messages of one call are kept; behind that, of each only the first few
_TOGETHER = 16 * LARGE
_FEW = 1024
# So many stand in a list before its middle is left out, each in so many characters
_LISTED = 20
_SHOWN = 60


class Closing(NamedTuple):
    """What a close frame says."""

    code: int
    """The close code (RFC 6455, 7.4); 0 if the frame has none."""
    reason: str
    """The reason beside it; empty if there is none."""


class InShort(NamedTuple):
    """What is kept of a message that is not kept whole."""

    start: bytes
    size: int
    digest: str


@dataclass(frozen=True, slots=True, repr=False)
class Message:
    """One message that went over a websocket: text or bytes, a ping, a pong, or the one that closes."""

    direction: Direction
    """From the client's side: it has "sent" it, or "received" it."""
    type: WSMsgType
    """Its kind, as aiohttp names it; ERROR for bytes that are no message, whose data says why not."""
    at: float
    """When it had gone over the wire: seconds since the call started."""
    _content: str | bytes | Closing | InShort = field()

    @property
    def data(self) -> Any:
        """Its content, decompressed and in one: a `str` for text, else `bytes`; of a CLOSE, `(code, reason)`.

        Raises:
            BodyNotKeptError: it is large, and the registry does not keep large bodies.
        """
        if isinstance(self._content, InShort):
            raise BodyNotKeptError(
                f"The message was {self.size} bytes long. Of one above {LARGE} bytes, and of all behind the first "
                f"{_TOGETHER} bytes of a call's messages, only the beginning is kept (message.start), the size "
                "(message.size) and the SHA-256 (message.digest). To have all of it, keep bodies whole: "
                "activate(keep_bodies=True), or keep_bodies=True in the marker."
            )
        return self._content

    def json(self) -> Any:
        """Its content, read as JSON.

        Raises:
            json.JSONDecodeError: it is not JSON.
            BodyNotKeptError: it is large, and the registry does not keep large bodies.
        """
        return stdlib_json.loads(self.data)

    @property
    def start(self) -> bytes:
        """The first 64 KiB of it, or what is kept of them, known of any; text as UTF-8."""
        return self._content.start if isinstance(self._content, InShort) else _bytes(self._content)[:START]

    @property
    def size(self) -> int:
        """Its size in bytes, known of any; that of text as UTF-8."""
        return self._content.size if isinstance(self._content, InShort) else len(_bytes(self._content))

    @property
    def digest(self) -> str:
        """Its SHA-256 in hexadecimal digits, known of any."""
        return self._content.digest if isinstance(self._content, InShort) else sha256(_bytes(self._content)).hexdigest()

    def __str__(self) -> str:
        return f"{self.type.name} {self._shown()}".rstrip()

    def __repr__(self) -> str:
        return f"<Message {self.direction} {self} at {self.at:.3f} s>"

    def _shown(self) -> str:
        content = self._content
        if isinstance(content, Closing):
            return f"{content.code or 'without a code'} {content.reason}"
        if not self.size:
            return "''" if self.type.name == "TEXT" else ""
        beginning = self.start[: 10 * _SHOWN]  # enough to see the name of a secret in front of it
        if isinstance(content, str) or self.type.name == "TEXT":
            text = repr(masking.assigned(beginning.decode(errors="ignore")))
        else:
            text = repr(beginning)
        size = f" ({self.size} bytes)" if self.size > len(beginning) or len(text) > _SHOWN else ""
        return cut(text, _SHOWN) + size


class Kept:
    """The messages of one call, as they are read off the wire."""

    def __init__(self, started: float, *, whole: bool) -> None:
        self.messages: list[Message] = []
        """Those that have been read, in order."""
        self._started = started
        self._whole = whole
        self._room = _TOGETHER

    def take(self, direction: Direction, kind: WSMsgType, data: Any, extra: str | None, moment: float) -> None:
        """Take the next one, which had gone over the wire at that moment (as `time.monotonic()` tells them)."""
        content = Closing(data, extra or "") if kind.name == "CLOSE" else data
        if not self._whole:
            content = self._shortened(content)
        self.messages.append(Message(direction, kind, moment - self._started, content))

    def _shortened(self, content: Any) -> Any:
        if isinstance(content, Closing):
            return content
        limit = LARGE if self._room > 0 else _FEW
        kept = content
        if len(content) > limit // 4 and len(raw := _bytes(content)) > limit:  # a character is up to four bytes
            kept = InShort(raw[: START if self._room > 0 else _FEW], len(raw), sha256(raw).hexdigest())
        self._room -= len(kept.start if isinstance(kept, InShort) else kept)
        return kept


class Frames(Protocol):
    """What reads the messages off a wire."""

    sink: Kept

    def read(self) -> None:
        """Have the sink take all that has come."""


def counted(messages: Sequence[Message]) -> str:
    """How many went in which direction, in words; what holds a websocket open (pings, pongs) does not count."""
    sent = sum(message.type.name in _SAYING and message.direction == "sent" for message in messages)
    received = sum(message.type.name in _SAYING and message.direction == "received" for message in messages)
    words = "message" if sent == 1 else "messages"
    return f"{sent} {words} sent, {received} received"


def listed(messages: Sequence[Message]) -> Iterator[str]:
    """A line for each; the middle of a long list is left out."""
    half = _LISTED // 2
    left_out = len(messages) - _LISTED
    for number, message in enumerate(messages):
        if left_out > 0 and half <= number < len(messages) - half:
            if number == half:
                yield f"  ... {left_out} more ..."
            continue
        yield f"  {message.at:7.3f}s  {message.direction:<8}  {message}"


_SAYING = ("TEXT", "BINARY")


def _bytes(content: str | bytes | Closing) -> bytes:
    if isinstance(content, Closing):
        content = content.reason
    return content.encode("utf-8", "surrogatepass") if isinstance(content, str) else content

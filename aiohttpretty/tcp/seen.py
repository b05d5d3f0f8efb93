"""What the far end of a wire sees of a socket: something like aiohttp's client, and something like its wire.

Law of this room: as much of the two as the far end asks for, and nothing that decides.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..wire.protocol import Shown
    from .caller import Caller


class Client:
    """What the far end takes for aiohttp's client."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    def _show(self, shown: Shown | None) -> None:
        assert self._caller.speech is not None  # it is about to be said
        self._caller.speech.shown = shown

    shown = property(fset=_show, doc="The reply whose head is put in the place of the next one.")

    def data_received(self, data: bytes) -> None:
        """Hear some of the answer, or what comes behind it."""
        self._caller.say(data)

    def eof_received(self) -> None:
        """Hear that nothing more is said."""

    def fail(self, error: BaseException) -> None:
        """In the place of an answer, or the rest of it."""
        self._caller.failed(error)

    @property
    def _payload(self) -> Client:
        return self  # where an answer is read

    def is_eof(self) -> bool:
        """Whether the answer is whole."""
        return self._caller.speech is None or self._caller.speech.whole

    def exception(self) -> None:
        """What a client far away makes of it, nobody knows."""

    def pause_writing(self) -> None:
        """The server's end has enough."""
        self._caller.hold(held=True)

    def resume_writing(self) -> None:
        """The server's end wants more."""
        self._caller.hold(held=False)


class Line:
    """What the far end takes for the client's end of a wire."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    @property
    def reading(self) -> bool:
        """Whether the client wants more bytes now."""
        return self._caller.writable

    def is_reading(self) -> bool:
        """Whether it wants more, and is there."""
        return self._caller.writable and not self.is_closing()

    def is_closing(self) -> bool:
        """Whether it is gone, or as good as gone."""
        return self._caller.closing

    def close(self) -> None:
        """Leave in order, when all that was said has been read: a FIN."""
        self._caller.transport.close()

    end = close

    def breathe(self, taken: int | None = None) -> None:
        """A socket's own reader sees to that."""

    def announce_end(self) -> None:
        """It is about to be left; a client far away hears of that by the FIN."""

    def reset(self) -> None:
        """Leave at once: a RST."""
        self._caller.reset()

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """What the client knows of the connection."""
        if name == "sslcontext":
            return self._caller.tls
        # seen from there, the names are the other way round
        name = {"peername": "sockname", "sockname": "peername"}.get(name, name)
        return self._caller.transport.get_extra_info(name, default)

"""The websockets of a registry.

Law of this room: they are routes like the others; what is open ends with the registry.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast
from weakref import WeakSet

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from aiohttp.web import Request, StreamResponse

    from .live.websocket import WebSocketRoute
    from .matching.matcher import Matcher
    from .options import Headers, Params
    from .route import Route

_SWITCHING_PROTOCOLS = 101


class Sockets:
    """What a registry knows of its websockets."""

    def __init__(self) -> None:
        self._sockets: WeakSet[WebSocketRoute] = WeakSet()

    def register_websocket(
        self,
        uri: object,
        handler: Callable[[Request], Awaitable[StreamResponse] | StreamResponse] | None = None,
        *,
        protocols: Sequence[str] = (),
        compress: bool = True,
        heartbeat: float | None = None,
        status: int = _SWITCHING_PROTOCOLS,
        headers: Headers | None = None,
        delay: float = 0,
        params: Params | None = None,
        check_params: bool = True,
        match: Matcher | Callable[[Any], object] | Sequence[Matcher | Callable[[Any], object]] | None = None,
        times: int | None = None,
        optional: bool = False,
        expect_errors: bool = False,
    ) -> WebSocketRoute:
        """Answer the handshakes of websockets at this address; the words that are not told here are `register_uri`'s.

        Args:
            handler: an aiohttp.web handler that returns a `web.WebSocketResponse`. Without one, the test plays the
                server, `peer = await route.accepted()`, and `protocols` to `headers` say what kind of server.
            protocols: the subprotocols that it speaks; the first of the client's that is among them is agreed upon.
            compress: False refuses compression (permessage-deflate).
            heartbeat: seconds between its pings; a client that is silent half as long behind one is given up.
            status: another one than 101 refuses the handshake.
            headers: more of them in the answer to the handshake.

        Raises:
            OptionTypeError, OptionValueError: (a `TypeError`, a `ValueError`) something can't be meant, or served.
        """
        said = {"protocols": protocols, "compress": compress, "heartbeat": heartbeat, "headers": headers}
        which = {"params": params, "check_params": check_params, "match": match, "times": times, "optional": optional}
        meant = {**which, "delay": delay, "expect_errors": expect_errors}
        return self._websocket(uri, handler, status, said, meant)

    def _websocket(
        self, uri: object, handler: Any, status: object, said: Mapping[str, Any], meant: Mapping[str, Any]
    ) -> WebSocketRoute:
        from .live.websocket import WebSocketRoute, check_words  # noqa: PLC0415 - few tests have websockets

        options = {**check_words(handler, _unusual(said), status), **_unusual(meant)}
        return cast("WebSocketRoute", self._register("GET", uri, options, as_json=False, kind=WebSocketRoute))

    # -- for the rooms below

    def listens(self, route: WebSocketRoute) -> None:
        """It belongs to this registry."""
        self._sockets.add(route)

    def _sockets_over(self) -> None:
        for socket in list(self._sockets):
            socket.over("deactivate()")

    def _end_sockets(self) -> None:
        for socket in list(self._sockets):
            socket.end("clear()")

    @abstractmethod
    def _register(
        self, method: str, uri: object, options: Mapping[str, Any], *, as_json: bool, kind: type[Route]
    ) -> Route: ...


# What need not be written
_USUAL: dict[str, Any] = {"protocols": (), "compress": True, "delay": 0, "check_params": True, "optional": False}
_USUAL["expect_errors"] = False


def _unusual(words: Mapping[str, Any]) -> dict[str, Any]:
    return {word: value for word, value in words.items() if value is not _USUAL.get(word)}

"""Hints on the real network: what might be let through to it, and what could not be.

Law of this room: as for all hints, only what is known is claimed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from . import listening

if TYPE_CHECKING:
    from yarl import URL

    from .hints import Scene


def server(scene: Scene) -> str | None:
    """A server of this process is at the address."""
    if not scene.own:
        return None
    place = _place(scene.question.url)
    if listening.is_served(scene.question.url.raw_host, scene.question.url.port):
        return (
            f"{place} is the registry's own server, and the request does not say which host it means. Send it to "
            "server.url_for('https://api.example.com/...'), or have the client take the server for its proxy. Or "
            "register the address."
        )
    return (
        f"{place} is a server of this process, and a mock that is active stands before it, too. To let "
        f"requests through to it, write aiohttpretty.passthrough('{place}'). Or register the address."
    )


def to_test_servers(records: Sequence[Any]) -> str:
    """What a test looks for among the calls has reached a server of the test's own, and is none; or nothing."""
    if not records:
        return ""
    came, them = ("1 such request", "it") if len(records) == 1 else (f"{len(records)} such requests", "them")
    return (
        f"{came} reached a test server of this process, and what gets to one by itself is none of the calls: "
        f"aiohttpretty.calls.to_test_servers has {them}. To have such requests among the calls, write "
        f"aiohttpretty.passthrough('{_place(records[0].url)}')."
    )


def _place(url: URL) -> str:
    host = f"[{url.raw_host}]" if ":" in (url.raw_host or "") else url.raw_host
    return f"{host}:{url.port}"


def stream(scene: Scene) -> str | None:
    """The address is let through, but this request could not be."""
    if not scene.streamed:
        return None
    return (
        f"{scene.question.host} is passed through, but a route for this address looks at the body, which is a "
        "stream: when it was known, the request was under way to the routes. Have a matcher before that one refuse "
        "the request, or send bytes."
    )

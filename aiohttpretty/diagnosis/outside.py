"""Hints on the real network: what might be let through to it, and what could not be.

Law of this room: as for all hints, only what is known is claimed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .hints import Scene


def server(scene: Scene) -> str | None:
    """A server of this process is at the address."""
    if not scene.own:
        return None
    url = scene.question.url
    host = f"[{url.host}]" if ":" in (url.host or "") else url.host
    return (
        f"{host}:{url.port} is a server of this process, and a mock that is active stands before it, too. To let "
        f"requests through to it, write aiohttpretty.passthrough('{host}:{url.port}'). Or register the address."
    )


def stream(scene: Scene) -> str | None:
    """The address is let through, but this request could not be."""
    if not scene.streamed:
        return None
    return (
        f"{scene.question.url.host} is passed through, but a route for this address looks at the body, which is a "
        "stream: when it was known, the request was under way to the routes. Have a matcher before that one refuse "
        "the request, or send bytes."
    )

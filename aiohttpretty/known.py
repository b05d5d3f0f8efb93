"""What is known of a request before anything of it has gone over the wire.

Law of this room: it is read from the request that aiohttp is about to send, and changes nothing of it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, NamedTuple

from .binding import Binding, bound
from .loopback.resolver import leads


class Known(NamedTuple):
    """What is known of a request that gets no answer, before anything of it has gone over the wire."""

    headers: Mapping[str, str]
    content: bytes | None
    """Its body, if that is at hand: a stream is not read to say why nobody wants it."""
    asked: Any
    """The address as the caller wrote it; None behind a redirect."""
    spot: Any
    """Who asked, if the stack told."""
    passes: bool
    """Whether it would be let through to the real network, if nobody answered it."""
    token: Binding
    task: asyncio.Task[Any] | None
    """The one that is running; None in a callback of the event loop."""
    tasks: tuple[asyncio.Task[Any], ...]
    """Those of this event loop, in no order."""


def known() -> Known | None:
    """The same of the request that is being answered here; None outside of one. For failures only."""
    binding = bound.get()
    request = binding._asking if binding is not None else None
    if binding is None or request is None:
        return None
    headers = {name: value for name, value in request.headers.items() if not (request.compress and _is_coding(name))}
    task, tasks = asyncio.current_task(), tuple(asyncio.all_tasks())
    return Known(headers, _content(request.body), binding.asked, binding._spot, passes(), binding, task, tasks)


class Outgoing(NamedTuple):
    """The request that aiohttp is about to send."""

    keywords: Mapping[str, Any]
    head: bytes
    body: list[bytes] | None
    """None if it is not at hand: a stream, or what is to be compressed on the way."""


def outgoing() -> Outgoing:
    """The request that is being answered here, while aiohttp asks for its connection."""
    binding = bound.get()
    assert binding is not None  # whoever asks is being asked by one
    request = binding._asking
    lines = "".join(f"\r\n{name}: {value}" for name, value in request.headers.items())
    body = None if request.compress else _content(request.body)
    head = lines.encode("utf-8", "surrogateescape")
    return Outgoing(binding.keywords, head, None if body is None else [body] if body else [])


def proxy_answers() -> bool:
    """Whether the answer to the request that is being answered here may be its proxy's: there is no tunnel."""
    binding = bound.get()
    request = binding._asking if binding is not None else None
    return request is not None and request.proxy is not None and not request.is_ssl()


def passes() -> bool:
    """Whether the request that is being answered here is let through if nobody answers it."""
    binding = bound.get()
    return binding is not None and binding.open and binding.passer() is not None


def redirected() -> bool:
    """Whether the connector of the request that is being answered here leads it to a server of the test's own."""
    binding = bound.get()
    if binding is None or binding._asking is None:
        return False
    hook: Any = binding._hook
    return leads(hook._connector(), binding._asking.proxy or binding._asking.url)


def _is_coding(name: str) -> bool:
    return name.lower() == "content-encoding"  # aiohttp is still to compress the body


def _content(body: Any) -> bytes | None:
    if body is None or isinstance(body, bytes):
        return body or b""
    value = getattr(body, "_value", None)  # aiohttp's payloads of bytes, of text, of JSON
    return bytes(value) if isinstance(value, (bytes, bytearray, memoryview)) else None

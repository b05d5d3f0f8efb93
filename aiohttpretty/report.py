"""Every long message.

Law of this room: it returns text and raises nothing. A failure answers three questions: what was asked; what was
on offer, and why each was refused; what to do.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from heapq import nsmallest
from typing import Any

from yarl import URL

from .route import Route
from .uri import absolute, key

_SHOWN = 10


def no_match(method: str, url: URL, asked: object, routes: list[Route]) -> str:
    """What is said of a request that no route answers."""
    lines = [
        f"No URLs matching {method} {_as_asked(url, asked)} with params {_params(url)}. Not making request. "
        "Go fix your test.",
        "",
    ]
    if not routes:
        lines.append("Nothing is registered. Register it before the request is made:")
    else:
        lines.append("Registered, nearest first:")
        lines += [f"  {_named(route)}: {why_not(route, method, url)}" for route in nearest(method, url, routes)]
        if len(routes) > _SHOWN:
            lines.append(f"  ... and {len(routes) - _SHOWN} more")
        lines += ["", "If the request is right, register it:"]
    lines.append(f"  aiohttpretty.register_uri({method!r}, {str(url)!r}, body=b'...')")
    return "\n".join(lines)


def exhausted(method: str, url: URL, route: Route) -> str:
    """What is said of a request that comes after the last of `responses`."""
    used = "its only response has" if route.count == 1 else f"all {route.count} of its responses have"
    return (
        f"No response is left for {method} {url}: {used} been used (registered at {route.origin}). Add one to its "
        "responses=[...] for each further request, or find out why the code asks more often than you expect."
    )


def consumed(method: str, url: URL, route: Route) -> str:
    """What is said of a request for a stream that has been read."""
    return (
        f"The body for {method} {url} can be read only once, and has been read by an earlier request. It was "
        f"registered at {route.origin}. Register the body as bytes, or a fresh stream for each request in "
        "responses=[...]."
    )


def unmatched(records: Iterable[Any]) -> str:
    """What is said at the end of a test whose unanswered requests were swallowed."""
    reports = Counter(record.report for record in records)
    many = reports.total()
    told = [text if times == 1 else f"{times} times: {text}" for text, times in reports.items()]
    subject = f"{many} requests were" if many > 1 else "A request was"
    first = f"{subject} not answered, and the error did not reach the test:"
    last = "If the test means this to happen, let it say so: aiohttpretty.unmatched.clear()."
    return "\n\n".join([first, *told, last])


def nearest(method: str, url: URL, routes: Iterable[Route]) -> list[Route]:
    """The few routes that differ least from what was asked, the nearest first."""
    return nsmallest(_SHOWN, routes, key=lambda route: _distance(route, method, url))


def why_not(route: Route, method: str, url: URL) -> str:
    """Why a route does not answer a request, in words."""
    reasons = []
    if route.method != method:
        reasons.append(f"the method is {route.method}, not {method}")
    for part in ("scheme", "host", "port"):
        offered, asked = getattr(route.url, part), getattr(url, part)
        if offered != asked:
            reasons.append(f"the {part} is {offered!r}, not {asked!r}")
    if _path(route.url) != _path(url):
        reasons.append(f"the path is {route.url.raw_path!r}, not {url.raw_path!r}")
    if key(route.url).query != key(url).query:
        reasons.append(f"the params are {_params(route.url)}, not {_params(url)}")
    return "; ".join(reasons)


def _distance(route: Route, method: str, url: URL) -> float:
    # A wrong host is further away than a wrong path, that than a wrong query, and that than a wrong method
    mine, theirs = key(route.url), key(url)
    if mine.address == theirs.address:
        place = 0.0
    elif route.url.raw_host == url.raw_host:
        place = 2 + 2 * _unlikeness(mine.address, theirs.address)
    else:
        place = 8
    shared = len(set(mine.query) & set(theirs.query))
    return place + (max(len(mine.query), len(theirs.query)) - shared) / 4 + (route.method != method) / 2


def _unlikeness(one: str, other: str) -> float:
    # From 0 to 1: what of the longer one is in neither a common beginning nor a common end; a slip is near
    longest, shortest = max(len(one), len(other)), min(len(one), len(other))
    start = next((at for at in range(shortest) if one[at] != other[at]), shortest)
    end = next((at for at in range(shortest - start) if one[-1 - at] != other[-1 - at]), shortest - start)
    return 1 - (start + end) / longest


def _named(route: Route) -> str:
    return f"{route.method} {route.url} ({route.origin})"


def _path(url: URL) -> str:
    return key(url).address.split("/", 3)[3]


def _params(url: URL) -> dict[str, str | list[str]]:
    params: dict[str, str | list[str]] = {}
    for name in url.query:
        values = url.query.getall(name)
        params[name] = values[0] if len(values) == 1 else values
    return params


def _as_asked(url: URL, asked: object) -> str:
    # As the caller wrote it, if that still is the address: a redirect or a middleware may have changed it
    try:
        if asked is not None and key(absolute(asked)).address == key(url).address:
            return str(asked)
    except ValueError:
        pass
    return str(url)

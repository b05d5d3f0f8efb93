"""Every long message.

Law of this room: it returns text and raises nothing. A failure answers three questions: what was asked; what was
on offer, and why each was refused; what to do.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from heapq import nsmallest
from typing import Any

from yarl import URL

from .address import Address, Beneath, Exact, Expression, as_sent
from .route import Route
from .template import Template
from .uri import absolute, key

_SHOWN = 10


def no_match(
    method: str, url: URL, asked: object, routes: list[Route], seen_by: Callable[[Route], object] | None = None
) -> str:
    """What is said of a request that no route answers.

    `seen_by` gives what a route's matchers look at, if the request was let come so far.
    """
    lines = [
        f"No URLs matching {method} {_as_asked(url, asked)} with params {_params(url)}. Not making request. "
        "Go fix your test.",
        "",
    ]
    if not routes:
        lines.append("Nothing is registered. Register it before the request is made:")
    else:
        lines.append("Registered, nearest first:")
        lines += [
            f"  {_named(route)}: {why_not(route, method, url, seen_by)}" for route in nearest(method, url, routes)
        ]
        if len(routes) > _SHOWN:
            lines.append(f"  ... and {len(routes) - _SHOWN} more")
        lines += ["", "If the request is right, register it:"]
    lines.append(f"  aiohttpretty.register_uri({method!r}, {str(url)!r}, body=b'...')")
    return "\n".join(lines)


def exhausted(method: str, url: URL, route: Route) -> str:
    """What is said of a request that comes after the last reply."""
    if "responses" in route.succession.written:
        used = "its only response has" if route.count == 1 else f"all {route.count} of its responses have"
        used += " been used"
        cure = "Add one to its responses=[...] for each further request, or give exhausted='repeat' or 'cycle'"
    else:
        many = "one request" if route.count == 1 else f"{route.count} requests"
        used = f"it was to answer {many} (times={route.count}), and has"
        cure = "Give a greater times=, or none for any number of requests"
    return (
        f"No response is left for {method} {url}: {used} (registered at {route.origin}). {cure}; or find out "
        "why the code asks more often than you expect."
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


def hidden(earlier: Route, later: Route) -> str:
    """What is said of a route that can never answer any more."""
    return (
        f"{_named(earlier)} can never answer any more: {_named(later)} answers all its requests first, because it was "
        "registered later. Register the wider one first, or leave one of them out."
    )


def beneath(routes: list[Route]) -> str:
    """What is said of a bundle that is used by itself."""
    return (
        f"{_named(routes[0])} is a path, which no request can have as its address. Include this registry into another: "
        "aiohttpretty.include(this_one, base='https://api.example.com/v1')."
    )


def why_not(route: Route, method: str, url: URL, seen_by: Callable[[Route], object] | None = None) -> str:
    """Why a route does not answer a request, in words."""
    reasons = []
    if route.method not in ("*", method):
        reasons.append(f"the method is {route.method}, not {method}")
    reasons += _elsewhere(route.address, url)
    if not reasons and seen_by is not None:
        # a function of the test's may say another thing each time
        reasons.append(route.why_not(seen_by(route)) or "it refused the request when it was asked")
    return "; ".join(reasons)


def _elsewhere(address: Address, url: URL) -> Iterator[str]:
    """What is wrong about where a request goes."""
    if address.fits(url) is not None:
        return
    if isinstance(address, Expression):
        yield f"the pattern does not match {as_sent(url)!r}"
    elif isinstance(address, Beneath):
        yield "it is a path, for include() under a base"
    else:
        yield from _otherwise(address, url)


def _otherwise(address: Exact | Template, url: URL) -> Iterator[str]:
    offered = address.url
    for part in ("scheme", "host", "port"):
        mine, theirs = getattr(offered, part), getattr(url, part)
        if mine != theirs:
            yield f"the {part} is {mine!r}, not {theirs!r}"
    if isinstance(address, Template):
        if not address.fits_path(url):
            yield f"the path {url.raw_path!r} does not fit {address.path!r}"
    elif _path(offered) != _path(url):
        yield f"the path is {offered.raw_path!r}, not {url.raw_path!r}"
    if address.query is not None and address.query != key(url).query:
        yield f"the params are {_params(offered)}, not {_params(url)}"


def _distance(route: Route, method: str, url: URL) -> float:
    # A wrong host is further away than a wrong path, that than a wrong query, and that than a wrong method
    wrong_method = (route.method not in ("*", method)) / 2
    offered = route.url
    if route.address.fits(url) is not None:
        return wrong_method
    if offered is None:
        return 8 + wrong_method
    mine, theirs = key(offered), key(url)
    if mine.address == theirs.address:
        place = 0.0
    elif offered.raw_host == url.raw_host:
        place = 2 + 2 * _unlikeness(mine.address, theirs.address)
    else:
        place = 8
    if route.address.query is None:
        return place + wrong_method
    shared = len(set(mine.query) & set(theirs.query))
    return place + (max(len(mine.query), len(theirs.query)) - shared) / 4 + wrong_method


def _unlikeness(one: str, other: str) -> float:
    # From 0 to 1: what of the longer one is in neither a common beginning nor a common end; a slip is near
    longest, shortest = max(len(one), len(other)), min(len(one), len(other))
    start = next((at for at in range(shortest) if one[at] != other[at]), shortest)
    end = next((at for at in range(shortest - start) if one[-1 - at] != other[-1 - at]), shortest - start)
    return 1 - (start + end) / longest


def _named(route: Route) -> str:
    name = route.address.name
    return f"{route.method} {name if isinstance(name, str) else name.pattern} ({route.origin})"


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

"""The sentences that a failure, or a warning, begins with.

Law of this room: it returns text and raises nothing. `diagnosis` has the rest, which only a failure needs.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from yarl import URL

from ..addresses.uri import absolute, key
from ..route import Route

MISSED = "No URLs matching"


def unanswered(method: str, url: URL, asked: object) -> str:
    """The first line of what is said of a request that no route answers; `asked` is how its address was written."""
    return (
        f"{MISSED} {method} {_as_asked(url, asked)} with params {_params(url)}. Not making request. Go fix your test."
    )


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
        f"No response is left for {method} {_shown(url)}: {used} (registered at {route.origin}). {cure}; or find out "
        "why the code asks more often than you expect."
    )


def consumed(method: str, url: URL, route: Route) -> str:
    """What is said of a request for a stream that has been read."""
    if "sse" in route.succession.written:
        return (
            f"The events for {method} {_shown(url)} can be read only once, and have been read by an earlier request. "
            f"They were registered at {route.origin}. Register a list of events, or a generator function, without "
            "calling it; each request then gets a generator of its own."
        )
    return (
        f"The body for {method} {_shown(url)} can be read only once, and has been read by an earlier request. It was "
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


def registered_later(text: str, route: Route) -> str:
    """A report, with the cause that came to light when a route for the request was registered after all."""
    from .layout import paragraph  # noqa: PLC0415 - only when something has failed

    first, _, *rest = text.split("\n\n")
    cause = f"it was registered only afterwards, at {route.origin}. Register it before the request is made."
    return "\n\n".join([first, paragraph(cause, label="Cause: "), *rest])


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


def _named(route: Route) -> str:
    from .masking import assigned  # noqa: PLC0415 - only for a failure or a warning

    name = route.address.name
    return f"{route.method} {assigned(name if isinstance(name, str) else name.pattern)} ({route.origin})"


def _params(url: URL) -> dict[str, str | list[str]]:
    from .masking import MASK, is_secret  # noqa: PLC0415 - only when something has failed

    params: dict[str, str | list[str]] = {}
    for name in url.query:
        values = [MASK] if is_secret(name) else url.query.getall(name)
        params[name] = values[0] if len(values) == 1 else values
    return params


def _as_asked(url: URL, asked: object) -> str:
    # As the caller wrote it, if that still is the address: a redirect or a middleware may have changed it
    try:
        if asked is not None and key(written := absolute(asked)).address == key(url).address:
            shown = _shown(written)
            return str(asked) if shown == str(written) else shown
    except ValueError:
        pass
    return _shown(url)


def _shown(url: URL) -> str:
    from . import masking  # noqa: PLC0415 - as above

    return str(masking.url(url))

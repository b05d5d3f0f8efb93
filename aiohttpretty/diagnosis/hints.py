"""The likely cause of a failure, in a sentence or two.

Law of this room: a hint claims only what is known. The surest comes first; what the nearest route has against the
request says the rest.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from yarl import URL

from ..addresses.address import Beneath
from . import masking
from .difference import cut
from .nearness import Candidate
from .outside import server, stream
from .place import HOST, smoothed
from .question import Question
from .verdict import Verdict

_MOST = 2
_NOTHING = "nothing is registered by now. Register it before the request is made."


@dataclass(frozen=True)
class Scene:
    """What is known when a request got no answer."""

    question: Question
    candidates: Sequence[Candidate]
    """The nearest of what is on offer."""
    gone: Any = None
    """A route that would have answered, but is there no more."""
    given: int = 0
    """How many requests that one has answered."""
    idle: Any = None
    """One in a registry that is not active."""
    hop: Any = None
    """The call whose redirect led here."""
    later: Any = None
    """The line where such a registration stands, but has not been run."""
    own: bool = False
    """Whether the address is one of a server in this process."""
    streamed: bool = False
    """Whether it would have been passed through, had its body been known in time."""


def causes(scene: Scene) -> list[str]:
    """The likely causes, the surest first; never none."""
    found = [said for hint in _HINTS if (said := hint(scene)) is not None]
    return found[:_MOST] or [_far(scene) if scene.candidates else _NOTHING]


def _gone(scene: Scene) -> str | None:
    gone = scene.gone
    if gone is None:
        return None
    used = f" It had answered {_times(scene.given)}." if scene.given else ""
    return f"the route for it ({gone.origin}) {gone.how}.{used}"


def _idle(scene: Scene) -> str | None:
    route = scene.idle
    if route is None:
        return None
    if isinstance(route.address, Beneath):
        return (
            f"{route.address.name!r} is registered at {route.origin}, in a bundle that is not included. Write "
            "aiohttpretty.include(the_bundle, base='https://...')."
        )
    return (
        f"the route for it ({route.origin}) is in another registry, which is not active. Activate that one, too: "
        "with the_other.activate(): ..."
    )


def _hop(scene: Scene) -> str | None:
    call = scene.hop
    if call is None:
        return None
    by = "by the real server" if call.route is None else f"by the route at {call.route.origin}"
    return (
        f"this is a hop of a redirect. {call.method} {_url(call.url)} was answered with {call.status}, {by}, and "
        "aiohttp followed its Location. Register this address too, or ask with allow_redirects=False."
    )


_PLACE = frozenset({"method", "scheme", "host", "path", "params", "pattern", "address"})


def _conditions(candidate: Candidate) -> list[str]:
    return [miss.condition for miss in candidate.misses]


def _later(scene: Scene) -> str | None:
    if scene.later is None or (scene.candidates and not _PLACE.intersection(_conditions(scene.candidates[0]))):
        return None
    return f"it is registered only further down, at {scene.later}: after the request. Register it before."


def _base_url(scene: Scene) -> str | None:
    written, url = scene.question.written, scene.question.url
    if written is None or not scene.candidates or (best := scene.candidates[0].verdict("path")) is None or best.fits:
        return None
    try:
        given = URL(str(written))
    except ValueError:
        return None
    if given.absolute:
        return None
    rule = (
        "a leading slash begins at the root of the host, so the path of the base_url is dropped"
        if given.raw_path.startswith("/")
        else "a path without a leading slash is put behind the base_url"
    )
    return f"{str(written)!r} was joined to the session's base_url, which gave {_url(url)}: {rule}."


def _single(scene: Scene) -> str | None:
    """What to say when the nearest route refuses for one reason only."""
    misses = scene.candidates[0].misses if scene.candidates else ()
    if len(misses) != 1:
        return None
    [miss] = misses
    word = miss.condition.partition(" ")[0]
    return (
        _ONLY[word](miss, scene)
        if word in _ONLY
        else f"only the condition {miss.condition!r} doesn't fit: {_flat(miss)}."
    )


def _only_address(miss: Verdict, scene: Scene) -> str:
    return (
        f"{miss.expected!r} is a path of a bundle. Write include(the_bundle, base='https://...') in the registry that "
        "is asked."
    )


def _only_pattern(miss: Verdict, scene: Scene) -> str:
    return f"only the pattern doesn't match: {_flat(miss)}."


def _only_values(miss: Verdict, scene: Scene) -> str:
    if miss.condition == "host" and miss.expected.partition(":")[0] == miss.actual.partition(":")[0]:
        return f"only the port differs: {miss.expected} is registered, {miss.actual} was asked for."
    return f"only the {miss.condition} differs: {miss.expected} is registered, {miss.actual} was asked for."


def _only_path(miss: Verdict, scene: Scene) -> str:
    slip = path_slip(miss.expected, miss.actual)
    what = slip if slip is not None else "only the path differs"
    return f"{what}: {cut(miss.expected)} is registered, {cut(miss.actual)} was asked for."


def path_slip(wanted: str, asked: str) -> str | None:
    """What makes the difference between two paths, if it is easily overlooked."""
    if smoothed(wanted) != smoothed(asked):
        return None
    for what, change in _SLIPS:
        if change(wanted) == change(asked):
            return f"only {what} makes the difference"
    return "only slashes, the case or percent-encodings make the difference"


_SLIPS: tuple[tuple[str, Callable[[str], str]], ...] = (
    ("a trailing slash", lambda path: path.rstrip("/")),
    ("the case of the path", str.casefold),
    ("a double slash", lambda path: re.sub("/+", "/", path)),
    ("a percent-encoding (encoded once, or twice)", lambda path: unquote(unquote(path))),
    ("a blank at the end", str.strip),
)


def _only_params(miss: Verdict, scene: Scene) -> str:
    return (
        f"only the params differ: {_flat(miss)}.{_param_slip(miss)} (check_params=False answers whatever the query is.)"
    )


def _param_slip(miss: Verdict) -> str:
    lines = miss.difference.split("\n")
    found = re.fullmatch(r"\S+: expected '(.*)', got '(.*)'", lines[0])
    if len(lines) == 1 and found is not None:
        one, other = found.groups()
        if one.casefold() == other.casefold():
            return " Only the case differs; a bool is written 'True' by str()."
        if unquote(one) == unquote(other):
            return " One of them is percent-encoded twice."
    if len(lines) == 1 and re.search(r"\['(.*)', '\1'\]", miss.difference):
        return " A value is there twice: in the URL and in params=, perhaps."
    names = [line.partition(":")[0] for line in lines]
    if len(names) == 2 and names[0].casefold() == names[1].casefold():
        return " Only the case of the name differs."
    return ""


def _only_header(miss: Verdict, scene: Scene) -> str:
    if miss.actual == "nothing":
        return f"only the {miss.condition} is missing: expected {miss.expected}."
    return f"only the {miss.condition} differs: {_flat(miss)}."


def _only_json(miss: Verdict, scene: Scene) -> str:
    return _sent_as(scene, "json", "json=") or f"only the JSON body differs: {_flat(miss)}.{_type_slip(miss)}"


def _only_form(miss: Verdict, scene: Scene) -> str:
    return _sent_as(scene, "form", "data={...}") or f"only the {miss.condition} differs: {_flat(miss)}."


def _sent_as(scene: Scene, kind: str, cure: str) -> str | None:
    sent = scene.question.content_type
    came = "form" if sent == "application/x-www-form-urlencoded" else "json" if sent.endswith("json") else sent
    if not scene.question.body or came == kind or came not in ("form", "json"):
        return None
    return f"the body was sent as {_KINDS[came]}, and the route expects {_KINDS[kind]} ({cure})."


_KINDS = {"form": "a form", "json": "JSON"}


def _type_slip(miss: Verdict) -> str:
    found = re.search(r"^(\S+): expected (.*), got (.*)$", miss.difference, re.MULTILINE)
    if found is None:
        return ""
    try:
        one, other = json.loads(found[2]), json.loads(found[3])
    except ValueError:
        return ""
    if type(one) is type(other) or str(one).casefold() != str(other).casefold():
        return ""
    return f" The type differs: {type(one).__name__} is expected, {type(other).__name__} came."


_ONLY: dict[str, Callable[[Verdict, Scene], str]] = {
    "address": _only_address,
    "method": _only_values,
    "scheme": _only_values,
    "host": _only_values,
    "path": _only_path,
    "pattern": _only_pattern,
    "params": _only_params,
    "header": _only_header,
    "cookie": _only_header,
    "json": _only_json,
    "form": _only_form,
}


def _far(scene: Scene) -> str:
    best = scene.candidates[0]
    words = [miss.condition for miss in best.misses]
    if best.distance >= HOST[0]:
        return f"no route is registered for the host {scene.question.url.host}."
    if not words:
        return (
            f"the nearest route ({best.route.origin}) refused the request when it was asked, and fits now: a condition "
            "of its doesn't always answer the same."
        )
    last = f" and {words[-1]}" if len(words) > 1 else ""
    where = f"the nearest route ({best.route.origin}) differs in {', '.join(words[:-1] or words)}{last}"
    if len(words) > 2:
        return f"{where}."
    return f"{where}: {'; '.join(f'{miss.condition}: {_flat(miss)}' for miss in best.misses)}."


def _flat(miss: Verdict) -> str:
    return cut(miss.difference.replace("\n", "; "), 160)


def _times(number: int) -> str:
    return "one request" if number == 1 else f"{number} requests"


def _url(url: URL) -> str:
    return cut(str(masking.url(url)))


_HINTS: tuple[Callable[[Scene], str | None], ...] = (stream, _gone, _idle, _later, _hop, server, _base_url, _single)

"""The likely cause of a failure, in a sentence or two.

Law of this room: a hint claims only what is known. The surest comes first; what the nearest route has against the
request says the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from yarl import URL

from ..addresses.address import Beneath
from ..addresses.uri import NO_URL
from . import masking
from .difference import cut
from .nearness import Candidate
from .outside import server, stream
from .place import HOST
from .question import Question
from .single import ONLY, flat

_MOST = 2
_SIGHT = (
    "which this request does not see: only the code of the block does, and the tasks, callbacks and to_thread() calls "
    "that begin in there. Begin in the block what makes the request, or register for all with "
    "aiohttpretty.register_uri() and aiohttpretty.activate()."
)
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
    """One in a registry that is not active, or not seen by the request."""
    shut: Any = None
    """One that was not asked, because an isolated registry without fall_through is in between."""
    unseen: Any = None
    """Where the block of an isolated registry was opened that the request does not see, and there is no other."""
    registry: str = "aiohttpretty"
    """What a test calls the one that it should be registered in."""
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
    if route.isolated_at is not None:
        opened, is_open = route.isolated_at
        why = _SIGHT if is_open else "whose block has ended. Make the request inside of the block."
        return f"the route for it ({route.origin}) is in the registry of isolated() ({opened}), {why}"
    return (
        f"the route for it ({route.origin}) is in another registry, which is not active. Activate that one, too: "
        "with the_other.activate(): ..."
    )


def _shut(scene: Scene) -> str | None:
    if scene.shut is None:
        return None
    return (
        f"the route for it ({scene.shut.origin}) is outside of isolated(fall_through=False), which asks no registry "
        "outside. Leave fall_through out, or register in the block what is asked for in there."
    )


def _unseen(scene: Scene) -> str | None:
    if scene.unseen is None or scene.idle is not None:
        return None
    return f"the only registry that is active is that of isolated() ({scene.unseen}), {_SIGHT}"


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
    isolated = scene.shut is not None or scene.unseen is not None  # and the line further down is in another code
    if (
        scene.later is None
        or isolated
        or (scene.candidates and not _PLACE.intersection(_conditions(scene.candidates[0])))
    ):
        return None
    return f"it is registered only further down, at {scene.later}: after the request. Register it before."


def _base_url(scene: Scene) -> str | None:
    written, url = scene.question.written, scene.question.url
    if written is None or not scene.candidates or (best := scene.candidates[0].verdict("path")) is None or best.fits:
        return None
    try:
        given = URL(str(written))
    except NO_URL:
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
    known = ONLY.get(word)
    if known is None:
        return f"only the condition {miss.condition!r} doesn't fit: {flat(miss)}."
    return known(miss, scene.question)


def _far(scene: Scene) -> str:
    best = scene.candidates[0]
    words = [miss.condition for miss in best.misses]
    if best.distance >= HOST[0]:
        return f"no route is registered for the host {scene.question.host}."
    if not words:
        return (
            f"the nearest route ({best.route.origin}) refused the request when it was asked, and fits now: a condition "
            "of its doesn't always answer the same."
        )
    last = f" and {words[-1]}" if len(words) > 1 else ""
    where = f"the nearest route ({best.route.origin}) differs in {', '.join(words[:-1] or words)}{last}"
    if len(words) > 2:
        return f"{where}."
    return f"{where}: {'; '.join(f'{miss.condition}: {flat(miss)}' for miss in best.misses)}."


def _times(number: int) -> str:
    return "one request" if number == 1 else f"{number} requests"


def _url(url: URL) -> str:
    return cut(str(masking.url(url)))


_HINTS: tuple[Callable[[Scene], str | None], ...] = (
    stream,
    _gone,
    _shut,
    _idle,
    _unseen,
    _later,
    _hop,
    server,
    _base_url,
    _single,
)

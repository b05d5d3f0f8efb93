"""One condition of a route (or of an assertion) against a request: whether it fits, and what differs.

Law of this room: it raises nothing, whatever the matchers of a test do, and shows no secret.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Any, Protocol

from yarl import URL

from ..addresses.address import Beneath, Exact, Expression, as_sent
from ..addresses.mounted import Mounted
from ..addresses.template import Template
from ..errors import BodyNotKeptError
from . import masking
from .difference import NOTHING, Point, around, cut, point, told
from .masking import is_secret
from .place import CONDITION, METHOD, Apart, Place, apart, place

if TYPE_CHECKING:
    from ..addresses.address import Address
    from ..matching.matcher import Matcher


class Wanted(Protocol):
    """Which requests are meant: a route, or what is asserted."""

    @property
    def method(self) -> str: ...
    @property
    def address(self) -> Address: ...
    @property
    def matchers(self) -> tuple[Matcher, ...]: ...


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one condition says of a request; all texts, without secrets."""

    condition: str
    """What is looked at: `method`, `scheme`, `host`, `path`, `params`, `header X-Key`, `json`, ..."""
    fits: bool | None
    """None if that was not to be found out: the body has not been read, or code of the test's own was not asked."""
    expected: str
    actual: str
    difference: str = ""
    """What differs and where, a line each; empty if it fits."""
    distance: float = 0.0
    """How far it is from fitting; 0 if it fits."""


class Judged:
    """Something with what each condition says of it."""

    __slots__ = ()
    verdicts: tuple[Verdict, ...]

    @property
    def distance(self) -> float:
        """How far it is from fitting; 0 if it fits."""
        return sum(verdict.distance for verdict in self.verdicts)

    @property
    def misses(self) -> tuple[Verdict, ...]:
        """The conditions that don't fit."""
        return tuple(verdict for verdict in self.verdicts if verdict.fits is False)


def verdicts(wanted: Wanted, request: Any, *, body: bool = True) -> list[Verdict]:
    """What each condition says of a request, the most general first; without `body`, what looks at it says nothing.

    Args:
        request: A call, or whatever else matchers can look at.
    """
    found = [_of_method(wanted.method, request.method), *of_address(wanted.address, request.url)]
    refused = any(verdict.fits is False for verdict in found)
    return [*found, *of_matchers(wanted, request, body=body, refused=refused)]


def of_address(address: Address, url: URL) -> Iterator[Verdict]:
    """What the parts of an address say."""
    if isinstance(address, Expression):
        yield _of_pattern(address, url)
        return
    if isinstance(address, Beneath):
        said = "it is a path, for include() under a base"
        yield Verdict("address", False, address.name, as_sent(masking.url(url)), said, METHOD)
        return
    asked = place(url)
    far = apart(address, asked, url)
    mine = _place_of(address) if isinstance(address, Template) else place(address.url)
    yield _compared("scheme", mine.scheme, asked.scheme, far.scheme)
    yield _compared("host", *_hosts(mine, asked), far.host)
    yield _of_path(address, url, far)
    if address.query is not None:
        yield _of_query(address, url, far)


def of_matchers(wanted: Wanted, request: Any, *, body: bool = True, refused: bool = False) -> list[Verdict]:
    """What the matchers say, one each; of a condition joined by `&`, one for each part of it.

    As when the request was to be answered, code of the test's own is not asked where something else has refused.
    """
    if not wanted.matchers:
        return []
    from .matched import runs_code  # noqa: PLC0415 - where there is a matcher, it has been imported

    secrets = masking.Secrets(islice(_secrets(wanted, request, whole=False), _LOOKED_FOR))
    parts = [part for matcher in wanted.matchers for part in _split(matcher)]
    found: dict[int, Verdict] = {}
    for number, part in sorted(enumerate(parts), key=lambda entry: runs_code(entry[1])):
        verdict = _of_matcher(part, request, body=body, behind=refused and runs_code(part))
        refused = refused or verdict.fits is False
        if verdict.fits is False and verdict.condition in _OPAQUE:
            found[number] = _scrubbed(verdict, masking.Secrets(_secrets(wanted, request, whole=True)), opaque=True)
        else:
            found[number] = _scrubbed(verdict, secrets)
    return [found[number] for number in range(len(parts))]


# Of what is masked where it stands, so many secrets are looked for once more
_LOOKED_FOR = 1000


def _secrets(wanted: Wanted, request: Any, *, whole: bool) -> Iterator[str]:
    yield from masking.of_request(request.url, request.request_headers.items(), _content(request), whole=whole)
    for matcher in wanted.matchers:
        yield from masking.of_expected(matcher)


def _of_method(wanted: str, asked: str) -> Verdict:
    if wanted == "*":
        return Verdict("method", True, "any", asked)
    return _compared("method", wanted, asked, 0.0 if wanted == asked else METHOD)


def _compared(condition: str, wanted: str, asked: str, distance: float) -> Verdict:
    if not distance:
        return Verdict(condition, True, wanted, asked)
    return _refused(condition, *around(wanted, asked), distance)


def _refused(condition: str, wanted: str, asked: str, distance: float) -> Verdict:
    return Verdict(condition, False, wanted, asked, str(Point("", wanted, asked)), distance or METHOD)


def _of_pattern(address: Expression, url: URL) -> Verdict:
    text, sent = masking.assigned(address.name.pattern), as_sent(masking.url(url))
    if address.fits(url) is not None:
        return Verdict("pattern", True, text, sent)
    said = f"expected a match of {text!r}\ngot {sent}"
    found = address.name.search(as_sent(url))
    if found is not None:
        said += f"\nit matches only from character {found.start()} on: a pattern is matched from the start"
    return Verdict("pattern", False, text, sent, said, sum(apart(address, place(url), url)))


def _place_of(template: Template) -> Place:
    return place(template.url.with_path("/"))


def _hosts(mine: Place, asked: Place) -> tuple[str, str]:
    both = mine.standard and asked.standard  # then the scheme says it already
    return (mine.host, asked.host) if both else (mine.shown, asked.shown)


def _of_path(address: Exact | Template | Mounted, url: URL, far: Apart) -> Verdict:
    if isinstance(address, Mounted):
        return _compared("path", f"{_path(address.url)} or below", _path(url), far.path)
    if isinstance(address, Template):
        return _compared("path", address.path, _path(url), far.path)
    wanted, asked = _path(address.url), _path(url)
    if wanted == asked and far.path:  # they differ in what is encoded
        wanted, asked = address.url.raw_path, url.raw_path
    return _compared("path", wanted, asked, far.path)


def _path(url: URL) -> str:
    return url.path or "/"


def _of_query(address: Exact | Template | Mounted, url: URL, far: Apart) -> Verdict:
    offered = URL.build(query=list(address.query or ()))
    points = _pairs_apart(_grouped(offered), _grouped(url))
    return Verdict(
        "params", not far.query, _params(offered), _params(url), told(points) if far.query else "", far.query
    )


def _grouped(url: URL) -> dict[str, list[str]]:
    return {name: url.query.getall(name) for name in url.query}


def _pairs_apart(wanted: dict[str, list[str]], asked: dict[str, list[str]]) -> Iterator[Point]:
    for name in {**wanted, **asked}:
        mine, theirs = wanted.get(name, []), asked.get(name, [])
        if sorted(mine) != sorted(theirs):
            yield point(name, _listed(mine), _listed(theirs), secret=is_secret(name))


def _listed(values: list[str]) -> str:
    if not values:
        return NOTHING
    return repr(values[0]) if len(values) == 1 else f"[{', '.join(map(repr, values))}]"


def _params(url: URL) -> str:
    pairs = masking.pairs(url.query.items())
    return cut("&".join(f"{name}={value}" for name, value in pairs)) if pairs else "none"


# -- matchers


def _split(matcher: Matcher) -> Iterator[Matcher]:
    from ..matching.heads import Headers  # noqa: PLC0415 - where there is a matcher, it has been imported
    from ..matching.matcher import And  # noqa: PLC0415

    if isinstance(matcher, And):
        for part in matcher.operands:
            yield from _split(part)
    elif isinstance(matcher, Headers):
        yield from matcher.headers
    else:
        yield matcher


def _of_matcher(matcher: Matcher, request: Any, *, body: bool, behind: bool) -> Verdict:
    from .matched import KINDS, looks_at_body  # noqa: PLC0415 - as above

    kind = KINDS.get(type(matcher))
    condition = kind.condition(matcher) if kind is not None else _JOINED.get(type(matcher).__name__, "match")
    expected = _safely(lambda: cut((kind.shown if kind is not None else repr)(matcher))) or ""
    if behind or (not body and looks_at_body(matcher)):
        why = "not asked, because another condition refused" if behind else "the body was not read"
        return Verdict(condition, None, expected, "", why)
    try:
        reason = matcher.why_not(request)
    except BodyNotKeptError:
        return Verdict(condition, None, expected, "", "not enough of the large body was kept")
    except Exception as error:  # a bug in the test's own code
        said = f"it raised {type(error).__name__}: {_safely(partial(_message, error)) or ''}"
        return Verdict(condition, False, expected, "", said, CONDITION[1])
    if reason is None:
        return Verdict(condition, True, expected, "")
    found = _safely(lambda: kind.points(matcher, request)) if kind is not None else None
    if not found:
        return Verdict(condition, False, expected, "", reason, CONDITION[1])
    distance = min(CONDITION[0] + (len(found) - 1) / 2, CONDITION[1])
    wanted, came = (found[0].expected, found[0].actual) if len(found) == 1 else (expected, "")
    return Verdict(condition, False, wanted, came, told(found), distance)


_JOINED = {"Or": "one of", "Not": "not"}


def _message(error: Exception) -> str:
    return cut(str(error))


def _safely(function: Callable[[], Any]) -> Any:
    try:
        return function()
    except Exception:  # a broken repr, or a body that can't be read: the reason says so
        return None


def _content(request: Any) -> bytes | None:
    content: bytes | None = _safely(lambda: request.content)
    return content


def _scrubbed(verdict: Verdict, secrets: masking.Secrets, *, opaque: bool = False) -> Verdict:
    def scrub(text: str) -> str:
        return secrets.scrub(masking.assigned(text) if opaque else text, quoted=opaque)

    expected, actual = scrub(verdict.expected), scrub(verdict.actual)
    plain = str(Point("", verdict.expected, verdict.actual)) == verdict.difference
    difference = str(Point("", expected, actual)) if plain else scrub(verdict.difference)
    return replace(verdict, expected=expected, actual=actual, difference=difference)


# What is said of these is their own sentence, which nothing but the scrubbing can look into
_OPAQUE = frozenset({"match", *_JOINED.values()})

"""What each kind of matcher has against a request, as structure: where, what was expected, what came.

Law of this room: a table with a row for each kind; what is not in it says its reason in its own words.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any, AnyStr, NamedTuple, TypeVar

from ..matching import compare, pairs
from ..matching.compare import MISSING
from ..matching.contents import FORM, PARTS, Body, Form, Json, Multipart, content_type
from ..matching.heads import PARAMS, BasicAuth, Cookie, Header, Params
from ..matching.leaf import IN_TEXT, Content
from ..matching.matcher import Matcher, Not, Where, _Joined
from ..notation import Bare, call, named, written
from . import masking
from .difference import NOTHING, Point, nearby, point
from .masking import MASK, is_secret


class Kind(NamedTuple):
    """A kind of matcher: what it looks at, in a word or two, and where it differs."""

    condition: Callable[[Any], str]
    points: Callable[[Any, Any], list[Point] | None]
    shown: Callable[[Any], str] = repr
    """As it was written, without what is a secret by its name."""


# So many members, and levels, of a value are looked at
_MANY = 100
_DEEP = 50
_LONG = 200
_BODIES = (Body, Json, Form, Multipart, Where)


def looks_at_body(matcher: Any) -> bool:
    """Whether its answer may depend on the body."""
    return _any_of(_BODIES, matcher)


def runs_code(matcher: Any) -> bool:
    """Whether it is code of the test's own, not only a comparison with what the test has given."""
    return _any_of((Where,), matcher)


def _any_of(kinds: tuple[type, ...], matcher: Any) -> bool:
    """Whether it, or one of those that it joins, is of these kinds, or of one that is not known here."""
    if isinstance(matcher, _Joined):
        return any(_any_of(kinds, operand) for operand in matcher.operands)
    if isinstance(matcher, Not):
        return _any_of(kinds, matcher.one)
    return type(matcher) not in KINDS or isinstance(matcher, kinds)


def _header(matcher: Header, request: Any) -> list[Point]:
    values = [masking.header(matcher.name, value) for value in matcher.read(request)]
    return [point("", _wanted(matcher.expected), _all(values), secret=is_secret(matcher.name))]


def _cookie(matcher: Cookie, request: Any) -> list[Point]:
    return [point("", _wanted(matcher.expected), _all(matcher.read(request)), secret=True)]


def _wanted(expected: Any) -> str:
    if expected is None:
        return NOTHING
    return IN_TEXT.wanted(expected) if isinstance(expected, IN_TEXT.scalars) else written(expected)


def _all(values: list[str]) -> str:
    return " and ".join(map(repr, values)) if values else NOTHING


_Gap = TypeVar("_Gap")


def _known(gaps: Iterator[_Gap | None]) -> list[_Gap]:
    """The gaps up to where code of the test's own, which may rely on there being none, would be asked."""
    found: list[_Gap] = []
    for gap in gaps:
        if gap is not None:
            found.append(gap)
        elif found:
            break
    return found


def _json(matcher: Json, request: Any) -> list[Point]:
    found = compare.gaps(matcher.expected, matcher.read(request), partly=matcher.partly)
    return [_gap(gap) for gap in _known(found)]


def _gap(gap: compare.Gap) -> Point:
    if any(map(is_secret, _steps(gap.path))):
        return Point(gap.path, *map(_veiled, (gap.expected, gap.actual)))
    if isinstance(gap.expected, Matcher):
        return Point(gap.path, written(gap.expected), _in_json(gap.actual), masking.assigned(_reason(gap)))
    if type(gap.expected) is str and type(gap.actual) is str:
        told = tuple(map(_in_json, nearby(gap.expected, gap.actual)))
    elif _is_plain(gap.expected) and gap.expected is not MISSING:
        told = _in_json(gap.expected), _in_json(gap.actual)
    else:
        told = written(_masked(gap.expected)), _in_json(gap.actual)
    return point(gap.path, *told, secret=False)


def _veiled(value: Any) -> str:
    return _in_json(value) if value is None or isinstance(value, (bool, Bare)) else MASK


def _reason(gap: compare.Gap) -> str:
    return gap.words.partition(f" at {gap.path}: ")[2]


def _steps(path: str) -> Iterable[str]:
    return path.replace("[", ".").replace("]", "").replace('"', "").split(".")


def _is_plain(value: Any) -> bool:
    return value is None or (isinstance(value, (str, int, float, list, tuple, dict)) and not isinstance(value, Bare))


def _in_json(value: Any) -> str:
    if isinstance(value, Bare):
        return str(value)
    try:
        return json.dumps(_masked(value), ensure_ascii=False)
    except (TypeError, ValueError):  # conditions among the values
        return written(_masked(value))


def _masked(value: Any) -> Any:
    return masking.value(value, many=_MANY, deep=_DEEP)  # it will be cut


def _pairs(kind: pairs.Kind, *, partly: Callable[[Any], bool] = lambda matcher: False) -> Callable[[Any, Any], Any]:
    shown = kind.shown or kind.place.shown

    def points(matcher: Any, request: Any) -> list[Point]:
        actual = request.url.query.items() if isinstance(matcher, Params) else matcher.read(request)
        return [
            point(
                repr(gap.name),
                _several([_wanted(one) for one in gap.expected]),
                _several([shown(one) for one in gap.actual]),
                secret=gap.name is not None and is_secret(gap.name),
            )
            for gap in _known(pairs.gaps(matcher.expected, actual, kind, partly=partly(matcher)))
        ]

    return points


def _several(texts: list[str]) -> str:
    if len(texts) < 2:
        return texts[0] if texts else NOTHING
    return f"[{', '.join(texts)}]"


def _body(matcher: Body, request: Any) -> list[Point] | None:
    content, expected = request.content, matcher.expected
    if isinstance(expected, bytes):
        return [_near(expected, content)]
    if isinstance(expected, str):
        text = Content(content, content_type(request).charset).text
        return [_near(expected, text) if text is not None else point("", *_began(expected, content), secret=False)]
    return None


def _began(*texts: str | bytes) -> Iterator[str]:
    return (repr(text[:_LONG]) for text in texts)


def _near(expected: AnyStr, came: AnyStr) -> Point:
    return point("", *map(repr, nearby(expected, came)), secret=False)


def _nothing(matcher: Any, request: Any) -> None:
    return None


def _shown_named(matcher: Header | Cookie) -> str:
    secret = isinstance(matcher, Cookie) or is_secret(matcher.name)
    expected = Bare(MASK) if secret and matcher.expected not in (None, str) else matcher.expected
    return call(type(matcher).__name__.lower(), matcher.name, expected)


def _shown_json(matcher: Json) -> str:
    return call("json_contains" if matcher.partly else "json", _masked(matcher.expected))


def _shown_pairs(matcher: Any) -> str:
    word = "params_contain" if getattr(matcher, "partly", False) else type(matcher).__name__.lower()
    return call(word, _masked(pairs.as_mapping(matcher.expected)))


def _partly(matcher: Any) -> bool:
    return bool(matcher.partly)


KINDS: dict[type, Kind] = {
    Header: Kind(lambda matcher: f"header {matcher.name}", _header, _shown_named),
    Cookie: Kind(lambda matcher: f"cookie {matcher.name}", _cookie, _shown_named),
    BasicAuth: Kind(lambda matcher: "basic auth", _nothing),
    Params: Kind(lambda matcher: "params", _pairs(PARAMS, partly=_partly), _shown_pairs),
    Json: Kind(lambda matcher: "json", _json, _shown_json),
    Form: Kind(lambda matcher: "form", _pairs(FORM), _shown_pairs),
    Multipart: Kind(lambda matcher: "multipart", _pairs(PARTS), _shown_pairs),
    Body: Kind(lambda matcher: "body", _body),
    Where: Kind(lambda matcher: f"where {named(matcher.function)}", _nothing),
}

"""From the words of a registration to a route.

Law of this room: whatever can be wrong with a registration is said here, before anything is entered anywhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import ModuleType
from typing import TYPE_CHECKING, Any, NamedTuple

from .addresses.address import Address, Beneath, address
from .addresses.uri import absolute, listed
from .errors import AiohttprettyError, OptionTypeError, OptionValueError
from .legible import legible
from .options import (
    ROUTE_WORDS,
    check_exhausted,
    check_optional,
    check_responses,
    check_succession,
    check_times,
)
from .origin import Origin
from .replies.reply import Reply, is_token, merged, reply, shared
from .replies.succession import Succession
from .route import Home, Route
from .words import check_words

if TYPE_CHECKING:
    from .matching.matcher import Matcher

ASKING_WORDS = ("params", "check_params", "match")
_PLAIN = (str, int, float, type(None))
_SUCCESSION = ("responses", "exhausted", "times")
_BESIDE = (*ASKING_WORDS, "optional")  # what is said of the route, and not of its replies
_REPLACED = tuple(word for word in ROUTE_WORDS if word not in _BESIDE)


@legible
def route(
    method: object,
    uri: object,
    options: Mapping[str, Any],
    *,
    as_json: bool,
    beneath: bool,
    origin: Origin,
    home: Home,
    kind: type[Route] = Route,
) -> Route:
    """The route that `register_uri`, or `as_json` `register_json_uri`, was asked for, or another `kind` of route.

    Raises:
        OptionTypeError, OptionValueError: it can't be.
    """
    check_words(options, ROUTE_WORDS, "register_json_uri" if as_json else "register_uri")
    which, params = _asked(method, uri, options, beneath=beneath)
    asking = {word: value for word, value in options.items() if word in ASKING_WORDS and word != "params"}
    return kind(
        which.method,
        which.address,
        which.matchers,
        _possible(succession(options, as_json=as_json), which.address, which),
        asking={"params": params, **asking} if params else asking,
        as_json=as_json,
        optional=check_optional(options.get("optional", False)),
        origin=origin,
        home=home,
    )


class Asked(NamedTuple):
    """Which requests are meant."""

    method: str
    address: Address
    matchers: tuple[Matcher, ...]


@legible
def asked(method: object, uri: object, options: Mapping[str, Any], *, beneath: bool = False) -> Asked:
    """Which requests are meant by a method, an address, and the words beside them.

    Raises:
        OptionTypeError, OptionValueError: no request can be.
    """
    return _asked(method, uri, options, beneath=beneath)[0]


def _asked(method: object, uri: object, options: Mapping[str, Any], *, beneath: bool) -> tuple[Asked, object | None]:
    matchers = matchers_of(options.get("match"))
    where, whole_query, params = asked_for(uri, options, beneath=beneath)
    return Asked(_method(method), where, (*matchers, *whole_query)), params


@legible
def matchers_of(match: object) -> tuple[Matcher, ...]:
    """What was given as `match`.

    Raises:
        OptionTypeError: it is no matcher, and no list of them.
    """
    return () if match is None else tuple(_match().check(match))


def succession(options: Mapping[str, Any], *, as_json: bool) -> Succession:
    """The replies, as they were written.

    Raises:
        OptionTypeError, OptionValueError: one of them can't be said.
    """
    common = {word: value for word, value in options.items() if word not in _BESIDE + _SUCCESSION}
    several = "responses" in options
    items: Sequence[Mapping[str, Any]] = [{}]
    if several:
        items = check_responses(options["responses"])
        common = shared(common, as_json=as_json)
    made = [_reply(merged(common, item), as_json=as_json, encoded="body" in item) for item in items]
    check_succession(options)
    then = check_exhausted(options.get("exhausted", "error"))
    if "times" in options:
        times: float = check_times(options["times"])
    else:
        times = len(made) if several and then == "error" else float("inf")
    shown: Any = [item for _, item in made] if several else made[0][1]
    return Succession(
        [one for one, _ in made],
        times=times,
        then=then,
        shown=shown,
        written={word: value for word, value in options.items() if word not in _BESIDE},
    )


def _possible(said: Succession, where: Address, whose: Asked | Route) -> Succession:
    """The same, if all of it can happen at the address, and to these requests."""
    if said.early:
        from .replies.possible import check_possible  # noqa: PLC0415 - few tests have a server that is not there

        check_possible(said.faults, where.url, where.name)
    if said.endless is not None and said.endless.fault is not None and not whose.matchers:
        from .replies.possible import check_next  # noqa: PLC0415 - few replies go wrong

        check_next(said.endless.fault, whose.method)
    return said


def _reply(options: Mapping[str, Any], **kind: bool) -> tuple[Reply, dict[str, Any]]:
    try:
        return reply(options, **kind)
    except AiohttprettyError:
        raise
    except (ValueError, OverflowError) as error:
        raise OptionValueError(
            f"One of the options {', '.join(f'{word}=' for word in options)} can't be sent: {error}. Give text that "
            "has a form in its charset, and numbers of a usual size."
        ) from error


@legible
def copied(original: Route, base: str | None, *, home: Home) -> Route:
    """The same route in another registry, its replies from the first on; a path is put below `base`.

    Raises:
        OptionValueError: one of its faults can't happen there.
    """
    where, asking = original.address, original.asking
    if isinstance(where, Beneath) and base is not None:
        where = where.under(base)
        asking = {word: value for word, value in asking.items() if word != "params"}
        _possible(original.succession, where, original)
    return original.anew(where, asking, home)


@legible
def rewritten(original: Route, options: Mapping[str, Any], *, registered: bool) -> Succession:
    """What the route is to say from now on.

    Raises:
        OptionTypeError, OptionValueError: it can't be said, or is about which requests are meant, or the route is not
            `registered` any more.
    """
    if not registered:
        raise OptionValueError(
            f"{original!r} answers nothing any more: it was removed, cleared away, or a newer registration has taken "
            "its place. Register it again instead."
        )
    for word in ASKING_WORDS:
        if word in options:
            raise OptionTypeError(
                f"{word}= says which requests are meant, and replace() is about what they are answered. Leave it out, "
                "or remove() the route and register another."
            )
    check_words(options, _REPLACED, "replace")
    return _possible(succession(options, as_json=original.as_json), original.address, original)


@legible
def check_bundle(other: object, *, into: object) -> None:
    """Refuse what can't be included.

    Raises:
        OptionTypeError: it is no registry.
        OptionValueError: it is the same one.
    """
    if not isinstance(other, type(into)):
        raise OptionTypeError(f"include({other!r}): that is no registry. Give an instance of AioHTTPretty.")
    if other is into:
        raise OptionValueError("A registry can't include itself. Make another one with AioHTTPretty().")


@legible
def check_base(base: object) -> str | None:
    """A base under which paths can be put.

    Raises:
        OptionValueError: it is no absolute URL, or has a query or a fragment.
    """
    if base is None:
        return None
    absolute(base)
    if "?" in str(base) or "#" in str(base):
        raise OptionValueError(
            f"base={str(base)!r} has a query or a fragment, and paths can't follow that. Give the beginning of the "
            "addresses only, such as 'https://api.example.com/v1'."
        )
    return str(base)


@legible
def asked_for(
    uri: object, options: Mapping[str, Any], *, beneath: bool = False
) -> tuple[Address, tuple[Matcher, ...], object | None]:
    """The address, what has to be matched beside it, and the params that are not part of it.

    Raises:
        OptionTypeError, OptionValueError: `params` or `check_params` are not what they should be, or as `address` does.
    """
    check_params = options.get("check_params", True)
    if not isinstance(check_params, bool):
        raise OptionTypeError(
            f"check_params={check_params!r} is not a bool. Give False to answer whatever the query is, or leave it out."
        )
    params = options.get("params")
    if isinstance(params, Iterator):
        params = listed(params)  # it is looked at more than once
    if params and not check_params:
        raise OptionValueError(
            f"params={params!r} beside check_params=False: the query can't be asked for and ignored. Leave one of them "
            "out, or give match=match.params_contain(...) for a part of the query."
        )
    pairs = list(_pairs(params))
    if all(isinstance(value, _PLAIN) for _, value in pairs) or not any(
        _match().is_condition(value) for _, value in pairs
    ):
        where = address(uri, params, check_params=check_params, beneath=beneath)
        return where, (), params if isinstance(where, Beneath) else None
    # The query is compared by a matcher then, all of it: what stands in the uri, too
    where = address(uri, check_params=True, beneath=beneath)
    if isinstance(where, Beneath):
        raise OptionTypeError(
            f"params={params!r} beside the path {uri!r}: in a bundle, params are plain values. "
            "Write match=match.params_contain(...)."
        )
    if where.url is None:
        return address(uri, params), (), None  # a pattern takes no params, and says so
    wanted = [*where.url.query.items(), *pairs]
    return address(uri, check_params=False), (_match().params(wanted),), wanted


def _match() -> ModuleType:
    from . import match  # noqa: PLC0415 - it takes as long to import as a third of all the rest, and few need it

    return match


def _pairs(params: object) -> Iterator[tuple[str, Any]]:
    if params is None or isinstance(params, str):
        return
    try:
        pairs = params.items() if isinstance(params, Mapping) else params
        for name, value in pairs:  # type: ignore[attr-defined]
            yield from ((name, one) for one in value) if isinstance(value, (list, tuple)) else [(name, value)]
    except (TypeError, ValueError):  # neither a mapping nor pairs; the address will say so
        return


def _method(method: object) -> str:
    if not isinstance(method, str):
        raise OptionTypeError(f"method={method!r} is not a str. Give an HTTP method, such as 'GET'.")
    if not is_token(method):
        raise OptionValueError(f"method={method!r} is not an HTTP method. Give one such as 'GET'.")
    return method.upper()

"""What can be found out when a request got no answer, gathered for `prose` to be said.

Law of this room: it looks at whatever is there by then, changes nothing, and keeps nothing.
"""

from __future__ import annotations

import gc
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from types import FrameType
from typing import TYPE_CHECKING, Any, TypeVar

from ..errors import BodyConsumedError, NoMatchError, ResponsesExhausted, UnansweredError
from ..origin import Origin, asker, awaiting, line_of, running, stack_of
from ..records.call import Call, Unmatched
from . import later, listening, prose, report
from .hints import Scene
from .nearness import nearest
from .question import Question
from .verdict import Verdict, verdicts

if TYPE_CHECKING:
    from ..ledger import Ledger
    from ..route import Route

_E = TypeVar("_E", bound=UnansweredError)
# Of so many tasks that run the same code the stacks are looked at, and so many of the latest requests are told that
# their route came too late: thousands may fail together
_ALIKE = 8
_AMENDED = 256
# Of redirects
_FOLLOWED = frozenset({301, 302, 303, 307, 308})


def no_match(
    request: Any,
    known: Any,
    ledgers: Sequence[Ledger],
    idle: Callable[[], Iterable[Ledger]],
    calls: Sequence[Call],
    *,
    shut: Sequence[Ledger] = (),
    unseen: Origin | None = None,
    isolated: bool = False,
) -> NoMatchError:
    """The error for a request that no route of these ledgers answers; the idle ones are not active, or not seen here.

    `shut` are those that were not asked because an isolated one is in between; `unseen` is where the block of an
    isolated one was opened, if nothing else is there. `isolated`: the first that was asked is one.
    """
    question = _question(request, known)
    judge = _judge(request, known, question)
    routes = list(_routes(ledgers))
    gone = next(_fitting(_gone(ledgers), question, judge), None)
    url = question.url
    scene = Scene(
        question,
        nearest(question.method, url, routes, judge),
        gone=gone,
        given=0 if gone is None else sum(call.route is not None and call.route.origin == gone.origin for call in calls),
        shut=_elsewhere(shut, question, judge),
        idle=_lasting(lambda: _elsewhere([one for one in idle() if one not in (*ledgers, *shut)], question, judge)),
        hop=_hop(request, question, calls),
        unseen=unseen,
        registry="pretty" if isolated else "aiohttpretty",  # as in all that is written of blocks
        later=later.further_down(question.method, url, _frames(known)),
        own=listening.here(url.raw_host, url.port),
        streamed=bool(request.head) and known is not None and known.passes,
    )
    error = NoMatchError()
    return _told(error, prose.no_match(scene, len(routes)))


def used_up(request: Any, known: Any, route: Route) -> UnansweredError:
    """The error for a request whose route has nothing left to say."""
    question = _question(request, known)
    kind: type[UnansweredError] = BodyConsumedError if route.consumed else ResponsesExhausted
    first = (report.consumed if route.consumed else report.exhausted)(question.method, question.url, route)
    return _told(kind(), prose.used_up(first, question, route, _judge(request, known, question)(route)))


def registered_after(records: Sequence[Unmatched], route: Route) -> None:
    """Say of the requests that a route would have answered that it came too late."""
    for record in records[-_AMENDED:]:
        missed = record.report.startswith(report.MISSED) and route.method in ("*", record.method) and not route.matchers
        if missed and route.address.fits(record.url) is not None:
            record.amend(report.registered_later(record.report, route))


def _told(error: _E, found: prose.Diagnosis) -> _E:
    error.args = (found.text,)
    error.request, error.candidates, error.suggestion = found.request, found.candidates, found.suggestion
    return error


def _question(request: Any, known: Any) -> Question:
    call = _Seen(request, known)
    content: bytes | None = known.content if known is not None and not request.head else None
    if request.head:
        try:
            content = call.content
        except ValueError:
            content = call.body
    written = known.asked if known is not None else None
    return Question(request.method, request.url, call.request_headers, content, _asked_at(known), written)


class _Seen(Call):
    """A request as a matcher sees it, even if it was not sent."""

    __slots__ = ()

    def __init__(self, request: Any, known: Any, route: Any = None) -> None:
        super().__init__(request.method, request.url, route, request.keywords)
        if request.head:
            self.considered(request.head, request.body)
        elif known is not None:
            lines = "".join(f"\r\n{name}: {value}" for name, value in known.headers.items())
            self.considered(lines.encode("utf-8", "surrogateescape"), [known.content or b""])


def _judge(request: Any, known: Any, question: Question) -> Callable[[Any], list[Verdict]]:
    def judge(route: Any) -> list[Verdict]:
        return verdicts(route, _Seen(request, known, route), body=question.body is not None)

    return judge


def _asked_at(known: Any) -> Origin | None:
    if known is None:
        return asker()
    found = line_of(known.spot) if known.spot is not None else asker()
    if found is None:
        found = awaiting(known.task or running(known.tasks, known.token), known.tasks)
    return found


def _frames(known: Any) -> Iterator[FrameType]:
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        yield frame
        frame = frame.f_back
    if known is None:
        return
    alike: Counter[object] = Counter()
    for task in known.tasks:
        code = getattr(task.get_coro(), "cr_code", None)
        alike[code] += 1
        if alike[code] <= _ALIKE or task is known.task:
            yield from stack_of(task)


def _gone(ledgers: Sequence[Ledger]) -> Iterator[Any]:
    return (gone for ledger in ledgers for gone in reversed(ledger.gone))


def _lasting(find: Callable[[], Any]) -> Any:
    """What is found; but not what an earlier test left behind, and only waits for the garbage collector."""
    if find() is None:
        return None
    gc.collect()
    return find()


def _routes(ledgers: Iterable[Ledger]) -> Iterator[Any]:
    return (route for ledger in ledgers for route in ledger.routes())


def _fitting(routes: Iterator[Any], question: Question, judge: Callable[[Any], list[Verdict]]) -> Iterator[Any]:
    for route in routes:
        if route.method in ("*", question.method) and route.address.fits(question.url) is not None:
            refused = any(verdict.fits is False for verdict in judge(route))
            yield from () if refused else (route,)


def _elsewhere(ledgers: Sequence[Ledger], question: Question, judge: Callable[[Any], list[Verdict]]) -> Any:
    for ledger in ledgers:
        for route in ledger.fitting(question.method, question.url):
            if all(verdict.fits is not False for verdict in judge(route)):
                return route
    beneath = (route for ledger in ledgers for route in ledger.beneath())
    return next((route for route in beneath if question.url.path.endswith(str(route.address.name))), None)


def _hop(request: Any, question: Question, calls: Sequence[Call]) -> Call | None:
    """The call whose answer led to this request: made with the same keywords, which are one object."""
    if question.written is not None:
        return None
    mine = (call for call in reversed(calls) if call._keywords is request.keywords and call.status in _FOLLOWED)
    return max(mine, key=lambda call: call.started or 0.0, default=None)

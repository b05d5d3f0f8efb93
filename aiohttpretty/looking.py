"""What a test asks of a registry: was it called so, in that order, with nothing left over; will it be.

Law of this room: it changes nothing, and says no by raising, with a report. What it needs for that is imported by those
who ask.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NoReturn

from .origin import caller

if TYPE_CHECKING:
    from .ledger import Ledger
    from .matching.matcher import Matcher
    from .options import Params
    from .records.call import Call, Unmatched
    from .records.log import Calls
    from .route import Route
    from .verification.checks import Seen, Watch
    from .verification.expectation import Expectation
    from .waiting import Waiter

    Match = Matcher | Callable[[Any], object] | Sequence[Matcher | Callable[[Any], object]] | None

__unittest = True  # unittest leaves the frames of such a module out of its tracebacks, as pytest those with a mark

_OFTEN = ("times", "at_least", "at_most")


class Looking:
    """The questions of a registry."""

    calls: Calls
    unmatched: list[Unmatched]
    _activation: Any
    _served: Any  # the servers by which it is reached without being active
    _ledger: Ledger

    def __init__(self) -> None:
        self.waiting: dict[Waiter, None] = {}
        """Who waits for a call."""

    def assert_called(
        self,
        method: str,
        uri: object,
        *,
        times: int | None = None,
        at_least: int | None = None,
        at_most: int | None = None,
        params: Params | None = None,
        check_params: bool = True,
        match: Match = None,
        **others: NoReturn,
    ) -> None:
        """Fail unless such calls have come by: at least one, or as many as is said.

        Args:
            method: in any case; `"*"` for any.
            uri: an address, a template or a pattern, as in `register_uri`.
            times: exactly how often; 0 is never.
            at_least: how often or more.
            at_most: how often or less; alone, it also allows never.
            params: added to the uri's own query.
            check_params: False for any query.
            match: one matcher or several, as in `register_uri`.

        Raises:
            VerificationError: (an `AssertionError`) it is not so. The report has the nearest calls.
            OptionTypeError, OptionValueError: (a `TypeError`, a `ValueError`) no call can be meant by that.
        """
        __tracebackhide__ = True  # pytest leaves such frames out of its tracebacks
        options = {"params": params, "check_params": check_params, "match": match}
        self._count(_expected("assert_called", method, uri, options, others, _OFTEN), times, at_least, at_most)

    def assert_not_called(
        self,
        method: str,
        uri: object,
        *,
        params: Params | None = None,
        check_params: bool = True,
        match: Match = None,
        **others: NoReturn,
    ) -> None:
        """Fail if such a call has come by; the words and what it raises are those of `assert_called`."""
        __tracebackhide__ = True
        options = {"params": params, "check_params": check_params, "match": match}
        self._count(_expected("assert_not_called", method, uri, options, others), 0, None, None)

    def assert_calls(
        self, expected: Iterable[tuple[str, object] | Mapping[str, Any]], *, in_order: bool = False
    ) -> None:
        """Fail unless these calls have come by, in this order, and no others.

        Args:
            expected: pairs of method and uri, or dicts with `method`, `uri`, and `params`, `check_params` or `match`.
            in_order: True lets others come before, between and behind them.

        Raises:
            VerificationError: (an `AssertionError`) it is not so. The report has both side by side.
            OptionTypeError, OptionValueError: (a `TypeError`, a `ValueError`) no call can be meant by one of them.
        """
        __tracebackhide__ = True
        from .verification import checks, expectation  # noqa: PLC0415 - only for whoever asks

        wanted = expectation.expected_list(expected, caller())
        if (error := checks.misordered(wanted, self._seen(), in_order=in_order)) is not None:
            raise error

    def assert_all_called(self) -> None:
        """Fail unless every route has answered, and every item of `responses` has been used.

        A route with `optional=True` need not. With `times=N`, which is a limit, one answer is enough.

        Raises:
            VerificationError: (an `AssertionError`) something is left over.
        """
        __tracebackhide__ = True
        from .verification.checks import left_over  # noqa: PLC0415 - only for whoever asks

        if (error := left_over(self._ledger.routes(), self._seen())) is not None:
            raise error

    def wait_for_call(
        self,
        method: str,
        uri: object,
        *,
        timeout: float | None = 1.0,
        times: int = 1,
        params: Params | None = None,
        check_params: bool = True,
        match: Match = None,
        **others: NoReturn,
    ) -> Coroutine[Any, Any, Call]:
        """To be awaited: the first such call: one that has come by already, or that comes within `timeout` seconds.

        It is there when its request is whole, which may be before it is answered. It may come from any task, thread or
        event loop. `clear()` while it waits doesn't end it, the last `deactivate()` does.

        Args:
            method: in any case; `"*"` for any.
            uri: an address, a template or a pattern, as in `register_uri`.
            timeout: in seconds; 0 looks only at what has come by, None waits for ever.
            times: 2 gives the second such call, and so on.
            params: added to the uri's own query.
            check_params: False for any query.
            match: one matcher or several, as in `register_uri`.

        Raises:
            VerificationError: (an `AssertionError`) it has not come. The report has the nearest calls.
            OptionTypeError, OptionValueError: (a `TypeError`, a `ValueError`) no call can be meant by that.
        """
        __tracebackhide__ = True
        from .verification import checks  # noqa: PLC0415 - only for whoever asks

        options = {"params": params, "check_params": check_params, "match": match}
        wanted = _expected("wait_for_call", method, uri, options, others, ("timeout", "times"))
        watch = checks.Watch(wanted, checks.check_number("times", times, least=1))
        # not a coroutine function itself: what is wrong is told at once, and the line is known also of a new task
        return self._wait(watch, checks.check_timeout(timeout))

    async def _wait(self, watch: Watch, timeout: float | None) -> Call:
        __tracebackhide__ = True
        from . import waiting  # noqa: PLC0415 - only for whoever asks
        from .verification import checks  # noqa: PLC0415 - only for whoever asks

        waiter = waiting.Waiter()
        self.waiting[waiter] = None
        try:
            waiter.inbox.extend(list(self.calls))
            if await waiter.until(watch.look, timeout):
                return watch.found[-1]
        finally:
            del self.waiting[waiter]
        raise checks.missed(watch, timeout, self._seen(), ended=waiter.over)

    # -- for the rooms below

    def came(self, call: Call) -> None:
        """The request of a call is whole."""
        for waiter in list(self.waiting):
            waiter.inbox.append(call)
            waiter.wake()

    def verify(self, route: Route, match: Match, times: int | None, at_least: int | None, at_most: int | None) -> None:
        """For `Route.assert_called()`."""
        __tracebackhide__ = True
        from .verification.expectation import answered_by  # noqa: PLC0415 - only for whoever asks

        self._count(answered_by(route, match, caller()), times, at_least, at_most)

    def _over(self) -> None:
        for waiter in list(self.waiting):
            waiter.over = True
            waiter.wake()

    def _count(self, wanted: Expectation, times: int | None, at_least: int | None, at_most: int | None) -> None:
        __tracebackhide__ = True
        from .verification import checks  # noqa: PLC0415 - only for whoever asks

        often = checks.bounds(times, at_least, at_most)
        if (error := checks.miscounted(wanted, often, self._seen())) is not None:
            raise error

    def _seen(self) -> Seen:
        from .verification.checks import Seen  # noqa: PLC0415 - only for whoever asks

        calls, active = self.calls, self._activation is not None or bool(self._served)
        return Seen(list(calls), list(self.unmatched), active, list(calls.to_test_servers))


def _expected(
    where: str,
    method: object,
    uri: object,
    options: Mapping[str, Any],
    others: Mapping[str, object],
    beside: tuple[str, ...] = (),
) -> Expectation:
    __tracebackhide__ = True
    from .verification import expectation  # noqa: PLC0415 - only for whoever asks

    expectation.refuse_words(others, beside, where)
    return expectation.expected(method, uri, options, caller())

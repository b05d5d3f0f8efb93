"""In front of a session's real connector, and out of the way again.

Law of this room: the session is never touched, and what is touched is put back exactly.

On first contact the real connector's instance gets two attributes, `connect` and `_close`, that lead to a shadow
connector on the wire. Undoing it deletes the two. What is let through is the real connector's own, as if nothing of
ours was there.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any
from weakref import ref

from aiohttp import BaseConnector

from .activation import UNDECIDED, Activation, Chosen, LetThrough, deactivated, in_thread_of
from .binding import Binding, bound
from .errors import AiohttprettyError
from .far_end import Speaker
from .wire.connector import CLOSE, Shadow

if TYPE_CHECKING:
    from .shapes import Record, Spoken
    from .wire.unconnected import Attempt


class Hook:
    """What hangs on a real connector: its shadow on the wire, and how many requests are under way through it."""

    def __init__(self, connector: BaseConnector) -> None:
        # weakly: a connector that the user forgot must be able to die and say so
        self._connector = ref(connector, partial(_forget, id(connector)))
        self._loop = connector._loop
        self._shadow: Shadow | None = None
        self._found = {name: connector.__dict__[name] for name in ("connect", CLOSE) if name in connector.__dict__}
        self.under_way = 0
        self.leaving = False
        """Whether it shall go as soon as nothing is under way."""
        connector.connect = self.connect  # type: ignore[method-assign]
        setattr(connector, CLOSE, self.close)

    async def connect(self, req: Any, traces: Any, timeout: Any) -> Any:  # noqa: C901, PLR0912 - each split is paid for
        """Stands for `connector.connect`: the reply to `req` is waiting at the far end; or it is a real connection."""
        __tracebackhide__ = True
        if (binding := bound.get()) is None or not binding.open:
            return await self._original("connect")(req, traces=traces, timeout=timeout)
        try:
            method, url = req.method, req.url
            activation, route = binding.asks(req, timeout) or binding.route(method, url)  # before a body is read
            if route.early:
                activation, route = await binding.early(activation, route)
                if isinstance(route, Chosen):
                    return await self._answered(binding, activation, route, req, traces, timeout)
            version = activation.answerer.version
            try:
                connection: Any = await (self._shadow or self._new_shadow()).connect(req, traces, timeout)
            except Exception:
                if binding.alive:
                    raise
                raise deactivated(method, url) from None
            try:
                if not activation.alive or activation.answerer.version != version or len(binding.activations) > 1:
                    activation, route = await binding.started(method, url)  # the test went on while it was waited for
                answer = None
                while route is not UNDECIDED and connection._protocol.transport:
                    if (answer := activation.answerer.answer(route, method, url, binding.keywords)) is not None:
                        break
                    activation, route = await binding.started(method, url)  # another request was quicker to use it up
                if answer is not None:
                    binding.note(answer[1], answer[0], activation)
                if transport := connection._protocol.transport:  # aiohttp is to find that the session is closed
                    transport.far_end.expect(binding, answer, activation)
            except BaseException:
                connection.release()
                raise
            return connection  # noqa: TRY300 - the room is small
        except LetThrough:
            pass  # and out here, so that what goes wrong there gets no context
        except AiohttprettyError as error:
            raise await _in_turn(error)  # noqa: B904 - it is the same
        return await self._original("connect")(req, traces=traces, timeout=timeout)

    async def _answered(
        self, binding: Binding, by: Activation, chosen: Chosen, req: Any, traces: Any, timeout: Any
    ) -> Any:
        """The same for a reply that is chosen already."""
        __tracebackhide__ = True
        method, url = req.method, req.url
        try:
            shadow = self._shadow or self._new_shadow()
            if chosen.record is not None:
                binding.note(chosen.record, chosen.reply, by)
                return await self._unconnected(shadow, by, chosen.reply, chosen.record, req, traces, timeout)
            connection: Any = await shadow.connect(req, traces=traces, timeout=timeout)
        except Exception:
            if binding.alive:
                raise
            raise deactivated(method, url) from None
        try:
            if not by.alive:
                raise deactivated(method, url)
            if transport := connection._protocol.transport:  # as above
                record = by.answerer.again(chosen.route, method, url, binding.keywords)
                binding.note(record, chosen.reply, by)
                transport.far_end.expect(binding, (chosen.reply, record), by)
        except BaseException:
            connection.release()
            raise
        return connection

    async def _unconnected(
        self, shadow: Shadow, by: Activation, reply: Spoken, record: Record, req: Any, traces: Any, timeout: Any
    ) -> Any:
        __tracebackhide__ = True
        attempt = self._attempt(reply, req, by)
        if (reply.time or by.time) == "instant":
            attempt.turn = bound.get()
        try:
            attempt.check()
            return await shadow.attempt(attempt, req, traces, timeout)
        except asyncio.TimeoutError:
            record.ended()  # and what that is to the caller, aiohttp says further up
            await asyncio.sleep(0)
            raise
        except Exception as error:
            record.ended(error if by.alive else deactivated(req.method, req.url))
            await asyncio.sleep(0)  # this takes a turn in life, and would not where tasks begin at once (CPython 3.12)
            raise

    def unconnected(self, request: Any, reply: Spoken) -> BaseException | None:
        """What is raised instead of an answer to the request, if the reply is that there is no connection."""
        return self._attempt(reply, request, None).error()

    def _attempt(self, reply: Spoken, req: Any, by: Activation | None) -> Attempt:
        from .wire.unconnected import Attempt  # noqa: PLC0415 - few tests have a server that is not there

        connector = self._connector()
        assert connector is not None  # it is calling us, or has a request under way
        return Attempt(reply, req, connector, by)

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """The connector's."""
        return self._loop

    def close(self, *args: Any, **kwargs: Any) -> Any:
        """Stands for `connector._close`."""
        left = self._shadow.hang_up() if self._shadow is not None else []
        waiters = self._original(CLOSE)(*args, **kwargs)
        return waiters + left if isinstance(waiters, list) else waiters

    def is_of(self, reference: object) -> bool:
        """Whether the weak reference is the one to this hook's connector."""
        return self._connector is reference

    def drop(self, activation: Activation) -> None:
        """Fail what is being answered by `activation`, in the connector's own thread; others go on."""
        if self._shadow is not None and self._shadow.in_use:  # there may be thousands that are not
            self.in_own_thread(partial(self._drop, activation))

    def _drop(self, activation: Activation) -> None:
        if self._shadow is not None and not self._loop.is_closed():
            self._shadow.fail(
                lambda end: end.owes(activation),
                lambda: deactivated("a request", "on this connection"),
            )

    def retire(self) -> None:
        """Nobody answers any more: fail what is under way, and go as soon as nothing is."""
        # now, and not in the connector's own thread: by then it may be a new activation's
        running, self._shadow = self._shadow, None
        self.leaving = True
        self.in_own_thread(partial(self._abandon, running))

    def _abandon(self, running: Shadow | None) -> None:
        if running is not None and not self._loop.is_closed():
            running.abandon(lambda: deactivated("a request", "on this connection"))
        if self.leaving:
            self.leave()

    def leave(self) -> None:
        """Put the connector back as it was, unless a request of ours is still under way through it."""
        connector = self._connector()
        if self.under_way or connector is None:
            return
        for name in ("connect", CLOSE):
            if getattr(connector.__dict__.get(name), "__self__", None) is self:
                del connector.__dict__[name]
                if name in self._found:
                    connector.__dict__[name] = self._found[name]
        _hooks.pop(id(connector), None)

    def in_own_thread(self, action: Callable[[], None]) -> None:
        """Do it here, or, if the connector's event loop is running in another thread, there."""
        in_thread_of(self._loop, action)

    def _new_shadow(self) -> Shadow:
        connector = self._connector()
        assert connector is not None  # it is calling us
        behind = self._shadow = Shadow(connector, Speaker)
        if connector.closed:
            behind.hang_up()
        return behind

    def _original(self, name: str) -> Callable[..., Any]:
        connector = self._connector()
        found: Callable[..., Any] | None = self._found.get(name)
        return found if found is not None else getattr(type(connector), name).__get__(connector)


async def _in_turn(error: AiohttprettyError) -> AiohttprettyError:
    """The same, a turn of the event loop later: who tries again for ever must leave others theirs."""
    await asyncio.sleep(0)
    return error


def _forget(identity: int, dead: object) -> None:
    hook = _hooks.get(identity)
    if hook is not None and hook.is_of(dead):
        del _hooks[identity]


_hooks: dict[int, Hook] = {}


def hook_of(connector: Any) -> Hook:
    """What hangs on the connector; from now on, if nothing did."""
    known = _hooks.get(id(connector))
    if known is not None:
        return known
    while (peeled := getattr(connector, "__wrapped__", None)) is not None:
        connector = peeled  # ddtrace hands sessions a proxy of their connector
    known = _hooks.get(id(connector))
    if known is None:
        known = _hooks[id(connector)] = Hook(connector)
    return known


def hooks() -> list[Hook]:
    """All that hang on a connector now."""
    return list(_hooks.values())

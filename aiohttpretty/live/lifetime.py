"""One run of an application in one event loop, from its start to its end.

Law of this room: all that an application does to start and to end happens in one task, in the event loop of its first
request, in a context that is nobody else's; what it serves runs in copies of that. The task is in no list of the event
loop's, so that nobody waits for it or cancels it. Whoever ends the loop ends the application first: its
`shutdown_asyncgens` is replaced meanwhile, because what is cleaned up may hang on the loop's asynchronous generators.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextvars import Context, ContextVar, copy_context
from functools import partial
from typing import Any

from aiohttp import web

from ..activation import in_thread_of
from ..errors import ApplicationError
from ..wire.handlers import Serving
from ..wire.served import dismiss
from .prefix import prefixed

# Those that have not ended, by their event loops
_lives: dict[asyncio.AbstractEventLoop, dict[Lifetime, None]] = {}
# Which one's start, or what that has left behind, is running; a mark of it, because contexts live long
_inside: ContextVar[object] = ContextVar("aiohttpretty_lifetime", default=None)
# What is no failure of the application's
_FROM_OUTSIDE = (GeneratorExit, KeyboardInterrupt, SystemExit)


class Lifetime:
    """The run of an application in the event loop that is running.

    Args:
        place: the address where it is mounted, for sentences.
        prefix: the path before its routes, decoded.
        on_failure: is told what its start or its end lets out.
        context: it runs in a copy of this; by default in an empty one.
    """

    def __init__(
        self,
        app: web.Application,
        place: str,
        prefix: str,
        *,
        handler_cancellation: bool,
        on_failure: Callable[[BaseException], None],
        context: Context | None = None,
    ) -> None:
        self.serving: Serving | None = None
        """What serves it, once it has started."""
        self.failure: BaseException | None = None
        """Why it could not be started."""
        self._app = app
        self._place = place
        self._prefix = prefix
        self._awaited = False  # whether somebody waits for its end, to tell the test
        self._cancelled = False  # whether its start was
        self._runner = _Runner(app, handler_cancellation=handler_cancellation)
        self._on_failure = on_failure
        self._loop = loop = asyncio.get_running_loop()
        self._begun = loop.create_future()
        self._ended = loop.create_future()
        context = Context() if context is None else context.copy()
        self._mark = object()
        context.run(_inside.set, self._mark)
        # not by the loop's factory, whose tasks may begin at once (eager): this one is to find what comes below
        self._task: asyncio.Task[None] = context.run(partial(asyncio.Task, loop=loop), self._live())
        self._task._log_destroy_pending = False  # type: ignore[attr-defined]  # a loop may just be closed
        asyncio.tasks._unregister_task(self._task)
        self._task.add_done_callback(self._over)
        _hold(loop, self)

    @property
    def begun(self) -> bool:
        """Whether it has started or failed to; or it is that start itself that asks."""
        return self._begun.done() or _inside.get() is self._mark

    async def start(self) -> None:
        """Wait until it has started, or failed to."""
        await asyncio.wait([self._begun])

    def end(self) -> None:
        """Have it end, in its event loop; at once, if that can be had."""
        if self._loop.is_closed():
            self._bury()
            return
        if self._task.done():
            return
        in_thread_of(self._loop, self._stop)
        if not self._loop.is_running() and asyncio._get_running_loop() is None:
            self._awaited = True
            self._loop.run_until_complete(self.ended())

    async def ended(self) -> None:
        """Have it end, and wait for that."""
        self._stop()
        if not self._task.done():
            await asyncio.wait([self._task])

    def _stop(self) -> None:
        if not self._begun.done():
            self._cancelled = True
            self._task.cancel()
        elif not self._ended.done():
            self._ended.set_result(None)

    async def _live(self) -> None:
        try:
            await self._earlier()
            with prefixed(self._app, self._prefix):
                await self._run()
        except _FROM_OUTSIDE:
            raise
        except BaseException as error:  # such as pytest.fail(), too
            if self._cancelled and isinstance(error, asyncio.CancelledError):
                raise
            self._on_failure(error)
            if not self._begun.done():
                self.failure = error
            elif not self._awaited:
                said = f"The application mounted at {self._place} failed at its end"
                self._loop.call_exception_handler({"message": said, "exception": error})
        finally:
            if not self._loop.is_closed() and not self._begun.done():
                self._begun.set_result(None)

    async def _earlier(self) -> None:
        """Wait for those that are ending: aiohttp ends all contexts of an application, whichever run began them."""
        ending = [life._task for life in _lives[self._loop] if life._app is self._app and life._is_ending()]
        if ending:
            await asyncio.wait(ending)

    def _is_ending(self) -> bool:
        return not self._task.done() and (self._cancelled or self._ended.done())

    async def _run(self) -> None:
        if self._app._loop not in (None, self._loop):
            raise ApplicationError(
                f"The application mounted at {self._place} has been started in another event loop before, and aiohttp "
                "starts an application in one event loop only. Make it anew for each, for example in a fixture of the "
                "test."
            )
        try:
            await self._runner.setup()
        except GeneratorExit:
            raise
        except BaseException:
            await self._runner.cleanup()  # of what has been begun, as run_app() does it
            raise
        assert self._runner.server is not None
        self.serving = self._runner.serving = Serving(self._runner.server, context=copy_context())
        self._begun.set_result(None)
        await self._ended
        await self._runner.cleanup()

    def _over(self, task: asyncio.Task[None]) -> None:
        if not self._begun.done():  # it was ended before its first step, and nobody waits for a start any more
            self._begun.set_result(None)
        _let_go(self._loop, self)

    def _bury(self) -> None:
        """Its event loop is closed: nothing can be run any more, and nothing is left that would say so."""
        if self.serving is not None:
            self.serving.close()
        dismiss(self._task)
        _let_go(self._loop, self)


class _Runner(web.AppRunner):
    """aiohttp's, for an application that listens nowhere."""

    def __init__(self, app: web.Application, *, handler_cancellation: bool) -> None:
        super().__init__(app, handler_cancellation=handler_cancellation)
        self.serving: Serving | None = None

    async def shutdown(self) -> None:
        """Tell the application that it ends; then end its handlers, whose clients are gone."""
        await super().shutdown()
        if self.serving is not None and (left := self.serving.close()):
            await asyncio.wait(left)


def _hold(loop: Any, life: Lifetime) -> None:
    """Have whoever ends the event loop end the application first."""
    lives = _lives.setdefault(loop, {})
    if not lives:

        async def shutdown_asyncgens() -> None:
            while lives:
                await next(iter(lives)).ended()
                await asyncio.sleep(0)  # for the callback that strikes it out
            await type(loop).shutdown_asyncgens(loop)

        loop.shutdown_asyncgens = shutdown_asyncgens
        loop.close = _Close(loop, lives)
    lives[life] = None


def _let_go(loop: Any, life: Lifetime) -> None:
    lives = _lives.get(loop, {})
    lives.pop(life, None)
    if not lives:
        _lives.pop(loop, None)
        vars(loop).pop("shutdown_asyncgens", None)
        if isinstance(close := vars(loop).get("close"), _Close):
            close.undo(loop)


class _Close:
    """In the place of an event loop's `close`: what nobody has waited for is let go of behind it."""

    def __init__(self, loop: Any, lives: dict[Lifetime, None]) -> None:
        self._before = {name: value for name, value in vars(loop).items() if name == "close"}
        self._close = loop.close
        self._lives = lives

    def __call__(self) -> None:
        self._close()
        for life in list(self._lives):
            life._bury()

    def undo(self, loop: Any) -> None:
        del loop.close
        vars(loop).update(self._before)

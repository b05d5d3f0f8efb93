"""A server under the test's control: the test receives each request, and answers it when and as it likes.

Law of this room: nobody hangs. Whoever leaves says so to every client that still waits, and to the test.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import ExitStack
from types import TracebackType
from typing import TYPE_CHECKING, Any, Protocol

from aiohttp import web

from ..addresses.mounted import mounted_at
from ..diagnosis import masking
from ..diagnosis.difference import cut
from ..errors import ControlError
from ..wire.exchange import AtClient
from ..wire.handlers import watch
from .desk import Desk
from .held import ADDRESS, shortened

if TYPE_CHECKING:
    from yarl import URL

    from ..records.call import Call, Unmatched
    from ..switch import Handle
    from .mount import Mount

__unittest = True  # unittest leaves the frames of such a module out of its tracebacks, as pytest those with a mark

# So often the event loop turns for what was said, to reach a client that reads; and so often for the client to take it
_TURNS = 1000
_TAKEN = 5


class Registry(Protocol):
    """Where it is mounted."""

    calls: Any
    unmatched: Any

    def activate(self) -> Handle: ...
    def mount_over(self, uri: URL, app: Any) -> Mount: ...


class ControlledServer(Desk):
    """What `controlled(uri)` gives; `async with` makes it answer, and switches the registry on meanwhile.

    Leaving the block ends it: whoever still waits for an answer gets an error, and so does the test.
    """

    def __init__(self, registry: Registry, uri: object) -> None:
        self._uri = mounted_at(uri, "controlled({})").url
        super().__init__(f"the controlled server at {masking.url(self._uri)}")
        self._registry = registry
        self._stack: ExitStack | None = None
        self._mount: Mount | None = None
        self._before = (0, 0)

    async def __aenter__(self) -> ControlledServer:
        if self._stack is not None:
            raise ControlError(f"{self._sentence} was entered before. Make another one with controlled(...).")
        self._before = len(self._registry.calls), len(self._registry.unmatched)
        with ExitStack() as stack:
            stack.enter_context(self._registry.activate())
            self._mount = self._registry.mount_over(self._uri, self.handle)
            stack.callback(self._mount.remove)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        __tracebackhide__ = True  # pytest leaves such frames out of its tracebacks
        assert self._stack is not None
        with self._stack:
            failure: BaseException | None = None
            try:
                await _turns(self.owes)  # what was answered just now
            finally:
                failure = self.leave()
                await _turns(self.owes)  # that it was left
            if error is None and failure is not None:
                raise failure

    def _watch(self, request: web.Request) -> Callable[[], bool]:
        return watch(request)

    def _at_client(self, error: BaseException) -> BaseException:
        return AtClient(error)

    def _beside(self) -> str:
        """The requests that went elsewhere meanwhile."""
        calls, unmatched = self._before
        elsewhere: list[Call | Unmatched] = [
            *self._registry.unmatched[unmatched:],
            *(call for call in self._registry.calls[calls:] if call.route is not self._mount),
        ]
        rows = [f"  {one.method} {cut(str(masking.url(one.url)), ADDRESS)} -> {_answered(one)}" for one in elsewhere]
        return "\n".join(["Elsewhere went:", *shortened(rows)]) if rows else ""


def _answered(record: Any) -> str:
    if not hasattr(record, "status"):
        return "not answered"
    if record.error is not None:
        return str(record.error.kind.__name__)
    return "no answer yet" if record.status is None else str(record.status)


async def _turns(pending: Callable[[], bool]) -> None:
    """Let the event loop turn, until nothing is pending, or what is waits for something else."""
    for _ in range(_TURNS):
        if not pending():
            break
        await asyncio.sleep(0)
    for _ in range(_TAKEN):
        await asyncio.sleep(0)

"""What a registry has mounted, and what handlers let out.

Law of this room: what is mounted runs as long as it is mounted and the registry active, and ends with that; an
exception that a handler lets out is told to the test, unless the test has said that it is meant.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Any

from .addresses.address import place_of
from .addresses.mounted import Mounted, mounted_at
from .errors import HandlerError, OptionTypeError
from .legible import legible
from .origin import caller
from .records.failed import HandlerFailure

if TYPE_CHECKING:
    from contextvars import Context

    from yarl import URL

    from .addresses.address import MountedBeneath
    from .ledger import Ledger
    from .live.mount import Mount
    from .route import Route

__unittest = True  # unittest leaves the frames of such a module out of its tracebacks, as pytest those with a mark


class Hosting:
    """What is mounted in a registry."""

    _activation: Any
    _context: Context | None
    """What handlers inherit; by default nothing."""
    _ledger: Ledger
    _takes_paths: bool

    def __init__(self) -> None:
        self.handler_errors: list[HandlerFailure] = []
        """Every exception that a handler or a mounted application let out; empty it to say that it was meant."""
        self._hosts: list[Any] = []

    @legible
    def mount(self, uri: object, app: Any, *, expect_errors: bool = False, handler_cancellation: bool = False) -> Mount:
        """Answer every request at and below an address that no registered route answers.

        Of several mounts, the one nearest to the request answers; another one at the same address takes its place. An
        application is started by its first request, in that one's event loop, and ended by `clear()`, `remove()`,
        `deactivate()`, or with the event loop.

        Args:
            uri: an absolute URL without a query. In a registry that is not active, a path, for `include`.
            app: an `aiohttp.web.Application`, whose routes begin at `uri`; a `web.Server` or a handler, which get every
                request as it is; or an ASGI or WSGI application.
            expect_errors: True if exceptions that its handlers let out are meant; the client gets a 500 all the same.
            handler_cancellation: True cancels a handler when its client is gone, as aiohttp's setting of that name.

        Raises:
            OptionTypeError: (a `TypeError`) it is nothing that can be mounted, or one of the rest is of the wrong kind.
            OptionValueError: (a `ValueError`) nothing can be mounted at such an address.
        """
        from .replies.outcome import check_expects  # noqa: PLC0415 - few tests mount anything

        check_expects(expect_errors)
        if not isinstance(handler_cancellation, bool):
            raise OptionTypeError(
                f"handler_cancellation={handler_cancellation!r} is not a bool. Give True, or leave it out."
            )
        where = place_of(uri, beneath=self._takes_paths and self._activation is None)
        return self._hang(where, app, expect_errors=expect_errors, handler_cancellation=handler_cancellation)

    # -- for the rooms below

    def mount_over(self, uri: URL, app: Any) -> Mount:
        """For `controlled()`: what is mounted at the address already stays, and answers again when this is removed."""
        where = mounted_at(uri)
        where.same = (where.same, object())  # so that it takes nobody's place
        return self._hang(where, app, expect_errors=False, handler_cancellation=True)

    def _hang(
        self, where: Mounted | MountedBeneath, app: Any, *, expect_errors: bool, handler_cancellation: bool
    ) -> Mount:
        from .live.mount import Mount  # noqa: PLC0415 - few tests mount anything

        made = Mount(
            where,
            app,
            expect_errors=expect_errors,
            handler_cancellation=handler_cancellation,
            origin=caller(),
            home=self,
        )
        self._enter(made)
        return made

    def host_of(self, mount: Mount, where: Mounted | MountedBeneath) -> Any:
        """Where it runs: with the same application below the same path, together."""
        app, cancels = mount.app, mount.handler_cancellation
        if not isinstance(where, Mounted):  # in a bundle, where it never runs
            return _host(app, where.name, "", handler_cancellation=cancels, on_failure=_nobody)
        url = where.url
        for known in self._hosts:
            if known.is_of(app, where.prefix, handler_cancellation=cancels):
                return known

        def failed(error: BaseException) -> None:
            if not mount.expect_errors:
                self.handler_errors.append(HandlerFailure(error, None, url, mount))

        made = _host(
            app, where.name, where.prefix, handler_cancellation=cancels, on_failure=failed, context=self._context
        )
        self._hosts.append(made)
        return made

    def ready(self, url: URL) -> bool:
        """Whether what is mounted there need not be started in the event loop that is running."""
        mount = self._mounted(url)
        return mount is None or mount.host.ready()

    async def start(self, url: URL) -> None:
        """Start what is mounted there."""
        mount = self._mounted(url)
        if mount is not None:
            await mount.host.start()

    def failed(self, reply: Any, record: Any, error: BaseException) -> None:
        """Take note of what a handler let out."""
        if record.status is not None:
            record.ended(error)  # in the midst of its answer
        if not reply.expects_errors:
            self.handler_errors.append(HandlerFailure(error, record.method, record.url, record.route))

    def _mounted(self, url: URL) -> Route | None:
        return self._ledger.mounted(url)

    def _end_all(self) -> None:
        for host in self._hosts:
            host.end()

    def _end_unmounted(self) -> None:
        """End what is mounted nowhere any more."""
        used = {id(route.host) for route in self._ledger.routes() if route.host is not None}
        gone = [host for host in self._hosts if id(host) not in used]
        self._hosts = [host for host in self._hosts if id(host) in used]
        for host in gone:
            host.end()

    def _raise_failures(self) -> None:
        __tracebackhide__ = True
        if not self.handler_errors:
            return
        from .diagnosis import failed  # noqa: PLC0415 - only when something has failed

        if found := failed.untold(self.handler_errors):
            raise HandlerError(failed.sentence(found)) from found[0].error

    @abstractmethod
    def _enter(self, *routes: Route) -> None: ...


def _host(app: Any, *place: str, **how: Any) -> Any:
    from .live import hosts  # noqa: PLC0415 - aiohttp.web, 10 ms that few tests need
    from .replies.outcome import check_handler  # noqa: PLC0415 - as above

    found = hosts.host(app, *place, **how)
    if found is not None:
        return found
    try:
        check_handler(app)
    except OptionTypeError:
        pass
    else:
        return hosts.Host(app, *place, **how)
    raise OptionTypeError(
        f"mount(..., {app!r}): that can't be mounted. Give an aiohttp.web.Application, a web.Server, a handler (a "
        "function that takes a request and returns a response), or an ASGI or WSGI application."
    )


def _nobody(error: BaseException) -> None:
    """Is told of nothing."""

"""What `mount()` returns: the handle of something that answers all requests below an address.

Law of this room: it is a route as far as that makes sense, and says so where it does not.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NoReturn

from multidict import CIMultiDict

from ..addresses.mounted import Mounted
from ..errors import OptionTypeError
from ..replies.reply import Reply
from ..replies.succession import Succession
from ..route import Route

if TYPE_CHECKING:
    from ..addresses.address import Address, MountedBeneath
    from ..origin import Origin
    from ..route import Home


class Answer(Reply):
    """Whatever the application says."""

    def __init__(self, host: Any, *, expects_errors: bool) -> None:
        super().__init__(headers=CIMultiDict(), handler=host.handler, expects_errors=expects_errors)
        self.host = host


class Mount(Route):
    """An application, a server or a handler, for every request at and below an address that no route answers.

    It says what came by, and can be removed. It need not be called for `assert_all_called`.
    """

    def __init__(
        self,
        address: Mounted | MountedBeneath,
        app: Any,
        *,
        expect_errors: bool,
        handler_cancellation: bool,
        origin: Origin,
        home: Any,
    ) -> None:
        self.app = app
        """What is mounted."""
        self.expect_errors = expect_errors
        """Whether exceptions that its handlers let out are meant."""
        self.handler_cancellation = handler_cancellation
        """Whether a handler is cancelled when its client is gone."""
        self.host = home.host_of(self, address)
        words: dict[str, Any] = {"expect_errors": expect_errors, "handler_cancellation": handler_cancellation}
        written = {"app": app, **{word: said for word, said in words.items() if said}}
        answer = Answer(self.host, expects_errors=expect_errors)
        super().__init__(
            "*",
            address,
            (),
            Succession([answer], times=float("inf"), then="repeat", shown=written, written=written),
            asking={},
            as_json=False,
            optional=True,
            origin=origin,
            home=home,
        )

    def anew(self, address: Address, asking: Mapping[str, Any], home: Home) -> Mount:
        """The same mount in another registry; what is mounted runs there apart."""
        assert isinstance(address, Mounted)
        return Mount(
            address,
            self.app,
            expect_errors=self.expect_errors,
            handler_cancellation=self.handler_cancellation,
            origin=self.origin,
            home=home,
        )

    def replace(self, **options: Any) -> NoReturn:
        """A mount can't be told to say something else; mount something else at the same address.

        Raises:
            OptionTypeError: always.
        """
        raise OptionTypeError(
            "replace() says what a registered route is to answer, and a mount answers what its application says. "
            f"Mount another one in its place: mount({self.address.name!r}, ...)."
        )

    def __repr__(self) -> str:
        words = "".join(f", {word}={said!r}" for word, said in self.succession.written.items() if word != "app")
        return f"<Mount mount({self.address.name!r}, {self.app!r}{words}) at {self.origin}>"

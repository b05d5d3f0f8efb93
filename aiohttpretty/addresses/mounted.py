"""The address of a mount: all addresses at and below one.

Law of this room: below are whole segments of the path, compared as everywhere: `/v1` has `/v1/x` below it, not `/v1x`.
"""

from __future__ import annotations

from collections.abc import Iterator
from types import MappingProxyType

from yarl import URL

from ..errors import OptionValueError
from ..legible import legible
from .template import Info
from .uri import absolute, key

_NOTHING: Info = MappingProxyType({})


class Mounted:
    """All addresses at and below one."""

    query = None
    marks: tuple[object, ...] = ()
    """Nothing covers it; it comes behind everything else."""
    sought: tuple[object, ...] = ()

    def __init__(self, url: URL, name: str) -> None:
        self.url = url
        """The address at which it is mounted."""
        self.name = name
        """As `registry` lists it."""
        self.start = key(url).address.rstrip("/")
        """The beginning of all addresses below it, as `uri.key` writes them, without the slash."""
        self.same: object = ("mounted", self.start)
        """Equal for two mounts at one address."""
        self.prefix = url.path.rstrip("/")
        """The path, decoded, without the slash at its end; empty at the root."""

    def fits(self, url: URL) -> Info | None:
        """Nothing is variable in it; None if an address is not below it."""
        where = key(url).address
        return _NOTHING if where == self.start or where.startswith(self.start + "/") else None

    def covers(self, other: object) -> bool:
        """Nothing."""
        return False


@legible
def mounted_at(uri: object, where: str = "mount({}, ...)") -> Mounted:
    """The address of a mount; `where` is what was called with it.

    Raises:
        OptionValueError: it is no absolute URL, or one with a variable, a query or a fragment.
    """
    text = str(uri)
    said = where.format(repr(text))
    if "{" in text or "}" in text:
        raise OptionValueError(
            f"{said}: a mount has no variables, and answers everything below its address. Give the part before the "
            "first one, and leave the variables to the application's own routes."
        )
    url = absolute(uri)
    if "?" in text or "#" in text:
        raise OptionValueError(
            f"{said}: the address has a query or a fragment, and nothing can be below that. Give it "
            "without; the query is left to what is mounted."
        )
    return Mounted(url, text)


def beginnings(where: str) -> Iterator[str]:
    """The address (as `uri.key` writes it) and those that it is below, the longest first, as `start` is written."""
    at = where.rstrip("/")
    while True:
        yield at
        # https:// is eight characters long; with a host and a port, the shortest origin is no shorter
        end = at.rfind("/", 8)
        if end < 0:
            return
        at = at[:end]

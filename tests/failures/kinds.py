"""One kind of failure: when it comes, the code that leads to it, and all that it prints; and the page of all kinds."""

from collections.abc import Sequence
from typing import NamedTuple

HEAD = """\
# What a failure says

Each kind of failure, with code that leads to it and all that it prints. Where nothing else is said, the mock is active,
`session` is an `aiohttp.ClientSession()`, and the code stands in `test_it.py`, whose lines are the ones that are named.
Secrets (`Authorization`, `Cookie`, names like `password` and `token`) are masked wherever they are shown.

<!-- Made from tests/failures. To write it anew: python -m pytest tests/failures --write-failures -->
"""


class Kind(NamedTuple):
    """One kind of failure."""

    title: str
    said: str
    """When it comes, and what to do."""
    code: str
    prints: str

    @property
    def source(self) -> str:
        """The code, without the line on which its literal begins."""
        return self.code.lstrip("\n")

    @property
    def text(self) -> str:
        """What it prints, without the lines on which its literal begins and ends."""
        return self.prints.strip("\n")


class Section(NamedTuple):
    """A part of the page: kinds that come about in the same way."""

    title: str
    said: str
    kinds: Sequence[Kind]


def page(sections: Sequence[Section]) -> str:
    """The whole page."""
    return HEAD + "".join(f"\n## {title}\n\n{said}\n{''.join(map(_told, kinds))}" for title, said, kinds in sections)


def _told(kind: Kind) -> str:
    # `py`, because blocks of `python` are for examples that pass
    return f"\n### {kind.title}\n\n{kind.said}\n\n```py\n{kind.source}```\n\n```text\n{kind.text}\n```\n"

"""Forms read from the bytes of a body: urlencoded and multipart.

Law of this room: bytes stay bytes. A multipart body is cut at its delimiters and nowhere else, so that any content
comes out as it went in. The errors are plain `ValueError`s, in words that are a reason.
"""

from __future__ import annotations

import re
from binascii import Error as BinasciiError
from binascii import a2b_base64, a2b_qp
from collections.abc import Callable
from typing import NamedTuple
from urllib.parse import unquote, unquote_to_bytes

from multidict import CIMultiDict

from ..coding import decode
from .leaf import Content

# RFC 9110, 5.6.6: parameters are tokens or quoted strings; a value that is neither is taken up to the next semicolon
_PARAMETER = re.compile(r';\s*([^\s=;]+)\s*=\s*("(?:[^"\\]|\\.)*"|[^;]*)', re.DOTALL)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


class Valued(NamedTuple):
    """A header's value and its parameters, such as `text/plain; charset=utf-8`; value and names in lower case."""

    value: str
    parameters: dict[str, str]

    @property
    def charset(self) -> str:
        """The charset; UTF-8 if there is none (RFC 7578, 5.1.2)."""
        return self.parameters.get("charset") or "utf-8"


class Part(NamedTuple):
    """One part of a multipart body."""

    name: str | None
    filename: str | None
    content_type: str
    content: Content
    headers: CIMultiDict[str]


def valued(header: str) -> Valued:
    """Take a header apart; of two parameters of one name the first counts, and `name*` (RFC 8187) before `name`."""
    value = header.partition(";")[0].strip().lower()
    plain: dict[str, str] = {}
    extended: dict[str, str] = {}
    for name, raw in _PARAMETER.findall(header):
        text = _ESCAPED.sub(r"\1", raw[1:-1]) if len(raw) > 1 and raw[0] == raw[-1] == '"' else raw.strip()
        if name.endswith("*"):
            charset, _, rest = text.partition("'")
            extended.setdefault(name[:-1].lower(), _percent_decoded(rest.partition("'")[2], charset or "utf-8"))
        else:
            plain.setdefault(name.lower(), text)
    return Valued(value, {**plain, **extended})


def _percent_decoded(text: str, charset: str) -> str:
    try:
        return unquote(text, charset)
    except (LookupError, ValueError):  # no such charset
        return text


def urlencoded(content: bytes, charset: str) -> list[tuple[str, str]]:
    """The pairs of an application/x-www-form-urlencoded body (URL Standard, 5.1).

    Raises:
        ValueError: there is no such charset.
    """
    pairs = (piece.partition(b"=") for piece in content.split(b"&") if piece)
    try:
        return [(_urldecoded(name, charset), _urldecoded(value, charset)) for name, _, value in pairs]
    except (LookupError, UnicodeError) as error:
        raise ValueError(f"the charset {charset!r} of the form is not known") from error


def _urldecoded(raw: bytes, charset: str) -> str:
    return unquote_to_bytes(raw.replace(b"+", b" ")).decode(charset, "replace")


def parts(content: bytes, boundary: str) -> list[Part]:
    """The parts of a multipart body (RFC 2046, 5.1).

    Raises:
        ValueError: it breaks off, or a part can't be read.
    """
    mark = re.escape(boundary.encode("utf-8", "surrogateescape"))
    # Only a whole line is a delimiter: the boundary may be the beginning of what stands in a part's content. The line
    # break before it belongs to it, the one behind it to the part: one may serve two delimiters.
    delimiter = re.compile(rb"\r\n--" + mark + rb"(--)?[ \t]*(?=\r\n|\Z)")
    content = b"\r\n" + content  # the first one may be the very beginning
    start: int | None = None
    found: list[Part] = []
    for match in delimiter.finditer(content):
        if start is not None:
            found.append(_part(content[start : match.start()], len(found) + 1))
        if match[1] is not None:
            return found
        start = match.end()
    raise ValueError(f"the multipart body breaks off: its last delimiter, --{boundary}--, is missing")


def _part(raw: bytes, number: int) -> Part:
    head, blank, content = raw.partition(b"\r\n\r\n")
    # a part may end with its headers (RFC 2046, 5.1.1); then the blank line is the line break before the delimiter
    if not blank and not raw.endswith(b"\r\n"):
        raise ValueError(f"part {number} of the multipart body has no blank line behind its headers")
    headers = _headers(head)
    disposition = valued(headers.get("Content-Disposition", "")).parameters
    try:
        content = _TRANSFER[headers.get("Content-Transfer-Encoding", "binary").strip().lower()](content)
        content = decode(", ".join(headers.getall("Content-Encoding", ())), content)
    except KeyError as error:
        raise ValueError(f"part {number} of the multipart body has the unknown transfer encoding {error}") from error
    except BinasciiError as error:
        raise ValueError(f"part {number} of the multipart body is not base64 ({error})") from error
    except ValueError as error:
        raise ValueError(f"part {number} of the multipart body can't be decoded: {error}") from error
    content_type = headers.get("Content-Type", "text/plain")  # the default of RFC 7578, 4.4
    return Part(
        name=disposition.get("name"),
        filename=disposition.get("filename"),
        content_type=content_type,
        content=Content(content, valued(content_type).charset),
        headers=headers,
    )


def _headers(head: bytes) -> CIMultiDict[str]:
    headers: CIMultiDict[str] = CIMultiDict()
    unfolded = re.sub(rb"\r\n(?=[ \t])", b"", head)
    for line in unfolded.split(b"\r\n"):
        name, colon, value = line.partition(b":")
        if colon:
            headers.add(name.strip().decode("utf-8", "replace"), value.strip().decode("utf-8", "surrogateescape"))
    return headers


# RFC 2045, 6
_TRANSFER: dict[str, Callable[[bytes], bytes]] = {
    "7bit": bytes,
    "8bit": bytes,
    "binary": bytes,
    "base64": a2b_base64,
    "quoted-printable": a2b_qp,
}

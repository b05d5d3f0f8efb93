"""A request as a matcher sees it, made by hand."""

from types import SimpleNamespace

from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from aiohttpretty.coding import decode

FORM = "application/x-www-form-urlencoded"


class Asked(SimpleNamespace):
    """Only what a matcher may look at."""

    @property
    def content(self):
        return decode(self.request_headers.get("Content-Encoding", ""), self.body)


def asked(body=b"", content_type=None, *, url="http://example.com/", headers=()):
    """A request; `headers` are a mapping or pairs."""
    given = CIMultiDict(headers)
    if content_type is not None:
        given["Content-Type"] = content_type
    return Asked(method="POST", url=URL(url), body=body, request_headers=CIMultiDictProxy(given), match_info={})


def multipart(*parts, boundary="b"):
    """A multipart request, written by hand: each part is (headers, content)."""
    mark = boundary.encode()
    lines = b"".join(b"--%b\r\n%b\r\n%b\r\n" % (mark, _head(headers), content) for headers, content in parts)
    return asked(lines + b"--%b--\r\n" % mark, f'multipart/form-data; boundary="{boundary}"')


def field(name, content, *more):
    """A part of a form."""
    return [f'Content-Disposition: form-data; name="{name}"', *more], content


def _head(headers):
    return b"".join(line.encode() + b"\r\n" for line in headers)

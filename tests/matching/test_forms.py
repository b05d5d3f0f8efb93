"""Forms as clients write them: any field, any boundary, any content."""

import asyncio
import io
import re
from urllib.parse import urlencode

import aiohttp
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from aiohttpretty import match

from .asking import FORM, asked, field, multipart

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
PAIRS = st.lists(st.tuples(TEXT, TEXT), max_size=5)
# RFC 2046, 5.1.1
BOUNDARIES = st.from_regex(
    re.compile(r"[0-9A-Za-z'()+_,./:=? -]{0,69}[0-9A-Za-z'()+_,./:=?-]", re.ASCII), fullmatch=True
)
CONTENTS = st.binary(max_size=30) | st.lists(st.sampled_from([b"\r", b"\n", b"-", b"b", b" ", b"\0"])).map(b"".join)
# a name with a line break is none that aiohttp sends
NAMES = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=6)


class Sink:
    """What aiohttp writes a payload to."""

    def __init__(self):
        self.written = b""

    async def write(self, chunk):
        self.written += chunk


def written(payload):
    sink = Sink()
    asyncio.run(payload.write(sink))  # aiohttp 3.11 reads a file in a thread
    return asked(sink.written, payload.headers["Content-Type"])


@given(PAIRS, PAIRS)
def test_a_form_is_a_multiset(pairs, others):
    """What `urlencode` writes fits its own pairs in any order, and no others."""
    request = asked(urlencode(pairs).encode(), FORM)
    assert match.form(pairs[::-1]).why_not(request) is None
    assert (match.form(others).why_not(request) is None) is (sorted(pairs) == sorted(others))


def test_a_name_in_a_charset_that_there_is_not():
    """A parameter whose charset nobody knows stays as it came, and is no error."""
    request = multipart((["Content-Disposition: form-data; name=f; filename*=never''a%20b"], b""))
    assert match.multipart({"f": match.file(filename="a%20b")}).why_not(request) is None


@pytest.mark.parametrize(
    "written, meant",
    [
        *[("a", "a"), ('"a"', "a"), ('"a;b"', "a;b"), (r'"a\"b\\"', 'a"b\\'), ('""', "")],
        *[("", ""), ('"', '"'), ('"a', '"a'), ('a"', 'a"'), ('!"', '!"')],
    ],
)
def test_a_name_in_quotes_or_without(written, meant):
    """Quotes around a parameter are no part of it, with what is escaped in them; any others are."""
    request = multipart(([f"Content-Disposition: form-data; name={written}"], b"1"))
    assert match.multipart({meant: "1"}).why_not(request) is None


@given(st.binary(max_size=30))
def test_no_form_is_too_strange(body):
    """Any bytes are read as a form without an error."""
    assert match.form({"never": "there"}).why_not(asked(body, FORM)) is not None
    assert match.multipart({"never": "there"}).why_not(asked(body, "multipart/form-data; boundary=b")) is not None


@given(st.lists(st.tuples(st.sampled_from("ab"), CONTENTS), max_size=4), BOUNDARIES)
def test_any_content_within_any_boundary(pairs, boundary):
    """What is written by hand comes out as it went in, unless it holds the delimiter."""
    assume(not any(f"--{boundary}".encode() in b"\r\n" + content for _, content in pairs))
    request = multipart(*(field(*pair) for pair in pairs), boundary=boundary)
    assert match.multipart(pairs[::-1]).why_not(request) is None
    assert match.multipart([*pairs, ("a", b"")]).why_not(request) is not None


@given(st.lists(st.tuples(NAMES, CONTENTS), min_size=1, max_size=4), BOUNDARIES)
def test_what_the_writer_of_aiohttp_writes(pairs, boundary):
    """The parts of a MultipartWriter fit, whatever its boundary."""
    assume(not any(f"--{boundary}".encode() in content for _, content in pairs))
    writer = aiohttp.MultipartWriter("form-data", boundary=boundary)
    for name, content in pairs:
        payload = aiohttp.BytesPayload(content)
        payload.set_content_disposition("form-data", quote_fields=False, name=name)
        writer.append_payload(payload)
    assert match.multipart(pairs).why_not(written(writer)) is None


@given(NAMES, NAMES, CONTENTS, st.booleans())
def test_what_a_form_of_aiohttp_writes(name, filename, content, quote_fields):
    """Names and filenames of FormData fit, encoded or not; type and content too."""
    form = aiohttp.FormData(quote_fields=quote_fields)
    form.add_field(name, io.BytesIO(content), filename=filename, content_type="image/png")
    form.add_field("text", "ä")
    expected = match.file(filename=filename, content=content, content_type="image/png")
    fields = {name: expected, "text": "ä"} if name != "text" else {"text": [expected, "ä"]}
    assert match.multipart(fields).why_not(written(form())) is None


@pytest.mark.parametrize("transfer", ["base64", "quoted-printable", "binary"])
@pytest.mark.parametrize("coding", ["gzip", "deflate", "identity"])
async def test_parts_encoded_for_the_way(coding, transfer):
    """Transfer and content encodings of a part are undone, in that order."""
    content = bytes(range(256)) * 20
    writer = aiohttp.MultipartWriter("mixed")
    writer.append(content, {"Content-Encoding": coding, "Content-Transfer-Encoding": transfer})
    writer.append_json({"a": 1})
    sink = Sink()
    await writer.write(sink)
    request = asked(sink.written, writer.headers["Content-Type"])
    assert match.multipart({None: [content, '{"a": 1}']}).why_not(request) is None

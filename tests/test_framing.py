"""Where a request ends, whatever the pieces in which it comes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiohttpretty.wire.framing import Progress, RequestReader

HEAD = b"POST / HTTP/1.1\r\nHost: h\r\n"


def read(*pieces):
    """Feed the pieces; the reader and how far it came with each."""
    reader = RequestReader()
    return reader, [reader.feed(piece) for piece in pieces]


def chunked(*chunks):
    return b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in (*chunks, b""))


def test_a_request_without_a_body():
    """A head that announces nothing is a whole request."""
    reader, progress = read(HEAD + b"\r\n")
    assert progress == [Progress.COMPLETE]
    assert (reader.head, reader.body) == (HEAD + b"\r\n", [])


@given(body=st.binary(), cuts=st.lists(st.integers(0, 200)))
@pytest.mark.parametrize("field", [b"Content-Length", b"content-length"])
def test_content_length(field, body, cuts):
    """A body of announced length is found, however the bytes are cut."""
    whole = HEAD + b"%b: %d\r\n\r\n" % (field, len(body)) + body
    assert_found(whole, cuts, body)


@given(chunks=st.lists(st.binary(min_size=1)), cuts=st.lists(st.integers(0, 200)))
@pytest.mark.parametrize("field", [b"Transfer-Encoding: chunked", b"transfer-encoding: gzip, Chunked"])
def test_chunks(field, chunks, cuts):
    """A chunked body is found and loses its framing, however the bytes are cut."""
    whole = HEAD + field + b"\r\n\r\n" + chunked(*chunks)
    assert_found(whole, cuts, b"".join(chunks))


def assert_found(whole, cuts, body):
    edges = sorted({0, len(whole), *(cut for cut in cuts if cut < len(whole))})
    reader, progress = read(*(whole[start:end] for start, end in zip(edges, edges[1:], strict=False)))
    assert progress == [Progress.MORE] * (len(progress) - 1) + [Progress.COMPLETE]
    assert b"".join(reader.body) == body
    assert whole.startswith(reader.head)
    assert reader.head.endswith(b"\r\n\r\n")


def test_expect():
    """A client that waits for 100 Continue is told so, once, before the body."""
    _, progress = read(HEAD + b"Expect: 100-continue\r\nContent-Length: 2\r\n\r\n", b"a", b"b")
    assert progress == [Progress.CONTINUE, Progress.MORE, Progress.COMPLETE]


def test_expect_with_the_body_at_once():
    """A client that does not wait for the answer to its Expect gets none."""
    _, progress = read(HEAD + b"Expect: 100-continue\r\nContent-Length: 2\r\n\r\nab")
    assert progress == [Progress.COMPLETE]


def test_expect_without_a_body():
    """A client that waits for 100 Continue with nothing to send is not waited for, and there is no piece of a body."""
    reader, progress = read(HEAD + b"Expect: 100-continue\r\n\r\n", b"")
    assert progress == [Progress.CONTINUE, Progress.COMPLETE]
    assert reader.body == []


@pytest.mark.parametrize(
    "bytes_",
    [
        HEAD + b"Transfer-Encoding: chunked\r\n\r\nplain body\r\n",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + b"a plain body without any line break in it",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabcdefgh\r\n",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n\r\n",
        HEAD + b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n",
        HEAD + b"Content-Length: 2\r\n\r\nabc",
        HEAD + b"Content-Length: two\r\n\r\nab",
    ],
)
def test_broken(bytes_):
    """A body that does not follow its announced framing is called broken, not waited for."""
    _, progress = read(bytes_)
    assert progress == [Progress.BROKEN]


def test_a_large_chunk_is_not_copied_together():
    """The pieces of a large chunk are kept as they came: nothing is joined while it is being sent."""
    piece = bytes(1 << 20)
    _, progress = read(
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n400000\r\n", piece, piece, piece, piece, b"\r\n0\r\n\r\n"
    )
    assert progress == [*[Progress.MORE] * 5, Progress.COMPLETE]

"""Whatever a request carries and a condition is, the report says what there is to be said of it, and raises nothing."""

import linecache
import re

import aiohttp
import pytest
from yarl import URL

import aiohttpretty
from aiohttpretty import AioHTTPretty, match

from .failing import failure

URI = "http://example.com/users"


class Equal:
    """Something of a test's own that says itself what equals it, such as a matcher of another library."""

    def __init__(self, text):
        self.text = text

    def __eq__(self, other):
        return False

    __hash__ = None

    def __repr__(self):
        return f"Equal({self.text!r})"


async def refused(condition, **request):
    own = AioHTTPretty()
    own.register_uri("POST", URI, match=condition)
    return await failure(own.fake_request("POST", URI, **request))


DIFFERENCES = {
    "a header that was not to be there": (
        match.header("X", None),
        {"headers": {"X": "a"}},
        "not expected, got 'a'",
    ),
    "a number for a header": (
        match.header("X", float),
        {"headers": {"X": "1,5"}},
        "expected float, got '1,5'",
    ),
    "a text for a body that is none": (
        match.body("abc"),
        {"data": b"\xff\xfe"},
        r"expected 'abc', got b'\xff\xfe'",
    ),
    "a pattern for a body": (
        match.body(re.compile("abc")),
        {"data": "xyz"},
        "the body is 'xyz', not a match of re.compile('abc')",
    ),
    "a condition inside of JSON": (
        match.json({"a": match.any_order([1, 2]), "b": 1}),
        {"json": {"a": [1], "b": 2}},
        "$.a: it is [1]: no item is left for 2\n$.b: expected 1, got 2",
    ),
    "the secret of a condition inside of JSON": (
        match.json({"a": match.any_order([{"password": "letmein-77"}]), "b": 1}),
        {"json": {"a": [], "b": 1}},
        '$.a: it is []: no item is left for {"password": "***"}',
    ),
    "conditions in a list for something else": (
        match.json({"a": [int, match.any_order([1])]}),
        {"json": {"a": "x"}},
        '$.a: expected [int, match.any_order([1])], got "x"',
    ),
    "an object for a secret": (
        match.json({"password": Equal("letmein-77")}) | match.header("X", "1"),
        {"json": {"password": "other-88"}},
        'the JSON differs at $.password: *** is "***", not ***, and the header X is missing',
    ),
    "a number for a secret": (
        match.json({"token": 12345678}) | match.header("X", "1"),
        {"json": {"token": 87654321}},
        "the JSON differs at $.token: *** is ***, not ***, and the header X is missing",
    ),
}


@pytest.mark.parametrize("case", DIFFERENCES)
async def test_what_differs(case):
    """Each kind of condition says what it expected and what came, in its own words where two values don't tell it."""
    condition, request, told = DIFFERENCES[case]
    error = await refused(condition, **request)
    [miss] = error.candidates[0].misses
    assert miss.difference == told
    assert not [secret for secret in ("letmein", "other-88", "12345678", "87654321") if secret in str(error)]


def form():
    return {"Content-Type": "multipart/form-data; boundary=b"}


async def stream():
    yield b"x"


URLENCODED = "application/x-www-form-urlencoded"
BODIES = {
    "bytes": ({"data": b"\xff\x00"}, r"2 bytes, beginning with b'\xff\x00'"),
    "broken JSON": ({"data": '{"a": '}, '{"a":'),
    "JSON that is too deep to be read": ({"data": "[" * 20_000}, "[" * 80),
    "a charset that there is not": (
        {"data": b"a=1", "headers": {"Content-Type": f"{URLENCODED}; charset=never"}},
        "a=1",
    ),
    "a form that breaks off": ({"data": b"--b\r\nContent", "headers": form()}, "--b⏎Content"),
    "a part that is no text": (
        {
            "data": b'--b\r\nContent-Disposition: form-data; name="raw"\r\n\r\n\xff\x00\r\n'
            b'--b\r\nContent-Disposition: form-data; name="photo"; filename="a.png"\r\n\r\n123\r\n'
            b"--b\r\n\r\nhello\r\n--b--\r\n",
            "headers": form(),
        },
        "raw: a file, 2 bytes, photo: a.png, 3 bytes, a part without a name='hello'",
    ),
    "a coding that it is not in": (
        {"data": b"abc", "headers": {"Content-Encoding": "gzip"}},
        "abc",
    ),
    "a coding that it is in": ({"data": b"abc", "compress": True}, "abc"),
}


@pytest.mark.parametrize("case", BODIES)
async def test_what_was_sent(case):
    """A body is shown as what it is; one that is not what its headers say, as it came."""
    request, told = BODIES[case]
    error = await refused(match.header("X", "never"), **request)
    lines = str(error).split("\n\n")[2].split("\n")
    body = " ".join(line.strip() for line in lines[next(at for at, line in enumerate(lines) if "  body  " in line) :])
    assert body.removeprefix("body").strip().startswith(told)


async def test_a_stream_that_was_not_read():
    """Of a body that is not read to say why nobody wants it, no condition says anything."""
    own = AioHTTPretty()
    own.register_uri("POST", URI + "/1", match=[match.body("abc"), match.header("X", "1") & match.json({"a": 1})])
    error = await failure(own.fake_request("POST", URI, data=stream()))
    told = {verdict.condition: (verdict.fits, verdict.difference) for verdict in error.candidates[0].verdicts}
    assert told["body"] == told["json"] == (None, "the body was not read")
    assert told["header X"] == (False, "expected '1', got nothing")


async def test_a_long_name():
    """A condition with a name that is too long for its column stands on a line of its own."""
    name = "X-" + "Very-" * 6 + "Long"
    error = await refused(match.header(name, "1"))
    assert f"   ✗ header {name}\n{' ' * 37}expected '1', got nothing\n" in str(error)
    assert "   ✓ method                          POST\n" in str(error)


async def test_credentials_that_are_none():
    """What stands in place of credentials is masked wherever it stands, though nobody can read a password in it."""
    headers = {"Authorization": "Basic !letmein-77!", "X-Copy": "see !letmein-77!"}
    error = await refused(match.header("X", "never"), headers=headers)
    assert "Authorization:  Basic ***" in str(error)
    assert "X-Copy:         see ***" in str(error)


async def test_pairs_in_json():
    """Secrets in pairs, as some APIs write headers, are masked like those in an object."""
    error = await refused(match.header("X", "never"), json=[["token", "letmein-77"], ["page", "1"]])
    assert '[["token", "***"], ["page", "1"]]' in str(error)


async def test_a_session_that_reads_addresses_in_its_own_way():
    """What the caller wrote need be no URL: a session of the test's own may know what it means."""

    class Session(aiohttp.ClientSession):
        def _build_url(self, name):
            return URL({"//[users": URI}[name])

    aiohttpretty.register_uri("GET", URI + "/1")
    with aiohttpretty.activate():
        async with Session() as session:
            error = await failure(session.get("//[users"))
    assert "\nCause: only the path differs: /users/1 is registered, /users was asked for.\n" in str(error)


SOURCE = """
async def ask(own):
    await own.fake_request("GET", "http://example.com/users")
    own.register_uri("GET", {address})
"""


@pytest.mark.parametrize("address", ["'http://['", "'/users'", "ADDRESS"])
async def test_further_down_another_address(address):
    """A registration that stands further down is named only if it is one for the address that was asked for."""
    error = await failure(written(SOURCE.format(address=address), ADDRESS=5))
    assert "further down" not in str(error)


async def test_further_down_in_a_file_that_has_changed():
    """Nor if what stands in the file by now can't be read."""
    address = "'http://example.com/users'"
    code = SOURCE.format(address=address)
    assert "it is registered only further down, at told.py:4: after" in str(await failure(written(code)))
    assert "further down" not in str(await failure(written(code, shown="def broken(:" + code)))


def written(code, *, shown=None, **names):
    """The function of a file that has, or had, this code, called."""
    lines = (code if shown is None else shown).splitlines(keepends=True)
    linecache.cache["told.py"] = (0, None, lines, "told.py")
    exec(compile(code, "told.py", "exec"), names)  # noqa: S102
    return names["ask"](AioHTTPretty())

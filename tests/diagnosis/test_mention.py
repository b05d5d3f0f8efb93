"""Secrets are found in a text of any kind, and nothing else is taken for one."""

import asyncio
import io
import json

import aiohttp
import pytest

import aiohttpretty
from aiohttpretty import AioHTTPretty, match
from aiohttpretty.diagnosis import masking
from aiohttpretty.diagnosis.layout import width
from aiohttpretty.records.timeline import timeline

from .failing import failure

URI = "http://example.com/login"
SECRET = "q7SECRETq7"  # noqa: S105 - that is what it is there for

TEXTS = {
    "http://h/?token=x": "http://h/?token=***",
    "http://h/?a=1&token=x&b=2": "http://h/?a=1&token=***&b=2",
    "see http://ann:pw@h/": "see http://ann:***@h/",
    "Authorization: Bearer abc": "Authorization: Bearer ***",
    "Authorization: Bearer abc?token=d&e=f": "Authorization: Bearer ***",
    "curl -H 'Authorization: Bearer abc' x": "curl -H 'Authorization: Bearer ***' x",
    '{"password": "a\\"b", "x": 1}': '{"password": "***", "x": 1}',
    r'{"a": "{\"password\": \"x\", \"b\": 1}"}': r'{"a": "{\"password\": \"***\", \"b\": 1}"}',
    "user[password]=x&a=1": "user[password]=***&a=1",
    "user%5Bpassword%5D=x": "user%5Bpassword%5D=***",
    "a: 1\npassword: two words\nb: 1": "a: 1\npassword: ***\nb: 1",
    "<a><password>x y</password></a>": "<a><password>***</password></a>",
    'form-data; name="password"\r\n\r\nx y\r\n--b--': 'form-data; name="password"\r\n\r\n***\r\n--b--',
    "http://h/?page_token=5&q=a:b": "http://h/?page_token=5&q=a:b",
}


@pytest.mark.parametrize("text", TEXTS)
def test_texts(text):
    """What a text says behind the name of a secret is masked, in a URL, a header, JSON, a form, XML and multipart."""
    assert masking.assigned(text) == TEXTS[text]


def multipart():
    writer = aiohttp.MultipartWriter("form-data")
    for name, value in (("name", "x"), ("password", SECRET)):
        writer.append(value).set_content_disposition("form-data", name=name)
    return writer


REQUESTS = {
    "a query": lambda: {"params": {"token": SECRET}},
    "a nested name": lambda: {"data": {"user[password]": SECRET}},
    "multipart": lambda: {"data": multipart()},
    "JSON in JSON": lambda: {"json": {"a": f'{{"password": "{SECRET}"}}'}},
    "a URL in JSON": lambda: {"json": {"callback": f"http://ann:{SECRET}@h/?token={SECRET}"}},
    "a URL in a header": lambda: {"headers": {"Referer": f"http://h/?token={SECRET}"}},
    "a header in a text": lambda: {"data": f"Authorization: Bearer {SECRET}"},
    "XML": lambda: {"data": f"<login><password>{SECRET}</password></login>"},
}


@pytest.mark.parametrize("name", REQUESTS)
async def test_nothing_shows_it(name):
    """No report, suggestion, repr, description or timeline shows a secret, wherever in the request it stands."""
    own = AioHTTPretty()
    for matcher in (match.json({"x": 1}), match.body("x"), match.form({"x": "1"})):
        own.register_uri("POST", URI, check_params=False, match=matcher)
    error = await failure(own.fake_request("POST", URI, **REQUESTS[name]()))
    shown = [str(error), error.suggestion, repr(error.request), repr(error.candidates), repr(own.unmatched)]
    own.register_uri("POST", URI, check_params=False)
    await own.fake_request("POST", URI, **REQUESTS[name]())
    shown += [repr(own.calls), own.calls[0].describe(), timeline(own.calls, own.unmatched, [], 0.0)]
    for matcher in (match.json({"x": 1}), match.body("x")):
        with pytest.raises(aiohttpretty.VerificationError) as caught:
            own.assert_called("POST", URI, match=matcher)
        shown.append(str(caught.value))
    assert [text for text in shown if SECRET in text] == []


def test_a_masked_difference_is_one():
    """Two texts that differ in their secrets only are said to differ."""
    own = AioHTTPretty()
    own.register_uri("POST", URI, match=match.body("token=abcdef"))
    error = asyncio.run(failure(own.fake_request("POST", URI, data="token=ghijkl")))
    assert error.candidates[0].misses[0].difference == "expected 'token=***', got another value"


def test_whether_there_is_one_is_no_secret():
    """A bool behind such a name is shown, or nobody would see the difference."""
    own = AioHTTPretty()
    own.register_uri("POST", URI, match=match.json({"has_password": True}))
    error = asyncio.run(failure(own.fake_request("POST", URI, json={"has_password": False})))
    assert error.candidates[0].misses[0].difference == "$.has_password: expected true, got false"


async def test_a_large_body():
    """Of a megabyte of JSON, full of secrets, the report says what differs, and looks only at what it shows."""
    items = [{"id": number, "password": f"{SECRET}{number}"} for number in range(20_000)]
    own = AioHTTPretty()
    own.register_uri("POST", URI, match=match.json_contains({"items": match.any_order([])}) | match.body("x"))
    own.register_uri("POST", URI, match=match.json({"items": []}))
    error = await failure(own.fake_request("POST", URI, data=io.BytesIO(json.dumps({"items": items}).encode())))
    assert SECRET not in str(error)
    assert "$.items: expected 0 items, got 20000 items" in str(error)
    assert len(str(error)) < 5000


async def test_a_deep_body():
    """JSON that is nested deeper than Python can go doesn't get in the way of the report."""
    own = AioHTTPretty()
    own.register_uri("POST", URI, match=match.json({"b": 1}))
    body = '{"a":' * 900 + "1" + "}" * 900
    error = await failure(own.fake_request("POST", URI, data=body))
    assert "$.b: expected 1, got nothing" in str(error)


async def test_nothing_reaches_the_terminal():
    """What would move the cursor or colour the terminal is escaped, and wide characters count twice."""
    own = AioHTTPretty()
    own.register_uri("POST", URI, match=match.json({"a": 1}))
    error = await failure(own.fake_request("POST", URI, data="\x1b[31mred\x00 " + "漢字" * 200))
    assert "\\x1b[31mred\\x00" in str(error)
    assert all(line.isprintable() for line in str(error).split("\n"))
    assert max(map(width, str(error).split("\n")[1:])) <= 100

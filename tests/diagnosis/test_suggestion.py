"""The registration that a failure proposes is ready to paste, and answers the request."""

import textwrap

import aiohttp
import pytest

import aiohttpretty
from aiohttpretty import match

URI = "http://example.com/users"

JSON = {"Content-Type": "application/json"}
REQUESTS = {
    "plain": {},
    "params": {"params": [("a", "1"), ("a", "2"), ("é&=", "ü ?/%")]},
    "a secret in the query": {"params": {"token": "letmein-77", "page": "1"}},
    "a user": {"headers": {"Authorization": "Basic YW5uOmxldG1laW4tNzc="}},
    "JSON": {"json": {"items": [1, None, "é\n"], "password": "letmein-77"}},
    "JSON that only Python writes": {"data": '{"a": [NaN, Infinity, -1e999]}', "headers": JSON},
    "JSON in another charset": {
        "data": '{"a": "Ã¤"}'.encode("latin-1"),
        "headers": {"Content-Type": "application/json; charset=latin-1"},
    },
    "deep JSON": {"data": "[" * 90 + "]" * 90, "headers": JSON},
    "JSON that is too deep to be expected": {"data": "[" * 150 + "]" * 150, "headers": JSON},
    "a form in another charset": {
        "data": b"name=Ann+%C4&b",
        "headers": {"Content-Type": "application/x-www-form-urlencoded; charset=latin-1"},
    },
    "a form": {"data": {"name": "Ann Ä", "client_secret": "letmein-77"}},
    "text": {"data": "hello"},
    "headers": {"headers": {"X-Key": "a", "Authorization": "Bearer letmein-77"}},
    "a cookie": {"cookies": {"sid": "letmein-77"}},
}
CONDITIONS = [
    match.json({"never": 1}),
    match.form({"never": "1"}),
    match.body("never"),
    match.header("X-Key", "never"),
    match.header("Authorization", "never"),
    match.cookie("sid", "never"),
    match.where(lambda request: False),
    match.json({"never": 1}) | match.header("X-Key", None),
]


@pytest.mark.parametrize("with_route", [False, True], ids=["alone", "beside a route"])
@pytest.mark.parametrize("name", REQUESTS)
async def test_it_answers_the_request(name, with_route):
    """Pasted as it is, it answers that request, and holds no secret."""
    if with_route:
        aiohttpretty.register_uri("POST", URI, params=REQUESTS[name].get("params"), match=CONDITIONS[:-1])
    with aiohttpretty.activate():
        async with aiohttp.ClientSession() as session:
            with pytest.raises(aiohttpretty.NoMatchError) as caught:
                await session.post(URI, **REQUESTS[name])
            suggestion = caught.value.suggestion
            assert textwrap.indent(suggestion, "  ") in str(caught.value)
            assert "letmein" not in suggestion
            exec(suggestion, {"aiohttpretty": aiohttpretty})
            async with session.post(URI, **REQUESTS[name]) as response:
                assert await response.read() == b"..."


async def test_it_has_the_conditions_of_the_nearest():
    """Where only the conditions of a route refuse, the proposal has them, too, so that it is tried first."""
    aiohttpretty.register_uri("POST", URI, match=[match.json({"a": 1}), match.header("X-Key", "a")])
    with pytest.raises(aiohttpretty.NoMatchError) as caught:
        await aiohttpretty.fake_request("POST", URI, json={"a": "1"}, headers={"X-Key": "b"})
    assert caught.value.suggestion == (
        "aiohttpretty.register_uri(\n"
        "    'POST',\n"
        "    'http://example.com/users',\n"
        "    match=[aiohttpretty.match.json({'a': '1'}), aiohttpretty.match.header('X-Key', 'b')],\n"
        "    body=b'...',\n"
        ")"
    )

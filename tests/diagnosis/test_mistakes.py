"""A study: the mistakes that testers make, each with what the first ten lines of its report must say."""

import asyncio
import re

import aiohttp
import pytest
from aiohttp import web

import aiohttpretty
from aiohttpretty import AioHTTPretty, match

URI = "http://api.example.com/v1/users"
MISTAKES = {}


def mistake(cause, **session):
    """A function that registers and asks wrongly, and what is to be said of it; `session` are its session's options."""

    def remember(function):
        MISTAKES[function.__name__] = (function, cause, session)
        return function

    return remember


@mistake("only the scheme differs: https is registered, http was asked for")
async def wrong_scheme(session):
    aiohttpretty.register_uri("GET", "https://api.example.com/v1/users")
    await session.get(URI)


@mistake("only the port differs: api.example.com:8080 is registered, api.example.com was asked for")
async def wrong_port(session):
    aiohttpretty.register_uri("GET", "http://api.example.com:8080/v1/users")
    await session.get(URI)


@mistake("only the host differs: api.exmaple.com is registered, api.example.com was asked for")
async def wrong_host(session):
    aiohttpretty.register_uri("GET", "http://api.exmaple.com/v1/users")
    await session.get(URI)


@mistake("no route is registered for the host api.example.com")
async def another_service(session):
    aiohttpretty.register_uri("POST", "http://files.other.org/upload")
    await session.get(URI)


@mistake("only a trailing slash makes the difference: /v1/users/ is registered, /v1/users was asked for")
async def trailing_slash(session):
    aiohttpretty.register_uri("GET", URI + "/")
    await session.get(URI)


@mistake("only a double slash makes the difference: /v1/users is registered, /v1//users was asked for")
async def double_slash(session):
    aiohttpretty.register_uri("GET", URI)
    await session.get("http://api.example.com/v1//users")


@mistake("only the case of the path makes the difference: /v1/Users is registered")
async def case_of_the_path(session):
    aiohttpretty.register_uri("GET", "http://api.example.com/v1/Users")
    await session.get(URI)


@mistake("only a percent-encoding (encoded once, or twice) makes the difference")
async def encoded_twice(session):
    aiohttpretty.register_uri("GET", URI + "/a b")
    await session.get(URI + "/a%2520b")


@mistake("only slashes, the case or percent-encodings make the difference: /v1/Users/ is registered, /v1//users was")
async def several_slips_in_the_path(session):
    aiohttpretty.register_uri("GET", "http://api.example.com/v1/Users/")
    await session.get("http://api.example.com/v1//users")


@mistake("only a percent-encoding (encoded once, or twice) makes the difference: /v1/users%2F1 is registered")
async def a_slash_that_is_encoded(session):
    aiohttpretty.register_uri("GET", URI + "%2F1")
    await session.get(URI + "/1")


@mistake("only the path differs: /v1/user is registered, /v1/users was asked for")
async def a_slip_in_the_path(session):
    aiohttpretty.register_uri("GET", "http://api.example.com/v1/user")
    await session.get(URI)


@mistake("only the path differs: /v1/users/{id} is registered, /v1/users/1/orders was asked for")
async def a_template_of_one_segment(session):
    aiohttpretty.register_uri("GET", URI + "/{id}")
    await session.get(URI + "/1/orders")


@mistake("only the method differs: GET is registered, POST was asked for")
async def wrong_method(session):
    aiohttpretty.register_uri("GET", URI)
    await session.post(URI, data=b"x")


@mistake("only the params differ: page: expected '1', got '2'")
async def wrong_param(session):
    aiohttpretty.register_uri("GET", URI, params={"page": 1})
    await session.get(URI, params={"page": 2})


@mistake("only the params differ: active: expected 'true', got 'True'. Only the case differs; a bool is written 'True'")
async def type_of_a_param(session):
    aiohttpretty.register_uri("GET", URI, params={"active": "true"})
    await session.get(URI, params={"active": str(True)})


@mistake("only the params differ: debug: not expected, got '1'. (check_params=False answers whatever")
async def an_extra_param(session):
    aiohttpretty.register_uri("GET", URI)
    await session.get(URI, params={"debug": 1})


@mistake("only the params differ: page: expected '1', got nothing.")
async def a_missing_param(session):
    aiohttpretty.register_uri("GET", URI, params={"page": 1})
    await session.get(URI)


@mistake("A value is there twice: in the URL and in params=, perhaps")
async def a_param_twice(session):
    aiohttpretty.register_uri("GET", URI, params={"page": 1})
    await session.get(URI + "?page=1", params={"page": 1})


@mistake("Page: expected '1', got nothing; page: not expected, got '1'. Only the case of the name differs.")
async def case_of_a_param(session):
    aiohttpretty.register_uri("GET", URI, params={"Page": 1})
    await session.get(URI, params={"page": 1})


@mistake("One of them is percent-encoded twice")
async def a_param_encoded_twice(session):
    aiohttpretty.register_uri("GET", URI, params={"q": "a b"})
    await session.get(URI, params={"q": "a%20b"})


@mistake("only the header X-Tenant is missing: expected 'blue'")
async def a_missing_header(session):
    aiohttpretty.register_uri("GET", URI, match=match.header("X-Tenant", "blue"))
    await session.get(URI)


@mistake("only the header X-Tenant differs: expected 'blue', got 'green'")
async def a_wrong_header(session):
    aiohttpretty.register_uri("GET", URI, match=match.headers({"X-Tenant": "blue", "Accept": "*/*"}))
    await session.get(URI, headers={"X-Tenant": "green"})


@mistake("only the header Authorization is missing: expected ***")
async def not_logged_in(session):
    aiohttpretty.register_uri("GET", URI, match=match.header("Authorization", "Bearer letmein"))
    await session.get(URI)


@mistake('only the JSON body differs: $.items[1].qty: expected 3, got "3". The type differs: int is expected, str came')
async def a_str_for_an_int(session):
    aiohttpretty.register_uri("POST", URI, match=match.json({"items": [{"qty": 1}, {"qty": 3}]}))
    await session.post(URI, json={"items": [{"qty": 1}, {"qty": "3"}]})


@mistake('only the JSON body differs: $.email: expected "a@example.com", got nothing; $.mail: not expected, got "a@ex')
async def a_wrong_field(session):
    aiohttpretty.register_uri("POST", URI, match=match.json({"email": "a@example.com"}))
    await session.post(URI, json={"mail": "a@example.com"})


@mistake("the body was sent as a form, and the route expects JSON (json=)")
async def a_form_for_json(session):
    aiohttpretty.register_uri("POST", URI, match=match.json({"name": "Ann"}))
    await session.post(URI, data={"name": "Ann"})


@mistake("the body was sent as JSON, and the route expects a form (data={...})")
async def json_for_a_form(session):
    aiohttpretty.register_uri("POST", URI, match=match.form({"name": "Ann"}))
    await session.post(URI, json={"name": "Ann"})


@mistake("all 2 of its responses have been used")
async def exhausted(session):
    aiohttpretty.register_uri("GET", URI, responses=[{"status": 500}, {"status": 200}])
    for _ in range(3):
        await session.get(URI)


@mistake("it is registered only further down, at tests/diagnosis/test_mistakes.py:")
async def registered_after_use(session):
    await session.get(URI)
    aiohttpretty.register_uri("GET", URI)


@mistake("it was registered only afterwards, at tests/diagnosis/test_mistakes.py:")
async def registered_while_a_task_was_running(session):
    task = asyncio.ensure_future(session.get(URI))
    await asyncio.wait([task])
    aiohttpretty.register_json_uri("GET", URI, body=[])
    await task


@mistake("is in another registry, which is not active. Activate that one, too: with the_other.activate()")
async def not_activated(session):
    own = AioHTTPretty()
    own.register_uri("GET", URI)
    await session.get(URI)


@mistake("in a bundle that is not included. Write aiohttpretty.include(the_bundle, base='https://...')")
async def not_included(session):
    bundle = AioHTTPretty()
    bundle.register_uri("GET", "/users")
    await session.get(URI)


@mistake("has been removed since, by remove(). It had answered one request.")
async def removed(session):
    route = aiohttpretty.register_uri("GET", URI)
    await session.get(URI)
    route.remove()
    await session.get(URI)


@mistake("has been cleared since, by clear(), or by the marker or the fixture")
async def cleared(session):
    aiohttpretty.register_uri("GET", URI)
    aiohttpretty.clear()
    await session.get(URI)


@mistake("GET http://api.example.com/v1/users was answered with 302, by the route at tests/diagnosis/test_mistakes.py:")
async def a_hop_of_a_redirect(session):
    aiohttpretty.register_uri("GET", URI, status=302, location="/login")
    await session.get(URI)


@mistake("a leading slash begins at the root of the host, so the path of the base_url is dropped", base="/")
async def a_slash_behind_base_url(session):
    aiohttpretty.register_uri("GET", URI)
    await session.get("/users")


@mistake("To let requests through to it, write aiohttpretty.passthrough('127.0.0.1:")
async def a_server_of_this_process(session):
    runner = web.ServerRunner(web.Server(web.Response))
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        await session.get(f"http://127.0.0.1:{runner.addresses[0][1]}/")
    finally:
        await runner.cleanup()


@mistake("nothing is registered by now")
async def nothing_registered(session):
    await session.get("http://elsewhere.example/")  # another test's route for it would be told as one that is gone


@mistake("a pattern is matched from the start")
async def a_pattern_for_the_path_only(session):
    aiohttpretty.register_uri("GET", re.compile(r"/v1/users"))
    await session.get(URI)


@pytest.mark.parametrize("name", MISTAKES)
async def test_the_report_names_the_cause(name):
    """The true cause stands in the first ten lines of the report."""
    function, cause, options = MISTAKES[name]
    base = "http://api.example.com" + options["base"] if options.get("base") else None
    with aiohttpretty.activate():
        async with aiohttp.ClientSession(base) as session:
            with pytest.raises(aiohttpretty.UnansweredError) as caught:
                await function(session)
    first = " ".join(str(caught.value).split("\n")[:10])
    assert cause in re.sub(" +", " ", first)


def test_there_are_enough():
    """The study holds thirty mistakes or more."""
    assert len(MISTAKES) >= 30

"""No secret is in any report."""

import asyncio
import json
import string

import pytest
from dirty_equals import IsStr
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from yarl import URL

import aiohttpretty
from aiohttpretty import AioHTTPretty, match
from aiohttpretty.diagnosis import masking

from .failing import failure

# With a beginning that no report's own words have
SECRET = (
    st.text(string.ascii_letters + string.digits + "-_.~+/=é$%&;,\"'\\ ", min_size=6, max_size=120)
    .map(lambda text: f"q7{text}")
    .filter(lambda text: text == text.strip() and len(set(text)) > 4)
)
URI = "http://example.com/login"


def shows(error, *secrets):
    verdicts = [verdict for candidate in error.candidates for verdict in candidate.verdicts]
    told = f"{error}\n{error.suggestion}\n{verdicts}\n{error.request!r}"
    return [secret for secret in secrets if secret in told]


@settings(max_examples=30, deadline=None)
@given(SECRET, SECRET)
@example("x" * 90 + "abcdefgh", "y" * 90 + "abcdefgh")  # longer than what is shown, with one end
def test_json(expected, sent):
    """Neither the expected nor the sent value of a field with a secret's name is shown, wherever it differs."""
    own = AioHTTPretty()
    own.register_uri("POST", URI, match=match.json({"user": 1, "deep": [{"password": expected}]}))
    own.register_uri("POST", URI, match=match.json({"user": {"api_key": expected}}) | match.body(expected))
    own.register_uri("POST", URI, match=~match.json_contains({"deep": [{"password": sent}]}))
    asked = own.fake_request("POST", URI, json={"user": {"api_key": sent}, "deep": [{"password": sent}]})
    assert shows(asyncio.run(failure(asked)), sent, json.dumps(sent)[1:-1]) == []


@settings(max_examples=30, deadline=None)
@given(SECRET, SECRET)
def test_query_and_form(expected, sent):
    """The same for a query and a form."""
    own = AioHTTPretty()
    own.register_uri("POST", URI, params={"token": expected}, match=match.form({"client_secret": expected}))
    own.register_uri("POST", URI + "/x", match=match.params_contain({"access_token": expected}))
    asked = own.fake_request("POST", URI, params={"token": sent}, data={"client_secret": sent, "a": "1"})
    error = asyncio.run(failure(asked))
    assert shows(error, expected, sent, str(URL.build(query={"": sent}))[2:]) == []


HEADER = st.text(string.ascii_letters + string.digits + "-_.~+/=", min_size=6, max_size=60).map(
    lambda text: f"q7{text}"
)


@settings(max_examples=30, deadline=None)
@given(HEADER, HEADER)
def test_headers_and_cookies(expected, sent):
    """The same for headers and cookies."""
    assume(expected != sent)
    own = AioHTTPretty()
    conditions = match.header("X-Api-Key", expected) & match.cookie("sid", expected) & match.basic_auth("ann", expected)
    own.register_uri("GET", URI, match=conditions)
    own.register_uri("GET", URI, match=match.header("Authorization", f"Bearer {expected}"))
    headers = {"X-Api-Key": sent, "Authorization": f"Bearer {sent}", "X-Copy": f"see {sent}"}
    error = asyncio.run(failure(own.fake_request("GET", URI, headers=headers, cookies={"sid": sent})))
    assert shows(error, expected, sent) == []


async def test_the_password_in_an_address():
    """A password in the address isn't shown, either."""
    error = await failure(aiohttpretty.fake_request("GET", "http://ann:letmein-77@example.com/"))
    assert shows(error, "letmein-77") == []


@pytest.mark.parametrize("name", ["Password", "new_password", "client-secret", "apiKey", "X-API-Key", "access_token"])
def test_names_of_secrets(name):
    """Secrets are known by their names, in any writing."""
    assert masking.is_secret(name)


@pytest.mark.parametrize(
    "name", ["page", "max_tokens", "nextPageToken", "tokenizer", "author", "key", "assignature_id"]
)
def test_other_names(name):
    """What only sounds like it is shown: a report without the difference is none."""
    assert not masking.is_secret(name)


def test_that_they_differ_is_said():
    """The report says that two secrets differ, without either."""
    own = AioHTTPretty()
    own.register_uri("GET", URI, match=match.header("Authorization", "Bearer aaaaaaaa"))
    error = asyncio.run(failure(own.fake_request("GET", URI, headers={"Authorization": "Bearer bbbbbbbb"})))
    assert error.candidates[0].misses[0].difference == "expected ***, got another value"


@pytest.mark.parametrize(
    ("text", "secrets"),
    [
        ("q7secret", {"q7secret"}),
        ("Bearer q7secret", {"Bearer q7secret", "q7secret"}),
        ("Basic YW5uOnE3OnNlY3JldA==", {"Basic YW5uOnE3OnNlY3JldA==", "YW5uOnE3OnNlY3JldA==", "q7:secret"}),
        ("Basic q7s", {"Basic q7s", "q7s"}),
    ],
)
def test_what_is_secret_in_an_authorization(text, secrets):
    """All of it, what stands behind the scheme, and a password that is written in base64; no more of other schemes."""
    assert set(masking.of_request(URL(URI), [("Authorization", text)], None)) == secrets


@pytest.mark.parametrize(
    ("expected", "secrets"),
    [
        (match.json({"password": 123456, "page": 654321}), {"123456"}),
        (match.json({"password": [1.5, {"a": "x"}]}), {"1.5", "x"}),
        (match.json({"password": True}), set()),
        (match.json({"password": IsStr(min_length=7), "page": IsStr(min_length=8)}), {"IsStr(min_length=7)"}),
    ],
)
def test_what_is_secret_in_what_is_expected(expected, secrets):
    """Numbers below a secret's name, too, and objects that are asked, as they are written; yes or no tells nothing."""
    assert set(masking.of_expected(expected)) == secrets


def test_pairs_in_json():
    """A list of a secret's name and its value is taken for a pair; no other list is."""
    given = [["password", "q7secret"], ["page", "2"], ["password"], ["password", "q7", "secret"]]
    assert masking.value(given) == [["password", "***"], *given[1:]]


def test_a_cookie_in_quotes():
    """What stands in a cookie's quotes is its value, also behind a semicolon."""
    text = 'sid="q7; secret"; page=2'
    assert masking.header("Cookie", text) == "sid=***; page=***"
    assert "q7; secret" in set(masking.of_request(URL(URI), [("Cookie", text)], None))


def test_how_deep_and_how_many():
    """Of a JSON value, no more members and levels are looked at than will be shown."""
    assert masking.value({"a": {"b": {"c": 1}}}, deep=2) == {"a": {"b": {}}}
    assert masking.value([[[1]]], deep=2) == [[[]]]
    assert masking.value([1, 2, 3], many=2) == [1, 2]
    assert masking.value({"a": 1, "b": 2, "c": 3}, many=2) == {"a": 1, "b": 2}


def test_what_stands_for_a_secret_in_json():
    """A value behind a secret's name, whatever it is, and what a text says of one; or a type, for a pattern."""
    text = "the password=hunter22, and more"
    assert masking.value(["password", 12345678]) == ["password", "***"]
    assert masking.value({"said": text}) == {"said": masking.assigned(text)} != {"said": text}
    assert masking.value({"said": text, "password": "hunter22", "user": "x"}, str) == {
        "said": str,
        "password": str,
        "user": "x",
    }


def test_what_is_left_of_an_authorization():
    """The name of a scheme that is known, and nothing of what is not one for sure."""
    assert masking.header("Authorization", "Bearer hunter22") == "Bearer ***"
    assert masking.header("Authorization", "Bearer") == "***"
    assert masking.header("Authorization", "hunter22 and more") == "***"


def test_secrets_in_one_another_and_short_ones():
    """The longer one goes first; a short one is a secret in quotes only, where that is asked for; nothing is none."""
    assert masking.Secrets(["hunter2222", "hunter2222-and-more"]).scrub("is hunter2222-and-more") == "is ***"
    for short in ("p", "pw"):
        assert masking.Secrets([short]).scrub(f"pw p '{short}' \"{short}\"", quoted=True) == "pw p '***' \"***\""
        assert masking.Secrets([short]).scrub(f"pw p '{short}'") == f"pw p '{short}'"
    assert masking.Secrets([""]).scrub("''", quoted=True) == "''"


def test_a_secret_that_was_cut_short():
    """What an ellipsis has left of one goes, on both of its sides and however much it is, but for a few letters."""
    secret = "q7-hunter-and-some-more"
    secrets = masking.Secrets([secret])
    for length in range(masking._FOUND_FROM, len(secret)):
        first, last = secret[:length], secret[-length:]
        assert secrets.scrub(f"{first}…") == "***…"
        assert secrets.scrub(f"…{last}") == "…***"
        assert secrets.scrub(f"is {first}…, or …{last}, and …") == "is ***…, or …***, and …"
        assert secrets.scrub(f"is {first}…{last}.") == "is ***…***."
        assert secrets.scrub(f"is {first}, or {last}") == f"is {first}, or {last}"
    few = masking._FOUND_FROM - 1
    assert secrets.scrub(f"{secret[:few]}…{secret[-few:]}") == f"{secret[:few]}…{secret[-few:]}"

"""Redirects with their history, and cookies in and out of the jar."""

import aiohttp
import pytest
from aiohttp import BasicAuth, CookieJar

from .looking import VERSION, failure, outcome, seen

pytestmark = pytest.mark.filterwarnings(
    "ignore:The .(proxy_)?auth. parameter is deprecated:DeprecationWarning",
    "ignore:BasicAuth is deprecated:DeprecationWarning",
)

HERE = {"reason": "OK", "body": "arrived"}


def to(place, status=302, **headers):
    return {"status": status, "reason": "Moved", "headers": {"Location": str(place), **headers}, "body": "moved"}


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "HEAD", "DELETE"])
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_redirects(both, status, method):
    """Each kind of redirect keeps or changes the method and the body as aiohttp does, and is in the history."""

    async def client(world):
        async with world.session() as session:
            data = None if method in ("GET", "HEAD") else b"body"
            async with session.request(
                method, world.base / "a", data=data, headers={"X": "1"}, allow_redirects=True
            ) as response:
                return await seen(response)

    routes = [(method, "/a", to("/b", status)), *((verb, "/b", HERE) for verb in {"GET", method})]
    got, asked = await both(client, routes)
    changed = (status == 303 and method != "HEAD") or (status in (301, 302) and method == "POST")
    assert [each["status"] for each in got["history"]] == [status]
    assert [each.method for each in asked] == [method, "GET" if changed else method]
    assert (asked[1].body == b"") is (changed or method in ("GET", "HEAD"))


@pytest.mark.parametrize("data", ["bytes", "form", "generator"])
async def test_a_body_is_sent_again(both, data):
    """What can be sent twice is sent twice by a 307; what can't fails as it does in life."""

    async def generator():
        yield b"once"

    async def client(world):
        given = {"bytes": b"x", "form": aiohttp.FormData({"a": "1"})}.get(data) or generator()
        async with world.session() as session:
            return await outcome(session.post(world.base / "a", data=given))

    got, asked = await both(client, [("POST", "/a", to("/b", 307)), ("POST", "/b", HERE)])
    if data == "bytes":
        assert (got["body"], [each.body for each in asked]) == (b"arrived", [b"x", b"x"])


if VERSION >= (3, 12):  # earlier ones close the file in a thread, while the redirect is on its way

    async def test_a_file_is_sent_again(both, tmp_path):
        """A file is read again for a 307."""
        path = tmp_path / "file"
        path.write_bytes(b"content")

        async def client(world):
            with path.open("rb") as file:
                async with world.session() as session:
                    return await outcome(session.post(world.base / "a", data=file))

        _, asked = await both(client, [("POST", "/a", to("/b", 307)), ("POST", "/b", HERE)])
        assert asked[0].body == b"content"


@pytest.mark.parametrize(
    ("location", "arrives"),
    [
        ("/b?c=1", "/b?c=1"),
        ("b", "/dir/b"),
        ("../b", "/b"),
        ("?q=1", "/dir/a?q=1"),
        ("/b c?d=é", "/b%20c?d=%C3%A9"),
        ("/b%20c#fragment", "/b%20c"),
        ("/b%2Fc", "/b%2Fc"),
    ],
)
async def test_locations(both, location, arrives):
    """A relative Location is joined to the address, query and fragment as aiohttp does."""

    async def client(world):
        async with world.session() as session, session.get(world.base / "dir" / "a") as response:
            return await seen(response)

    got, asked = await both(client, [("GET", "/dir/a", to(location)), ("GET", arrives, HERE)])
    assert got["body"] == b"arrived"
    assert asked[1].url.endswith(arrives)


@pytest.mark.parametrize("requote", [True, False])
async def test_requote_redirect_url(both, requote):
    """requote_redirect_url=False follows a Location as it was written."""
    arrives = "/b~c" if requote else "/b%7Ec"

    async def client(world):
        async with world.session(requote_redirect_url=requote) as session:
            return await seen(await session.get(world.base / "a"))

    got, asked = await both(client, [("GET", "/a", to("/b%7Ec")), ("GET", arrives, HERE)])
    assert got["body"] == b"arrived"
    assert asked[1].url.endswith(arrives)


@pytest.mark.parametrize("way", ["argument", "header"])
@pytest.mark.parametrize("across", [True, False])
async def test_credentials_stay_at_their_origin(both, across, way):
    """Authorization and Cookie go along to the same origin and not to another."""

    async def client(world):
        auth = BasicAuth("me", "secret")
        options = {"auth": auth} if way == "argument" else {"headers": {"Authorization": auth.encode()}}
        async with world.session() as session:
            return await seen(await session.get(world.base / "a", headers=options.pop("headers", None), **options))

    def routes(world):
        there = (world.other if across else world.base) / "b"
        return [("GET", "/a", to(there)), ("GET", there, HERE)]

    got, asked = await both(client, routes)
    assert got["body"] == b"arrived"
    assert ("Authorization" in dict(asked[1].headers)) is (not across)


async def test_a_chain_with_history(both):
    """All hops are in the history, in order, with what each of them said."""

    async def client(world):
        async with world.session() as session, session.get(world.base / "0") as response:
            return await seen(response)

    def routes(world):
        return [
            ("GET", "/0", to("/1", 301, **{"Set-Cookie": "first=1"})),
            ("GET", "/1", to(world.other / "2", 302)),
            ("GET", world.other / "2", to(world.base / "3", 307)),
            ("GET", "/3", HERE),
        ]

    got, asked = await both(client, routes)
    assert [each["status"] for each in got["history"]] == [301, 302, 307]
    assert [dict(each.headers).get("Cookie") for each in asked] == [None, "first=1", None, "first=1"]


async def test_allow_redirects_false(both):
    """Without following, the redirect itself is the answer."""

    async def client(world):
        async with world.session() as session:
            return await seen(await session.get(world.base / "a", allow_redirects=False))

    got, asked = await both(client, [("GET", "/a", to("/b"))])
    assert (got["status"], got["body"], len(asked)) == (302, b"moved", 1)


@pytest.mark.parametrize("limit", [1, 3, 10])
async def test_too_many_redirects(both, limit):
    """A circle ends with TooManyRedirects, after max_redirects."""

    async def client(world):
        async with world.session() as session:
            return await failure(session.get(world.base / "a", max_redirects=limit))

    got, asked = await both(client, [("GET", "/a", to("/a"))])
    assert got["type"] == "aiohttp.client_exceptions.TooManyRedirects"
    assert (len(asked), len(got["history"])) == (limit, limit)


@pytest.mark.parametrize("location", ["http://", "ftp://example.test/", "http://example.test:99999/", "mailto:a@b"])
async def test_bad_locations(both, location):
    """A Location that can't be followed raises the same error."""

    async def client(world):
        async with world.session() as session:
            return await failure(session.get(world.base / "a"))

    got, _ = await both(client, [("GET", "/a", to(location))])
    assert "URL" in got["type"] or "Url" in got["type"]


async def test_a_redirect_without_a_location(both):
    """A redirect to nowhere is the answer itself."""

    async def client(world):
        async with world.session() as session:
            return await seen(await session.get(world.base / "a"))

    got, _ = await both(client, [("GET", "/a", {"status": 302, "body": "nowhere"})])
    assert (got["status"], got["body"]) == (302, b"nowhere")


@pytest.mark.parametrize("kind", ["session", "request", "both", "jar"])
async def test_cookies_to_the_server(both, kind):
    """Cookies of the session, of the request and of a jar of one's own arrive as one header."""

    async def client(world):
        jar = CookieJar(quote_cookie=False) if kind == "jar" else None
        own = {"s": "1", "both": "session"} if kind != "request" else None
        async with world.session(cookies=own, cookie_jar=jar) as session:
            given = {"r": "2 ü", "both": "request"} if kind in ("request", "both") else None
            return await seen(await session.get(world.base / "a", cookies=given))

    got, [asked] = await both(client, [("GET", "/a", HERE)])
    assert got["body"] == b"arrived"
    assert dict(asked.headers)["Cookie"]


async def test_cookies_into_the_jar(both):
    """Every Set-Cookie is in the response and in the jar, and goes back where it belongs."""
    cookies = [
        "a=1",
        "a=2; Path=/deep",
        "deep=1; Path=/deep",
        "wide=1; Domain=example.test",
        "foreign=1; Domain=other.test",
        "old=1; Expires=Fri, 01 Jan 1971 00:00:00 GMT",
        "gone=1; Max-Age=0",
        "safe=1; Secure; HttpOnly; SameSite=Strict",
        'quoted="x, y"',
        "later=1; Max-Age=3600",
    ]

    async def client(world):
        async with world.session() as session:
            responses = [await seen(await session.get(world.base.with_path(path))) for path in ("/", "/deep/er", "/")]
            elsewhere = await seen(await session.get(world.other / "a"))
            jar = sorted((cookie.key, cookie.value, cookie["path"], cookie["domain"]) for cookie in session.cookie_jar)
            return responses, elsewhere, jar

    def routes(world):
        sets = [("Set-Cookie", cookie) for cookie in cookies]
        return [
            ("GET", "/", {"headers": sets}),
            ("GET", "/deep/er", HERE),
            ("GET", world.other / "a", HERE),
        ]

    (_, _, jar), asked = await both(client, routes)
    sent = [dict(each.headers).get("Cookie", "") for each in asked]
    assert sent[0] == sent[3] == ""
    assert "deep=1" in sent[1]
    assert "deep=1" not in sent[2]
    assert not any(name in sent[1] for name in ("old", "gone", "safe", "foreign"))
    assert {name for name, *_ in jar} == {"a", "deep", "wide", "quoted", "later", "safe"}


async def test_cookies_of_a_redirect(both):
    """A cookie that a redirect sets is sent to where it leads."""

    async def client(world):
        async with world.session() as session:
            return await seen(await session.post(world.base / "login", data={"user": "me"}))

    routes = [("POST", "/login", to("/home", 303, **{"Set-Cookie": "session=abc; Path=/"})), ("GET", "/home", HERE)]
    got, asked = await both(client, routes)
    assert dict(asked[1].headers)["Cookie"] == "session=abc"
    assert got["history"][0]["cookies"][0].startswith("session=abc; ")


async def test_a_jar_for_nobody(both):
    """DummyCookieJar keeps nothing, and the response still shows its cookies."""

    async def client(world):
        async with world.session(cookie_jar=aiohttp.DummyCookieJar()) as session:
            return [await seen(await session.get(world.base / "a")) for _ in range(2)]

    got, asked = await both(client, [("GET", "/a", {"headers": {"Set-Cookie": "a=1"}})])
    assert got[1]["cookies"] == ["a=1"]
    assert "Cookie" not in dict(asked[1].headers)

"""What is passed through, by the marker, the fixture and the ini file; and beside aiohttp's own test tools."""

import pytest

# Servers that a child's tests can reach: a plain one, which is let through only if it is named
REAL = """
from contextlib import asynccontextmanager

from aiohttp import web


@asynccontextmanager
async def listening():
    async def answer(request):
        return web.Response(text="real")

    runner = web.ServerRunner(web.Server(answer))
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/"
    finally:
        await runner.cleanup()

"""
MARK = '@pytest.mark.aiohttpretty(passthrough=["127.0.0.1"])'


@pytest.mark.parametrize(
    ("mark", "ini", "reached"),
    [
        ("@pytest.mark.aiohttpretty", "", False),
        (MARK, "", True),
        (MARK, "*.example.com", True),
        ("@pytest.mark.aiohttpretty", "127.0.0.0/8", True),
        ("@pytest.mark.aiohttpretty", "*.example.com\n  127.0.0.1\n", True),
        ("@pytest.mark.aiohttpretty(passthrough=[])", "127.0.0.0/8", False),
        ('@pytest.mark.parametrize("aiohttpretty", [{"passthrough": ["127.0.0.1"]}], indirect=True)', "", True),
    ],
)
def test_where_it_is_said(mark, ini, reached, pytester, play):
    """The marker, the fixture's parameter and the ini file, one host a line, say it; the closest wins, in whole."""
    if ini:
        pytester.path.joinpath("pytest.ini").write_text(f"[pytest]\naiohttpretty_passthrough = {ini}\n")
    fixture = "aiohttpretty" if "indirect" in mark else ""
    result = play(
        REAL
        + f"""
{mark}
async def test_it({fixture}):
    async with listening() as real:
        if {reached}:
            assert await fetch(real) == "real"
        else:
            with pytest.raises({"aiohttpretty" if not fixture else "sys.modules['aiohttpretty']"}.NoMatchError):
                await fetch(real)

@pytest.mark.aiohttpretty
async def test_after():
    with pytest.raises(aiohttpretty.NoMatchError):
        await fetch("http://localhost/")
"""
    )
    assert result.parseoutcomes() == {"passed": 2}


def test_forgotten_after_the_test(play):
    """What a test has passed through is not passed through in the next one."""
    result = play(
        REAL
        + """
@pytest.mark.aiohttpretty
@pytest.mark.parametrize("again", [1, 2])
async def test_it(again):
    async with listening() as real:
        with pytest.raises(aiohttpretty.NoMatchError):
            await fetch(real)
        aiohttpretty.passthrough("127.0.0.1")
        assert await fetch(real) == "real"
"""
    )
    assert result.parseoutcomes() == {"passed": 2}


@pytest.mark.parametrize(
    ("ini", "said"),
    [
        (
            "localhost/api",
            "The ini file: passthrough: 'localhost/api' has a path, and whole hosts are let through. Give the host "
            "alone: 'localhost'; or a compiled pattern, which is matched against the full URL.",
        ),
        (
            "localhost:http",
            "The ini file: passthrough: 'localhost:http' has 'http' as its port, which is none. Give a number from 1 "
            "to 65535, or leave it out for any port.",
        ),
    ],
)
def test_a_mistaken_ini_file(ini, said, play):
    """What is no host there stops the run before it begins, in one sentence."""
    result = play("", f"-oaiohttpretty_passthrough={ini}", subprocess=True)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert f"ERROR: {said}" in result.stderr.str().splitlines()


def test_a_mistaken_mark(play):
    """What is no host in the marker fails the test before it runs, in one sentence."""
    result = play("""
@pytest.mark.aiohttpretty(passthrough="localhost")
def test_it():
    print("it ran")
""")
    assert result.parseoutcomes() == {"errors": 1}
    assert (
        "@pytest.mark.aiohttpretty: passthrough='localhost' is not a list. Give a list of hosts, such as "
        "['localhost'].\n=====" in result.stdout.str()
    )


def test_the_timeline(play):
    """The section of a test that failed says what was passed through."""
    result = play(
        REAL
        + f"""
{MARK}
async def test_it():
    aiohttpretty.register_uri("GET", URL)
    async with listening() as real:
        await fetch(real)
        await fetch()
    assert False
"""
    )
    result.stdout.re_match_lines(
        [
            r"2 requests:",
            r"  +\d\.\d{3}s  GET http://127\.0\.0\.1:\d+/ -> 200, passed through",
            r"  +\d\.\d{3}s  GET http://example\.com/ -> 200, by test_child\.py:\d+",
        ],
        consecutive=True,
    )


def test_beside_pytest_aiohttp(play):
    """Its fixtures give clients and servers that are reached without a setting, while the external API is mocked."""
    pytest.importorskip("pytest_aiohttp")
    result = play("""
from aiohttp import web

async def external(request):
    return web.Response(text="said " + await fetch())

def application():
    app = web.Application()
    app.router.add_get("/", external)
    return app

@pytest.mark.aiohttpretty(assert_all_called=True)
async def test_client(aiohttp_client):
    aiohttpretty.register_uri("GET", URL, body="mocked")
    client = await aiohttp_client(application())
    response = await client.get("/")
    assert await response.text() == "said mocked"

async def test_servers(aiohttp_server, aiohttp_raw_server, aiohttpretty):
    aiohttpretty.register_uri("GET", URL, body="mocked")
    for server in (await aiohttp_server(application()), await aiohttp_raw_server(external)):
        assert await fetch(server.make_url("/")) == "said mocked"
""")
    assert result.parseoutcomes() == {"passed": 2}

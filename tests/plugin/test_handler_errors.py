"""What a handler lets out is an error at the end of the test, with its traceback, unless the test meant it."""

import re

import pytest

WAYS = {"marker": ("@pytest.mark.aiohttpretty", ""), "fixture": ("", "aiohttpretty")}
way = pytest.mark.parametrize("way", WAYS)

HANDLER = """
from aiohttp import web

async def broken(request):
    raise LookupError("my own")

def mount(**options):
    app = web.Application()
    app.router.add_get("/", broken)
    aiohttpretty.mount("http://example.com", app, **options)

async def status():
    async with aiohttp.ClientSession() as session, session.get(URL) as response:
        return response.status

"""

TOLD = (
    "A handler raised an exception, and its client was answered as by a broken server:\n"
    "\n"
    r"GET http://example.com/, answered by the route at (\S*test_child.py:\d+):" + "\n"
    r"Traceback \(most recent call last\):" + "\n"
    r'  File "[^"]*test_child.py", line \d+, in broken' + "\n"
    r'    raise LookupError\("my own"\)' + "\n"
    r"LookupError: my own" + "\n"
    "\n"
    r"Mend it; or if the test means it to happen, let it say so: expect_errors=True in the registration or the mount, "
    r"or aiohttpretty\.handler_errors\.clear\(\)\."
)


def told(result):
    """How often the output tells of the bug, in full."""
    return len(re.findall(TOLD, result.stdout.str()))


@way
def test_a_bug(play, way):
    """A test that is content with the 500 ends with an error at its teardown, which has the handler's traceback."""
    mark, fixture = WAYS[way]
    result = play(
        HANDLER
        + f"{mark}\nasync def test_it({fixture}):\n    mount()\n    assert await status() == 500\n\n"
        + f"{mark}\nasync def test_next({fixture}):\n    pass\n"
    )
    result.assert_outcomes(passed=2, errors=1)
    assert told(result) == 1


@way
@pytest.mark.parametrize("meant", ["mount(expect_errors=True)", "mount()"])
def test_meant(play, way, meant):
    """expect_errors=True, or emptying the list, says that it was meant."""
    mark, fixture = WAYS[way]
    clear = "" if "True" in meant else "    aiohttpretty.handler_errors.clear()\n"
    result = play(
        HANDLER + f"{mark}\nasync def test_it({fixture}):\n    {meant}\n    assert await status() == 500\n{clear}"
    )
    result.assert_outcomes(passed=1)
    assert told(result) == 0


@way
def test_a_test_that_fails_anyway(play, way):
    """A test that fails, because of the 500 perhaps, is told the cause in its report, once, and has no second error."""
    mark, fixture = WAYS[way]
    result = play(HANDLER + f"{mark}\nasync def test_it({fixture}):\n    mount()\n    assert await status() == 200\n")
    result.assert_outcomes(failed=1)
    assert told(result) == 1


def test_told_by_a_block(play):
    """What the end of a block has raised is not told again."""
    result = play(
        HANDLER
        + """
@pytest.mark.aiohttpretty
async def test_it():
    other = aiohttpretty.AioHTTPretty()
    with pytest.raises(aiohttpretty.HandlerError):
        with other.activate():
            other.register_uri("GET", URL, handler=broken)
            await status()
"""
    )
    result.assert_outcomes(passed=1)
    assert told(result) == 0


@way
def test_an_end_that_fails(play, way):
    """What an application lets out at its end, which is behind the test's, is an error of that test."""
    mark, fixture = WAYS[way]
    result = play(
        HANDLER
        + f"""
async def failing(app):
    raise LookupError("my own")

{mark}
async def test_it({fixture}):
    app = web.Application()
    app.on_cleanup.append(failing)
    aiohttpretty.mount("http://example.com", app)
    assert await status() == 404
"""
    )
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(
        [
            "A mounted application failed at its start or its end:",
            "mounted at http://example.com, *test_child.py:*:",
            "LookupError: my own",
        ]
    )

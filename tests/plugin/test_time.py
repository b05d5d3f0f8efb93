"""Told time by the marker, the fixture and the ini file: the same words, and the closest wins."""

import pytest

# Longer than anybody here waits, and shorter than aiohttp's own timeout of 300 seconds
SLOW = """
    aiohttpretty.register_uri("GET", URL, delay=200, body=b"late")
    try:
        assert await asyncio.wait_for(fetch(), PATIENCE) == "late"
    except asyncio.TimeoutError:
        took = "real"
    else:
        took = "instant"
    assert took == EXPECTED
"""
INSTANT = "@pytest.mark.aiohttpretty(time='instant')"
REAL = "@pytest.mark.aiohttpretty(time='real')"
BARE = "@pytest.mark.aiohttpretty"


@pytest.mark.parametrize(
    ("function", "cls", "ini", "expected"),
    [
        (BARE, "", "", "real"),
        (INSTANT, "", "", "instant"),
        (BARE, INSTANT, "", "instant"),
        (REAL, INSTANT, "instant", "real"),
        (BARE, "", "instant", "instant"),
        (REAL, "", "instant", "real"),
        (BARE, REAL, "instant", "real"),
        (INSTANT, REAL, "real", "instant"),
    ],
)
def test_the_closest_wins(function, cls, ini, expected, play):
    """The function's mark goes before the class's, and that before the ini file."""
    patience = 60 if expected == "instant" else 0.05
    body = SLOW.replace("EXPECTED", repr(expected)).replace("PATIENCE", str(patience)).replace("\n", "\n    ")
    result = play(
        f"""
{cls}
class TestIt:
    {function}
    async def test_it(self):
    {body}
""",
        *([f"-oaiohttpretty_time={ini}"] if ini else []),
    )
    assert result.parseoutcomes() == {"passed": 1}


def test_in_all_forms(play):
    """The fixture, its parameter, a block, the decorator and a registry of one's own know the word; a reply, too."""
    result = play("""
        SLOW = {"delay": 200, "body": b"late"}

        async def late(registry=aiohttpretty, **options):
            registry.register_uri("GET", URL, **SLOW, **options)
            assert await asyncio.wait_for(fetch(), 60) == "late"

        @pytest.mark.parametrize("aiohttpretty", [{"time": "instant"}], indirect=True)
        async def test_parameter(aiohttpretty):
            await late()

        async def test_fixture_and_reply(aiohttpretty):
            await late(time="instant")

        async def test_block():
            with aiohttpretty.activate(time="instant"):
                await late()

        @aiohttpretty.activate(time="instant")
        async def test_decorator():
            await late()

        async def test_own_registry():
            own = aiohttpretty.AioHTTPretty(time="instant")
            with own.activate():
                await late(own)
    """)
    assert result.parseoutcomes() == {"passed": 5}


KNOWN = (
    "time='now' is not known. Give 'real' (what waits takes its time) or 'instant' (nobody waits: what comes first in "
    "time happens at once)."
)


def test_a_mistaken_word(play):
    """A test with a mark that says something else is not run, and a sentence says what to write."""
    result = play("""
        @pytest.mark.aiohttpretty(time="now")
        def test_it():
            pass
    """)
    assert result.parseoutcomes() == {"errors": 1}
    assert f"@pytest.mark.aiohttpretty: {KNOWN}\n" in result.stdout.str()


def test_a_mistaken_ini_file(play):
    """One in the ini file stops the run before it begins, in one sentence."""
    result = play("", "-oaiohttpretty_time=now", subprocess=True)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert f"ERROR: The ini file: {KNOWN}\n" in result.stderr.str()


def test_what_is_no_text_in_the_ini_file(play, pytester):
    """In a file that knows types, another one than a text stops the run, in one sentence."""
    pytester.path.joinpath("pyproject.toml").write_text("[tool.pytest]\naiohttpretty_time = 0\n")
    result = play("", subprocess=True)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        "ERROR: aiohttpretty_time in the ini file is not a string: *. Give one word, or leave it out."
    )

"""However pytest is told to print, and wherever it prints to, what the plug-in adds can be read."""

import pytest

FAILING = """
@pytest.mark.aiohttpretty
async def test_it():
    aiohttpretty.register_uri("GET", URL, match=aiohttpretty.match.json({"name": "☃"}))
    async with aiohttp.ClientSession() as session:
        await hush(session.post(URL, json={"name": "☃"}))
    assert False
"""
OPTIONS = {
    "quiet": ("-q",),
    "verbose": ("-vv",),
    "short": ("--tb=short",),
    "long": ("--tb=long",),
    "native": ("--tb=native",),
    "no output": ("--show-capture=no",),
    "output as it comes": ("-s",),
    "the first only": ("-x",),
    "setup shown": ("--setup-show",),
    "all summaries": ("-rA",),
}


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
def test_options(options, play):
    """The section is there once."""
    result = play(FAILING, *options)
    assert result.parseoutcomes() == {"failed": 1}
    assert result.stdout.str().count("\n1 request, 1 without an answer:\n") == 1


def test_no_tracebacks(play):
    """Who wants no failures to be shown, gets no sections."""
    assert "1 request" not in play(FAILING, "--tb=no").stdout.str()


@pytest.mark.parametrize("where", ["of a failed test", "of a test that passed"])
@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_a_terminal_without_unicode(where, encoding, play, monkeypatch):
    """The section keeps its lines, and has marks that can be shown there."""
    monkeypatch.setenv("PYTHONIOENCODING", encoding)
    passing = FAILING.replace("assert False", "")
    source, options = (FAILING, ()) if where == "of a failed test" else (passing, ("--aiohttpretty-show=always",))
    lines = play(source, "--color=no", *options, subprocess=True).stdout.lines
    [at] = [number for number, line in enumerate(lines) if line == "1 request, 1 without an answer:"]
    assert lines[at + 1].startswith("x   ")
    assert lines[at + 1].endswith("POST http://example.com/ -> no route answers this, asked at sdk.py:23")
    if where == "of a failed test":
        assert "   x method  expected GET, got POST" in lines
        assert "   + host    example.com" in lines
        assert any(line.startswith("  body") and "\\u2603" in line for line in lines)


def test_an_unanswered_request_on_a_terminal_without_unicode(play, monkeypatch):
    """The error itself is pytest's to print; it keeps its lines, too."""
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")
    source = """
    async def test_it(aiohttpretty):
        aiohttpretty.register_uri("POST", URL)
        await fetch()
    """
    result = play(source, "--color=no", subprocess=True)
    assert result.parseoutcomes() == {"failed": 1}
    result.stdout.fnmatch_lines(["E*method  expected POST, got GET", "E*host    example.com"], consecutive=False)


@pytest.mark.parametrize("option", ["--collect-only", "--setup-plan", "--fixtures", "--markers"])
def test_without_running_tests(option, play):
    """A run that runs no test mocks nothing, and has no sections."""
    conftest = """
    import aiohttp

    ORIGINAL = aiohttp.ClientSession.__dict__["_request"]

    def pytest_sessionfinish():
        assert aiohttp.ClientSession.__dict__["_request"] is ORIGINAL
    """
    result = play(FAILING, option, conftest=conftest)
    assert result.ret == 0
    assert "1 request" not in result.stdout.str()


def test_options_from_the_environment(play, monkeypatch):
    """PYTEST_ADDOPTS is heard; the command line goes before it."""
    monkeypatch.setenv("PYTEST_ADDOPTS", "--aiohttpretty-show=never")
    assert "1 request" not in play(FAILING, subprocess=True).stdout.str()
    assert "1 request" in play(FAILING, "--aiohttpretty-show=failed", subprocess=True).stdout.str()

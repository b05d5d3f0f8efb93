"""What a failed test's report says of its requests, and of the assertions that failed."""

import re
from xml.etree import ElementTree as ET

import pytest

# Several endings of requests, in time
STORY = """
@pytest.mark.aiohttpretty
async def test_it():
    aiohttpretty.register_uri("POST", URL + "token", body="ok")
    aiohttpretty.register_uri("GET", URL + "moved", status=302, location="/items?access_token=s3cret")
    aiohttpretty.register_uri("GET", URL + "items", params={"access_token": "s3cret"}, responses=[{"status": 503}, {}])
    aiohttpretty.register_uri("GET", URL + "slow", error=TimeoutError("too slow"))
    aiohttpretty.register_uri("GET", URL + "spare")
    aiohttpretty.register_uri("GET", URL + "extra", optional=True)
    async with aiohttp.ClientSession() as session:
        await session.post(URL + "token")
        await session.get(URL + "moved")
        await swallow(URL + "wrong")
        await swallow(URL + "slow")
    assert False
"""
TIMELINE = """\
5 requests, 1 without an answer:
    #.###s  POST http://example.com/token -> 200, by test_child.py:15
    #.###s  GET http://example.com/moved -> 302, by test_child.py:16
    #.###s  GET http://example.com/items?access_token=*** (redirected) -> 503, by test_child.py:17
✗   #.###s  GET http://example.com/wrong -> no route answers this, asked at sdk.py:10
    #.###s  GET http://example.com/slow -> TimeoutError: too slow, by test_child.py:18
Not used:
  GET http://example.com/items?access_token=*** (test_child.py:17): responses[1]
  GET http://example.com/spare (test_child.py:19)
"""


def sections(result):
    """The texts of all sections, without times."""
    found = re.split(r"^-+ aiohttpretty -+\n", result.stdout.str(), flags=re.MULTILINE)[1:]
    texts = [re.split(r"^(?:[-=_]{3}|\[)", text, flags=re.MULTILINE)[0] for text in found]
    return [re.sub(r"\d+\.\d{3}s", "#.###s", text) for text in texts]


def test_the_timeline(play):
    """Requests in order with their times, outcomes and routes; the unmatched marked in place; the unused last."""
    result = play(STORY)
    assert result.parseoutcomes() == {"failed": 1}
    [section] = sections(result)
    assert section.startswith(TIMELINE)
    assert "A request was not answered, and the error did not reach the test:" in section
    assert "s3cret" not in section


@pytest.mark.parametrize("way", ["marker", "fixture"])
@pytest.mark.parametrize("when", ["setup", "call", "teardown"])
def test_each_phase(when, way, play):
    """Whatever of a test breaks, its report has the section."""
    mark, fixture = ("@pytest.mark.aiohttpretty", "") if way == "marker" else ("", "aiohttpretty")
    result = play(f"""
        @pytest.fixture
        async def asking({fixture}):
            aiohttpretty.register_uri("GET", URL)
            await fetch()
            assert {when != "setup"}
            yield
            assert {when != "teardown"}

        {mark}
        async def test_it(asking):
            assert {when != "call"}
    """)
    [section] = sections(result)
    assert section == "1 request:\n    #.###s  GET http://example.com/ -> 200, by test_child.py:15\n"


def test_nothing_to_tell(play):
    """A test without routes and requests has no section; nor has one that passes, is skipped, or fails as expected."""
    result = play(
        """
        pytestmark = pytest.mark.aiohttpretty

        def test_failing():
            assert False

        async def test_passing():
            aiohttpretty.register_uri("GET", URL)
            await fetch()

        def test_skipped():
            aiohttpretty.register_uri("GET", URL)
            pytest.skip()

        @pytest.mark.xfail
        def test_expected():
            aiohttpretty.register_uri("GET", URL)
            assert False
    """,
        "-rA",
    )
    assert result.parseoutcomes() == {"failed": 1, "passed": 1, "skipped": 1, "xfailed": 1}
    assert sections(result) == []


def test_no_requests(play):
    """A test that has registered and never asked is told so."""
    result = play("""
        def test_it(aiohttpretty):
            aiohttpretty.register_uri("GET", URL)
            assert False
    """)
    assert sections(result) == ["No requests.\nNot used:\n  GET http://example.com/ (test_child.py:14)\n"]


def test_without_a_working_directory(play, pytester):
    """A test that has removed its working directory fails for its own reason, and its report names whole paths."""
    result = play(f"""
        import os

        @pytest.fixture(autouse=True)
        def back():
            yield
            os.chdir({str(pytester.path)!r})

        def test_it(aiohttpretty, tmp_path):
            aiohttpretty.register_uri("GET", URL)
            os.chdir(tmp_path)
            tmp_path.rmdir()
            assert False
    """)
    assert result.parseoutcomes() == {"failed": 1}
    assert sections(result) == [
        f"No requests.\nNot used:\n  GET http://example.com/ ({pytester.path}/test_child.py:21)\n"
    ]


def test_it_is_shown_once(play):
    """The report of a broken end does not repeat what that of the test has shown."""
    result = play("""
        @pytest.fixture
        def broken():
            yield
            raise RuntimeError("end")

        @pytest.mark.aiohttpretty
        async def test_it(broken):
            aiohttpretty.register_uri("GET", URL)
            await fetch()
            assert False
    """)
    assert result.parseoutcomes() == {"failed": 1, "errors": 1}
    assert len(sections(result)) == 1


SHOWN = """
async def test_passing(aiohttpretty):
    aiohttpretty.register_uri("GET", URL)
    await fetch()

async def test_failing(aiohttpretty):
    aiohttpretty.register_uri("GET", URL)
    await fetch()
    assert aiohttpretty.has_call(URL + "other")
"""


@pytest.mark.parametrize(("show", "count"), [("never", 0), ("failed", 1)])
def test_show(show, count, play):
    """The command line says whether sections are shown."""
    assert len(sections(play(SHOWN, f"--aiohttpretty-show={show}"))) == count


@pytest.mark.parametrize("more", [(), ("-rP",), ("-n1",)])
def test_show_always(more, play):
    """A test that passes may be shown, too, once, whatever else pytest prints of it."""
    output = play(SHOWN, "--aiohttpretty-show=always", *more, subprocess=bool(more)).stdout.str()
    assert output.count("GET http://example.com/ -> 200, by ") == 2
    assert output.count("has_call('http://example.com/other') is False.") == 1


def test_show_always_where_there_is_nothing(play):
    """Tests without requests have no section, and a file that can't be collected is none of ours."""
    for source, outcomes in (("def test_it(): pass", {"passed": 1}), ("import never_there", {"errors": 1})):
        result = play(source, "--aiohttpretty-show=always")
        assert result.parseoutcomes() == outcomes
        assert sections(result) == []


def test_show_always_still_fails_at_the_end(play):
    """Showing a test's requests does not take from the test what is wrong about them."""
    result = play("async def test_it(aiohttpretty):\n    await swallow()", "--aiohttpretty-show=always")
    assert result.parseoutcomes() == {"passed": 1, "errors": 1}
    assert "A request was not answered, and the error did not reach the test:" in result.stdout.str()


def test_show_never_still_says_what_failed(play):
    """What would have failed the test is part of its failure, not of what may be shown."""
    result = play(
        """
        async def test_it(aiohttpretty):
            await swallow()
            assert False
    """,
        "--aiohttpretty-show=never",
    )
    [section] = sections(result)
    assert section.startswith("A request was not answered, and the error did not reach the test:")


@pytest.mark.parametrize("options", [(), ("--show-capture=no",), ("-n1",)])
def test_junitxml(options, play, pytester):
    """The section stands in the XML report, without colours; from another process, too."""
    file = pytester.path / "junit.xml"
    play(SHOWN, f"--junitxml={file}", "--color=yes", *options, subprocess=bool(options))
    text = ET.parse(file).find(".//failure").text
    assert "GET http://example.com/ -> 200, by " in text
    assert "\x1b" not in text


def test_without_the_plugin(play):
    """`-p no:aiohttpretty` leaves it all out."""
    result = play(
        """
        async def test_it():
            with aiohttpretty.activate():
                aiohttpretty.register_uri("GET", URL)
                await fetch()
                assert False
        """,
        *("-p", "no:aiohttpretty"),
    )
    assert result.parseoutcomes() == {"failed": 1}
    assert sections(result) == []


@pytest.mark.parametrize(("colour", "line"), [("yes", "\x1b[31m✗ "), ("no", "✗ ")])
def test_colours(colour, line, play):
    """On a terminal what is wrong stands out, in the colours of pytest's own writer."""
    output = play(STORY, f"--color={colour}").stdout.str()
    [found] = [each for each in output.splitlines() if "no route answers this" in each]
    assert found.startswith(line)
    assert ("\x1b" in found) == (colour == "yes")


HAS_CALL = {
    "the assertion": (
        """
        assert aiohttpretty.has_call(URL + "items", method="POST", json={"qty": 2}, headers={"Authorization": "t0p"})
        """,
        """\
has_call('http://example.com/items', method='POST', json={'qty': 2}, headers={'Authorization': '***'}) is False. \
Nearest of 2 calls:
1. POST http://example.com/items, asked at test_child.py:18
   ✓ method
   ✓ scheme
   ✓ host
   ✓ path
   ✓ params
   ✗ json     json['qty']: expected 2, got '2'
   ✗ headers  headers['Authorization']: expected ***, got another value
2. GET http://example.com/, asked at test_child.py:19
   ✗ method   expected POST, got GET
   ✓ scheme
   ✓ host
   ✗ path     expected /items, got /
   ✓ params
   ✗ json     expected {'qty': 2}, got nothing
   ✗ headers  expected {'Authorization': '***'}, got nothing
""",
    ),
    "over several lines": (
        """
        assert (
            aiohttpretty.has_call(
                URL,
                method="PUT",
            )
            is True
        )
        """,
        """\
has_call('http://example.com/', method='PUT') is False. Nearest of 2 calls:
1. GET http://example.com/, asked at test_child.py:19
""",
    ),
    "without its query": (
        """
        assert aiohttpretty.has_call(URL + "x", check_params=False)
        """,
        "has_call('http://example.com/x', check_params=False) is False. Nearest of 2 calls:\n1. GET http://e",
    ),
    "the contrary": (
        """
        assert not aiohttpretty.has_call(URL)
        """,
        "has_call('http://example.com/') is True: GET http://example.com/, asked at test_child.py:19\n",
    ),
    "in a helper": (
        """
        def helper():
            assert aiohttpretty.has_call(URL + "x")

        helper()
        """,
        "has_call('http://example.com/x') is False. Nearest of 2 calls:\n",
    ),
}
ASKED = """
@pytest.mark.aiohttpretty
async def test_it():
    aiohttpretty.register_uri("POST", URL + "items")
    aiohttpretty.register_uri("GET", URL)
    async with aiohttp.ClientSession() as session:
        await session.post(URL + "items", json={"qty": "2"}, headers={"Authorization": "s3cret"})
        await session.get(URL)
"""


@pytest.mark.parametrize(("assertion", "said"), HAS_CALL.values(), ids=HAS_CALL)
def test_has_call(assertion, said, play):
    """An assertion of has_call that fails shows the nearest calls, and what differs; has_call gives a plain bool."""
    lines = "\n".join(line[4:] for line in assertion.splitlines())
    result = play(ASKED + lines)
    assert result.parseoutcomes() == {"failed": 1}
    [section] = sections(result)
    assert section.startswith(said)
    assert "s3cret" not in section


def test_has_call_with_values_of_any_kind(play):
    """What can't be compared is not equal, what has no text is named by its type, and what is equal is left out."""
    result = play(
        """
        class Odd:
            def __eq__(self, other):
                raise RuntimeError

            __repr__ = __str__ = __eq__

        async def test_it(aiohttpretty):
            aiohttpretty.register_uri("POST", URL)
            async with aiohttp.ClientSession() as session:
                await session.post(URL, json={"qty": 1, "odd": 2, "same": 3}, headers={"X": "1"})
            wanted = {"json": {"qty": 2, "odd": Odd(), "same": 3}, "headers": {"X": "1"}, "proxy": "http://["}
            assert aiohttpretty.has_call(URL, **wanted)
        """
    )
    assert result.parseoutcomes() == {"failed": 1}
    assert sections(result)[0].splitlines()[2:10] == [
        "   ✓ scheme",
        "   ✓ host",
        "   ✓ path",
        "   ✓ params",
        "   ✗ json     json['qty']: expected 2, got 1",
        "              json['odd']: expected <Odd>, got 2",
        "   ✓ headers",
        "   ✗ proxy    expected 'http://[', got nothing",
    ]


def test_has_call_in_a_file_that_has_changed(play):
    """Where the source can't be read any more, an assertion on the line that asked is explained all the same."""
    result = play(
        """
        import pathlib

        def test_it(aiohttpretty):
            pathlib.Path(__file__).write_text("def broken(:")
            assert aiohttpretty.has_call(URL)
        """
    )
    assert result.parseoutcomes() == {"failed": 1}
    assert sections(result) == ["has_call('http://example.com/') is False: there are no calls.\n"]


@pytest.mark.parametrize(
    "assertion",
    [
        "if not aiohttpretty.has_call(URL + 'x'):\n        assert False",
        "aiohttpretty.has_call(URL + 'x')\n    assert False",
        "aiohttpretty.has_call(URL + 'x')\n    raise RuntimeError",
    ],
)
def test_has_call_elsewhere(assertion, play):
    """Another statement that fails says nothing of has_call."""
    [section] = sections(play(f"{ASKED}\n    {assertion}\n"))
    assert section.startswith("2 requests:\n")


def test_has_call_without_calls(play):
    """When there are no calls, it says so."""
    [section] = sections(play("def test_it(aiohttpretty):\n    assert aiohttpretty.has_call(URL)\n"))
    assert section == "has_call('http://example.com/') is False: there are no calls.\n"


COMPARED = """
async def test_it():
    aiohttpretty.register_uri("POST", URL)
    with aiohttpretty.activate():
        async with aiohttp.ClientSession() as session:
            given = {"items": [{"qty": 1}, {"qty": "3"}], "password": "s3cret"}
            await session.post(URL, json=given, headers={"X": "1"})
    expected = {
        "method": "POST",
        "uri": URL,
        "json": {"items": [{"qty": 1}, {"qty": 3}], "password": "other"},
        "allow_redirects": True,
    }
    [call] = aiohttpretty.calls
    assert SIDES
"""


@pytest.mark.parametrize("sides", ["call == expected", "expected == call"])
def test_comparison(sides, play):
    """Comparing a call with a mapping shows only what differs, and where; no secret; in tests of every kind."""
    result = play(COMPARED.replace("SIDES", sides), "-vv")
    assert result.parseoutcomes() == {"failed": 1}
    said = [line.removeprefix("E").strip() for line in result.stdout.lines if line.startswith("E ")]
    assert said == [
        "AssertionError: assert POST call == expected",
        "The call, asked at test_child.py:18, differs; 2 of 6 items are equal.",
        "json['items'][1]['qty']: expected 3, got '3'",
        "json['password']: expected ***, got another value",
        "allow_redirects: expected True, got nothing",
        "data: not expected, got None",
        "headers: not expected, got {'X': '1'}",
    ]


@pytest.mark.parametrize("sides", ["aiohttpretty.calls == expected", "expected == list(aiohttpretty.calls)"])
def test_comparison_of_several(sides, play):
    """Of several calls, the first that differs from its mapping is told, and which one that is."""
    result = play(f"""
        async def test_it(aiohttpretty):
            aiohttpretty.register_uri("GET", URL + "{{number}}")
            async with aiohttp.ClientSession() as session:
                for number in range(3):
                    await session.get(f"{{URL}}{{number}}")
            expected = [{{"method": "GET", "uri": URL + name, "allow_redirects": True}} for name in "0x2"]
            assert {sides}
    """)
    assert result.parseoutcomes() == {"failed": 1}
    said = [line.removeprefix("E").strip() for line in result.stdout.lines if line.startswith("E ")]
    assert said == [
        "AssertionError: assert GET call == expected, at index 1",
        "The call, asked at test_child.py:17, differs; 2 of 3 items are equal.",
        "uri: expected 'http://example.com/x', got 'http://example.com/1'",
    ]


@pytest.mark.parametrize(
    "assertion",
    [
        "{1: 2} == {1: 3}",
        "[1] == [2]",
        "'one' == 'two'",
        "call != dict(call)",
        "call == 1",
        "aiohttpretty.calls == []",
        "aiohttpretty.calls == [1]",
        "aiohttpretty.calls == [dict(call), {}]",
        "[{}] == [{1: 2}]",
    ],
)
def test_other_comparisons(assertion, play):
    """What is no call and mapping, compared for equality, is pytest's."""
    result = play(COMPARED.replace("SIDES", assertion))
    assert result.parseoutcomes() == {"failed": 1}
    assert "items are equal." not in result.stdout.str()

"""Settings may be said in many places, and the closest wins."""

import pytest

# Passes if nothing asks for all to be called, and fails at its end otherwise
UNUSED = """
    aiohttpretty.register_uri("GET", URL)
"""
FAILS, PASSES = {"passed": 1, "errors": 1}, {"passed": 1}
ON, OFF = "@pytest.mark.aiohttpretty(assert_all_called=True)", "@pytest.mark.aiohttpretty(assert_all_called=False)"
BARE = "@pytest.mark.aiohttpretty"


@pytest.mark.parametrize(
    ("function", "cls", "module", "ini", "outcomes"),
    [
        (BARE, "", "", "", PASSES),
        (ON, "", "", "", FAILS),
        (BARE, ON, "", "", FAILS),
        (BARE, "", ON, "", FAILS),
        (BARE, "", "", "true", FAILS),
        (OFF, ON, ON, "true", PASSES),
        ("", OFF, ON, "true", PASSES),
        ("", "", OFF, "true", PASSES),
        ("", ON, OFF, "false", FAILS),
        (ON, OFF, OFF, "false", FAILS),
        (f"{ON}\n    {OFF}", "", "", "", PASSES),
        (f"{OFF}\n    {ON}", "", "", "", FAILS),
        ("@pytest.mark.aiohttpretty(keep_bodies=True)", ON, "", "", FAILS),
    ],
)
def test_the_closest_wins(function, cls, module, ini, outcomes, play):
    """The function's mark goes before the class's, that before the module's, and that before the ini file."""
    result = play(
        f"""
{f"pytestmark = {module[1:]}" if module else ""}

{cls}
class TestIt:
    {function}
    def test_it(self):
        {UNUSED.strip()}
""",
        *([f"-oaiohttpretty_assert_all_called={ini}"] if ini else []),
    )
    assert result.parseoutcomes() == outcomes


def test_a_class_goes_before_those_it_inherits_from(play):
    """A class may say it otherwise than its base, which says it for all others."""
    result = play(f"""
{ON}
class Base:
    def test_it(self):
        {UNUSED.strip()}

{OFF}
class TestOff(Base):
    pass

class TestOn(Base):
    pass
""")
    assert result.parseoutcomes() == {"passed": 2, "errors": 1}
    assert "ERROR at teardown of TestOn.test_it" in result.stdout.str()


def test_each_setting_goes_its_own_way(play):
    """A mark says only what it says: the rest comes from the next one."""
    result = play(
        """
        pytestmark = pytest.mark.aiohttpretty(assert_all_called=False)

        @pytest.mark.aiohttpretty(keep_bodies=True)
        def test_it():
            settings = aiohttpretty.activate.__self__.settings
            assert settings[:2] == (False, True)
            with aiohttpretty.activate(keep_bodies=False):
                assert aiohttpretty.activate.__self__.settings[:2] == (False, False)
                with aiohttpretty.activate(assert_all_called=True):
                    assert aiohttpretty.activate.__self__.settings[:2] == (True, False)
            assert aiohttpretty.activate.__self__.settings[:2] == (False, True)

        def test_after():
            assert aiohttpretty.activate.__self__.settings[:2] == (False, True)
        """,
        "-oaiohttpretty_assert_all_called=true",
        "-oaiohttpretty_keep_bodies=1",
    )
    assert result.parseoutcomes() == {"passed": 2}


@pytest.mark.parametrize("mark", ["", OFF, ON])
def test_an_indirect_parameter_is_the_closest(mark, play):
    """The fixture takes settings as its parameter, with and without the marker, which says less of this one test."""
    result = play(f"""
{mark}
@pytest.mark.parametrize("aiohttpretty", [{{"assert_all_called": True}}], indirect=True)
def test_on(aiohttpretty):
    {UNUSED.strip()}

{mark}
@pytest.mark.parametrize("aiohttpretty", [{{"assert_all_called": False}}], indirect=True)
def test_off(aiohttpretty):
    {UNUSED.strip()}

def test_after():
    assert not mocked()
""")
    assert result.parseoutcomes() == {"passed": 3, "errors": 1}
    assert "ERROR at teardown of test_on" in result.stdout.str()


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("pytest.ini", "[pytest]\naiohttpretty_assert_all_called = true\n"),
        ("pyproject.toml", "[tool.pytest.ini_options]\naiohttpretty_assert_all_called = true\n"),
    ],
)
def test_the_ini_file_is_for_all_forms(file, content, pytester, play):
    """The project's word holds for the marker, the fixture, the block, the decorator and registries of one's own."""
    pytester.path.joinpath(file).write_text(content)
    result = play("""
        @pytest.mark.aiohttpretty
        def test_marker():
            aiohttpretty.register_uri("GET", URL)

        def test_fixture(aiohttpretty):
            aiohttpretty.register_uri("GET", URL)

        def test_block():
            with aiohttpretty.activate():
                aiohttpretty.register_uri("GET", URL)

        @aiohttpretty.activate
        def test_decorator():
            aiohttpretty.register_uri("GET", URL)

        def test_own_registry():
            own = aiohttpretty.AioHTTPretty()
            with own.activate():
                own.register_uri("GET", URL)

        def test_said_otherwise():
            own = aiohttpretty.AioHTTPretty(assert_all_called=False)
            with own.activate():
                own.register_uri("GET", URL)
    """)
    assert result.parseoutcomes() == {"passed": 3, "errors": 2, "failed": 3}


def test_the_ini_file_is_for_one_run(play):
    """What a project says is forgotten when its run is over."""
    play("", "-oaiohttpretty_assert_all_called=true")
    from aiohttpretty import activate

    assert activate.__self__.settings.assert_all_called is False


@pytest.mark.parametrize(
    ("mark", "said"),
    [
        (
            "(assert_all_caled=True)",
            "@pytest.mark.aiohttpretty has no option 'assert_all_caled'. Did you mean 'assert_all_called'? The options "
            "are: assert_all_called, keep_bodies, passthrough, time.",
        ),
        (
            "(assert_all_mocked=True)",
            "@pytest.mark.aiohttpretty has no option 'assert_all_mocked'. Leave it out: a request that nothing answers "
            "always fails the test. The options are: assert_all_called, keep_bodies, passthrough, time.",
        ),
        (
            "(assert_all_called='no')",
            "@pytest.mark.aiohttpretty: assert_all_called='no' is not a bool. Give True or False, or leave it out.",
        ),
        (
            "(True)",
            "@pytest.mark.aiohttpretty has True without a name. It takes settings as keywords, such as "
            "assert_all_called=True.",
        ),
    ],
)
def test_a_mistaken_mark(mark, said, play):
    """The test is not run, and a sentence says what to write instead; it is all that is printed."""
    result = play(f"""
@pytest.mark.aiohttpretty{mark}
def test_it():
    print("it ran")

def test_after():
    assert not mocked()
""")
    assert result.parseoutcomes() == {"errors": 1, "passed": 1}
    output = result.stdout.str()
    assert f"ERROR at setup of test_it ___________________________\n{said}\n=====" in output
    assert "it ran" not in output


def test_a_mistaken_parameter(play):
    """A parameter of the fixture that is no dict of settings is refused likewise."""
    result = play("""
        @pytest.mark.parametrize("aiohttpretty", [True], indirect=True)
        def test_it(aiohttpretty):
            pass

        @pytest.mark.parametrize("aiohttpretty", [{"strict": True}], indirect=True)
        def test_word(aiohttpretty):
            pass

        def test_after():
            assert not mocked()
    """)
    assert result.parseoutcomes() == {"errors": 2, "passed": 1}
    result.stdout.fnmatch_lines(
        [
            "The fixture aiohttpretty has the parameter True. It takes a dict of settings, such as "
            "{'assert_all_called': True}.",
            "The fixture aiohttpretty has no option 'strict'. The options are: assert_all_called, keep_bodies, "
            "passthrough, time.",
        ]
    )


def test_a_mistaken_ini_file(play):
    """A value in the ini file that is no bool stops the run before it begins, in one sentence."""
    result = play("", "-oaiohttpretty_keep_bodies=perhaps", subprocess=True)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        "ERROR: aiohttpretty_keep_bodies in the ini file is not a bool: *. Give true or false, or leave it out."
    )


def test_a_list_in_the_ini_file_that_is_none(play, pytester):
    """In a file that knows lists, a text in place of one stops the run, in one sentence."""
    file = "[tool.pytest]\naiohttpretty_passthrough = 'localhost'\n"
    pytester.path.joinpath("pyproject.toml").write_text(file)
    result = play("", subprocess=True)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        "ERROR: aiohttpretty_passthrough in the ini file is not a list: *. Give one host a line, or leave it out."
    )

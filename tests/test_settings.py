"""Settings of a registry, without pytest: its own, those of its activations, and what they are refused with."""

import asyncio

import pytest

import aiohttpretty
from aiohttpretty import AioHTTPretty, OptionTypeError
from aiohttpretty.settings import DEFAULTS, NAMES, Settings, set_project

URI = "http://example.com/"


def test_the_defaults_are_the_same_for_all():
    """The global registry, one's own, a block and a decorated function begin with the same."""
    seen = [aiohttpretty.activate.__self__.settings, AioHTTPretty().settings]
    own = AioHTTPretty()
    with own.activate():
        seen.append(own.settings)
    own.activate(lambda: seen.append(own.settings))()
    assert (
        set(seen) == {DEFAULTS} == {Settings(assert_all_called=False, keep_bodies=False, passthrough=(), time="real")}
    )


def test_every_setting_may_be_said():
    """What can be written is what there is."""
    assert Settings._fields == NAMES


def test_the_closest_activation_wins():
    """An activation says what it says until it is undone; the rest is said by the one around it, and the registry."""
    own = AioHTTPretty(keep_bodies=True)
    assert own.settings[:2] == (False, True)
    with own.activate(assert_all_called=False):
        outer = own.activate(keep_bodies=False)
        inner = own.activate(assert_all_called=True)
        assert own.settings[:2] == (True, False)
        outer.undo()  # not the last one
        assert own.settings[:2] == (True, True)
        inner.undo()
        inner.undo()
        assert own.settings[:2] == (False, True)
    assert own.settings[:2] == (False, True)
    assert "not active" in repr(own)


def test_by_hand_the_last_one_is_undone():
    """`deactivate()` undoes the last activation, and a block that has lost its own undoes another, as it counts."""
    own = AioHTTPretty()
    own.activate(keep_bodies=True)
    with own.activate(assert_all_called=True):
        own.deactivate()
        assert own.settings[:2] == (False, True)
    assert "not active" in repr(own)
    assert own.settings == DEFAULTS
    own.deactivate()


def test_the_project_is_the_farthest():
    """What a project says is the default of every registry, of those that are there already, too, until it is over."""
    own, other = AioHTTPretty(), AioHTTPretty(assert_all_called=False)
    assert own.settings == DEFAULTS
    back = set_project({"assert_all_called": True})
    try:
        assert (own.settings.assert_all_called, other.settings.assert_all_called) == (True, False)
        own.activate()
        assert own.settings.assert_all_called
    finally:
        back()
    assert own.settings == DEFAULTS
    own.deactivate()


@pytest.mark.parametrize(
    ("write", "where"),
    [(AioHTTPretty, "AioHTTPretty"), (aiohttpretty.activate, "activate"), (AioHTTPretty().activate, "activate")],
)
@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            {"keep_body": True},
            "{} has no option 'keep_body'. Did you mean 'keep_bodies'? The options are: assert_all_called, "
            "keep_bodies, passthrough, time.",
        ),
        (
            {"assert_all_responses_were_requested": True},
            "{} has no option 'assert_all_responses_were_requested'. Did you mean 'assert_all_called'? The options "
            "are: assert_all_called, keep_bodies, passthrough, time.",
        ),
        ({"keep_bodies": 1}, "{}: keep_bodies=1 is not a bool. Give True or False, or leave it out."),
        (
            {"time": 0},
            "{}: time=0 is not known. Give 'real' (what waits takes its time) or 'instant' (nobody waits: what comes "
            "first in time happens at once).",
        ),
    ],
)
def test_a_mistaken_setting(write, where, words, said):
    """An unknown one names the nearest, a wrong value the right kind; and nothing is switched on."""
    with pytest.raises(OptionTypeError) as caught:
        write(**words)
    assert str(caught.value) == said.format(where)
    assert "not active" in repr(aiohttpretty.activate.__self__)


def test_what_is_decorated_takes_settings():
    """The decorator with settings switches on when the function runs, with them, and checks at its end."""
    own = AioHTTPretty()

    @own.activate(assert_all_called=True)
    def unused():
        own.register_uri("GET", URI)
        assert own.settings.assert_all_called

    @own.activate(assert_all_called=True)
    async def used():
        own.register_uri("GET", URI)
        await own.fake_request("GET", URI)

    assert "not active" in repr(own)
    with pytest.raises(AssertionError, match="^Not all that is registered has been used"):
        unused()
    assert "not active" in repr(own)
    assert not own.registry
    asyncio.run(used())


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (
            {"optional": "yes"},
            "optional='yes' is not a bool. Give True for a route that no request need ask for, or leave it out.",
        ),
        (
            {"responses": [{}, {"optional": True}]},
            "responses[1] has optional, but whether nobody need ask is said of all. Write it beside responses.",
        ),
    ],
)
def test_a_mistaken_optional(options, said):
    """What can't be optional is refused where it is registered."""
    with pytest.raises(aiohttpretty.AiohttprettyError) as caught:
        AioHTTPretty().register_uri("GET", URI, **options)
    assert str(caught.value) == said


def test_optional_is_the_routes():
    """A route shows that it is optional, whatever it answers; and so does its copy in another registry."""
    own, other = AioHTTPretty(), AioHTTPretty()
    route = own.register_uri("GET", URI, optional=True, status=201)
    route.replace(status=202)
    [copy] = other.include(own)
    for each in (route, copy):
        assert each.optional
        assert ", status=202, optional=True) at " in repr(each)
    assert own.registry["GET", URI] == {"status": 202}

"""Each fault is what a real server does: the same exception, the same part of the body, as many attempts."""

import io

import pytest
from aiohttp import http_parser
from conformance.looking import VERSION, differences

from aiohttpretty import faults

from . import answers, playing, unconnected, variations, waiting
from .raw import RST, Partly

# aiohttp 3.10 says so of any proxy where the event loop is uvloop's, and of none on the wire
pytestmark = pytest.mark.filterwarnings("ignore:An HTTPS request is being sent through an HTTPS proxy:RuntimeWarning")

QUICK = [
    *unconnected.UNCONNECTED,
    *answers.BEFORE,
    *answers.IN_THE_HEAD,
    *answers.IN_THE_BODY,
    *answers.BYTE_BY_BYTE,
    *answers.ELSEWHERE,
]
WAITING = [*waiting.UNANSWERED, *waiting.LATE, *waiting.SILENT]


def each(situations):
    pairs = [pytest.param(one, way, id=f"{one.name}, {way}") for one in situations for way in one.ways]
    return pytest.mark.parametrize(("situation", "way"), pairs)


@each([*QUICK, *WAITING])
async def test_it_is_as_in_life(situation, way, monkeypatch):
    """A fault is seen as a real server's is, in all that a client can see; and it is what is written of it."""
    real, fake = await playing.both(situation, way, monkeypatch)
    assert differences(fake, real) == []
    if playing.COMPILED:
        told = expected(variations.ends(situation, VERSION), way)
        assert outcome(real) == told
        assert outcome(fake) == told


@pytest.mark.skipif(not playing.COMPILED, reason="it is Python's parser anyway")
@each(one for one in answers.IN_THE_BODY if one.name.startswith("bad_chunk"))
async def test_the_parser_in_python(situation, way, monkeypatch):
    """aiohttp's other parser tells of a bad chunk, which the compiled one does not; the wire goes by either."""
    monkeypatch.setattr("aiohttp.client_proto.HttpResponseParser", http_parser.HttpResponseParserPy)
    real, fake = await playing.both(situation, way, monkeypatch)
    assert differences(fake, real) == []
    assert playing.summary(real).startswith(
        "aiohttp.http_exceptions.TransferEncodingError: 400, message:\n  not-a-size"
    )


async def test_a_big_upload(monkeypatch):
    """A reset amid more than fits into a kernel's buffers is what aiohttp makes of it in life.

    That is one of two: what the socket says to the one who reads, or to the one who writes; whoever is asked first.
    """

    async def client(world, session):
        return [await playing.asked(session, "POST", world.base / "a", data=io.BytesIO(b"u" * 20_000_000))]

    scripts = [(Partly(100_000), RST)]
    options = {"fault": faults.during_upload(after=100_000)}
    for played in await playing.sequence(client, scripts, options, monkeypatch):
        [told] = played["told"]
        assert playing.summary(told) in {
            "aiohttp.ClientOSError: [Errno 104] Connection reset by peer",
            "aiohttp.ClientOSError: [Errno None] Can not write request body for http://example.com/a",
        }


@pytest.mark.parametrize("variation", variations.VARIATIONS, ids=lambda variation: variation.said)
def test_it_varies(variation):
    """What is said of an older aiohttp changes what is written of some situation, and so the test of that."""
    concerned = [one for one in [*QUICK, *WAITING] if variation.concerns(one)]
    assert concerned != []
    older = (variation.before[0], variation.before[1] - 1)
    for situation in concerned:
        assert variations.ends(situation, older) != variations.ends(situation, variation.before)


def outcome(told):
    """What is written of it."""
    return {
        "raises": playing.summary(told),
        "where": told["where"],
        "errno": told["error"] and told["error"].get("errno"),
        "arrived": b"".join(told["pieces"]),
        "attempts": told["attempts"],
    }


def expected(ends, way):
    where = "body" if ends.reading else "request"
    return {
        "raises": ends.raises,
        "where": where if ends.raises else None,
        "errno": ends.errno,
        # what is read at once comes as a whole or not at all
        "arrived": b"" if ends.raises and way.plain else ends.arrived,
        "attempts": 2 if ends.repeats and way.method != "POST" else 1,
    }

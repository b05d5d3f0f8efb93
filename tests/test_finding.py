"""What was registered is found by a real session that asks for it, and not by one that asks for something else."""

import asyncio
from collections import Counter

import aiohttp
from hypothesis import assume, given
from hypothesis import strategies as st
from yarl import URL

import aiohttpretty
from aiohttpretty import AioHTTPretty, NoMatchError

# What a URL is made of, decoded: the oracle compares these, and never looks at how they are written
schemes = st.sampled_from(["http", "https"])
hosts = st.sampled_from(["example.com", "example.org", "sub.example.com", "bücher.example", "127.0.0.1", "[::1]"])
ports = st.sampled_from([None, None, 80, 443, 8080])
texts = st.text(
    st.one_of(st.sampled_from("aA~ +&=%/?#;:@é{}|'\"\\"), st.characters(codec="utf-8", exclude_characters="\0")),
    max_size=4,
)
segments = st.lists(texts.filter(lambda text: text not in (".", "..")), max_size=3)
pairs = st.lists(st.tuples(texts, texts), max_size=3)
methods = st.sampled_from(["GET", "POST", "HEAD", "DELETE"])
wholes = st.tuples(methods, schemes, hosts, ports, segments, pairs)


def url(whole, *, with_query=True):
    """The address, written as yarl writes what it is given in parts."""
    _, scheme, host, port, parts, query = whole
    path = "/" + "/".join(_encoded(part) for part in parts)
    address = URL(f"{scheme}://{host}{'' if port is None else f':{port}'}{path}", encoded=False)
    return address.with_query(query) if with_query and query else address


def _encoded(part):
    return "".join(f"%{byte:02X}" for byte in part.encode())


def meant(whole):
    """What makes a request the same to a server."""
    method, scheme, host, port, parts, query = whole
    return method, scheme, host, port or {"http": 80, "https": 443}[scheme], parts or [""], Counter(query)


async def asks(registry, whole, *, in_params):
    """What a real session gets that asks for it: a status, or that nothing fits."""
    with registry.activate():
        async with aiohttp.ClientSession() as session:
            keywords = {"params": whole[-1]} if in_params else {}
            try:
                async with session.request(whole[0], url(whole, with_query=not in_params), **keywords) as response:
                    return response.status
            except NoMatchError:
                return None


@given(wholes, wholes, st.lists(st.integers(0, 5), max_size=5), st.booleans(), st.booleans(), st.randoms())
def test_found_by_who_asks_for_it_and_by_nobody_else(whole, other, kept, registered_in_params, in_params, random):
    """For any method, URL and params: found in any order and either way of writing the query, and only then."""
    # Another one that has a few parts in common with it, most often all but one
    other = tuple(mine if at in {*kept} else theirs for at, (mine, theirs) in enumerate(zip(whole, other, strict=True)))
    method, *_, query = whole
    registry = AioHTTPretty()
    params = {"params": query} if registered_in_params else {}
    registry.register_uri(method, url(whole, with_query=not registered_in_params), status=299, **params)
    shuffled = (*whole[:-1], random.sample(query, len(query)))
    assert asyncio.run(asks(registry, shuffled, in_params=in_params)) == 299
    wanted = 299 if meant(other) == meant(whole) else None
    assert asyncio.run(asks(registry, other, in_params=in_params)) == wanted


@given(wholes, st.sampled_from(range(6)), st.data())
def test_one_part_that_differs(whole, at, data):
    """A request that differs in its method, scheme, host, port, path or query alone finds nothing."""
    other = list(whole)
    other[at] = data.draw([methods, schemes, hosts, ports, segments, pairs][at])
    assume(meant(other) != meant(whole))
    registry = AioHTTPretty()
    registry.register_uri(whole[0], str(url(whole)), status=299)
    assert asyncio.run(asks(registry, other, in_params=False)) is None
    assert registry.unmatched[0].url == url(other)


@given(wholes)
def test_shown_and_called_by_its_address(whole):
    """Its address is its key in `registry`, and the address of its call."""
    registry = AioHTTPretty()
    route = registry.register_uri(whole[0], url(whole))
    assert registry.registry[whole[0], str(url(whole))] == {}
    asyncio.run(asks(registry, whole, in_params=True))
    assert registry.calls[0]["uri"] == str(url(whole))
    assert registry.has_call(url(whole), method=whole[0])
    assert route.calls == registry.calls


def test_the_module_does_it_too():
    """The functions of the module are those of one such registry."""
    aiohttpretty.register_uri("GET", "http://example.com/", status=299)
    whole = ("GET", "http", "example.com", None, [], [])
    assert asyncio.run(asks(aiohttpretty, whole, in_params=False)) == 299

"""placeholder"""
import aiohttp, aiohttpretty

async def test_one():
    """A registered answer arrives."""
    with aiohttpretty.activate():
        aiohttpretty.register_uri("GET", "http://example.com/", body=b"hi")
        async with aiohttp.ClientSession() as session, session.get("http://example.com/") as response:
            assert await response.read() == b"hi"

"""What is warned of."""

# ruff: noqa: E501 - a failure is written as it prints
from .kinds import Kind

KINDS = [
    Kind(
        "A route that can never answer",
        "`UnreachableRouteWarning`: a route that is registered later, and is wider, answers all its requests first.",
        """
aiohttpretty.register_uri("GET", "http://example.com/users/{id}")
aiohttpretty.register_uri("*", "http://example.com/users/{name}")
""",
        """
test_it.py:2: UnreachableRouteWarning: GET http://example.com/users/{id} (test_it.py:1) can never answer any more: * http://example.com/users/{name} (test_it.py:2) answers all its requests first, because it was registered later. Register the wider one first, or leave one of them out.
""",
    ),
    Kind(
        "Another tool has wrapped aiohttp",
        "`AiohttprettyWarning`, at `deactivate()`: a wrapper that was put on while the mock was active stays.",
        """
mocked = aiohttp.ClientSession._request

async def wrapper(*args, **kwargs):
    return await mocked(*args, **kwargs)

aiohttp.ClientSession._request = wrapper
aiohttpretty.deactivate()
""",
        """
test_it.py:7: AiohttprettyWarning: Another tool has replaced or wrapped aiohttp.ClientSession._request since aiohttpretty was activated. Its wrapper was left in place, and aiohttpretty's function below it now passes every request through. To have all of it gone, undo the other tool first and then deactivate().
""",
    ),
    Kind(
        "Another tool has put aiohttp back",
        "`AiohttprettyWarning`, at `deactivate()`: requests that were made since then were not mocked.",
        """
aiohttpretty.deactivate()
original = aiohttp.ClientSession._request
aiohttpretty.activate()
aiohttp.ClientSession._request = original
aiohttpretty.deactivate()
""",
        """
test_it.py:5: AiohttprettyWarning: Another tool has put aiohttp.ClientSession._request back while aiohttpretty was active, so the requests that were made since then were not mocked. What was installed before activate() can be undone after deactivate().
""",
    ),
]

"""Which interface an application has is read from it, not guessed."""

import functools
import re
from unittest import mock

import pytest
from aiohttp import web
from fastapi import FastAPI
from flask import Flask
from starlette.applications import Starlette
from starlette.endpoints import HTTPEndpoint

from aiohttpretty.errors import OptionTypeError
from aiohttpretty.live.foreign import _interface, adapted


async def asgi(scope, receive, send):
    pass


def asgi_plain(scope, receive, send):
    return asgi(scope, receive, send)


def wsgi(environ, start_response):
    return []


async def handler(request):
    return web.Response()


class Asgi:
    async def __call__(self, scope, receive, send):
        pass


class AsgiInstance:
    def __init__(self, scope, receive, send):
        pass

    def __await__(self):
        yield


class Wsgi:
    def __call__(self, environ, start_response):
        return []


class WsgiInstance:
    def __init__(self, environ, start_response):
        pass

    def __iter__(self):
        yield b""


class Configured:
    async def handler(self, request):
        pass

    async def asgi(self, scope, receive, send):
        pass

    def wsgi(self, environ, start_response):
        return []


def without_address(value):
    """The same in every process, as pytest-xdist wants its tests to be called."""
    return re.sub(r"( at)? 0x[0-9a-f]+", "", repr(value))


@pytest.mark.parametrize(
    ("app", "interface"),
    [
        (asgi, "ASGI"),
        (asgi_plain, "ASGI"),
        (Asgi(), "ASGI"),
        (AsgiInstance, "ASGI"),
        (Configured().asgi, "ASGI"),
        (functools.partial(lambda setting, scope, receive, send: None, 1), "ASGI"),
        (functools.partial(asgi), "ASGI"),
        (FastAPI(), "ASGI"),
        (Starlette(), "ASGI"),
        (HTTPEndpoint, "ASGI"),
        (lambda scope, receive, send, extra=None: None, "ASGI"),
        (wsgi, "WSGI"),
        (Wsgi(), "WSGI"),
        (WsgiInstance, "WSGI"),
        (Configured().wsgi, "WSGI"),
        (functools.partial(lambda setting, environ, start_response: [], 1), "WSGI"),
        (Flask("x"), "WSGI"),
        (lambda environ, start_response, extra=None: [], "WSGI"),
        (lambda env, start_response=None: [], "WSGI"),
        (handler, None),
        (lambda request: web.Response(), None),
        (lambda request, extra=None: web.Response(), None),
        (Configured().handler, None),
        (functools.partial(handler), None),
        (web.View, None),
        (web.Application(), None),
        ("no function", None),
        (object(), None),
        (lambda: None, None),
        (lambda one, two, three, four: None, None),
    ],
    ids=without_address,
)
def test_the_interface(app, interface):
    """An application is known by how many arguments it takes, and then by whether it is awaited or iterated."""
    assert _interface(app) == interface
    assert isinstance(adapted(app), web.Application) == (interface is not None)


async def star(*args):
    pass


@pytest.mark.parametrize(
    ("app", "because"),
    [
        (mock.Mock(), "it takes 1 or 2 or 3 arguments"),
        (lambda *args: None, "it takes 1 or 2 or 3 arguments"),
        (star, "it takes 1 or 3 arguments"),
        (lambda x, y=None: None, "it takes 1 or 2 arguments"),
        (dict, "its arguments can't be read"),
    ],
    ids=["mock", "star", "coroutine", "optional", "builtin"],
)
def test_what_could_be_two_things(app, because):
    """It is refused, with how to say which one it is."""
    with pytest.raises(OptionTypeError) as caught:
        adapted(app)
    assert str(caught.value) == (
        f"mount({app!r}): it could be a handler, an ASGI or a WSGI application, because {because}. Give a function "
        "that says which, such as: async def handler(request), async def app(scope, receive, send), or def "
        "app(environ, start_response)."
    )


async def test_a_web_server():
    """A `web.Server` is aiohttp's own."""
    assert adapted(web.Server(handler)) is None

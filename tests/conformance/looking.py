"""What a client can see, as plain values that can be compared."""

import re
from functools import partial

import aiohttp
from aiohttp import TraceConfig

VERSION = tuple(int(part) for part in aiohttp.__version__.split(".")[:2])
_PLAIN = (str, bytes, int, type(None))
_EVENTS = [name for name in dir(TraceConfig) if name.startswith("on_")]


async def seen(response, *, body=True):
    """All of a response: reads its body too, unless told not to."""
    return {
        **head(response),
        "history": [head(earlier) for earlier in response.history],
        "body": await response.read() if body else None,
    }


def head(response):
    """All of a response but its body and history."""
    return {
        "type": type(response).__name__,
        "version": response.version,
        "status": response.status,
        "reason": response.reason,
        # in lower case: aiohttp's C parser has a spelling of its own for names that it knows; its Python parser has not
        "headers": [(name.lower(), value) for name, value in response.headers.items()],
        "raw_headers": response.raw_headers,
        "cookies": [morsel.OutputString() for morsel in response.cookies.values()],
        "links": [(name, dict(link)) for name, link in response.links.items()],
        "url": (response.url, response.real_url),
        "host": response.host,
        "method": response.method,
        "content_type": (response.content_type, response.charset, str(response.content_disposition)),
        "content_length": response.content_length,
        "ok": response.ok,
        "repr": repr(response).partition("\n")[0],
        "request": asked(response.request_info),
    }


def asked(info):
    """A `RequestInfo`."""
    return info.method, info.url, info.real_url, list(info.headers.items())


async def failure(awaitable):
    """The exception that it ends with, described."""
    try:
        result = await awaitable
    except Exception as error:
        return described(error)
    raise AssertionError(f"Nothing was raised, but {result!r} came")


async def outcome(awaitable):
    """The response that comes, read to its end, or the exception, described."""
    try:
        return await seen(await awaitable)
    except Exception as error:
        return described(error)


def described(error):
    """An exception: type, message, attributes and cause, without the addresses of objects."""
    if error is None:
        return None
    known = {name: getattr(error, name) for name in ("status", "message", "errno") if hasattr(error, name)}
    if getattr(error, "request_info", None) is not None:
        known["request"] = asked(error.request_info)
        known["headers"] = error.headers and [(name.lower(), value) for name, value in error.headers.items()]
        known["history"] = [head(response) for response in error.history]
    return {
        "type": f"{type(error).__module__}.{type(error).__qualname__}",
        "text": anonymous(str(error)),
        "args": [anonymous(repr(each)) if isinstance(each, _PLAIN) else type(each).__name__ for each in error.args],
        "cause": described(error.__cause__),
        **known,
    }


def anonymous(text):
    """`text` without the addresses of objects in memory."""
    return re.sub(r"0x[0-9a-f]+", "0x", text)


def tracing(**options):
    """A trace config, and the list into which it writes every event with all that came with it."""
    events = []
    config = TraceConfig(**options)
    for name in _EVENTS:
        getattr(config, name).append(partial(_note, events, name))
    return config, events


async def _note(events, name, session, context, params):
    told = {field: getattr(params, field) for field in ("method", "url", "chunk", "host") if hasattr(params, field)}
    if hasattr(params, "headers"):
        told["headers"] = list(params.headers.items())
    if hasattr(params, "response"):
        told["response"] = head(params.response)
    if hasattr(params, "exception"):
        told["exception"] = described(params.exception)
    if context.trace_request_ctx is not None:
        told["ctx"] = context.trace_request_ctx
    events.append((name.removeprefix("on_"), told))


def names(events):
    """The names of the events, in order."""
    return [name for name, _ in events]


def differences(wire, loopback, place=""):
    """Where the two differ, one line each."""
    if type(wire) is type(loopback) and isinstance(wire, (list, tuple)) and len(wire) == len(loopback):
        pairs = [(f"{place}[{number}]", *each) for number, each in enumerate(zip(wire, loopback, strict=True))]
    elif isinstance(wire, dict) and isinstance(loopback, dict) and wire.keys() == loopback.keys():
        pairs = [(f"{place}[{name!r}]", wire[name], loopback[name]) for name in wire]
    elif wire == loopback:
        return []
    else:
        return [f"{place or 'all'}: on the wire {_short(wire)}, over loopback {_short(loopback)}"]
    return [line for where, one, other in pairs for line in differences(one, other, where)]


def _short(value):
    text = repr(value)
    return text if len(text) < 500 else f"{text[:240]} ... {text[-240:]}"

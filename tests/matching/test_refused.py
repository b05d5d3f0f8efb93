"""A mistake in an expectation is refused on the line that wrote it, with a sentence that says what to write."""

import asyncio
import functools
import re
from unittest.mock import ANY, AsyncMock

import pytest

from aiohttpretty import OptionTypeError, OptionValueError, match

IN_JSON = (
    "Give a dict, list, str, int, float, bool or None, one of these types, a re.Pattern, match.any_order(…), "
    "match.where(…) or an object whose __eq__ knows JSON values."
)
IN_TEXT = (
    "Give a str, int or float, one of these types, a re.Pattern, match.where(…) or an object whose __eq__ knows a str."
)
IN_BODY = (
    "Give bytes, a str, one of these types, a re.Pattern, match.where(…) or an object whose __eq__ knows bytes or a "
    "str."
)
IN_FIELD = (
    "Give a str, bytes, an int or a float, the type str or bytes, a re.Pattern, match.file(…), match.where(…) or an "
    "object whose __eq__ knows a str or bytes."
)
NEVER = "which nothing that comes there can be"
A_FUNCTION = "Give a function that takes the request and answers with true or false."
ALWAYS_TRUE = "a coroutine or generator function, whose answer is always true. Give a plain function."


async def later(request):
    return False


def piecemeal(request):
    yield False


class Later:
    async def __call__(self, request):
        return False

    def __repr__(self):
        return "<Later>"


class Broken:
    def __repr__(self):
        raise RuntimeError


def circle():
    items = []
    items.append(items)
    return items


REFUSED_TYPES = {
    "a set in JSON": (lambda: match.json({"a": [{1}]}), f"match.json: $.a[0] is {{1}}, {NEVER}. {IN_JSON}"),
    "bytes in JSON": (lambda: match.json_contains(b"x"), f"match.json_contains: $ is b'x', {NEVER}. {IN_JSON}"),
    "a type that JSON hasn't": (lambda: match.json(bytes), f"match.json: $ is bytes, {NEVER}. {IN_JSON}"),
    "a generic type": (lambda: match.json(list[int]), f"match.json: $ is list[int], {NEVER}. {IN_JSON}"),
    "a function in JSON": (
        lambda: match.json({"a": len}),
        f"match.json: $.a is <built-in function len>, {NEVER}. For a function of the value, write match.where(len).",
    ),
    "an object without __eq__": (lambda: match.json(Broken()), f"match.json: $ is <Broken>, {NEVER}. {IN_JSON}"),
    "a name in JSON that is no str": (
        lambda: match.json({"a": {1: 2}}),
        "match.json: $.a has the key 1, and the names in a JSON object are str. Write it as one.",
    ),
    "a matcher of requests in JSON": (
        lambda: match.json({"a": match.header("X", "1")}),
        "match.json: $.a is match.header('X', '1'), which looks at a request, and what comes there is a JSON value. "
        f"{IN_JSON}",
    ),
    "items in any order that are none": (
        lambda: match.any_order("ab"),
        "match.any_order: 'ab' is not a list. Give the items as one.",
    ),
    "an item that is none of JSON's": (
        lambda: match.any_order([b"x"]),
        f"match.any_order: $[0] is b'x', {NEVER}. {IN_JSON}",
    ),
    "a form that is none": (
        lambda: match.form("a=1"),
        "match.form: 'a=1' is neither a mapping nor a list of pairs. Give a dict, or a list of (name, value).",
    ),
    "pairs that are none": (
        lambda: match.form([("a", 1, 2)]),
        "match.form: [('a', 1, 2)] is neither a mapping nor a list of pairs. Give a dict, or a list of (name, value).",
    ),
    "a field without a name": (
        lambda: match.form({None: 1}),
        "match.form: the name None is not a str. Write it as one.",
    ),
    "a part whose name is bytes": (
        lambda: match.multipart({b"a": 1}),
        "match.multipart: the name b'a' is not a str. Write it as one.",
    ),
    "a bool in a form": (lambda: match.form({"a": [1, True]}), f"match.form: 'a' is True, {NEVER}. {IN_TEXT}"),
    "nothing in a form": (lambda: match.form({"a": None}), f"match.form: 'a' is None, {NEVER}. {IN_TEXT}"),
    "a list in any order in a form": (
        lambda: match.form({"a": match.any_order([1])}),
        "match.form: 'a' is match.any_order([1]), which looks at a JSON value, and what comes there is a text. "
        f"{IN_TEXT}",
    ),
    "a negated condition of another kind": (
        lambda: match.form({"a": ~match.any_order([1])}),
        "match.form: 'a' is ~match.any_order([1]), which looks at a JSON value, and what comes there is a text. "
        f"{IN_TEXT}",
    ),
    "a dict in a part": (lambda: match.multipart({"a": {}}), f"match.multipart: 'a' is {{}}, {NEVER}. {IN_FIELD}"),
    "a file in a form": (
        lambda: match.form({"a": match.file()}),
        f"match.form: 'a' is match.file(), which looks at a part of a multipart body, and what comes there is a "
        f"text. {IN_TEXT}",
    ),
    "a file's name": (lambda: match.file(filename=b"x"), f"match.file: filename is b'x', {NEVER}. {IN_TEXT}"),
    "a file's content": (lambda: match.file(content=1), f"match.file: content is 1, {NEVER}. {IN_BODY}"),
    "a file's type": (lambda: match.file(content_type=1j), f"match.file: content_type is 1j, {NEVER}. {IN_TEXT}"),
    "a body": (lambda: match.body({"a": 1}), f"match.body is {{'a': 1}}, {NEVER}. {IN_BODY}"),
    "no body": (lambda: match.body(None), f"match.body is None, {NEVER}. {IN_BODY}"),
    "a header's value": (lambda: match.header("X", b"1"), f"match.header: X is b'1', {NEVER}. {IN_TEXT}"),
    "a header's name": (
        lambda: match.header(b"X", "1"),
        "match.header: the name b'X' is not a str. Write it as one, such as 'X-Key'.",
    ),
    "headers": (
        lambda: match.headers("X: 1"),
        "match.headers: 'X: 1' is neither a mapping nor a list of pairs. Give a dict, or a list of (name, value).",
    ),
    "a value in headers": (lambda: match.headers({"X": ["1"]}), f"match.headers: X is ['1'], {NEVER}. {IN_TEXT}"),
    "a cookie's name": (lambda: match.cookie(1, "1"), "match.cookie: the name 1 is not a str. Write it as one."),
    "a cookie's value": (lambda: match.cookie("a", True), f"match.cookie: a is True, {NEVER}. {IN_TEXT}"),
    "a parameter": (lambda: match.params_contain({"a": {}}), f"match.params_contain: 'a' is {{}}, {NEVER}. {IN_TEXT}"),
    "a user": (lambda: match.basic_auth(None, "x"), f"match.basic_auth: user is None, {NEVER}. {IN_TEXT}"),
    "a password": (lambda: match.basic_auth("x", b"y"), f"match.basic_auth: password is b'y', {NEVER}. {IN_TEXT}"),
    "a condition that can't be called": (
        lambda: match.where("x"),
        f"match.where: 'x' can't be called. {A_FUNCTION}",
    ),
    "a class as a condition": (
        lambda: match.where(dict),
        f"match.where: dict is a class, not a condition: what a class makes is nearly always true. {A_FUNCTION}",
    ),
    "a coroutine function": (lambda: match.where(later), f"match.where: later is {ALWAYS_TRUE}"),
    "a part of a coroutine function": (
        lambda: match.where(functools.partial(later)),
        f"match.where: later is {ALWAYS_TRUE}",
    ),
    "an object that is called as a coroutine": (lambda: match.where(Later()), f"match.where: <Later> is {ALWAYS_TRUE}"),
    "a generator function": (lambda: match.where(piecemeal), f"match.where: piecemeal is {ALWAYS_TRUE}"),
    "a reason that is none": (
        lambda: match.where(len, why=3),
        "match.where: why=3 is not a str. Give the reason in words.",
    ),
    "a neighbour that is no matcher": (
        lambda: match.json(1) & {"a": 1},
        "{'a': 1} can't be joined to a matcher. Give one that aiohttpretty.match makes, or a function of the request.",
    ),
    "a neighbour on the left": (
        lambda: 5 | match.json(1),
        "5 can't be joined to a matcher. Give one that aiohttpretty.match makes, or a function of the request.",
    ),
    "a class beside a matcher": (
        lambda: dict & match.json(1),
        f"dict is a class, not a condition: what a class makes is nearly always true. {A_FUNCTION}",
    ),
    "things that can't be joined": (
        lambda: match.file() | match.header("X", 1),
        "match.file() looks at a part of a multipart body, but match.header('X', 1) looks at a request, so | can't "
        "join them. Join conditions on the same thing.",
    ),
    "and instead of &": (
        lambda: match.json(1) and match.json(2),
        "match.json(1) is neither true nor false before it has seen a request. Write & for 'and', | for 'or' and ~ "
        "for 'not'.",
    ),
    "match= a dict": (
        lambda: match.check({"a": 1}),
        "match={'a': 1} is not a matcher. Write match.json({…}), match.json_contains({…}) or match.form({…}), or give "
        "a function of the request.",
    ),
    "match= a list of other things": (
        lambda: match.check([match.json(1), {"a": 1}]),
        "match=[match.json(1), {'a': 1}] is not a matcher. Write match.json([…]), or a list that holds nothing but "
        "matchers, or give a function of the request.",
    ),
    "match= a text": (
        lambda: match.check("x"),
        "match='x' is not a matcher. Write match.body(…), or give a function of the request.",
    ),
    "match= a pattern": (
        lambda: match.check(re.compile("x")),
        "match=re.compile('x') is not a matcher. Write match.body(…), or give a function of the request.",
    ),
    "match= a number": (
        lambda: match.check(5),
        "match=5 is not a matcher. Write one that aiohttpretty.match makes, or give a function of the request.",
    ),
    "match= a class": (
        lambda: match.check(dict),
        f"match=dict is a class, not a condition: what a class makes is nearly always true. {A_FUNCTION}",
    ),
    "match= a coroutine function": (lambda: match.check([len, later]), f"match[1]=later is {ALWAYS_TRUE}"),
    "match= a matcher of values": (
        lambda: match.check([match.json(1), match.any_order([])]),
        "match[1]=match.any_order([]) looks at a JSON value, not at a whole request. Put it where such a value stands, "
        "inside of another matcher.",
    ),
}
REFUSED_VALUES = {
    "a value that holds itself": (
        lambda: match.json({"a": circle()}),
        "match.json: the value is more than 100 levels deep, or holds itself. Give a flatter one.",
    ),
    "a pattern of bytes for JSON": (
        lambda: match.json(re.compile(b"x")),
        "match.json: $ is re.compile(b'x'), a pattern of bytes, and what comes there is text. Compile it from a str.",
    ),
    "a pattern of bytes for a header": (
        lambda: match.header("X", re.compile(b"x")),
        "match.header: X is re.compile(b'x'), a pattern of bytes, and what comes there is text. Compile it from a str.",
    ),
    "a header's name with a colon": (
        lambda: match.headers({"X:": "1"}),
        "match.headers: the name 'X:' is not a token (RFC 9110, 5.6.2), so no header has it. Use letters, digits and "
        "hyphens, without spaces or colons.",
    ),
    "a cookie with its value": (
        lambda: match.cookie("a=1", ANY),
        "match.cookie: the name 'a=1' is not a token (RFC 6265, 4.1.1), so no cookie has it. Give the name alone, and "
        "the value as the second argument.",
    ),
    "a user with a colon": (
        lambda: match.basic_auth("ann:x", ""),
        "match.basic_auth: the user 'ann:x' has a colon in it, which would end it (RFC 7617, 2). Give the password as "
        "the second argument.",
    ),
}


@pytest.mark.parametrize("name", REFUSED_TYPES)
def test_what_can_never_fit(name):
    """An expectation that nothing can fit is an OptionTypeError, and a TypeError."""
    make, sentence = REFUSED_TYPES[name]
    with pytest.raises(OptionTypeError) as caught:
        make()
    assert isinstance(caught.value, TypeError)
    assert str(caught.value) == sentence


@pytest.mark.parametrize("name", REFUSED_VALUES)
def test_values_that_can_never_fit(name):
    """A value of the right kind that can't be is an OptionValueError, and a ValueError."""
    make, sentence = REFUSED_VALUES[name]
    with pytest.raises(OptionValueError) as caught:
        make()
    assert isinstance(caught.value, ValueError)
    assert str(caught.value) == sentence


def test_what_match_takes():
    """`match=` takes a matcher, a function, or a list or tuple of them; nothing at all is none."""
    one = match.json(1)
    assert match.check(None) == match.check([]) == match.check(()) == ()
    assert match.check(one) == match.check([one]) == (one,)
    assert match.check((len, one)) == (match.where(len), one)


@pytest.mark.parametrize("answer", [later, lambda request: asyncio.Future(loop=LOOP)])
def test_an_awaitable_is_no_answer(answer):
    """A function that answers with an awaitable would always say yes; it is told so, and nothing is left unawaited."""

    def hides_it(request):
        return answer(request)

    with pytest.raises(OptionTypeError) as caught:
        match.where(hides_it).why_not("x")
    assert str(caught.value) == (
        "match.where: hides_it answered with an awaitable, which is always true. Give a plain function."
    )


def test_a_mock_of_a_coroutine_function():
    """An AsyncMock is refused as what it stands for."""
    with pytest.raises(OptionTypeError, match=ALWAYS_TRUE):
        match.where(AsyncMock())


LOOP = asyncio.new_event_loop()
LOOP.close()

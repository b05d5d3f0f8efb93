"""Each matcher fits what it says, and says in words why it doesn't."""

import gzip
import re
from base64 import b64encode
from unittest.mock import ANY

import pytest
from dirty_equals import IsBytes, IsInt, IsPositive, IsStr

from aiohttpretty import match

from .asking import FORM, asked, field, multipart

WIDE = "x" * 200


def is_ready(value):
    return value == "ready"


HERE = f"tests/matching/test_match.py:{is_ready.__code__.co_firstlineno}"


@pytest.fixture(autouse=True)
def _here(monkeypatch, request):
    """Lines are told relative to the working directory."""
    monkeypatch.chdir(request.config.rootpath)


def basic(user, password, charset="utf-8"):
    return {"Authorization": "Basic " + b64encode(f"{user}:{password}".encode(charset)).decode()}


FITTING = {
    "JSON in another order": (match.json({"a": 1, "b": [1, 2]}), asked(b'{"b": [1, 2], "a": 1}')),
    "a number by its value": (match.json({"a": 1}), asked(b'{"a": 1.0}')),
    "a tuple for a list": (match.json((1, (2,))), asked(b"[1, [2]]")),
    "null": (match.json(None), asked(b"null")),
    "JSON in UTF-16": (match.json({"a": "ä"}), asked('{"a": "ä"}'.encode("utf-16"))),
    "JSON with a byte order mark": (match.json({"a": "ä"}), asked('{"a": "ä"}'.encode("utf-8-sig"))),
    "JSON in the charset that it names": (
        match.json({"a": "ä"}),
        asked('{"a": "ä"}'.encode("latin-1"), "application/json; charset=latin-1"),
    ),
    "compressed JSON": (match.json([1]), asked(gzip.compress(b"[1]"), headers={"Content-Encoding": "gzip"})),
    "what Python takes for a number": (match.json([float("nan"), float("inf")]), asked(b"[NaN, Infinity]")),
    "types": (
        match.json([str, int, int, float, float, bool, list, dict, type(None)]),
        asked(b'["", 1, 1.0, 1, 1.5, true, [], {}, null]'),
    ),
    "a pattern for all of a text": (match.json({"id": re.compile(r"\d+")}), asked(b'{"id": "123"}')),
    "ANY": (match.json({"a": ANY}), asked(b'{"a": {"b": 1}}')),
    "dirty-equals": (match.json({"a": IsInt & IsPositive, "b": IsStr}), asked(b'{"a": 3, "b": "x"}')),
    "a function of the value": (match.json({"a": match.where(is_ready)}), asked(b'{"a": "ready"}')),
    "values joined": (
        match.json({"a": match.any_order([1, 2]) | match.where(is_ready), "b": ~match.where(is_ready)}),
        asked(b'{"a": [2, 1], "b": 1}'),
    ),
    "a part of JSON": (match.json_contains({"a": {"b": 1}}), asked(b'{"a": {"b": 1, "c": 2}, "d": 3}')),
    "parts of items": (match.json_contains([{"a": 1}, {}]), asked(b'[{"a": 1, "b": 2}, {"c": 3}]')),
    "parts in any order": (
        match.json_contains({"l": match.any_order([{"a": 1}, {}])}),
        asked(b'{"l": [{"b": 2}, {"a": 1, "c": 3}]}'),
    ),
    "any order joined, as parts": (
        match.json_contains(match.any_order([{"a": 1}]) & match.where(len)),
        asked(b'[{"a": 1, "b": 2}]'),
    ),
    "a form in another order": (match.form({"a": 1, "b": ["x", "y"]}), asked(b"b=y&a=1&b=x", FORM)),
    "a form given as pairs": (
        match.form([("b", "x"), ("a", "ä &="), ("b", 1.5)]),
        asked(b"b=1.5&b=x&a=%C3%A4+%26%3D", FORM),
    ),
    "a form in its charset": (match.form({"a": "ä"}), asked(b"a=%E4", FORM + "; charset=latin-1")),
    "a form with leaves": (
        match.form(
            {"a": int, "b": re.compile("x+"), "c": ANY, "d": IsStr, "e": match.where(is_ready), "f": float, "g": str}
        ),
        asked(b"a=-3&b=xxx&c=&d=1&e=ready&f=1e3&g", FORM),
    ),
    "a field that is not there": (match.form({"a": "1", "b": []}), asked(b"a=1", FORM)),
    "bytes": (match.body(b"\xff"), asked(b"\xff")),
    "a bytearray": (match.body(bytearray(b"ab")), asked(b"ab")),
    "text in UTF-8": (match.body("ä"), asked("ä".encode())),
    "text in its charset": (match.body("ä"), asked(b"\xe4", "text/plain; charset=latin-1")),
    "text in a charset nobody knows": (match.body("ä"), asked("ä".encode(), "text/plain; charset=klingon")),
    "no body": (match.body(b""), asked()),
    "a pattern in the text": (match.body(re.compile("b.d")), asked("abädc".encode())),
    "a pattern in the bytes": (match.body(re.compile(rb"\xff.")), asked(b"a\xff\x00c")),
    "a body that is asked for": (match.body(IsBytes) & match.body(IsStr) & match.body(ANY), asked(b"x")),
    "a body by its type": (match.body(bytes) & match.body(str), asked(b"x")),
    "a compressed body": (match.body("a"), asked(gzip.compress(b"a"), headers={"Content-Encoding": "gzip"})),
    "a header in any case": (match.header("x-KEY", "a"), asked(headers={"X-Key": "a"})),
    "a number in a header": (match.header("X", 3) & match.header("Y", 1.5), asked(headers={"X": "3", "Y": "1.5"})),
    "one of many headers": (match.header("X", "b"), asked(headers=[("X", "a"), ("X", "b")])),
    "no header": (match.header("X", None), asked()),
    "headers": (match.headers({"a": "1", "B": re.compile("x+"), "C": None}), asked(headers={"A": "1", "b": "xx"})),
    "headers given as pairs": (match.headers([("A", "1"), ("a", "2")]), asked(headers=[("A", "2"), ("A", "1")])),
    "a cookie": (match.cookie("sid", "1"), asked(headers={"Cookie": "a=b; sid=1"})),
    "a cookie in quotes": (match.cookie("sid", 'a;"é\\'), asked(headers={"Cookie": r'sid="a\073\"\351\\"'})),
    "a cookie with an equals sign": (match.cookie("sid", "a=="), asked(headers={"Cookie": "sid=a=="})),
    "a semicolon in a cookie's quotes": (
        match.cookie("sid", "a; b=1") & match.cookie("b", "2") & match.cookie("c", '"3'),
        asked(headers={"Cookie": 'sid="a; b=1"; b=2; c="3; d="4"5'}),
    ),
    "quotes that are none of a cookie's": (
        match.cookie("b", '"1') & match.cookie("c", '1"') & match.cookie("d", ""),
        asked(headers={"Cookie": 'c=1"; d=""; b="1'}),
    ),
    "a single quote": (match.cookie("a", '"'), asked(headers={"Cookie": 'a="'})),
    "no cookie": (match.cookie("sid", None), asked(headers={"Cookie": "SID=1"})),
    "some parameters": (
        match.params_contain({"a": 1, "b": ["y", "x"]}),
        asked(url="http://h/?b=x&a=1&c=3&b=y&b=z&a=2"),
    ),
    "an empty parameter": (match.params_contain({"a": None}), asked(url="http://h/?a=&b")),
    "a parameter by its type": (match.params_contain({"a": int}), asked(url="http://h/?a=x&a=1")),
    "the whole query": (match.params([("a", ANY), ("b", 1), ("a", "2")]), asked(url="http://h/?a=2&a=x&b=1")),
    "basic auth": (match.basic_auth("ann", "a:b"), asked(headers=basic("ann", "a:b"))),
    "basic auth in UTF-8": (match.basic_auth("änn", "ö"), asked(headers=basic("änn", "ö"))),
    "basic auth in Latin-1": (match.basic_auth("änn", "ö"), asked(headers=basic("änn", "ö", "latin-1"))),
    "basic auth in small letters": (
        match.basic_auth("a", ANY),
        asked(headers={"Authorization": basic("a", "b")["Authorization"].replace("Basic", "basic")}),
    ),
    "a function of the request": (match.where(lambda request: request.url.path == "/"), asked()),
    "a part": (match.multipart({"a": "1"}), multipart(field("a", b"1"))),
    "parts in another order": (
        match.multipart({"a": "1", "b": [b"\r\n", 3]}),
        multipart(field("b", b"3"), field("a", b"1"), field("b", b"\r\n")),
    ),
    "no parts": (match.multipart({}), multipart()),
    "a part without a name": (match.multipart({None: ["x", "y"]}), multipart(([], b"y"), (["X: y"], b"x"))),
    "a part in its charset": (
        match.multipart({"a": "ä"}),
        multipart(field("a", b"\xe4", "Content-Type: text/plain; charset=latin-1")),
    ),
    "parts with leaves": (
        match.multipart({"b": re.compile("x+"), "c": ANY, "d": match.where(is_ready), "e": bytes, "f": IsBytes}),
        multipart(
            *(field(name, value) for name, value in zip("bcdef", (b"xx", b"", b"ready", b"\xff", b"a"), strict=True))
        ),
    ),
    "a file": (
        match.multipart({"f": match.file(filename="ä b.txt", content="hi", content_type="Text/Plain")}),
        multipart(
            (
                ['content-disposition: form-data; name=f; filename="ä b.txt"', "content-type: text/plain; charset=x"],
                b"hi",
            )
        ),
    ),
    "a file whose name is percent-encoded": (
        match.multipart({"f": match.file(filename="ä b.txt")}),
        multipart((['Content-Disposition: form-data; name="f"; filename="%C3%A4%20b.txt"'], b"hi")),
    ),
    "a file name with a percent sign": (
        match.multipart({"f": match.file(filename="100%25.txt")}),
        multipart((['Content-Disposition: form-data; name="f"; filename="100%25.txt"'], b"hi")),
    ),
    "a file name by RFC 8187": (
        match.multipart({"f": match.file(filename="€ rates")}),
        multipart(
            (["Content-Disposition: form-data; filename=\"x\"; filename*=UTF-8''%e2%82%ac%20rates; name=f"], b"")
        ),
    ),
    "a file name with escapes": (
        match.multipart({'a"b': match.file(filename='c"\\d')}),
        multipart((['Content-Disposition: form-data; name="a\\"b"; filename="c\\"\\\\d"'], b"")),
    ),
    "a name as browsers write it": (match.multipart({'a"b': "1"}), multipart(field("a%22b", b"1"))),
    "a file for its content alone": (
        match.multipart({"f": b"hi"}),
        multipart((['Content-Disposition: form-data; name="f"; filename="x"'], b"hi")),
    ),
    "any file": (match.multipart({"f": match.file()}), multipart(field("f", b"x"))),
    "one file or another": (
        match.multipart(
            {"f": match.file(content="a") | match.file(content=re.compile(b"b+")), "g": ~match.file(content="x")}
        ),
        multipart(field("f", b"bb"), field("g", b"y")),
    ),
    "a type with its parameters": (
        match.multipart({"f": match.file(content_type="text/plain; charset=UTF-8")}),
        multipart(field("f", b"", "Content-Type: text/plain; charset=utf-8")),
    ),
    "base64": (match.multipart({"a": "1"}), multipart(field("a", b"MQ==", "Content-Transfer-Encoding: Base64"))),
    "quoted-printable": (
        match.multipart({"a": "ä"}),
        multipart(field("a", b"=C3=A4", "Content-Transfer-Encoding: quoted-printable")),
    ),
    "a compressed part": (
        match.multipart({"a": "x"}),
        multipart(field("a", gzip.compress(b"x"), "Content-Encoding: gzip")),
    ),
    "the boundary within a line": (
        match.multipart({"a": b"x--b--\r\n--bc\r\n--b x\r\n--b--x"}),
        multipart(field("a", b"x--b--\r\n--bc\r\n--b x\r\n--b--x")),
    ),
    "a part that ends with its headers": (
        match.multipart({"a": b""}),
        asked(b"--b\r\nContent-Disposition: form-data; name=a\r\n\r\n--b--", "multipart/form-data; boundary=b"),
    ),
    "a preamble, an epilogue, blanks behind the boundary": (
        match.multipart({"a": "1"}),
        asked(
            b'hello\r\n--b \t\r\nContent-Disposition:\r\n form-data;\r\n\tname="a"\r\n\r\n1\r\n--b--\t\r\n--b\r\nbye',
            "Multipart/Mixed; Boundary=b",
        ),
    ),
}


@pytest.mark.parametrize("name", FITTING)
def test_what_fits(name):
    """A matcher has nothing against a request that is as it says."""
    matcher, request = FITTING[name]
    assert matcher.why_not(request) is None
    assert (~matcher).why_not(request) == f"{matcher!r} fits"


REFUSING = {
    "another value": (
        match.json({"items": [0, {"qty": 3}]}),
        asked(b'{"items": [0, {"qty": "3"}]}'),
        'the JSON differs at $.items[1].qty: it is "3", not 3',
    ),
    "a bool is no number": (match.json(1), asked(b"true"), "the JSON differs at $: it is true, not 1"),
    "a number is no bool": (match.json(False), asked(b"0"), "the JSON differs at $: it is 0, not false"),
    "null is not nothing": (match.json({}), asked(b'{"a": null}'), "the JSON differs: $.a is not expected"),
    "a member is missing": (
        match.json({"user": {"name": 1}}),
        asked(b'{"user": {}}'),
        "the JSON differs: $.user.name is missing",
    ),
    "several differences": (
        match.json({"a": 1, "b": 2}),
        asked(b'{"a": 2, "c": 3}'),
        "the JSON differs at $.a: it is 2, not 1, and 2 more",
    ),
    "too many items": (match.json([1]), asked(b"[1, 2]"), "the JSON differs at $: it has 2 items, not 1"),
    "too few items": (match.json_contains([1, 2, 3]), asked(b"[1]"), "the JSON differs at $: it has 1 item, not 3"),
    "no list": (match.json([1, ANY]), asked(b'"x"'), 'the JSON differs at $: it is "x", not [1, <ANY>]'),
    "no object": (match.json({"a": (int,)}), asked(b"[]"), 'the JSON differs at $: it is [], not {"a": [int]}'),
    "a strange name": (
        match.json({'a "b"': {"ä": 1, "1": 2}}),
        asked('{"a \\"b\\"": {"ä": 2, "1": 2}}'.encode()),
        'the JSON differs at $["a \\"b\\""].ä: it is 2, not 1',
    ),
    "a type": (
        match.json([int, float, str, type(None)]),
        asked(b"[1.5, true, 1, 0]"),
        "the JSON differs at $[0]: it is 1.5, not an int, and 3 more",
    ),
    "infinity is no int": (match.json(int), asked(b"Infinity"), "the JSON differs at $: it is Infinity, not an int"),
    "a pattern": (
        match.json(re.compile("b")),
        asked(b'"abc"'),
        """the JSON differs at $: it is "abc", not a match of re.compile('b')""",
    ),
    "a pattern for a number": (
        match.json(re.compile("1")),
        asked(b"1"),
        "the JSON differs at $: it is 1, not a match of re.compile('1')",
    ),
    "an object with its own __eq__": (
        match.json({"a": IsInt(gt=3)}),
        asked(b'{"a": 1}'),
        "the JSON differs at $.a: it is 1, not IsInt(gt=3)",
    ),
    "a class with its own __eq__": (
        match.json({"a": IsInt}),
        asked(b'{"a": "x"}'),
        'the JSON differs at $.a: it is "x", not IsInt',
    ),
    "a function of the value": (
        match.json({"a": match.where(is_ready)}),
        asked(b'{"a": 1}'),
        f"the JSON differs at $.a: it is 1: the condition is_ready ({HERE}) says no",
    ),
    "a function and why": (
        match.json({"a": match.where(is_ready, why="not ready yet")}),
        asked(b'{"a": 1}'),
        "the JSON differs at $.a: it is 1: not ready yet",
    ),
    "any order": (
        match.json({"a": match.any_order([1, 2, int])}),
        asked(b'{"a": [2, "x", 1]}'),
        'the JSON differs at $.a: it is [2, "x", 1]: no item is left for int, and "x" is not expected',
    ),
    "any order, too few": (
        match.json(match.any_order([1, 1, 1])),
        asked(b"[1]"),
        "the JSON differs at $: it is [1]: no item is left for 1, and 1 more",
    ),
    "any order, too many": (
        match.json(match.any_order([])),
        asked(b"[1]"),
        "the JSON differs at $: it is [1]: 1 is not expected",
    ),
    "any order, no list": (
        match.json(match.any_order([1])),
        asked(b"1"),
        "the JSON differs at $: it is 1: it is no list",
    ),
    "any order, not as parts": (
        match.json(match.any_order([{}])),
        asked(b'[{"a": 1}]'),
        'the JSON differs at $: it is [{"a": 1}]: no item is left for {}, and {"a": 1} is not expected',
    ),
    "long values are cut": (
        match.json([WIDE]),
        asked(f'["{"y" * 200}"]'.encode()),
        f'the JSON differs at $[0]: it is "{"y" * 78}…, not "{"x" * 78}…',
    ),
    "no JSON": (match.json(1), asked(b"a=1"), "the body is not JSON (Expecting value: line 1 column 1 (char 0))"),
    "an empty body": (match.json_contains({}), asked(), "the body is empty, not JSON"),
    "no text at all": (
        match.json(1),
        asked(b'"\xff"'),
        "the body is not JSON ('utf-8' codec can't decode byte 0xff in position 1: invalid start byte)",
    ),
    "JSON in a charset nobody knows": (
        match.json(1),
        asked(b"1", "application/json; charset=klingon"),
        "the body is not JSON (unknown encoding: klingon)",
    ),
    "broken compression": (
        match.json(1),
        asked(b"none", headers={"Content-Encoding": "gzip"}),
        "the body is not gzip (Error -3 while decompressing data: incorrect header check)",
    ),
    "an unknown coding": (
        match.body(b"1"),
        asked(b"1", headers={"Content-Encoding": "lzma"}),
        "the content coding 'lzma' is none of gzip, deflate, br, zstd and identity",
    ),
    "another body": (match.body(b"a"), asked(b"\xff"), "the body is b'\\xff', not b'a'"),
    "bytes, not text": (match.body(b"a"), asked(b"b"), "the body is b'b', not b'a'"),
    "another text": (match.body("a"), asked("ä".encode()), "the body is 'ä', not 'a'"),
    "no body": (match.body("a"), asked(), "the body is empty, not 'a'"),
    "a body that is no text": (match.body(str), asked(b"\xff"), "the body is b'\\xff', not a text"),
    "a pattern that isn't found": (
        match.body(re.compile(b"a")),
        asked(b"b"),
        "the body is b'b', not a match of re.compile(b'a')",
    ),
    "a pattern for what is no text": (
        match.body(re.compile("")),
        asked(b"\xff"),
        "the body is b'\\xff', not a match of re.compile('')",
    ),
    "a long body": (match.body(b"a"), asked(b"b" * 10_000_000), f"the body is b'{'b' * 77}…, not b'a'"),
    "no form": (
        match.form({"a": 1}),
        asked(b"{}", "application/json"),
        "the body is application/json, not application/x-www-form-urlencoded",
    ),
    "nothing that says what it is": (
        match.form({}),
        asked(),
        "the body is of no Content-Type, not application/x-www-form-urlencoded",
    ),
    "a form of the other kind": (
        match.form({"a": "1"}),
        multipart(field("a", b"1")),
        "the body is multipart/form-data, not application/x-www-form-urlencoded (match.multipart looks at that)",
    ),
    "a form in a charset nobody knows": (
        match.form({"a": "1"}),
        asked(b"a=1", FORM + ";charset=klingon"),
        "the charset 'klingon' of the form is not known",
    ),
    "a broken form": (
        match.form({}),
        asked(b"a=1", FORM, headers={"Content-Encoding": "gzip"}),
        "the body is not gzip (Error -3 while decompressing data: incorrect header check)",
    ),
    "another field": (match.form({"a": 1}), asked(b"a=2", FORM), "the form field 'a' is '2', not '1'"),
    "a field is missing": (match.form({"a": 1, "b": 2}), asked(b"a=1", FORM), "the form field 'b' is missing"),
    "a field too many": (match.form({}), asked(b"a=1&b=2", FORM), "the form field 'a' is not expected, and 1 more"),
    "a field too often": (
        match.form({"a": 1}),
        asked(b"a=1&a=1", FORM),
        "the form field 'a' is ['1', '1'], not ['1'] in any order",
    ),
    "a field by a function": (
        match.form({"a": match.where(is_ready, why="too early")}),
        asked(b"a=1", FORM),
        "the form field 'a' is '1': too early",
    ),
    "an int in a form": (match.form({"a": int}), asked(b"a=1_0", FORM), "the form field 'a' is '1_0', not an int"),
    "another header": (match.header("X-Key", "b"), asked(headers={"X-Key": "a"}), "the header X-Key is 'a', not 'b'"),
    "no header": (match.header("X-Key", "b"), asked(), "the header X-Key is missing"),
    "a header is there": (
        match.header("X-Key", None),
        asked(headers={"X-Key": "a"}),
        "the header X-Key is 'a', and should not be there",
    ),
    "none of many headers": (
        match.header("X", "b"),
        asked(headers=[("X", "a"), ("x", "c")]),
        "the header X is 'a' and 'c', not 'b'",
    ),
    "only a part of a header": (
        match.header("X", re.compile("b")),
        asked(headers={"X": "abc"}),
        "the header X is 'abc', not a match of re.compile('b')",
    ),
    "several headers": (
        match.headers({"A": 1, "B": 2, "C": 3}),
        asked(headers={"A": "1", "B": "1"}),
        "the header B is '1', not '2', and 1 more",
    ),
    "another cookie": (match.cookie("sid", 1), asked(headers={"Cookie": "sid=2"}), "the cookie sid is '2', not '1'"),
    "no cookie": (match.cookie("sid", 1), asked(headers={"Cookie": "SID=1"}), "the cookie sid is missing"),
    "a cookie is there": (
        match.cookie("sid", None),
        asked(headers={"Cookie": "sid="}),
        "the cookie sid is '', and should not be there",
    ),
    "another parameter": (
        match.params_contain({"a": 1}),
        asked(url="http://h/?a=2"),
        "the parameter 'a' is '2', not '1'",
    ),
    "no parameter": (match.params_contain({"a": ANY}), asked(), "the parameter 'a' is missing"),
    "not among the parameters": (
        match.params_contain({"a": [1, 1]}),
        asked(url="http://h/?a=1&a=2"),
        "the parameter 'a' is ['1', '2'], where '1' is missing",
    ),
    "a parameter too many": (
        match.params({"a": 1}),
        asked(url="http://h/?a=1&b=2"),
        "the parameter 'b' is not expected",
    ),
    "another user": (
        match.basic_auth("ann", "x"),
        asked(headers=basic("bob", "x")),
        "the user of the basic auth is 'bob', not 'ann'",
    ),
    "another password": (
        match.basic_auth("ann", "secret"),
        asked(headers=basic("ann", "hush")),
        "the basic auth of 'ann' has another password",
    ),
    "no auth": (match.basic_auth("ann", "secret"), asked(), "the header Authorization is missing"),
    "another scheme": (
        match.basic_auth("ann", "secret"),
        asked(headers={"Authorization": "Bearer hush"}),
        "the header Authorization is of the scheme 'Bearer', not Basic",
    ),
    "no base64": (
        match.basic_auth("ann", "secret"),
        asked(headers={"Authorization": "Basic h-sh"}),
        "the header Authorization is not base64 behind Basic",
    ),
    "base64 that is no ASCII": (
        match.basic_auth("ann", "secret"),
        asked(headers={"Authorization": "Basic ä"}),
        "the header Authorization is not base64 behind Basic",
    ),
    "no password": (
        match.basic_auth("ann", "secret"),
        asked(headers={"Authorization": "Basic YW5u"}),
        "the header Authorization has no colon between user and password",
    ),
    "a function of the request": (match.where(is_ready), asked(), f"the condition is_ready ({HERE}) says no"),
    "a function with why": (match.where(is_ready, "too early"), asked(), "too early"),
    "a builtin": (match.where({}.get), "x", "the condition dict.get says no"),
    "no multipart": (match.multipart({}), asked(b"", "text/plain"), "the body is text/plain, not multipart"),
    "no boundary": (
        match.multipart({}),
        asked(b"", "multipart/mixed"),
        "the Content-Type of the multipart body names no boundary",
    ),
    "multipart that breaks off": (
        match.multipart({}),
        asked(b"--b\r\n\r\nx", "multipart/mixed; boundary=b"),
        "the multipart body breaks off: its last delimiter, --b--, is missing",
    ),
    "a part without its head": (
        match.multipart({}),
        asked(b"--b\r\nx\r\n--b--", "multipart/mixed; boundary=b"),
        "part 1 of the multipart body has no blank line behind its headers",
    ),
    "a part of unknown coding": (
        match.multipart({}),
        multipart(field("a", b"", "Content-Transfer-Encoding: rot13")),
        "part 1 of the multipart body has the unknown transfer encoding 'rot13'",
    ),
    "a part that is no base64": (
        match.multipart({}),
        multipart(field("a", b"x", "Content-Transfer-Encoding: base64")),
        "part 1 of the multipart body is not base64 (Invalid base64-encoded string: number of data characters (1) "
        "cannot be 1 more than a multiple of 4)",
    ),
    "a part that is no gzip": (
        match.multipart({}),
        multipart(field("a", b"none", "Content-Encoding: gzip")),
        "part 1 of the multipart body can't be decoded: the body is not gzip (Error -3 while decompressing data: "
        "incorrect header check)",
    ),
    "another part": (match.multipart({"a": "1"}), multipart(field("a", b"2")), "the part 'a' is '2', not '1'"),
    "a part that is no text": (
        match.multipart({"a": "1"}),
        multipart(field("a", b"\xff")),
        "the part 'a' is b'\\xff', not '1'",
    ),
    "a part is missing": (match.multipart({"a": "1"}), multipart(), "the part 'a' is missing"),
    "a part too many": (match.multipart({}), multipart(field("a", b"")), "the part 'a' is not expected"),
    "a part without a name": (match.multipart({}), multipart(([], b"")), "the part without a name is not expected"),
    "parts of one name": (
        match.multipart({"a": ["1", match.file(filename="x")]}),
        multipart(field("a", b"1"), field("a", b"2")),
        "the part 'a' is ['1', '2'], not ['1', match.file(filename='x')] in any order",
    ),
    "no file": (
        match.multipart({"a": match.file(filename=str)}),
        multipart(field("a", b"1")),
        "the part 'a' is '1': it has no filename",
    ),
    "another file": (
        match.multipart({"a": match.file(filename="y")}),
        multipart((['Content-Disposition: form-data; name="a"; filename="x"'], b"1")),
        "the part 'a' is '1': its filename is 'x', not 'y'",
    ),
    "another type": (
        match.multipart({"a": match.file(content_type="image/png")}),
        multipart(field("a", b"1", "Content-Type: image/gif")),
        "the part 'a' is '1': its content type is 'image/gif', not 'image/png'",
    ),
    "another content": (
        match.multipart({"a": match.file(content=b"x")}),
        multipart(field("a", b"\xff")),
        "the part 'a' is b'\\xff': its content is b'\\xff', not b'x'",
    ),
    "and": (match.header("A", 1) & match.header("B", 2), asked(headers={"A": "1"}), "the header B is missing"),
    "or": (
        match.header("A", 1) | match.header("B", 2),
        asked(headers={"A": "2"}),
        "the header A is '2', not '1', and the header B is missing",
    ),
    "not": (
        ~(match.header("A", 1) | is_ready),
        asked(headers={"A": "1"}),
        "match.header('A', 1) | match.where(is_ready) fits",
    ),
}


@pytest.mark.parametrize("name", REFUSING)
def test_what_is_refused(name):
    """A matcher says in words what it has against a request; its negation has nothing."""
    matcher, request, reason = REFUSING[name]
    assert matcher.why_not(request) == reason
    assert (~matcher).why_not(request) is None

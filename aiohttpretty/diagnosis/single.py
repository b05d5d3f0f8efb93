"""What to say of a route that refuses a request for one reason only.

Law of this room: it names the slip where there is one that is easily overlooked; else it shows both sides.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from urllib.parse import unquote

from .difference import cut
from .place import smoothed
from .question import Question
from .verdict import Verdict


def _only_address(miss: Verdict, question: Question) -> str:
    return (
        f"{miss.expected!r} is a path of a bundle. Write include(the_bundle, base='https://...') in the registry that "
        "is asked."
    )


def _only_pattern(miss: Verdict, question: Question) -> str:
    return f"only the pattern doesn't match: {flat(miss)}."


def _only_values(miss: Verdict, question: Question) -> str:
    if miss.condition == "host" and miss.expected.partition(":")[0] == miss.actual.partition(":")[0]:
        return f"only the port differs: {miss.expected} is registered, {miss.actual} was asked for."
    return f"only the {miss.condition} differs: {miss.expected} is registered, {miss.actual} was asked for."


def _only_path(miss: Verdict, question: Question) -> str:
    slip = path_slip(miss.expected, miss.actual)
    what = slip if slip is not None else "only the path differs"
    return f"{what}: {cut(miss.expected)} is registered, {cut(miss.actual)} was asked for."


def path_slip(wanted: str, asked: str) -> str | None:
    """What makes the difference between two paths, if it is easily overlooked."""
    if smoothed(wanted) != smoothed(asked):
        return None
    for what, change in _SLIPS:
        if change(wanted) == change(asked):
            return f"only {what} makes the difference"
    return "only slashes, the case or percent-encodings make the difference"


_SLIPS: tuple[tuple[str, Callable[[str], str]], ...] = (
    ("a trailing slash", lambda path: path.rstrip("/")),
    ("the case of the path", str.casefold),
    ("a double slash", lambda path: re.sub("/+", "/", path)),
    ("a percent-encoding (encoded once, or twice)", lambda path: unquote(unquote(path))),
    ("a blank at the end", str.strip),
)


def _only_params(miss: Verdict, question: Question) -> str:
    return (
        f"only the params differ: {flat(miss)}.{_param_slip(miss)} (check_params=False answers whatever the query is.)"
    )


def _param_slip(miss: Verdict) -> str:
    lines = miss.difference.split("\n")
    found = re.fullmatch(r"\S+: expected '(.*)', got '(.*)'", lines[0])
    if len(lines) == 1 and found is not None:
        one, other = found.groups()
        if one.casefold() == other.casefold():
            return " Only the case differs; a bool is written 'True' by str()."
        if unquote(one) == unquote(other):
            return " One of them is percent-encoded twice."
    if len(lines) == 1 and re.search(r"\['(.*)', '\1'\]", miss.difference):
        return " A value is there twice: in the URL and in params=, perhaps."
    names = [line.partition(":")[0] for line in lines]
    if len(names) == 2 and names[0].casefold() == names[1].casefold():
        return " Only the case of the name differs."
    return ""


def _only_header(miss: Verdict, question: Question) -> str:
    if miss.actual == "nothing":
        return f"only the {miss.condition} is missing: expected {miss.expected}."
    return f"only the {miss.condition} differs: {flat(miss)}."


def _only_json(miss: Verdict, question: Question) -> str:
    return _sent_as(question, "json", "json=") or f"only the JSON body differs: {flat(miss)}.{_type_slip(miss)}"


def _only_form(miss: Verdict, question: Question) -> str:
    return _sent_as(question, "form", "data={...}") or f"only the {miss.condition} differs: {flat(miss)}."


def _sent_as(question: Question, kind: str, cure: str) -> str | None:
    sent = question.content_type
    came = "form" if sent == "application/x-www-form-urlencoded" else "json" if sent.endswith("json") else sent
    if not question.body or came == kind or came not in ("form", "json"):
        return None
    return f"the body was sent as {_KINDS[came]}, and the route expects {_KINDS[kind]} ({cure})."


_KINDS = {"form": "a form", "json": "JSON"}


def _type_slip(miss: Verdict) -> str:
    found = re.search(r"^(\S+): expected (.*), got (.*)$", miss.difference, re.MULTILINE)
    if found is None:
        return ""
    try:
        one, other = json.loads(found[2]), json.loads(found[3])
    except ValueError:
        return ""
    if type(one) is type(other) or str(one).casefold() != str(other).casefold():
        return ""
    return f" The type differs: {type(one).__name__} is expected, {type(other).__name__} came."


ONLY: dict[str, Callable[[Verdict, Question], str]] = {
    "address": _only_address,
    "method": _only_values,
    "scheme": _only_values,
    "host": _only_values,
    "path": _only_path,
    "pattern": _only_pattern,
    "params": _only_params,
    "header": _only_header,
    "cookie": _only_header,
    "json": _only_json,
    "form": _only_form,
}


def flat(miss: Verdict) -> str:
    """What differs, in one line."""
    return cut(miss.difference.replace("\n", "; "), 160)

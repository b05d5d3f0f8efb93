"""A registration to be pasted stays in 100 columns, and says the same."""

import ast

from hypothesis import given
from hypothesis import strategies as st

from aiohttpretty.diagnosis.layout import width
from aiohttpretty.diagnosis.paste import code

VALUES = st.recursive(
    st.text(max_size=150) | st.binary(max_size=150) | st.integers(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=20), inner, max_size=4),
    max_leaves=8,
)


def test_what_can_not_be_broken():
    """A name or a number that is longer than a line stands alone on its own, and nothing is lost."""
    number = "1" * 120
    assert code("f", [f"x={number}", "y=2"]) == f"f(\n    x={number},\n    y=2,\n)"


@given(st.lists(VALUES, max_size=3))
def test_it_means_the_same(values):
    """However long its arguments are, the lines are short, and Python reads the same from them."""
    text = code("f", [repr(values), f"x={values!r}"])
    call = ast.parse(text).body[0].value
    assert ast.literal_eval(call.args[0]) == values
    assert ast.literal_eval(call.keywords[0].value) == values
    assert max(map(width, text.split("\n"))) <= 98

"""What can be changed in a module: cosmic-ray's operators, and the leaving out of a statement, which it lacks.

A place is where the source may be changed; of the changes that are possible there, one is drawn. (Cosmic-ray knows
seven other words for `==`, and eleven for `+`: to try all of them says little more than to try one.)
"""

import ast
import random
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import mutate_code
from cosmic_ray.operators.operator import Operator
from cosmic_ray.plugins import get_operator, operator_names
from parso.python.tree import ExprStmt, Name, PythonNode, ReturnStmt
from parso.tree import NodeOrLeaf

Position = tuple[tuple[int, int], tuple[int, int]]

# They need words of their own (which variable?), and say no more than the others
UNUSED = {"core/VariableReplacer", "core/VariableInserter"}


class LeaveOut(Operator):
    """A statement that does something does nothing, and a `return` gives None."""

    def mutation_positions(self, node: NodeOrLeaf) -> Iterator[Position]:
        if isinstance(node, ReturnStmt):
            # (False and None are one to whoever asks yes or no; and another operator makes it True)
            if node.children[1].get_code().strip() not in {"None", "False"}:
                yield node.start_pos, node.end_pos
        elif _alone(node) and (node.type in {"raise_stmt", "yield_expr"} or _does(node)):
            yield node.start_pos, node.end_pos

    def mutate(self, node: NodeOrLeaf, index: int) -> NodeOrLeaf:
        leaf = node.get_first_leaf()  # type: ignore[no-untyped-call]
        instead = "return None" if isinstance(node, ReturnStmt) else "pass"
        return Name(instead, node.start_pos, prefix=leaf.prefix)

    @classmethod
    def examples(cls) -> tuple[()]:
        return ()


def _alone(node: NodeOrLeaf) -> bool:
    """A statement on its own: what stands in a line, and is no part of another one."""
    return node.parent is not None and node.parent.type == "simple_stmt"


def _does(node: NodeOrLeaf) -> bool:
    """A call, `await`, or an assignment to what outlives the function: `self.x = …`, `x[y] = …`, `x += …`."""
    if isinstance(node, ExprStmt):
        return node.children[0].type != "name" and ":" not in node.get_code().split("=")[0]
    return isinstance(node, PythonNode) and node.type in {"atom_expr", "power"}


@dataclass(frozen=True)
class Place:
    """Where a change is possible, and the one that was drawn."""

    lines: range
    operator: str
    occurrence: int

    def changed(self, source: str) -> str | None:
        changed: str | None = mutate_code(source, _operator(self.operator), self.occurrence)
        return changed


def _operator(name: str) -> Operator:
    return LeaveOut() if name == LeaveOut.__name__ else get_operator(name)()


def places(source: str, seed: str) -> list[Place]:
    """All places of a module, each with one change, drawn by the seed."""
    unseen = _annotations(source)
    nodes = list(ast_nodes(get_ast(source)))
    found: list[tuple[tuple[int, int], str, Place]] = []
    for name in [*sorted(set(operator_names()) - UNUSED), LeaveOut.__name__]:
        operator = _operator(name)
        positions = (position for node in nodes for position in operator.mutation_positions(node))
        for occurrence, (start, end) in enumerate(positions):
            if not any(low <= start < high for low, high in unseen):
                # what is left out holds smaller places; they are others
                kind = name if name == LeaveOut.__name__ else ""
                found.append((start, kind, Place(range(start[0], end[0] + 1), name, occurrence)))
    found.sort(key=lambda one: one[:2])
    drawn = random.Random(seed)
    return [drawn.choice([one[2] for one in here]) for _, here in groupby(found, key=lambda one: one[:2])]


def _annotations(source: str) -> list[Position]:
    """What is there for the type checkers: annotations, decorators' overloads, and what only they import."""
    found: list[ast.expr | ast.stmt] = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.arg | ast.AnnAssign) and node.annotation is not None:
            found.append(node.annotation)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            found += [node.returns] if node.returns is not None else []
            found += [one for one in node.decorator_list if ast.unparse(one) in {"overload", "final"}]
        elif isinstance(node, ast.ClassDef):
            found += [node] if "Protocol" in map(ast.unparse, node.bases) else []
        elif isinstance(node, ast.If):
            found += [node] if ast.unparse(node.test).endswith("TYPE_CHECKING") else []
        elif isinstance(node, ast.Assign) and isinstance(node.value, ast.BinOp | ast.Subscript):
            # an alias of types, `Text = str | bytes`
            text = ast.unparse(node.targets[0])
            if text[0].isupper() and not text.isupper():
                found.append(node.value)
    # one column to the left: a decorator's place is its "@"
    return [((one.lineno, one.col_offset - 1), (one.end_lineno or 0, one.end_col_offset or 0)) for one in found]

"""Where the code asks for rows without naming their organization.

`.within(organization)` is the first of the two tenancy layers. Whoever leaves it out must say so:
`unscoped.txt` has every place that does, so that a new one is a line in a review. They filter by a
row that was found within its organization, lock the entered organization itself, or read as the
system role.
"""

import ast
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from tests import estate
from tests.environments import ROOT

APPS = (
    "companies", "connections", "files", "sync", "link", "webhooks", "support", "notices", "api",
    "portal",
)  # fmt: skip
#: A row that is made names its organization by itself.
_SCOPED = {"within", "create", "bulk_create"}
_MANAGERS = ("objects", "_default_manager", "_base_manager")
_KNOWN = Path(__file__).with_name("unscoped.txt")


def sources() -> Iterator[tuple[str, str]]:
    """Yield the path and text of every module that may ask for rows."""
    for app in APPS:
        for path in sorted((ROOT / app).rglob("*.py")):
            if "migrations" not in path.parts:
                yield str(path.relative_to(ROOT)), path.read_text()


def unscoped(path: str, text: str) -> Counter[str]:
    """Count the questions of a module that do not begin with `within`."""
    if not any(name in text for name in _MANAGERS):
        return Counter()
    models = {model.__name__ for model in estate.tables()} | {"RecordState"}
    finder = _Finder(path, models)
    finder.visit(ast.parse(text))
    return finder.found


def known() -> Counter[str]:
    return Counter(line for line in _KNOWN.read_text().splitlines() if line)


def scope_calls(text: str) -> list[ast.Call]:
    """List the calls of `.within(…)` on a model's manager in a module."""
    return [
        node
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "within"
        and isinstance(node.func.value, ast.Attribute)
        and node.func.value.attr == "objects"
    ]


def without(text: str, call: ast.Call) -> str:
    """Take this one scope out of a module: `X.objects.within(o)` becomes `X.objects.all()`."""
    assert isinstance(call.func, ast.Attribute)
    lines = text.splitlines(keepends=True)
    begin, end = call.func.value, call
    assert begin.end_lineno is not None
    assert end.end_lineno is not None
    # Columns count bytes of UTF-8, not letters.
    head = lines[begin.end_lineno - 1].encode()[: begin.end_col_offset].decode()
    tail = lines[end.end_lineno - 1].encode()[end.end_col_offset :].decode()
    before, after = lines[: begin.end_lineno - 1], lines[end.end_lineno :]
    return "".join([*before, head, ".all()", tail, *after])


class _Finder(ast.NodeVisitor):
    def __init__(self, path: str, models: set[str]) -> None:
        self.path, self.models = path, models
        self.found: Counter[str] = Counter()
        self._inside = ["-"]
        self._parents: list[ast.AST] = []

    def generic_visit(self, node: ast.AST) -> None:
        depth = len(self._inside)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            self._inside.append(node.name)
        if isinstance(node, ast.Attribute):
            self._look(node)
        self._parents.append(node)
        super().generic_visit(node)
        self._parents.pop()
        del self._inside[depth:]

    def _look(self, node: ast.Attribute) -> None:
        model = self._model_of(node.value) if node.attr in _MANAGERS else None
        if model is None:
            return
        parent = self._parents[-1]
        if not (isinstance(parent, ast.Attribute) and parent.attr in _SCOPED):
            self.found[f"{self.path} {self._inside[-1]} {model}"] += 1

    def _model_of(self, node: ast.AST) -> str | None:
        """Name the model that a manager belongs to: by its name, or as what has it in hand."""
        if isinstance(node, ast.Name) and node.id in {*self.models, "model"}:
            return node.id
        if isinstance(node, ast.Attribute) and node.attr == "model":
            return ast.unparse(node)
        return None

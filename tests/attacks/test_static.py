"""Rules on the code itself, beside ruff's own (`S` and `DJ` of bandit and flake8-django).

Each exception was read and is listed; a new one has to be.
"""

import ast
import re
from collections.abc import Iterator

import pytest

from tests.attacks.scopes import sources
from tests.environments import ROOT

#: Functions that call a text markup: their own drawings and attributes, no words of anybody's.
MAKES_MARKUP = {
    "portal/adapter.py build_totp_svg", "portal/templatetags/ui.py _drawing",
    "portal/templatetags/ui.py bold_list", "portal/templatetags/ui.py current",
    "portal/templatetags/ui.py icon", "portal/templatetags/ui.py when",
}  # fmt: skip
#: Functions that put SQL together, of names that are ours; values always travel beside it.
MAKES_SQL = {
    *(
        f"companies/partitions.py {each}"
        for each in ("_close", "_make", "_months_in", "drop", "hide", "work")
    ),
    *(
        f"companies/partitioning.py {each}"
        for each in (
            "_check", "_index", "_newest", "_put_together", "_take_the_place", "put_on", "read",
            "run", "strip",
        )
    ),
    "companies/tenancy.py system", "portal/transfer/exporting.py _count",
    "portal/transfer/importing.py _write", "portal/transfer/people.py find_accounts",
    "sync/deletion.py _delete_pulled", "sync/deletion.py _take_for_deletion",
    "sync/schedule.py due_after",
}  # fmt: skip
#: Modules that open connections to addresses: one for platforms, one for endpoints.
DIALS = {
    "connections/platforms/clients.py", "webhooks/sending.py",
    "link/sandbox.py",  # the operator's own sandbox, whose address is a setting
}  # fmt: skip
CLIENTS = {
    "httpx.Client",
    "httpx.AsyncClient",
    "urllib.request.urlopen",
    "socket.create_connection",
}
NEVER = {"eval", "exec", "pickle.loads", "pickle.load", "yaml.load", "marshal.loads", "os.system"}


def calls() -> Iterator[tuple[str, str, str, ast.Call]]:
    """Yield the module, function, name and node of every call."""
    for path, text in sources():
        yield from _within(path, "-", ast.parse(text))


def _within(path: str, inside: str, node: ast.AST) -> Iterator[tuple[str, str, str, ast.Call]]:
    for child in ast.iter_child_nodes(node):
        name = child.name if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef) else inside
        if isinstance(child, ast.Call):
            yield path, name, ast.unparse(child.func), child
        yield from _within(path, name, child)


@pytest.fixture(scope="module")
def all_calls() -> list[tuple[str, str, str, ast.Call]]:
    return list(calls())


def test_markup_is_never_taken_from_texts(all_calls):
    found = {
        f"{path} {function}"
        for path, function, name, call in all_calls
        if name.split(".")[-1] in {"mark_safe", "SafeString", "SafeText"}
        and not isinstance(call.args[0], ast.Constant)
    }
    formatted = [
        f"{path}:{call.lineno}"
        for path, _, name, call in all_calls
        if name.split(".")[-1] == "format_html" and not isinstance(call.args[0], ast.Constant)
    ]

    assert found <= MAKES_MARKUP
    assert formatted == []


def test_templates_escape_everything_but_plain_text():
    for path in sorted((ROOT / "templates").rglob("*")):
        if path.suffix not in {".html", ".txt"}:
            continue
        text = path.read_text()
        assert not re.search(r"\|\s*(safe|safeseq)\b", text), path
        assert not re.search(
            r"\b(hx-on|onclick|onload|onerror)\b\s*=|[\"'=]\s*javascript:", text
        ), path
        assert "autoescape off" not in text or path.suffix == ".txt", path


def test_sql_is_put_together_of_our_own_names_only(all_calls):
    found = {
        f"{path} {function}"
        for path, function, name, call in all_calls
        if name.endswith((".execute", ".executemany", "RawSQL", ".raw", ".extra"))
        and call.args
        and isinstance(call.args[0], ast.JoinedStr | ast.BinOp | ast.Call)
        and "/management/" not in path
    }

    assert found <= MAKES_SQL


def test_nobody_but_the_guarded_clients_dials(all_calls):
    found = {path for path, _, name, _ in all_calls if name in CLIENTS}

    assert found <= DIALS


def test_nothing_runs_what_it_was_sent(all_calls):
    assert not [(path, call.lineno) for path, _, name, call in all_calls if name in NEVER]
    for path, _, name, call in all_calls:
        for each in call.keywords:
            is_true = isinstance(each.value, ast.Constant) and each.value.value is True
            assert not (each.arg == "shell" and is_true), (path, name)
            is_constant = isinstance(each.value, ast.Constant)
            assert not (each.arg == "verify" and is_constant and not is_true), (path, name)


def test_every_package_is_locked_with_its_digest():
    """`uv lock --check` in the checks; here that what is locked cannot be exchanged."""
    lock = (ROOT / "uv.lock").read_text()
    files = re.findall(r"\{ url = \"[^\"]+\"([^}]*)\}", lock)

    assert len(files) > 100
    assert all('hash = "sha256:' in each for each in files)

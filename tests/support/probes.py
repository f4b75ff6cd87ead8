"""A pytest plugin that measures branch coverage by probes, statements compiled into the product's modules.

A tracer is called for each line of every library too and costs 40 % of the CPU time of the tests; probes cost
a few percent. What each process saw goes into a file under .data/coverage. script/coverage_report turns these
into the usual .coverage file, and coverage.py decides what counts as a statement and a branch.

PYTEST_PLUGINS=tests.support.probes loads it early enough, also in the workers of xdist.
"""

from __future__ import annotations

import ast
import hashlib
import json
import marshal
import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any, NamedTuple

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
SETTINGS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["coverage"]["run"]
PACKAGES = frozenset(SETTINGS["source"])
RESULTS = ROOT / ".data" / "coverage"
COMPILED = ROOT / ".data" / "probes"
NAME = "__probes__"  # with underscores at the end, so that it is not mangled in a class


class Branch(NamedTuple):
    """Whether a line was followed by its body, the lines ``first`` to ``last``, or by another line."""

    line: int
    first: int
    last: int
    is_body: bool


class Fact(NamedTuple):
    """What a probe that was passed tells: the statements that began and the branches that were taken."""

    lines: tuple[int, ...]
    branches: tuple[Branch, ...]


# Inserting probes -------------------------------------------------------------------------------------------


class ProbeInserter:
    """Puts a probe before each statement of a module, and where a branch ends without a statement."""

    def __init__(self) -> None:
        self.facts: list[Fact] = []

    def insert(self, module: ast.Module) -> ast.Module:
        module.body = self._mark_statements(module.body, may_have_docstring=True)
        return ast.fix_missing_locations(module)

    def _probe(self, lines: Sequence[int], branches: Sequence[Branch], place: ast.AST) -> ast.stmt:
        target = ast.Subscript(ast.Name(NAME, ctx=ast.Load()), ast.Constant(len(self.facts)), ctx=ast.Store())
        self.facts.append(Fact(tuple(lines), tuple(branches)))
        return ast.copy_location(ast.Assign([target], ast.Constant(True)), place)

    def _mark_statements(
        self, body: list[ast.stmt], *, may_have_docstring: bool = False, entry: Fact | None = None
    ) -> list[ast.stmt]:
        """Mark a list of statements; ``entry`` is what the first probe tells besides its own statement."""
        marked: list[ast.stmt] = []
        lines, branches = list(entry.lines if entry else ()), entry.branches if entry else ()
        for position, statement in enumerate(body):
            lines += get_first_lines(statement)
            if (may_have_docstring and position == 0 and is_text(statement)) or is_future(statement):
                marked.append(statement)  # nothing may stand before it
                continue
            marked.append(self._probe(lines, branches, statement))
            lines, branches = [], ()
            self._mark_inside(statement)
            marked.append(statement)
        if lines:
            marked.append(self._probe(lines, branches, body[-1]))
        return marked

    def _mark_inside(self, statement: ast.stmt) -> None:
        match statement:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                statement.body = self._mark_statements(statement.body, may_have_docstring=True)
            case ast.If() | ast.For() | ast.AsyncFor() | ast.While():
                body = Branch(statement.lineno, *get_range(statement.body), True)
                elsewhere = Fact((), (body._replace(is_body=False),))
                statement.body = self._mark_statements(statement.body, entry=Fact((), (body,)))
                if statement.orelse:
                    statement.orelse = self._mark_statements(statement.orelse, entry=elsewhere)
                else:
                    statement.orelse = [self._probe(*elsewhere, statement)]
            case ast.With() | ast.AsyncWith():
                statement.body = self._mark_statements(statement.body)
            case ast.Try() | ast.TryStar():
                statement.body = self._mark_statements(statement.body)
                self._mark_alternatives([(each.lineno, each) for each in statement.handlers])
                statement.orelse = self._mark_statements(statement.orelse)
                statement.finalbody = self._mark_statements(statement.finalbody)
            case ast.Match():
                alternatives = [(each.pattern.lineno, each) for each in statement.cases]
                nothing = self._mark_alternatives(alternatives)
                if not matches_everything(statement.cases[-1]):
                    probe = self._probe(*nothing, statement)
                    pattern = ast.copy_location(ast.MatchAs(), statement)
                    statement.cases.append(ast.match_case(pattern, None, [probe]))

    def _mark_alternatives(
        self, alternatives: Sequence[tuple[int, ast.ExceptHandler | ast.match_case]]
    ) -> Fact:
        """Mark handlers or cases, which are tried in their order; return what it tells if none applies."""
        tried = Fact((), ())
        for line, alternative in alternatives:
            body = Branch(line, *get_range(alternative.body), True)
            lines = (*tried.lines, line)
            alternative.body = self._mark_statements(
                alternative.body, entry=Fact(lines, (*tried.branches, body))
            )
            tried = Fact(lines, (*tried.branches, body._replace(is_body=False)))
        return tried


def get_first_lines(statement: ast.stmt) -> list[int]:
    decorators = getattr(statement, "decorator_list", [])
    return [*(decorator.lineno for decorator in decorators), statement.lineno]


def get_range(body: Sequence[ast.stmt]) -> tuple[int, int]:
    return min(get_first_lines(body[0])), body[-1].end_lineno or body[-1].lineno


def is_text(statement: ast.stmt) -> bool:
    return (
        isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Constant)
        and isinstance(statement.value.value, str)
    )


def is_future(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.ImportFrom) and statement.module == "__future__"


def matches_everything(case: ast.match_case) -> bool:
    pattern = case.pattern
    while isinstance(pattern, ast.MatchOr):
        pattern = pattern.patterns[-1]
    return case.guard is None and isinstance(pattern, ast.MatchAs) and pattern.pattern is None


# Loading modules --------------------------------------------------------------------------------------------


class MeasuredModule(NamedTuple):
    hits: list[bool]  # by the number of the probe
    facts: list[Fact]


MEASURED: dict[str, MeasuredModule] = {}
VERSION = sys.version.encode() + Path(__file__).read_bytes()


class ProbeLoader(SourceFileLoader):
    """Compiles a module with probes; the compiled code is kept as long as its source stays the same."""

    def get_code(self, fullname: str) -> CodeType:
        source = self.get_data(self.path)
        digest = hashlib.sha256(b"\0".join((VERSION, self.path.encode(), source))).digest()
        kept = COMPILED / f"{fullname}.marshal"
        try:
            found, code, facts = marshal.loads(kept.read_bytes())
        except (OSError, EOFError, ValueError, TypeError):
            found = None
        if found != digest:
            inserter = ProbeInserter()
            tree = inserter.insert(ast.parse(source, self.path))
            code = compile(tree, self.path, "exec", dont_inherit=True)
            facts = [(fact.lines, tuple(map(tuple, fact.branches))) for fact in inserter.facts]
            self._keep(kept, marshal.dumps((digest, code, facts)))
        if self.path not in MEASURED:  # it is there if the module is loaded again
            known = [Fact(lines, tuple(Branch(*branch) for branch in branches)) for lines, branches in facts]
            MEASURED[self.path] = MeasuredModule([False] * len(known), known)
        return code

    def _keep(self, path: Path, content: bytes) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_suffix(f".{os.getpid()}")
        draft.write_bytes(content)
        draft.replace(path)

    def exec_module(self, module: ModuleType) -> None:
        code = self.get_code(module.__name__)
        setattr(module, NAME, MEASURED[self.path].hits)
        exec(code, module.__dict__)


class ProbeFinder(MetaPathFinder):
    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        packages = fullname.split(".")
        if packages[0] not in PACKAGES or "migrations" in packages:
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is not None and type(spec.loader) is SourceFileLoader:
            spec.loader = ProbeLoader(fullname, spec.loader.path)
        return spec


sys.meta_path.insert(0, ProbeFinder())


# What was seen ----------------------------------------------------------------------------------------------


def list_seen(module: MeasuredModule) -> tuple[set[int], set[Branch]]:
    """Return the lines whose statements began and the branches that were taken."""
    seen = [fact for fact, hit in zip(module.facts, module.hits, strict=True) if hit]
    return {line for fact in seen for line in fact.lines}, {each for fact in seen for each in fact.branches}


@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    if not hasattr(session.config, "workerinput"):
        shutil.rmtree(RESULTS, ignore_errors=True)


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    seen = {path: list_seen(module) for path, module in MEASURED.items()}
    RESULTS.mkdir(parents=True, exist_ok=True)
    result = {path: [sorted(lines), sorted(branches)] for path, (lines, branches) in seen.items()}
    (RESULTS / f"{os.environ.get('PYTEST_XDIST_WORKER', 'main')}.json").write_text(json.dumps(result))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the short table before pytest's closing line."""
    command = [sys.executable, str(ROOT / "script" / "coverage_report.py")]
    report = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    terminalreporter.write_line(f"\n{report.stdout}{report.stderr}")


def read_results() -> dict[str, tuple[set[int], set[Branch]]]:
    """Return what the processes of the last run saw together, by the path of a file."""
    joined: dict[str, tuple[set[int], set[Branch]]] = {}
    for path, lines, branches in _read_each():
        known_lines, known_branches = joined.setdefault(path, (set(), set()))
        known_lines.update(lines)
        known_branches.update(Branch(*branch) for branch in branches)
    return joined


def _read_each() -> Iterator[tuple[str, list[int], list[Any]]]:
    for result in RESULTS.glob("*.json"):
        for path, (lines, branches) in json.loads(result.read_text()).items():
            yield path, lines, branches

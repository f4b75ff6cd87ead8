"""The graph of imports among our own modules, read from the source without importing anything.

``python -m tests.support.import_graph [PACKAGE ...]`` prints the cycles and the hidden imports of all
packages, or of those named.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("core", "workspaces", "gpts", "marketplace", "reviews", "payouts", "config", "demo", "embedded")


@dataclass(frozen=True, order=True)
class Import:
    """One import of one module by another. ``function`` is the function it stands in, empty at the top."""

    source: str
    target: str
    line: int
    function: str = ""

    def __str__(self) -> str:
        where = f" in {self.function}()" if self.function else ""
        return f"{self.source}:{self.line} imports {self.target}{where}"


def find_modules(root: Path = ROOT, packages: Collection[str] = PACKAGES) -> dict[str, Path]:
    """Return the files of all modules by dotted name; a package goes by its own name."""
    modules = {}
    for package in packages:
        for path in sorted((root / package).rglob("*.py")):
            parts = path.relative_to(root).with_suffix("").parts
            modules[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return modules


def find_imports(modules: dict[str, Path]) -> list[Import]:
    """Return every import in ``modules``, also of modules outside; those for type checking do not count."""
    return [
        Import(name, _resolve(target, modules), line, function)
        for name, path in modules.items()
        for target, line, function in _read_imports(name, path)
    ]


def find_cycles(imports: Collection[Import]) -> list[list[str]]:
    """Return the groups of modules that import each other, directly or through others, largest first.

    These are the strongly connected components of the graph (Tarjan's algorithm), hidden imports included.
    """
    graph: dict[str, set[str]] = {}
    for found in imports:
        graph.setdefault(found.source, set()).add(found.target)
    index: dict[str, int] = {}
    lowest: dict[str, int] = {}
    stack: list[str] = []
    components: list[list[str]] = []

    def visit(module: str) -> None:
        index[module] = lowest[module] = len(index)
        stack.append(module)
        for target in sorted(graph.get(module, ())):
            if target not in index:
                visit(target)
                lowest[module] = min(lowest[module], lowest[target])
            elif target in stack:
                lowest[module] = min(lowest[module], index[target])
        if lowest[module] == index[module]:
            component = stack[stack.index(module) :]
            del stack[stack.index(module) :]
            if len(component) > 1 or module in graph.get(module, ()):
                components.append(sorted(component))

    for module in sorted(graph):
        if module not in index:
            visit(module)
    return sorted(components, key=lambda component: (-len(component), component))


def find_hidden_imports(imports: Collection[Import]) -> list[Import]:
    """Return the imports inside functions, except in the ``ready`` method of an app configuration."""
    return sorted(
        found
        for found in imports
        if found.function and not (found.source.endswith(".apps") and found.function.endswith(".ready"))
    )


def _read_imports(module: str, path: Path) -> Iterator[tuple[str, int, str]]:
    """Yield (dotted target, line, enclosing function); ``from a import b`` yields ``a.b``."""
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    for node, function in _walk(ast.parse(path.read_text(encoding="utf-8")), ()):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, node.lineno, function
        elif isinstance(node, ast.ImportFrom):
            parents = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            base = ".".join([*parents, node.module] if node.module else parents)
            for alias in node.names:
                yield (base if alias.name == "*" else f"{base}.{alias.name}"), node.lineno, function


def _walk(node: ast.AST, names: tuple[str, ...], is_function: bool = False) -> Iterator[tuple[ast.AST, str]]:
    """Yield ``node`` and every node below it that runs, with the dotted name of the function it stands in."""
    children: Iterable[ast.AST] = ast.iter_child_nodes(node)
    if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"):
        children = node.orelse
    elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        names = (*names, node.name)
        is_function = is_function or not isinstance(node, ast.ClassDef)
    else:
        yield node, ".".join(names) if is_function else ""
    for child in children:
        yield from _walk(child, names, is_function)


def _resolve(target: str, modules: dict[str, Path]) -> str:
    """Return the module that defines ``target``: itself, or the one it is an attribute of."""
    name = target
    while name not in modules and "." in name:
        name = name.rpartition(".")[0]
    return name if name in modules else target


@lru_cache(maxsize=1)
def read_project_imports() -> tuple[Import, ...]:
    """Return every import in the modules of this project."""
    return tuple(find_imports(find_modules()))


def main(packages: Collection[str]) -> int:
    def is_wanted(module: str) -> bool:
        return not packages or module.split(".")[0] in packages

    imports = read_project_imports()
    cycles = [cycle for cycle in find_cycles(imports) if any(is_wanted(module) for module in cycle)]
    hidden = [found for found in find_hidden_imports(imports) if is_wanted(found.source)]
    lines = []
    for cycle in cycles:
        lines.append(f"cycle of {len(cycle)} modules:")
        lines += [f"  {found}" for found in sorted(imports) if {found.source, found.target} <= set(cycle)]
    lines += [f"hidden: {found}" for found in hidden]
    lines.append(f"{len(cycles)} cycles, {len(hidden)} hidden imports")
    sys.stdout.write("\n".join(lines) + "\n")
    return 1 if cycles or hidden else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

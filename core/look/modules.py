"""Joins ES modules into bundles: one that every page loads, and one for each other entry.

A bundle is the text of its modules, line by line and in the order in which a browser runs them; each stands
in a function that returns what the module exports. Only what stands at the start of a line is read, so a
module writes imports and exports as the scripts in static/js do: static, by name, each on one line.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath

# import "./x.js";    import { a, b as c } from "./x.js";
_IMPORT = re.compile(
    r'^import (?:\{ (?P<names>[\w$]+[^{}\n]*?) \} from )?"(?P<source>\.{1,2}/[\w/.]+\.js)";[ \t]*$', re.M
)
_IMPORTED_NAME = re.compile(r"(?P<name>[\w$]+)(?: as (?P<alias>[\w$]+))?")
# export function a() {    export async function* b() {    export class C {    export const D = 1;
_EXPORT = re.compile(r"^export (?=(?:(?:async )?function\*? |class |const )(?P<name>[\w$]+)[ (])", re.M)
_UNREADABLE = re.compile(
    r"^(?:import|export)\b.*|^.*\bimport\s*\(.*|^.*\bimport\.meta\b.*|^(?:for )?await\b.*", re.M
)
_PATH = re.compile(r"(?:[a-z][a-z0-9_]*/)*[a-z][a-z0-9_]*\.js")


class ModuleError(Exception):
    """A module cannot be bundled; the message names the file and the line."""


@dataclass(frozen=True)
class Module:
    """One script. ``path`` is relative to the folder of scripts: "chat/view.js"."""

    path: str
    text: str

    @cached_property
    def imports(self) -> list[str]:
        """Paths of the modules that it imports, in order."""
        return [_resolve(self.path, found["source"]) for found in _IMPORT.finditer(self.text)]

    @cached_property
    def exports(self) -> list[str]:
        return [found["name"] for found in _EXPORT.finditer(self.text)]

    def check(self) -> None:
        """Raise ModuleError for what a bundle cannot express."""
        if not _PATH.fullmatch(self.path):
            raise ModuleError(f"{self.path}: use lower-case letters, digits and _ in names of scripts")
        rest = _EXPORT.sub("", _IMPORT.sub("", self.text))
        if found := _UNREADABLE.search(rest):
            line = rest.count("\n", 0, found.start()) + 1
            raise ModuleError(
                f"{self.path}, line {line}: only imports and exports by name, each on one line, can be"
                f" bundled: {found[0].strip()[:80]}"
            )

    def wrap(self) -> str:
        """Return the module as a function that runs at once; its lines stay lines."""
        bound = _IMPORT.sub(lambda found: self._bind(found["names"], found["source"]), self.text)
        text = _EXPORT.sub("", bound)
        head = f"const {get_variable(self.path)} = (() => {{" if self.exports else "(() => {"
        result = [f"return {{ {', '.join(self.exports)} }};"] if self.exports else []
        return "\n".join([f"// {self.path}", head, text.strip("\n"), *result, "})();"])

    def _bind(self, names: str | None, source: str) -> str:
        """Return the line that takes the place of an import."""
        if not names:
            return ""
        pairs = [_IMPORTED_NAME.fullmatch(part.strip()) for part in names.split(",")]
        if None in pairs:
            raise ModuleError(f"{self.path}: cannot read the imported names {names}")
        bound = [
            f"{pair['name']}: {pair['alias']}" if pair["alias"] else pair["name"] for pair in pairs if pair
        ]
        return f"const {{ {', '.join(bound)} }} = {get_variable(_resolve(self.path, source))};"


def get_variable(path: str) -> str:
    """Return the name in a bundle of what a module exports: "$chat$view" for "chat/view.js"."""
    return "$" + path.removesuffix(".js").replace("/", "$")


def _resolve(path: str, source: str) -> str:
    parts: list[str] = list(PurePosixPath(path).parent.parts)
    for part in PurePosixPath(source).parts:
        if part == "..":
            if not parts:
                raise ModuleError(f"{path}: {source} leaves the folder of scripts")
            parts.pop()
        else:
            parts.append(part)
    return "/".join(parts)


def read_modules(root: Path) -> dict[str, Module]:
    """Read every script under ``root``, by path."""
    paths = sorted(root.rglob("*.js"))
    return {
        name: Module(name, path.read_text("utf-8"))
        for path in paths
        if (name := path.relative_to(root).as_posix())
    }


def bundle_name(entry: str) -> str:
    """Return the file name of an entry's bundle: "chat-view.js" for "chat/view.js"."""
    return entry.replace("/", "-")


def build_bundles(modules: Mapping[str, Module], *, shared: str, entries: Iterable[str]) -> dict[str, str]:
    """Return the text of each bundle by its file name.

    ``shared`` is the entry of every page. Its bundle also holds each module that several entries reach, so
    that a page never runs a module twice; the other bundles import what they need of it. Raises ModuleError.
    """
    for module in modules.values():
        module.check()
    others = [entry for entry in entries if entry != shared]
    reached = {entry: list(_walk(entry, modules)) for entry in (shared, *others)}
    times = [path for entry in others for path in reached[entry]]
    common = set(reached[shared]) | {path for path in times if times.count(path) > 1}
    order = list(dict.fromkeys([*reached[shared], *(path for path in times if path in common)]))
    needed: set[str] = set()
    bundles: dict[str, str] = {}
    for entry in others:
        own = [path for path in reached[entry] if path not in common]
        uses = {
            used for path in own for used in modules[path].imports if used in common and modules[used].exports
        }
        needed |= uses
        names = sorted(get_variable(path) for path in uses)
        head = f'import {{ {", ".join(names)} }} from "./{bundle_name(shared)}";' if names else ""
        bundles[bundle_name(entry)] = _join([head, *(modules[path].wrap() for path in own)])
    names = sorted(get_variable(path) for path in needed)
    tail = f"export {{ {', '.join(names)} }};" if names else ""
    return {bundle_name(shared): _join([*(modules[path].wrap() for path in order), tail]), **bundles}


def _join(parts: Iterable[str]) -> str:
    return "\n\n".join(part for part in parts if part) + "\n"


def _walk(entry: str, modules: Mapping[str, Module]) -> Iterator[str]:
    """Yield what an entry reaches, each module after those that it imports."""
    done: set[str] = set()

    def visit(path: str, above: tuple[str, ...]) -> Iterator[str]:
        if path in above:
            raise ModuleError(f"modules import each other: {' -> '.join([*above, path])}")
        if path in done:
            return
        if path not in modules:
            raise ModuleError(f"{above[-1] if above else 'the list of entries'}: there is no {path}")
        for used in modules[path].imports:
            yield from visit(used, (*above, path))
        done.add(path)
        yield path

    return visit(entry, ())

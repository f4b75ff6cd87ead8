"""Bundles of ES modules: order, names, what is shared, and what cannot be bundled."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from core.look.modules import Module, ModuleError, build_bundles

MODULES = {
    "base.js": 'import "./first.js";\nimport { each } from "./each.js";\n\neach("base");\n',
    "first.js": 'globalThis.ran = ["first"];\n',
    "each.js": "// Runs it.\nexport function each(name) {\n  globalThis.ran.push(name);\n}\n",
    "chat.js": (
        'import { each as run } from "./each.js";\nimport { LIMIT, Tail, parts } from "./chat/tail.js";\n'
        "run(`chat ${LIMIT} ${new Tail().size}`);\nvoid parts;\n"
    ),
    "chat/tail.js": (
        'import { each } from "../each.js";\neach("tail");\nexport const LIMIT = 3;\n'
        "export class Tail {\n  size = LIMIT * 2;\n}\nexport async function* parts() {\n  yield 1;\n}\n"
    ),
    "build.js": (
        'import { LIMIT } from "./chat/tail.js";\nimport { each } from "./each.js";\n'
        "each(`build ${LIMIT}`);\n"
    ),
    "plain.js": 'globalThis.ran.push("plain");\n',
}


def build(modules: dict[str, str], *entries: str) -> dict[str, str]:
    return build_bundles(
        {path: Module(path, text) for path, text in modules.items()}, shared="base.js", entries=entries
    )


def test_a_bundle_holds_its_modules_line_by_line_in_the_order_of_running() -> None:
    assert build(MODULES, "chat.js", "plain.js") == {
        "base.js": (
            '// first.js\n(() => {\nglobalThis.ran = ["first"];\n})();\n\n'
            "// each.js\nconst $each = (() => {\n// Runs it.\nfunction each(name) {\n"
            "  globalThis.ran.push(name);\n}\nreturn { each };\n})();\n\n"
            '// base.js\n(() => {\nconst { each } = $each;\n\neach("base");\n})();\n\n'
            "export { $each };\n"
        ),
        "chat.js": (
            'import { $each } from "./base.js";\n\n'
            '// chat/tail.js\nconst $chat$tail = (() => {\nconst { each } = $each;\neach("tail");\n'
            "const LIMIT = 3;\nclass Tail {\n  size = LIMIT * 2;\n}\n"
            "async function* parts() {\n  yield 1;\n}\nreturn { LIMIT, Tail, parts };\n})();\n\n"
            "// chat.js\n(() => {\nconst { each: run } = $each;\nconst { LIMIT, Tail, parts } = $chat$tail;\n"
            "run(`chat ${LIMIT} ${new Tail().size}`);\nvoid parts;\n})();\n"
        ),
        "plain.js": '// plain.js\n(() => {\nglobalThis.ran.push("plain");\n})();\n',
    }


def test_what_several_entries_reach_goes_into_the_shared_bundle() -> None:
    bundles = build(MODULES, "chat.js", "build.js", "plain.js")

    assert "// chat/tail.js" in bundles["base.js"]
    assert bundles["base.js"].endswith("export { $chat$tail, $each };\n")
    assert bundles["build.js"].startswith('import { $chat$tail, $each } from "./base.js";\n\n// build.js\n')
    assert "tail.js" not in bundles["build.js"] + bundles["chat.js"].replace("$chat$tail", "")


@pytest.mark.skipif(shutil.which("node") is None, reason="Node is not installed")
def test_bundles_do_what_the_modules_do(tmp_path: Path) -> None:
    entries = ("chat.js", "build.js", "plain.js")
    for name, files in (("modules", MODULES), ("bundles", build(MODULES, *entries))):
        for path, text in files.items():
            file = tmp_path / name / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        (tmp_path / name / "package.json").write_text('{"type": "module"}')
        page = "".join(f'import "./{entry}";\n' for entry in ("base.js", *entries))
        (tmp_path / name / "page.js").write_text(page + "console.log(JSON.stringify(globalThis.ran));\n")

    ran = {
        name: json.loads(subprocess.check_output(["node", "page.js"], cwd=tmp_path / name, timeout=60))
        for name in ("modules", "bundles")
    }

    assert ran["modules"] == ["first", "base", "tail", "chat 3 6", "build 3", "plain"]
    # A module that moves into the shared bundle runs sooner than on its own, but after the base.
    assert ran["bundles"] == ["first", "base", "tail", "chat 3 6", "build 3", "plain"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "run();\nexport default 1;",
            r"^other\.js, line 2: only imports and exports by name, .*: export default 1;$",
        ),
        ("export let count = 0;", "export let count"),
        ("const a = 1;\nexport { a };", "line 2.*export { a };"),
        ('export * from "./first.js";', "export \\*"),
        ('export { a } from "./first.js";', "export { a }"),
        ('import all from "./first.js";', "import all"),
        ('import * as all from "./first.js";', "import \\* as"),
        ('import {\n  a,\n} from "./first.js";', "import {"),
        ('import { a } from "first";', "import { a }"),
        ('import { a } from "https://example.org/a.js";', "import { a }"),
        ("import { a } from './first.js';", "import { a }"),
        ('button.onclick = () => import("./first.js");', "import\\("),
        ("const here = import.meta.url;", "import.meta"),
        ("await start();", "await start"),
        ("for await (const part of parts) run(part);", "for await"),
        ('import { a } from "./missing.js";', r"^other\.js: there is no missing\.js$"),
        ('import { a } from "../above.js";', r"^other\.js: \.\./above\.js leaves the folder"),
        ('import { a- } from "./first.js";', "import { a- }|cannot read"),
        ('import "./circle.js";', r"import each other: other\.js -> circle\.js -> other\.js$"),
    ],
)
def test_what_cannot_be_bundled_is_refused_with_its_place(text: str, message: str) -> None:
    modules = {"base.js": "", "first.js": "", "circle.js": 'import "./other.js";', "other.js": text}

    with pytest.raises(ModuleError, match=message):
        build(modules, "other.js")


@pytest.mark.parametrize("path", ["Chat.js", "chat-view.js", "chat/View.js"])
def test_names_that_are_no_names_of_variables_are_refused(path: str) -> None:
    with pytest.raises(ModuleError, match="lower-case letters"):
        build({"base.js": "", path: ""}, path)

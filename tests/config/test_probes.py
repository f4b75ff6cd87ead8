"""Probes find the same statements and branches as the tracer of coverage.py, in every kind of code."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from coverage import Coverage
from coverage.python import PythonFileReporter

from script.coverage_report import describe_missing, list_arcs, list_short_files
from tests.support.probes import NAME, MeasuredModule, ProbeInserter, list_seen

SOURCES = {
    "conditions": '''
        """A docstring."""
        from __future__ import annotations
        from typing import TYPE_CHECKING
        if TYPE_CHECKING:
            import decimal
        def compare(a: int) -> str:
            """A docstring."""
            if a > 1:
                return "more"
            elif a == 1:
                return "one"
            else:
                a = (
                    a
                    + 1
                )
            if a:
                pass
            if (
                a > 5
                or a < -50
            ):
                return "far"
            return "less"
        def has_only_a_docstring():
            """A docstring."""
        RESULTS = [compare(2), compare(0), has_only_a_docstring()]
    ''',
    "loops": """
        def find(items, wanted):
            for item in items:
                if item is None:
                    continue
                if item == wanted:
                    break
            else:
                return -1
            while wanted:
                wanted -= 1
                if wanted == 2:
                    break
            while True:
                if wanted > 1:
                    break
                wanted += 1
            for _ in ():
                print()
            return sum(item for item in items if item)
        find([None, 1], 1)
        find([4], 5)
    """,
    "exceptions": """
        class Odd(Exception):
            pass
        def read(value):
            try:
                number = int(value)
            except ValueError:
                return 0
            except (TypeError, Odd):
                return 1
            except Exception:
                raise
            else:
                if number > 3:
                    return 3
            finally:
                number = None
            with open("/dev/null") as file, open("/dev/null"):
                if not value:
                    return file.read()
                raise_late = [int(each) for each in "12"]
            if raise_late:
                raise Odd
            return 5
        read("x"), read(None), read("4")
        try:
            read("2")
        except Odd:
            pass
    """,
    "matches": """
        def describe(value):
            match value:
                case 1 | 2:
                    text = "small"
                case [first, *_] if first:
                    text = "list"
                case {"a": a}:
                    text = a
            match value:
                case str():
                    return "text"
                case _:
                    return "other"
        def is_pair(value):
            match value:
                case (_, _):
                    return True
        for each in (1, [1]):
            try:
                describe(each)
            except UnboundLocalError:
                pass
        is_pair("a")
    """,
    "classes and coroutines": """
        import asyncio, enum, functools
        class Colour(enum.Enum):
            "A docstring."
            RED = 1
            GREEN: int = 2
            @functools.cache
            def shade(
                self,
                dark=False,
            ):
                if dark:
                    return "dark"
                return "light"
            @property
            @functools.lru_cache
            def never(self):
                return 1
        class Empty:
            pass
        async def count():
            yield 1
            yield 2
        async def add():
            total = 0
            async for each in count():
                global seen
                seen = each
                if each > 1:
                    total += each
            try:
                async with asyncio.timeout(1):
                    await asyncio.sleep(0)
            except* ValueError:
                total = 0
            return total
        Colour.RED.shade()
        asyncio.run(add())
        make = lambda a: (
            a
            if a
            else 0
        )
        make(1)
    """,
}


def read_report(file: Path, coverage: Coverage) -> dict[str, Any]:
    report = file.with_suffix(".json")
    coverage.json_report(outfile=str(report))
    (found,) = json.loads(report.read_text())["files"].values()
    return {key: found[key] for key in ("missing_lines", "missing_branches")}


@pytest.mark.parametrize("name", SOURCES)
def test_probes_find_what_the_tracer_finds(tmp_path: Path, name: str) -> None:
    file = tmp_path / "measured.py"
    lines = SOURCES[name].removeprefix("\n").splitlines()
    file.write_text("\n".join(line[8:] for line in lines) + "\n")
    traced = tmp_path / "traced"
    command = [sys.executable, "-m", "coverage", "run", "--branch", f"--data-file={traced}", str(file)]
    subprocess.run(command, cwd=tmp_path, check=True)  # there, so that it does not read our settings
    by_tracer = Coverage(data_file=str(traced), config_file=False)
    by_tracer.load()

    inserter = ProbeInserter()
    code = compile(inserter.insert(ast.parse(file.read_text())), str(file), "exec", dont_inherit=True)
    module = MeasuredModule([False] * len(inserter.facts), inserter.facts)
    exec(code, {"__name__": "__main__", NAME: module.hits})
    by_probes = Coverage(data_file=str(tmp_path / "probed"), config_file=False)
    reporter = PythonFileReporter(str(file), by_probes)
    by_probes.get_data().add_arcs({str(file): list_arcs(reporter, *list_seen(module))})

    found = read_report(file, by_probes)
    assert found == read_report(file, by_tracer)
    assert found["missing_lines"]  # the source misses something, or the test could not fail
    assert found["missing_branches"]


def test_files_that_must_be_covered_are_listed_with_what_they_miss() -> None:
    file: dict[str, Any] = {
        "missing_lines": [4, 5],
        "missing_branches": [[3, 4], [4, 5], [7, -1]],
        "summary": {"num_statements": 8, "num_branches": 4, "missing_lines": 2, "missing_branches": 3},
    }
    whole = {**file, "summary": {**file["summary"], "missing_lines": 0, "missing_branches": 0}}

    assert describe_missing(file) == "4, 5, 3->4, 7->exit"
    assert list_short_files(
        {
            "core/money.py": file,
            "gpts/chat/access.py": file,
            "payouts/states.py": whole,
            "reviews/rules/a.py": file,
        }
    ) == [
        "    58.3 %  gpts/chat/access.py: 4, 5, 3->4, 7->exit",
        "    58.3 %  reviews/rules/a.py: 4, 5, 3->4, 7->exit",
    ]

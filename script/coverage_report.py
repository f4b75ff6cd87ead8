"""Prints branch coverage by folder, and which files of payouts, access and policy modules miss 100 %.

The data come from the last `COVERAGE=1 script/test`. They are also written to .coverage, for other reports of
coverage.py (`.venv/bin/coverage html`); .ci/run reads what is missed in .data/coverage/short.txt.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from coverage import Coverage
from coverage.python import PythonFileReporter

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.support.probes import (  # noqa: E402 - the root must be on the path first
    PACKAGES,
    RESULTS,
    Branch,
    read_results,
)

FULL_COVERAGE_NAMES = ("access", "policy", "policies", "rules")  # as a file or as a folder
MAX_FILES = 40
MAX_PLACES = 20  # lines and branches of a file that are named


# From probes to the data of coverage.py ---------------------------------------------------------------------


def write_coverage_file(coverage: Coverage) -> None:
    """Write .coverage from what the test processes saw; files that none imported count as missed."""
    seen = read_results()
    if not seen:
        sys.exit("There is no coverage data: run COVERAGE=1 script/test first.")
    data = coverage.get_data()
    data.erase()
    data.add_arcs(
        {
            path: list_arcs(PythonFileReporter(path, coverage), lines, branches)
            for path, (lines, branches) in seen.items()
            if Path(path).exists()
        }
    )
    files = [path for package in sorted(PACKAGES) for path in (ROOT / package).rglob("*.py")]
    data.touch_files([str(path) for path in files if "migrations" not in path.parts])
    data.write()


def list_arcs(reporter: PythonFileReporter, lines: set[int], branches: set[Branch]) -> set[tuple[int, int]]:
    """Return pairs of lines as a tracer would see them, as far as coverage.py counts them.

    A line that branches has two exits: one into its body, known by the lines of the body, and another one.
    """
    exits: dict[int, list[int]] = {}
    for start, end in reporter.arcs():
        exits.setdefault(start, []).append(end)
    arcs = {(-1, line) for line in lines}
    for branch in branches:
        (start,) = reporter.translate_lines([branch.line])
        ends = [end for end in exits.get(start, ()) if (branch.first <= end <= branch.last) == branch.is_body]
        if len(ends) == 1:  # else the body stands on the same line, which ruff refuses
            arcs.add((start, ends[0]))
    return arcs


# The report -------------------------------------------------------------------------------------------------


def read_files() -> dict[str, dict[str, Any]]:
    """Return what coverage.py reports of each file, from the data of the last run."""
    coverage = Coverage()
    write_coverage_file(coverage)
    with TemporaryDirectory() as folder:
        report = Path(folder) / "coverage.json"
        coverage.json_report(outfile=str(report))
        files: dict[str, dict[str, Any]] = json.loads(report.read_text())["files"]
    return files


def get_counts(file: dict[str, Any]) -> Counter[str]:
    """Return the statements and branches of a file, and how many of them were missed."""
    keys = ("num_statements", "num_branches", "missing_lines", "missing_branches")
    return Counter({key: file["summary"][key] for key in keys})


def get_percent(counts: Counter[str]) -> float:
    total = counts["num_statements"] + counts["num_branches"]
    missed = counts["missing_lines"] + counts["missing_branches"]
    return 100 * (total - missed) / total if total else 100.0


def should_be_full(name: str) -> bool:
    path = Path(name)
    return path.parts[0] == "payouts" or bool({*path.parts[:-1], path.stem} & {*FULL_COVERAGE_NAMES})


def list_short_files(files: dict[str, dict[str, Any]]) -> list[str]:
    """Return a line for each file that should be covered fully and is not, with what it misses."""
    return [
        f"  {get_percent(get_counts(file)):6.1f} %  {name}: {describe_missing(file)}"
        for name, file in sorted(files.items())
        if should_be_full(name) and get_percent(get_counts(file)) < 100
    ]


def describe_missing(file: dict[str, Any]) -> str:
    lines = [str(line) for line in file["missing_lines"]]
    branches = [
        f"{start}->{end if end > 0 else 'exit'}"
        for start, end in file["missing_branches"]
        if start not in file["missing_lines"]
    ]
    shown = (lines + branches)[:MAX_PLACES]
    more = [f"and {len(lines + branches) - MAX_PLACES} more"] if len(lines + branches) > MAX_PLACES else []
    return ", ".join(shown + more)


def print_folders(files: dict[str, dict[str, Any]]) -> None:
    folders: dict[str, Counter[str]] = {}
    for name, file in files.items():
        folders.setdefault(Path(name).parts[0], Counter()).update(get_counts(file))
    print("Branch coverage")
    for folder, counts in [*sorted(folders.items()), ("total", sum(folders.values(), Counter()))]:
        print(f"  {folder:<14}{get_percent(counts):6.1f} %")


def main() -> None:
    files = read_files()
    short = list_short_files(files)
    (RESULTS / "short.txt").write_text("".join(f"{line}\n" for line in short))
    print_folders(files)
    print(f"Files of payouts, access, policy and rules below 100 %: {len(short)}")
    print("\n".join(short[:MAX_FILES]))
    if len(short) > MAX_FILES:
        print(f"  and {len(short) - MAX_FILES} more")


if __name__ == "__main__":
    main()

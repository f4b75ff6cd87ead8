"""Prints branch coverage by folder, and which files of payouts, access and policy modules miss 100 %."""

from __future__ import annotations

import io
import json
import sys
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from coverage import Coverage
from coverage.exceptions import NoDataError

ROOT = Path(__file__).resolve().parent.parent
FULL_COVERAGE_NAMES = ("access", "policy", "policies", "rules")  # as a file or as a folder
MAX_FILES = 40


def read_files() -> dict[str, Counter[str]]:
    """Return statements, branches and what was missed of each file, from the data of the last run."""
    coverage = Coverage()
    coverage.load()
    with TemporaryDirectory() as folder:
        report = Path(folder) / "coverage.json"
        coverage.json_report(outfile=str(report))
        files: dict[str, dict[str, Any]] = json.loads(report.read_text())["files"]
    keys = ("num_statements", "num_branches", "missing_lines", "missing_branches")
    return {name: Counter({key: file["summary"][key] for key in keys}) for name, file in files.items()}


def get_percent(counts: Counter[str]) -> float:
    total = counts["num_statements"] + counts["num_branches"]
    missed = counts["missing_lines"] + counts["missing_branches"]
    return 100 * (total - missed) / total if total else 100.0


def should_be_full(name: str) -> bool:
    path = Path(name)
    return path.parts[0] == "payouts" or bool({*path.parts[:-1], path.stem} & {*FULL_COVERAGE_NAMES})


def print_report(out: io.TextIOBase | Any = sys.stdout) -> None:
    files = read_files()
    folders: dict[str, Counter[str]] = {}
    for name, counts in files.items():
        folders.setdefault(Path(name).parts[0], Counter()).update(counts)
    print("Branch coverage", file=out)
    for folder, counts in [*sorted(folders.items()), ("total", sum(folders.values(), Counter()))]:
        print(f"  {folder:<14}{get_percent(counts):6.1f} %", file=out)
    short = sorted(
        (get_percent(counts), name, counts["missing_lines"], counts["missing_branches"])
        for name, counts in files.items()
        if should_be_full(name) and get_percent(counts) < 100
    )
    print(f"Files of payouts, access and rules below 100 %: {len(short)}", file=out)
    for percent, name, lines, branches in short[:MAX_FILES]:
        print(f"  {percent:6.1f} %  {name} ({lines} lines, {branches} branches missed)", file=out)
    if len(short) > MAX_FILES:
        print(f"  and {len(short) - MAX_FILES} more", file=out)


if __name__ == "__main__":
    try:
        print_report()
    except NoDataError:
        sys.exit("There is no coverage data: run COVERAGE=1 script/test first.")

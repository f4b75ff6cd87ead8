"""The templates: lines that a review can show, includes that exist, partials that are named as such."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.template.loader import get_template

TEMPLATES = Path(__file__).parents[2] / "templates"
FILES = sorted(path for path in TEMPLATES.rglob("*") if path.suffix in {".html", ".txt"})
LONGEST = 160
# What stands in these is a part by its folder.
FOLDERS_OF_PARTS = {"components", "gallery"}

each_file = pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(TEMPLATES).as_posix())


@each_file
def test_no_line_is_longer_than_a_review_shows(path: Path) -> None:
    lines = enumerate(path.read_text().splitlines(), start=1)

    assert [number for number, line in lines if len(line) > LONGEST] == []


@each_file
def test_included_templates_exist_and_are_named_as_partials(path: Path) -> None:
    for name in re.findall(r'{% include "([^"]+)"', path.read_text()):
        get_template(name)
        is_ours = (TEMPLATES / name).is_file()
        assert not is_ours or Path(name).name.startswith("_") or Path(name).parts[0] in FOLDERS_OF_PARTS


@each_file
def test_partials_extend_nothing(path: Path) -> None:
    assert not (path.name.startswith("_") and "{% extends" in path.read_text())

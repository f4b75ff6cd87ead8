"""A second set of questions, over documents that nobody tuned the search on.

The documents are the project's own (docs/ without security.md, ARCHITECTURE.md, CONTRIBUTING.md, as they are
now), the Universal Declaration of Human Rights in Chinese, and amendments of the Constitution of the United
States.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from gpts.knowledge.extraction import Limits, iter_sections
from gpts.knowledge.passages import split_into_passages
from tests.support.retrieval import Question, Section

HERE = Path(__file__).parent
ROOT = HERE.parents[1]


def read_documents() -> Iterator[tuple[str, list[Section]]]:
    """Yield each document as (name, [(heading path, text of a passage)]), read as an uploaded file is."""
    docs = [path for path in sorted((ROOT / "docs").glob("*.md")) if path.name != "security.md"]
    for path in [
        *docs,
        *(ROOT / name for name in ("ARCHITECTURE.md", "CONTRIBUTING.md")),
        *sorted(HERE.glob("*.md")),
    ]:
        with closing(iter_sections(path.name, path.read_bytes(), limits=Limits())) as sections:
            yield path.name, [(found.heading, found.text) for found in split_into_passages(sections)]


def read_second_questions() -> list[Question]:
    with (HERE / "questions.tsv").open(encoding="utf-8", newline="") as rows:
        return [
            Question(language, "second", text, answer)
            for language, text, answer in csv.reader(rows, delimiter="\t", quoting=csv.QUOTE_NONE)
        ]

"""The retrieval corpus as a GPT's knowledge, and its questions."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from gpts.assistants.models import GPT
from gpts.knowledge.models import Document, KnowledgeFile, Passage
from gpts.knowledge.retrieval import index_passages
from gpts.knowledge.states import FileState
from tests.support.distractors import make_distractors
from tests.support.times import NOW

FOLDER = Path(__file__).parents[1] / "gpts/knowledge/retrieval"
Section = tuple[str, str]


@dataclass(frozen=True)
class Question:
    """``answer`` is "file#heading", empty when the corpus has none."""

    language: str
    kind: str
    text: str
    answer: str


@cache
def read_questions() -> list[Question]:
    with (FOLDER / "questions.tsv").open(encoding="utf-8", newline="") as rows:
        return [Question(*row) for row in csv.reader(rows, delimiter="\t", quoting=csv.QUOTE_NONE)]


@cache
def read_corpus() -> list[tuple[str, list[Section]]]:
    """Return every document as (name, [(heading, text)]), distractors included."""
    read = [(path.name, _read_sections(path)) for path in sorted((FOLDER / "corpus").iterdir())]
    return [*read, *make_distractors()]


def _read_sections(path: Path) -> list[Section]:
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".csv":
        head, *rows = csv.reader(text.splitlines())
        return [
            (row[0], "; ".join(f"{name}: {cell}" for name, cell in zip(head, row, strict=True)))
            for row in rows
        ]
    parts = text.removeprefix("# ").split("\n# ")
    return [(heading.strip(), body.strip()) for heading, _, body in (part.partition("\n") for part in parts)]


def add_document(gpt: GPT, name: str, sections: Iterable[Section]) -> Document:
    """Give ``gpt`` a document that was read and indexed; the same content is one document a workspace."""
    held = list(sections)
    digest = hashlib.sha256(repr(held).encode()).hexdigest()
    document, is_new = Document.objects.get_or_create(
        workspace_id=gpt.workspace_id,
        content_hash=digest,
        defaults={
            "media_type": "text/markdown", "size": sum(len(text) for _heading, text in held),
            "storage_key": f"knowledge/{digest}", "state": FileState.READY, "progress": 100,
            "passage_count": len(held), "created_at": NOW, "extracted_at": NOW,
        },
    )  # fmt: skip
    KnowledgeFile.objects.create(
        workspace_id=gpt.workspace_id,
        gpt=gpt,
        document=document,
        name=name,
        content_hash=digest,
        uploaded_by=gpt.owner,
        created_at=NOW,
    )
    if is_new:
        passages = [
            Passage(
                workspace_id=gpt.workspace_id, document=document, position=position, heading=heading,
                paragraph=position + 1, text=text,
            )
            for position, (heading, text) in enumerate(held)
        ]  # fmt: skip
        index_passages(document, Passage.objects.bulk_create(passages))
    return document


def add_corpus(gpt: GPT) -> None:
    for name, sections in read_corpus():
        add_document(gpt, name, sections)

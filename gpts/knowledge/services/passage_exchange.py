"""Exchanging the passages of a document that is read again, in one step."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from hashlib import blake2b
from itertools import islice
from typing import IO

from django.db.models import F

from gpts.knowledge.models import Document, Passage
from gpts.knowledge.passages import PassageText
from gpts.knowledge.retrieval.vector_blocks import delete_blocks

BATCH = 500
# Added to the positions of the old passages while they are exchanged; no document has as many.
ASIDE = 1_000_000_000


def write_passages(spool: IO[str], texts: Iterable[PassageText]) -> None:
    """Keep the passages of a file in a temporary file, as lines of JSON, until it is read to its end."""
    for kept in texts:
        spool.write(json.dumps(asdict(kept)) + "\n")


def exchange_passages(document: Document, spool: IO[str]) -> int:
    """Put the kept passages in place of a document's; returns how many. In one transaction, of the caller.

    A passage with the same heading and text stays the same row: citations lead to it and its vectors need not
    be made, and paid, again. The index is not changed; the blocks of vectors are deleted.
    """
    old = Passage.objects.filter(document=document)
    known: defaultdict[bytes, list[int]] = defaultdict(list)
    rows = old.order_by("-position").values_list("pk", "heading", "text")
    for pk, *words in rows.iterator(BATCH):
        known[_digest(words[0], words[1])].append(pk)
    old.update(position=F("position") + ASIDE)
    spool.seek(0)
    count = 0
    for batch in _split(_read(spool)):
        kept, new = [], []
        for text in batch:
            passage = build_passage(document, count, text)
            same = known[_digest(text.heading, text.text)]
            if same:
                passage.pk = same.pop()
                kept.append(passage)
            else:
                new.append(passage)
            count += 1
        Passage.objects.bulk_update(kept, ["position", "page", "paragraph", "first_row", "last_row"])
        Passage.objects.bulk_create(new)
    old.filter(position__gte=ASIDE).delete()
    delete_blocks(document.pk)
    return count


def build_passage(document: Document, position: int, text: PassageText) -> Passage:
    first, last = text.rows or (None, None)
    return Passage(
        workspace_id=document.workspace_id,
        document=document,
        position=position,
        heading=text.heading,
        page=text.page,
        paragraph=text.paragraph,
        first_row=first,
        last_row=last,
        text=text.text,
    )


def _read(spool: IO[str]) -> Iterator[PassageText]:
    for line in spool:
        values = json.loads(line)
        rows = values["rows"]
        yield PassageText(**values | {"rows": (rows[0], rows[1]) if rows else None})


def _split(texts: Iterator[PassageText]) -> Iterator[list[PassageText]]:
    while batch := list(islice(texts, BATCH)):
        yield batch


def _digest(heading: str, text: str) -> bytes:
    return blake2b(f"{heading}\0{text}".encode(), digest_size=16).digest()

"""Every list of accepted kinds follows extraction/kinds.py."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import pytest

from gpts.knowledge.extraction import list_accepted, list_labels
from gpts.knowledge.extraction.kinds import ADVICE, COMPOUND, KINDS, MEDIA_TYPES, READERS, ZIPPED
from gpts.knowledge.failure_messages import describe_advice, describe_failure

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.label)
def test_each_kind_has_a_reader_and_is_in_every_list(kind) -> None:  # type: ignore[no-untyped-def]  # a parameter
    module, function = kind.reader
    assert callable(getattr(import_module(f"gpts.knowledge.extraction.{module}"), function))
    assert len(kind.media_type) <= 100
    assert set(kind.endings) <= set(list_accepted().split(","))
    if kind.label != "source code":
        assert kind.label in list_labels()
    words = kind.label if kind.label != "Jupyter" else "Jupyter notebooks"
    assert words in (ROOT / "docs/knowledge.md").read_text()
    assert kind.label in describe_failure("unknown_type")
    assert kind.label in (ROOT / "docs/openapi.yaml").read_text()


def test_no_ending_stands_for_two_kinds_or_is_refused_with_advice() -> None:
    assert len(MEDIA_TYPES) == sum(len(kind.endings) for kind in KINDS)
    assert len(READERS) == len(KINDS)
    assert not set(ADVICE) & set(MEDIA_TYPES)
    assert set(READERS) >= ZIPPED | COMPOUND


@pytest.mark.parametrize("code", sorted(set(ADVICE.values())))
def test_each_piece_of_advice_has_a_message(code: str) -> None:
    assert describe_advice(code)
    assert describe_failure(code) == describe_advice(code)

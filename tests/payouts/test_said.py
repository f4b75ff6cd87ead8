"""What the machine wrote in English is read in the reader's language; people's words stay theirs."""

from __future__ import annotations

import pytest
from django.utils import translation

from payouts.said import said
from payouts.services.gates import Gate


@pytest.mark.parametrize(
    ("kept", "chinese"),
    [
        ("The month ended.", "本月已结束。"),
        ("Earnings of 2026-09", "2026-09 的收益"),
        ("Payout 7 in batch 3", "付款批次 3 中的付款 7"),
        ("Exported as csv.", "已导出为 csv。"),
    ],
)
def test_machine_sentences_are_translated(kept: str, chinese: str) -> None:
    with translation.override("zh-hans"):
        assert said(kept) == chinese
    with translation.override("en"):
        assert said(kept) == kept


@pytest.mark.parametrize("kept", ["Bank said no.", "The month ended. Really.", "Earnings of two months", ""])
def test_what_people_wrote_is_left_alone(kept: str) -> None:
    with translation.override("zh-hans"):
        assert said(kept) == kept


@pytest.mark.parametrize("gate", list(Gate))
def test_a_gate_is_kept_in_english_and_told_in_the_readers_language(gate: Gate) -> None:
    with translation.override("zh-hans"):
        assert gate.written.isascii()
        assert said(gate.written) == str(gate.label) != gate.written

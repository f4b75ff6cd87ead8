"""Translation of sentences that the system stored in English."""

from __future__ import annotations

import pytest
from django.utils import translation

from payouts.services.eligibility import BlockReason
from payouts.stored_text import translate_stored_text


@pytest.mark.parametrize(
    ("kept", "chinese"),
    [
        ("The month ended.", "本月已结束。"),
        ("Earnings of 2026-09", "2026-09 的收益"),
        ("Payout 7 in batch 3", "付款批次 3 中的付款 7"),
        ("Exported as csv.", "已导出为 csv。"),
    ],
)
def test_stored_sentences_are_translated(kept: str, chinese: str) -> None:
    with translation.override("zh-hans"):
        assert translate_stored_text(kept) == chinese
    with translation.override("en"):
        assert translate_stored_text(kept) == kept


@pytest.mark.parametrize("kept", ["Bank said no.", "The month ended. Really.", "Earnings of two months", ""])
def test_text_of_people_is_not_translated(kept: str) -> None:
    with translation.override("zh-hans"):
        assert translate_stored_text(kept) == kept


@pytest.mark.parametrize("reason", list(BlockReason))
def test_block_reason_is_stored_in_english_and_shown_translated(reason: BlockReason) -> None:
    with translation.override("zh-hans"):
        assert reason.stored_text.isascii()
        assert translate_stored_text(reason.stored_text) == str(reason.label) != reason.stored_text

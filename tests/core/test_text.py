"""Validation, normalisation and comparison of text that people type."""

from __future__ import annotations

import pytest

from core.errors import InvalidInput
from core.text import clean_block, clean_line, make_slug, skeleton


def test_a_line_loses_extra_spaces_and_invisible_characters() -> None:
    assert clean_line("  Tax\u200b  \u202ehelper\n", max_length=50, field="name") == "Tax helper"


def test_a_line_keeps_joiners_inside_emoji() -> None:
    assert clean_line("👩\u200d🏫 Teacher", max_length=50, field="name") == "👩\u200d🏫 Teacher"


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("", "required"),
        (" \u200b\ufeff ", "required"),
        ("\u200d", "required"),
        ("a\x00b", "control_characters"),
        ("a\x1b[31m", "control_characters"),
        ("字" * 51, "too_long"),
    ],
)
def test_an_invalid_line_names_its_field(value: str, code: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        clean_line(value, max_length=50, field="name")
    assert (refusal.value.code, refusal.value.field) == (code, "name")


def test_the_length_is_counted_in_characters_not_bytes() -> None:
    assert clean_line("字" * 50, max_length=50, field="name") == "字" * 50


def test_a_block_keeps_paragraphs_and_tabs() -> None:
    assert clean_block("a\r\n\r\n\tb \u202e", max_length=20, field="text") == "a\n\n\tb"


@pytest.mark.parametrize(
    ("pasted", "kept"),
    [
        ("a\x0cb", "ab"),
        ("page one\n\x0cpage two", "page one\npage two"),
        ("\x1b[31mred\x1b[0m text", "red text"),
        ("\x1b]0;title\x07$ ls", "$ ls"),
        ("nul\x00, bell\x07, half \ud83d", "nul, bell, half"),
    ],
)
def test_control_characters_of_pasted_text_are_dropped(pasted: str, kept: str) -> None:
    assert clean_block(pasted, max_length=50, field="text") == kept


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("PayPal", "PаyPаl"),
        ("OpenAI", "0penA1"),
        ("Logo Maker", "logo\u200bmaker"),
        ("Ｆｕｌｌ", "full"),
        ("modern", "modem"),
    ],
)
def test_names_that_look_alike_have_the_same_skeleton(left: str, right: str) -> None:
    assert skeleton(left) == skeleton(right)


def test_different_names_keep_different_skeletons() -> None:
    assert len({skeleton(name) for name in ("Tax helper", "Tux helper", "税务助手", "税务老师")}) == 4


def test_slugs_are_unique_and_work_for_chinese_names() -> None:
    assert make_slug("Tax helper") != make_slug("Tax helper")
    assert make_slug("税务助手").startswith("gpt-")
    assert len(make_slug("a" * 200)) <= 60

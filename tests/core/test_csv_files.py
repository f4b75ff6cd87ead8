"""No cell of an export runs as a formula, whichever export it is; what is read back is what was written."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.csv_files import escape_cell, is_formula, unescape_cell, write_csv
from gpts.evals.files import write_prompts_csv
from payouts.models import Payout
from payouts.services.bank_files import build_bank_file
from tests.support.csv_corpus import FORMULAS, HARMLESS

NUMBERS = [0, -5, 1.5, "-5.00", "+49170", "-1,234.5", "1e5", ""]


@pytest.mark.parametrize("text", FORMULAS)
def test_a_formula_is_written_as_text(text: str) -> None:
    (row,) = read(write_csv(["a"], [[text]]))[1:]

    assert row == ["'" + text]
    assert unescape_cell(row[0]) == text


@pytest.mark.parametrize("value", [*HARMLESS, *NUMBERS])
def test_numbers_and_other_texts_are_left_alone(value: object) -> None:
    assert read(write_csv(["a"], [[value]]))[1:] == [[str(value)]] if value != "" else True
    assert escape_cell(value) == value


def test_the_header_is_escaped_too_and_the_mark_is_optional() -> None:
    assert write_csv(["=a"], []) == b"'=a\r\n"
    assert write_csv(["a"], [[None]], has_mark=True) == b'\xef\xbb\xbfa\r\n""\r\n'


@given(st.text(max_size=30))
def test_reading_back_gives_what_was_written(text: str) -> None:
    written = str(escape_cell(text))

    assert unescape_cell(written) == text
    assert not is_formula(text) or written[0] == "'"


def read(data: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))


def is_safe(cell: str) -> bool:
    return not is_formula(cell) or cell.startswith("'")


@pytest.mark.parametrize("text", FORMULAS)
def test_the_bank_file_is_safe(text: str) -> None:
    payout = Payout(
        pk=1,
        batch_id=1,
        payee_id=1,
        legal_name=text,
        country="DE",
        method=text,
        amount_minor=-500,
        currency="EUR",
    )
    file = build_bank_file([payout], {1: text})

    (row,) = read(file.content)[1:]
    assert all(map(is_safe, row))
    assert "-5.00" in row
    assert unescape_cell(row[2]) == text


@pytest.mark.parametrize("text", [text for text in FORMULAS if text.strip()])
def test_golden_prompts_are_safe_and_come_back(text: str) -> None:
    blank: dict[str, Any] = dict.fromkeys(("name", "expected"), "")
    lists: dict[str, Any] = {name: [] for name in ("tags", "history", "assertions")}
    prompt = {**blank, **lists, "prompt": text, "is_enabled": True, "seed": None}
    (row,) = read(write_prompts_csv([prompt]).encode())[1:]

    assert all(map(is_safe, row))
    assert unescape_cell(row[1]) == text

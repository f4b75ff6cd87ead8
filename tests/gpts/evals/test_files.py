"""Import and export: prompts survive the round trip, invalid rows are listed, a file is read whole or not."""

# ruff: noqa: E501  # tables read better with one case a line

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import DomainError, InvalidInput, TooLarge
from gpts.evals.files import read_file, write_jsonl, write_prompts_csv
from gpts.evals.prompts import clean_prompt

PROMPTS = [
    clean_prompt(
        {
            "name": "Notice, “period”",
            "prompt": "How long is the notice?\nIn weeks; please",
            "expected": "answer",
            "tags": ["hr", "starter"],
            "seed": 7,
            "is_enabled": False,
            "history": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}],
            "assertions": [{"kind": "contains", "values": ["30 days"]}, {"kind": "judge", "rubric": "Short"}],
        }
    ),
    clean_prompt({"name": "=cmd|' /C calc'!A0", "prompt": "@SUM(1+1)|x", "expected": "refuse"}),
    clean_prompt({"prompt": "退货期限是多少天？", "assertions": [{"kind": "language", "language": "zh"}]}),
]


@pytest.mark.parametrize(("write", "name"), [(write_prompts_csv, "a.csv"), (write_jsonl, "a.jsonl")])
def test_exported_prompts_are_imported_unchanged(write: Any, name: str) -> None:
    assert read_file(write(PROMPTS).encode(), name) == PROMPTS


def test_no_cell_of_an_export_runs_as_a_formula() -> None:
    assert not [cell for cell in write_prompts_csv(PROMPTS).splitlines()[3].split(",") if cell.lstrip('"')[:1] in "=+-@"
                and cell]  # fmt: skip


texts = st.text(st.characters(exclude_categories=("C", "Z")), min_size=1, max_size=40).filter(
    lambda text: not text.startswith("'")
)


@given(
    st.lists(
        st.tuples(texts, texts, st.sampled_from(["answer", "refuse", "escalate"])), min_size=1, max_size=5
    )
)
def test_any_text_survives_the_round_trip(rows: list[tuple[str, str, str]]) -> None:
    try:
        prompts = [
            clean_prompt({"name": name, "prompt": text, "expected": kind}) for name, text, kind in rows
        ]
    except DomainError:  # the text has only characters that cleaning removes
        return

    assert read_file(write_prompts_csv(prompts).encode(), "x.csv") == prompts
    assert read_file(write_jsonl(prompts).encode(), "x.jsonl") == prompts


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030"])
def test_encodings_of_spreadsheets_are_read(encoding: str) -> None:
    data = "prompt;expected\n退货期限？;answer\n".encode(encoding)

    assert [prompt["prompt"] for prompt in read_file(data, "x.csv")] == ["退货期限？"]


def test_invalid_rows_of_csv_are_listed_by_line() -> None:
    rows = ["prompt,expected,assertions", "ok,answer,", '"two\nlines",maybe,', "x,,", "y,,{", "a,b,c,d"]

    with pytest.raises(InvalidInput) as refusal:
        read_file("\n".join(rows).encode(), "x.csv")

    assert refusal.value.code == "rows_invalid"
    assert [row["line"] for row in refusal.value.data["rows"]] == [3, 5, 6, 7]


def test_invalid_lines_of_jsonl_are_listed() -> None:
    lines = [json.dumps({"prompt": "a", "expected": "answer"}), "", "{", "[1]", json.dumps({"prompt": "a", "owner": 1}),
             json.dumps({"prompt": 7}), json.dumps({"prompt": "a", "assertions": [{"kind": "matches", "pattern": "("}]})]  # fmt: skip

    with pytest.raises(InvalidInput) as refusal:
        read_file("\n".join(lines).encode(), "x.jsonl")

    assert [row["line"] for row in refusal.value.data["rows"]] == [3, 4, 5, 6, 7]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "file_empty"), (b"prompt\n", "file_empty"), (b"question\nx\n", "file_header"),
        (b"prompt,owner\nx,y\n", "file_header"), (b"prompt,prompt\nx,y\n", "file_header"),
        (b"prompt,expected\n\x00,answer\n", "file_encoding"), (b"\xff\xfe\x00", "file_encoding"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_read_is_refused_with_the_reason(data: bytes, code: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        read_file(data, "x.csv")

    assert (refusal.value.code, refusal.value.field) == (code, "file")


def test_a_file_with_a_thousand_rows_is_refused() -> None:
    with pytest.raises(TooLarge) as refusal:
        read_file(("prompt,expected\n" + "x,answer\n" * 1_000).encode(), "x.csv")

    assert (refusal.value.code, refusal.value.data) == ("too_many_prompts", {"limit": 100})


def test_a_file_that_is_too_large_is_refused() -> None:
    with pytest.raises(TooLarge):
        read_file(b"prompt\n" + b"x" * 2_000_001, "x.csv")

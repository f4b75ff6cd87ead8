"""Thinking told apart from the answer, in chunks of every size."""

from __future__ import annotations

import pytest

from gpts.llm.runtime.thinking import ThinkingSplitter


def split(text: str, size: int, *, is_prose: bool = True) -> tuple[str, str]:
    """Return answer and thinking of a text that comes in chunks of this size."""
    splitter = ThinkingSplitter(is_prose=is_prose)
    pieces = [piece for at in range(0, len(text), size) for piece in splitter.feed(text[at : at + size])]
    answer = thinking = ""
    for piece in [*pieces, *splitter.finish()]:
        if piece.kind == "text":
            answer += piece.text
        elif piece.kind == "thinking":
            thinking += piece.text
        else:
            answer, thinking = "", thinking + answer
    return answer, thinking.strip()


@pytest.mark.parametrize(
    ("text", "answer", "thinking"),
    [
        ("Plain.", "Plain.", ""),
        ("<think>\nhm\n</think>\n\nPlain.", "Plain.", "hm"),
        ("\n <think>hm</think>Plain.", "\n Plain.", "hm"),
        ("<thinking>hm</thinking>Plain.", "Plain.", "hm"),
        ("<THINK>hm</Think>Plain.", "Plain.", "hm"),
        ("[THINK]hm[/THINK]Plain.", "Plain.", "hm"),
        ("◁think▷hm◁/think▷Plain.", "Plain.", "hm"),
        ("<seed:think>hm</seed:think>Plain.", "Plain.", "hm"),
        ("<think></think>Plain.", "Plain.", ""),
        ("<think>1 < 2 </thin </think>Plain.", "Plain.", "1 < 2 </thin"),
        ("<think>hm</think><think>ha</think>Plain.", "Plain.", "hmha"),
        ("Sure.\n<think>\nhm\n</think>\nPlain.", "Sure.\nPlain.", "hm"),
        # Never closed, or closed without being opened.
        ("<think>hm", "", "hm"),
        ("<think>hm </thi", "", "hm </thi"),
        ("hm\n</think>\n\nPlain.", "Plain.", "hm"),
        ("hm.</think>Plain.", "Plain.", "hm."),
        ("hm.</think>", "", "hm."),
        ("</think>\n\nPlain.", "Plain.", ""),
        # An answer about the marks.
        (
            "Write `<think>` before and `</think>` behind.",
            "Write `<think>` before and `</think>` behind.",
            "",
        ),
        ("```\n<think>\nhm\n</think>\n```\n", "```\n<think>\nhm\n</think>\n```\n", ""),
        ("~~~xml\n</think>\n~~~", "~~~xml\n</think>\n~~~", ""),
        ("The mark <think> opens.", "The mark <think> opens.", ""),
        ("Then </think> closes.", "Then </think> closes.", ""),
        ('Write "</think>" there.', 'Write "</think>" there.', ""),
        ("1 <t", "1 <t", ""),
        ("a[0] < b", "a[0] < b", ""),
    ],
)
def test_thinking_is_told_from_the_answer(text: str, answer: str, thinking: str) -> None:
    assert {split(text, size) for size in (1, 2, 3, 5, 8, 1_000)} == {(answer, thinking)}


def test_in_json_marks_count_only_at_the_beginning() -> None:
    body = '{"mark": "</think>", "line": 1}'

    assert split(f"<think>hm</think>{body}", 4, is_prose=False) == (body, "hm")
    assert split(body, 4, is_prose=False) == (body, "")


def test_hostile_marks_take_linear_time() -> None:
    text = "x <think> y </think> z " * 20_000

    assert split(text, 64)[0] == text

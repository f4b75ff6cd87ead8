"""Differences between two texts: line by line, word by word, each old line beside its new form."""

from __future__ import annotations

import time
from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.text_diff import MAX_COMBINATIONS, MAX_TOKENS, Line, Segment, diff_texts, pair_lines

SENTENCE = "You edit letters. First ask who reads it. Rewrite in short sentences, keep the tone."
EDITED = "You edit letters. First ask who reads it. Rewrite in sentences of twenty words, keep the tone."


def marked(line: Line | None) -> str:
    if line is None:
        return ""
    if line.kind == "gap":
        return f"<{line.hidden}>"
    marks = {"same": "{}", "remove": "[-{}-]", "add": "[+{}+]"}
    return "".join(marks[segment.kind].format(segment.text) for segment in line.segments)


def lines(before: str, after: str, *, context: int = 2) -> list[str]:
    return [marked(line) for line in diff_texts(before, after, context=context)]


def rows(before: str, after: str) -> list[tuple[str, str]]:
    return [(marked(left), marked(right)) for left, right in pair_lines(diff_texts(before, after))]


def test_an_edited_line_is_paired_with_its_old_form_although_lines_were_added() -> None:
    assert rows(SENTENCE, f"{EDITED}\n\nEnd with one question.") == [
        (
            SENTENCE.replace("short sentences,", "[-short sentences,-]"),
            EDITED.replace("sentences of twenty words,", "[+sentences of twenty words,+]"),
        ),
        ("", "[++]"),
        ("", "[+End with one question.+]"),
    ]


def test_a_removed_line_is_not_paired_with_an_edited_one() -> None:
    assert rows(f"Never lie.\n{SENTENCE}", SENTENCE.replace("tone", "voice")) == [
        ("[-Never lie.-]", ""),
        (SENTENCE.replace("tone.", "[-tone.-]"), SENTENCE.replace("tone.", "[+voice.+]")),
    ]


def test_lines_that_share_few_words_are_not_paired() -> None:
    found = diff_texts("Be brief.", "Answer at length.\nWith examples.")

    assert found == [
        Line("remove", (Segment("remove", "Be brief."),)),
        Line("add", (Segment("add", "Answer at length."),)),
        Line("add", (Segment("add", "With examples."),)),
    ]


def test_chinese_and_japanese_are_compared_character_by_character() -> None:
    assert rows("先提问，再修改。", "先提问，再评价。\n保持友善。") == [
        ("先提问，再[-修改-]。", "先提问，再[+评价+]。"),
        ("", "[+保持友善。+]"),
    ]
    assert lines("たのしい", "たのもしい") == ["たのしい", "たの[+も+]しい"]


def test_whitespace_between_two_changed_words_belongs_to_the_change() -> None:
    assert lines("keep it short", "keep them long") == ["keep [-it short-]", "keep [+them long+]"]


def test_unchanged_lines_away_from_a_change_become_a_gap_that_counts_them() -> None:
    before = "\n".join("abcdefghijkl")
    after = before.replace("f", "F")

    assert lines(before, after) == ["<3>", "d", "e", "[-f-]", "[+F+]", "g", "h", "<4>"]
    assert lines(before, after, context=3) == [
        "<2>", "c", "d", "e", "[-f-]", "[+F+]", "g", "h", "i", "<3>",
    ]  # fmt: skip


def test_a_single_line_is_shown_instead_of_a_gap() -> None:
    assert lines("a\nb\nc\nd", "a\nb\nc\nD") == ["a", "b", "c", "[-d-]", "[+D+]"]


def test_an_empty_text_has_no_lines() -> None:
    assert lines("", "") == []
    assert lines("", "a\nb") == ["[+a+]", "[+b+]"]
    assert lines("a\n", "") == ["[-a-]", "[--]"]


def test_very_long_lines_are_not_compared_word_by_word() -> None:
    before = "word " * (MAX_TOKENS // 2)

    removed, added = diff_texts(before, before + "end")

    assert (removed.segments, added.segments) == (
        (Segment("remove", before),),
        (Segment("add", before + "end"),),
    )
    assert removed.is_paired
    assert added.is_paired


def test_very_large_blocks_are_not_searched_for_similar_lines() -> None:
    before = [f"line {number} old" for number in range(MAX_COMBINATIONS // 10)]
    after = [f"line {number} new" for number in range(11)]

    found = diff_texts("\n".join(before), "\n".join(after))

    assert [line.kind for line in found] == ["remove"] * len(before) + ["add"] * len(after)


text = st.lists(st.text(alphabet="ab c字", max_size=12), max_size=6).map("\n".join)


@settings(max_examples=200, deadline=None)
@given(before=text, after=text, context=st.integers(0, 3))
def test_both_texts_can_be_rebuilt_from_the_differences(before: str, after: str, context: int) -> None:
    def join(side: Iterable[Line]) -> str:
        return "\n".join("".join(segment.text for segment in line.segments) for line in side)

    found = diff_texts(before, after, context=context)
    old = [line for line in found if line.kind != "add"]
    new = [line for line in found if line.kind != "remove"]
    pairs = pair_lines(found)

    assert [left for left, _right in pairs if left] == old
    assert [right for _left, right in pairs if right] == new
    if not any(line.kind == "gap" for line in found):
        assert (join(old), join(new)) == (before, after)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("a\n" * 20_000, "a\n" * 20_001),
        ("\n" * 20_000, "x\n" + "\n" * 20_000 + "y"),
        ("a\nb\n" * 9_000, "b\na\n" * 9_000),
    ],
)
def test_texts_of_many_equal_lines_are_compared_fast(before: str, after: str) -> None:
    began = time.process_time()

    lines = diff_texts(before, after)

    assert time.process_time() - began < 4
    old = [line for line in lines if line.kind == "remove"]
    new = [line for line in lines if line.kind == "add"]
    assert len(new) - len(old) == after.count("\n") - before.count("\n")


def test_the_common_beginning_and_end_of_long_texts_are_unchanged_lines() -> None:
    lines = diff_texts("a\n" * 1_000 + "old\n" + "a\n" * 1_000, "a\n" * 1_000 + "new\n" + "a\n" * 1_000)

    changed = [(line.kind, line.segments[0].text) for line in lines if line.kind in ("add", "remove")]
    assert changed == [("remove", "old"), ("add", "new")]

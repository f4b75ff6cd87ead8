"""Differences of two texts: line by line, word by word, each old line beside what became of it."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from gpts.assistants.differences import FieldDiff, Line, compare_fields

LONG = "You edit letters. First ask who reads it. Rewrite in short sentences, keep the tone."
MENDED = "You edit letters. First ask who reads it. Rewrite in sentences of twenty words, keep the tone."


def diff(before: str, after: str) -> FieldDiff:
    [found] = compare_fields({"instructions": before}, {"instructions": after})
    return found


def shown(line: Line | None) -> str:
    if line is None:
        return ""
    marks = {"same": "{}", "remove": "[-{}-]", "add": "[+{}+]"}
    return "".join(marks[segment.kind].format(segment.text) for segment in line.segments)


def rows(before: str, after: str) -> list[tuple[str, str]]:
    return [(shown(left), shown(right)) for left, right in diff(before, after).pairs()]


def test_a_line_that_was_mended_stands_beside_itself_though_lines_were_added() -> None:
    assert rows(LONG, f"{MENDED}\n\nEnd with one question.") == [
        (
            LONG.replace("short sentences,", "[-short sentences,-]"),
            MENDED.replace("sentences of twenty words,", "[+sentences of twenty words,+]"),
        ),
        ("", "[++]"),
        ("", "[+End with one question.+]"),
    ]


def test_a_line_that_went_does_not_take_the_place_of_one_that_was_mended() -> None:
    assert rows(f"Never lie.\n{LONG}", LONG.replace("tone", "voice")) == [
        ("[-Never lie.-]", ""),
        (LONG.replace("tone.", "[-tone.-]"), LONG.replace("tone.", "[+voice.+]")),
    ]


def test_lines_that_share_little_are_two_lines() -> None:
    assert rows("Be brief.", "Answer at length.\nWith examples.") == [
        ("[-Be brief.-]", "[+Answer at length.+]"),
        ("", "[+With examples.+]"),
    ]


def test_chinese_is_compared_character_by_character() -> None:
    assert rows("先提问，再修改。", "先提问，再评价。\n保持友善。") == [
        ("先提问，再[-修改-]。", "先提问，再[+评价+]。"),
        ("", "[+保持友善。+]"),
    ]


text = st.lists(st.text(alphabet="ab c字", max_size=12), max_size=6).map("\n".join)


@settings(max_examples=200, deadline=None)
@given(before=text, after=text)
def test_nothing_is_lost_and_nothing_made_up(before: str, after: str) -> None:
    if before == after:
        return
    found = diff(before, after)

    def side(lines: Any) -> str:
        return "\n".join("".join(s.text for s in line.segments) for line in lines)

    if not any(line.kind == "gap" for line in found.lines):
        kept = [line for line in found.lines if line.kind != "add"]
        made = [line for line in found.lines if line.kind != "remove"]
        assert side(kept) == before
        assert side(made) == after
        assert [left for left, _right in found.pairs() if left] == kept
        assert [right for _left, right in found.pairs() if right] == made

"""Citations in the forms that models use, and what only looks like one."""

from __future__ import annotations

import re
from uuid import UUID

import pytest
from django.utils.safestring import mark_safe

from gpts.chat.citations import find_cited_numbers, link_citations
from gpts.chat.models import Turn

TURN = Turn(pk=UUID(int=1), conversation_id=UUID(int=2))
SOURCES = [{"number": number, "file": f"{number}.pdf", "heading": ""} for number in (1, 2, 3)]


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("It opens at seven [1].", {1}),
        ("It opens at seven [1, 2].", {1, 2}),
        ("It opens at seven [1,2; 3].", {1, 2, 3}),
        ("It opens at seven [1][2].", {1, 2}),
        ("It opens at seven [1] [2].", {1, 2}),
        ("It opens at seven [1-3].", {1, 2, 3}),
        ("It opens at seven [1 and 2].", {1, 2}),
        ("It opens at seven [^1].", {1}),
        ("It opens at seven [source 1].", {1}),
        ("It opens at seven (Source 2).", {2}),
        ("It opens at 7:00[1].", {1}),
        ("开门时间是七点【1】。", {1}),
        ("开门时间是七点[1]。", {1}),
        ("开门时间是七点［1］［2］。", {1, 2}),
        ("开门时间是七点【1†source】。", {1}),
        ("开门时间是七点【1、2】。", {1, 2}),
        ("开门时间是七点（来源：1）。", {1}),
        ("Take arr[1] and grid[0][2].", set()),
        ("Take x2[1].", set()),
        ("Take (1) or (2).", set()),
        ("`[1]` and\n```\n[2]\n```\n", set()),
        ("In [2026] and [100].", set()),
        ("- [ ] open", set()),
    ],
)
def test_numbers_that_an_answer_cites(text: str, numbers: set[int]) -> None:
    assert find_cited_numbers(text) == numbers


def test_arrays_of_json_cite_nothing_but_single_numbers() -> None:
    assert find_cited_numbers('{"a": [1, 2], "text": "So [3]."}', is_json=True) == {3}


@pytest.mark.parametrize(
    ("html", "shown"),
    [
        ("<p>So [1, 2].</p>", "<p>So 12.</p>"),
        ("<p>So [1, 9].</p>", "<p>So 1[9].</p>"),
        ("<p>So [8, 9].</p>", "<p>So [8, 9].</p>"),
        ("<p>七点【1】。</p>", "<p>七点1。</p>"),
        ("<p>arr[1] <strong>x</strong>[2]</p>", "<p>arr[1] <strong>x</strong>2</p>"),
        ("<pre><code>[1]</code></pre><code>[2]</code>", "<pre><code>[1]</code></pre><code>[2]</code>"),
        ('<a href="https://a.example/[1]">x</a>', '<a href="https://a.example/[1]">x</a>'),
    ],
)
def test_chips_replace_them(html: str, shown: str) -> None:
    linked = link_citations(mark_safe(html), SOURCES, TURN)

    assert re.sub(r'<a class="citation"[^>]*>(\d+)</a>', r"\1", linked) == shown
    assert all("data-passage" in chip for chip in re.findall(r"<a class=\"citation\"[^>]*>", linked))


def test_titles_in_chips_are_escaped() -> None:
    sources = [{"number": 1, "file": '"><script>', "heading": ""}]

    linked = link_citations(mark_safe("<p>[1]</p>"), sources, TURN)

    assert "<script>" not in linked

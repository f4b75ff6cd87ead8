"""Citations in an answer: [1], [1, 2] or 【1】 in the text becomes links to passages."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from django.urls import reverse
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from gpts.chat.models import Turn

_NUMBERS = r"\d{1,2}(?:\s*(?:[,，、;；&]|and|和|[-–—])\s*\^?\d{1,2})*"
_WORD = r"(?:sources?|passages?|refs?\.?|来源|资料|出处)"
# [1] · [1, 2] · [1-3] · [source 1] · 【1】 · 【1†source】 · (source 1), but not (1), which may be anything
CITATION = re.compile(
    rf"[\[［【]\s*\^?(?:{_WORD}[\s:：]*)?(?P<plain>{_NUMBERS})(?:†[^\]】\n]{{0,40}})?\s*[\]］】]"
    rf"|[(（]{_WORD}[\s:：]*(?P<worded>{_NUMBERS})[)）]",
    re.I,
)
_CODE = re.compile(r"```.*?(?:```|\Z)|~~~.*?(?:~~~|\Z)|`[^`\n]*`", re.DOTALL)
# Code and tags are left as they are.
_CODE_TAG = re.compile(r"<(pre|code|math)\b.*?</\1>|<[^>]*>", re.DOTALL)
_RANGE = re.compile(r"(\d{1,2})\s*[-–—]\s*(\d{1,2})")
_LONGEST_RANGE = 10
# A letter of a script with spaces, also before figures: the index of an array, not a citation.
_NAME_BEFORE = re.compile(r"[A-Za-z_\u00c0-\u024f\u0370-\u052f]\d*\Z")


def find_cited_numbers(text: str, *, is_json: bool = False) -> set[int]:
    """Return the numbers that an answer cites, in Markdown; of JSON, whose arrays look alike, only [1]."""
    if is_json:
        return {int(number) for number in re.findall(r"\[(\d{1,2})\]", text)}
    plain = _CODE.sub(" ", text)
    return {number for match in _find_citations(plain) for number in _read_numbers(match)}


def link_citations(html: SafeString, citations: Sequence[Mapping[str, Any]], turn: Turn) -> SafeString:
    """Replace cited numbers in sanitised ``html`` by links; the links contain numbers and escaped titles."""
    chips = {int(citation["number"]): _build_chip(citation, turn) for citation in citations}
    if not chips:
        return html
    parts: list[str] = []
    at = 0
    for match in _CODE_TAG.finditer(html):
        parts += [_link_text(html[at : match.start()], chips), match[0]]
        at = match.end()
    parts.append(_link_text(html[at:], chips))
    return mark_safe("".join(parts))  # noqa: S308  # numbers and escaped titles in safe HTML


def _build_chip(citation: Mapping[str, Any], turn: Turn) -> str:
    number = int(citation["number"])
    title = escape(" · ".join(str(citation[key]) for key in ("file", "heading") if citation.get(key)))
    url = reverse("gpts:source-show", args=[turn.conversation_id, turn.pk, number])
    return f'<a class="citation" href="{escape(url)}" data-passage title="{title}">{number}</a>'


def _link_text(text: str, chips: Mapping[int, str]) -> str:
    parts: list[str] = []
    at = 0
    for match in _find_citations(text):
        numbers = _read_numbers(match)
        if not any(number in chips for number in numbers):
            continue
        linked = "".join(chips.get(number, f"[{number}]") for number in numbers)
        parts += [text[at : match.start()], linked]
        at = match.end()
    return "".join([*parts, text[at:]]) if parts else text


def _find_citations(text: str) -> list[re.Match[str]]:
    found: list[re.Match[str]] = []
    end = -1
    for match in CITATION.finditer(text):
        # "arr[0][1]" has none; "[1][2]" has two.
        is_behind_bracket = match.start() and text[match.start() - 1] in "]］】" and match.start() != end
        if is_behind_bracket or _NAME_BEFORE.search(text, max(match.start() - 8, 0), match.start()):
            continue
        found.append(match)
        end = match.end()
    return found


def _read_numbers(match: re.Match[str]) -> list[int]:
    """Return the numbers of one citation in order, each once."""
    written = match["plain"] or match["worded"]
    numbers: list[int] = []
    at = 0
    for span in _RANGE.finditer(written):
        first, last = int(span[1]), int(span[2])
        numbers += map(int, re.findall(r"\d+", written[at : span.start()]))
        numbers += range(first, last + 1) if 0 <= last - first < _LONGEST_RANGE else (first, last)
        at = span.end()
    numbers += map(int, re.findall(r"\d+", written[at:]))
    return list(dict.fromkeys(numbers))

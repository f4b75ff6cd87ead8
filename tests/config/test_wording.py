"""What texts must do alike in all places: the Chinese form of address, numbers, dates and lists."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from babel.messages.pofile import read_po

from embedded.paths import ROOT

CHINESE = ROOT / "locale" / "zh_Hans" / "LC_MESSAGES" / "django.po"
# A control has the format that the browser or the form reads, so `value="…"` may use these.
RAW_FORMAT = re.compile(r"\|\s*(date|time|floatformat|intcomma|localize|unlocalize|naturaltime|timesince)\b")
VALUE = re.compile(r'\bvalue="[^"]*"')
RAW_LIST = re.compile(r"""\|\s*join:(["']),""")


def list_template_lines() -> Iterator[tuple[str, str]]:
    for file in sorted((ROOT / "templates").rglob("*")):
        if file.suffix in (".html", ".txt"):
            for number, line in enumerate(file.read_text("utf-8").splitlines(), 1):
                yield f"{file.relative_to(ROOT)}:{number}", line


def find(pattern: re.Pattern[str]) -> list[str]:
    return [place for place, line in list_template_lines() if pattern.search(VALUE.sub("", line))]


def test_the_chinese_texts_have_one_word_for_you() -> None:
    """CONTRIBUTING.md says which, under Conventions."""
    with CHINESE.open("rb") as stream:
        catalogue = read_po(stream, locale="zh_Hans")
    texts = [
        text
        for entry in catalogue
        for text in ([entry.string] if isinstance(entry.string, str) else entry.string)
    ]

    assert [text for text in texts if "您" in text] == []
    assert len([text for text in texts if "你" in text]) > 300


def test_to_duplicate_and_to_copy_are_two_words_in_chinese() -> None:
    with CHINESE.open("rb") as stream:
        catalogue = read_po(stream, locale="zh_Hans")

    assert (catalogue["Duplicate"].string, catalogue["Copy"].string) == ("创建副本", "复制")


def test_templates_format_numbers_and_dates_by_the_filters_of_the_project() -> None:
    assert find(RAW_FORMAT) == [], "Use number, money, percent, day, month, exact_time or utc_time."


def test_templates_join_lists_as_the_language_does() -> None:
    assert find(RAW_LIST) == [], 'Use join:_(", ").'


@pytest.mark.parametrize(
    ("line", "is_found"),
    [
        ('{{ share.created_at|date:"DATE_FORMAT" }}', True),
        ("{{ average|floatformat:1 }}", True),
        ("<input value=\"{{ file.review_on|date:'Y-m-d' }}\">", False),
        ("{{ file.review_on|day }}", False),
        ("{{ row.date }}", False),
    ],
)
def test_the_rule_finds_what_it_forbids(line: str, is_found: bool) -> None:
    assert bool(RAW_FORMAT.search(VALUE.sub("", line))) == is_found

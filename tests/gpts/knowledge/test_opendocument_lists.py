"""Numbers of lists and headings in OpenDocument texts, written by hand, by the standard."""

from __future__ import annotations

import pytest

from tests.support.extraction import read_here
from tests.support.knowledge_files import make_zip

NAMES = " ".join(
    f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"' for name in ("text", "office", "style")
) + ' xmlns:loext="urn:org:documentfoundation:names:experimental:office:xmlns:loext:1.0"'  # fmt: skip
PLAIN = '<text:list-level-style-number text:level="1" style:num-format="1" style:num-suffix="."/>'


def read(body: str, levels: str = PLAIN, outline: str = "") -> list[str]:
    """Return the paragraphs of a text; ``levels`` are those of its list style L, ``outline`` of headings."""
    styles = f'<office:automatic-styles><text:list-style style:name="L">{levels}</text:list-style>'
    content = (
        f"{styles}</office:automatic-styles><office:body><office:text>{body}</office:text></office:body>"
    )
    members = {"content.xml": f"<office:document-content {NAMES}>{content}</office:document-content>"}
    if outline:
        sheet = f"<office:styles><text:outline-style>{outline}</text:outline-style></office:styles>"
        members["styles.xml"] = f"<office:document-styles {NAMES}>{sheet}</office:document-styles>"
    found = read_here("a.odt", make_zip(members))[0]
    return [f"{heading} | {text}" if heading else text for heading, text in found]


def make_list(*items: str, **attributes: str) -> str:
    given = " ".join(f'{name.replace("_", ":", 1)}="{value}"' for name, value in attributes.items())
    inside = "".join(
        item if item.startswith("<") else f"<text:list-item><text:p>{item}</text:p></text:list-item>"
        for item in items
    )
    return f'<text:list text:style-name="L" {given}>{inside}</text:list>'


def make_item(inside: str, start: int | None = None) -> str:
    given = "" if start is None else f' text:start-value="{start}"'
    return f"<text:list-item{given}>{inside}</text:list-item>"


def test_a_list_goes_on_from_another_by_its_id_or_by_its_style() -> None:
    first = make_list("a", "b", xml_id="one")
    other = make_list("x", xml_id="two")

    assert read(first + other + make_list("c", **{"text_continue-list": "one"})) == [
        "1. a", "2. b", "1. x", "3. c"
    ]  # fmt: skip
    assert read(first + "<text:p>-</text:p>" + make_list("c", **{"text_continue-numbering": "true"})) == [
        "1. a", "2. b", "-", "3. c"
    ]  # fmt: skip
    assert read(first + make_list("c", **{"text_continue-list": "unknown"}))[-1] == "1. c"


def test_an_item_that_only_holds_a_list_has_no_number_of_its_own() -> None:
    levels = PLAIN + PLAIN.replace('level="1"', 'level="2" text:display-levels="2"')
    inner = make_item("<text:list><text:list-item><text:p>deep</text:p></text:list-item></text:list>")

    assert read(make_list("a", inner, inner, "b", inner), levels) == [
        "1. a", "1.1. deep", "1.2. deep", "2. b", "2.1. deep"
    ]  # fmt: skip


def test_only_the_first_paragraph_of_an_item_has_its_number_and_empty_items_count() -> None:
    two = make_item("<text:p>a</text:p><text:p>more</text:p>")
    header = "<text:list-header><text:p>head</text:p></text:list-header>"

    assert read(make_list(header, two, make_item("<text:p/>"), "c", make_item("<text:p>d</text:p>", 9))) == [
        "head", "1. a", "more", "3. c", "9. d"
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("attributes", "label"),
    [
        ('style:num-format="a" style:num-suffix=")"', "ab) "),
        ('style:num-format="A" style:num-letter-sync="true"', "BB "),
        ('style:num-format="i" style:num-prefix="(" style:num-suffix=")"', "(xxviii) "),
        ('style:num-format="01, 02, 03, ..."', "28 "),
        ('style:num-format="一, 二, 三, ..." style:num-suffix="、"', "二十八、 "),
        ('style:num-format="1" loext:num-list-format="Art. %1%:"', "Art. 28: "),
        ('style:num-format="" style:num-suffix="."', ". "),
        ('style:num-format=""', ""),
        ('style:num-format="unknown"', "28 "),
    ],
)
def test_a_number_is_written_in_the_format_of_its_level(attributes: str, label: str) -> None:
    level = f'<text:list-level-style-number text:level="1" {attributes}/>'

    assert read(make_list(make_item("<text:p>a</text:p>", 28)), level) == [f"{label}a"]


def test_headings_have_the_numbers_of_their_outline() -> None:
    outline = (
        '<text:outline-level-style text:level="1" style:num-format="1"/>'
        '<text:outline-level-style text:level="2" style:num-format="1" text:display-levels="2"/>'
        '<text:outline-level-style text:level="3" style:num-format=""/>'
    )
    body = "".join(
        f'<text:h text:outline-level="{level}" {more}>{name}</text:h><text:p>text</text:p>'
        for level, name, more in (
            (1, "One", ""), (2, "Part", ""), (2, "Next", ""), (3, "Deep", ""),
            (1, "Preface", 'text:is-list-header="true"'), (1, "Two", ""), (2, "Part", ""),
            (1, "Nine", 'text:restart-numbering="true" text:start-value="9"'),
        )
    )  # fmt: skip

    assert read(body, outline=outline) == [
        "1 One | text", "1 One › 1.1 Part | text", "1 One › 1.2 Next | text",
        "1 One › 1.2 Next › Deep | text", "Preface | text", "2 Two | text", "2 Two › 2.1 Part | text",
        "9 Nine | text",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "level",
    [
        '<text:list-level-style-number text:level="99999999" style:num-format="1"/>',
        '<text:list-level-style-number text:level="1" style:num-format="1" text:start-value="99999999"'
        ' text:display-levels="99999999"/>',
        f'<text:list-level-style-number text:level="1" style:num-format="1" style:num-suffix="{"x" * 999}"/>',
    ],
)
def test_hostile_levels_stay_short(level: str) -> None:
    deep = "a"
    for _depth in range(30):
        deep = make_list(make_item(deep if deep.startswith("<") else f"<text:p>{deep}</text:p>"))
    (text,) = read(deep, level)

    assert text.endswith("a")
    assert len(text) < 100

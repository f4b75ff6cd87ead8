"""Tables stand in one frame, which scrolls, takes the keyboard focus and has a name; wide ones stack."""

from __future__ import annotations

import re
from pathlib import Path

from django.template import Context, Template

from core.look.charts import bar_chart
from core.look.tables import scroll_attributes

ROOT = Path(__file__).parents[2]
TEMPLATES = ROOT / "templates"
# Bars with their counts: as narrow as the narrowest screen.
UNFRAMED = {"components/histogram.html"}
FRAME = re.compile(r"\{% scroll_table (?:[^%]|%(?!\}))+ %\}")
# Columns from which a table needs to be read as cards on a phone.
COLUMNS = 5
# Numbers that are compared along a column, and the gallery, which shows how a table scrolls.
GRIDS = {
    "components/json_shape.html", "gallery/data.html", "gpts/insights/_cohorts.html",
    "gpts/insights/_parts.html", "gpts/metering/usage.html",
}  # fmt: skip


def list_tables() -> list[tuple[str, str, str]]:
    """Return (template, what opens around it, the table up to its first row) of each table."""
    found = []
    for path in sorted(TEMPLATES.rglob("*.html")):
        text = re.sub(r"\{% comment %\}.*?\{% endcomment %\}", "", path.read_text(), flags=re.S)
        # "%}" in attributes is no end of a tag.
        around: list[str] = []
        for match in re.finditer(r"<(/?)(div|table)\b((?:\{[%{].*?[%}]\}|[^>{])*)>", text, re.S):
            closes, name, attributes = match[1], match[2], match[3]
            if name == "table" and not closes:
                end = text.find("</thead>", match.start())
                head = text[match.start() : end if end > 0 else match.end()]
                found.append((path.relative_to(TEMPLATES).as_posix(), around[-1] if around else "", head))
            elif name == "div":
                if not closes:
                    around.append(attributes)
                elif around:
                    around.pop()
    return found


def test_each_table_stands_in_the_one_frame() -> None:
    tables = list_tables()

    outside = [name for name, around, _head in tables if not FRAME.search(around) and name not in UNFRAMED]

    assert len(tables) > 50
    assert outside == [], "Put <div {% scroll_table label %}> around it (templates/components/README.md)."


def test_nothing_writes_the_frame_by_hand() -> None:
    code = [*TEMPLATES.rglob("*.html"), *(ROOT / "core").rglob("*.py"), *(ROOT / "gpts").rglob("*.py")]
    by_hand = {path.relative_to(ROOT).as_posix() for path in code if "table-scroll" in path.read_text()}

    # The frame itself, and tables in answers, which are rendered in another process.
    assert by_hand == {"core/look/tables.py", "core/markdown_renderer.py"}


def test_wide_tables_are_read_as_cards_on_a_phone() -> None:
    wide = [
        name
        for name, _around, head in list_tables()
        if len(re.findall(r"<th\b", head)) >= COLUMNS and "table--stack" not in head and name not in GRIDS
    ]

    assert wide == [], "Add table--stack, and data-label to each cell."


def test_the_frame_has_a_name_and_takes_the_focus() -> None:
    text = Template("{% load loggia %}<div {% scroll_table label %}></div>").render(
        Context({"label": '"<b>'})
    )

    assert text == (
        '<div class="table-scroll" role="region" tabindex="0" aria-label="&quot;&lt;b&gt;"></div>'
    )
    assert scroll_attributes(labelled_by="head", is_tall=True) == (
        'class="table-scroll table-scroll--tall" role="region" tabindex="0" aria-labelledby="head"'
    )
    assert 'role="region" tabindex="0" aria-label="Chats"' in bar_chart([("May", 3)], "Chats")

"""The output of the template tags, and that they escape text that people typed."""

# ruff: noqa: E501 - cases in rows

from __future__ import annotations

import re
from types import SimpleNamespace

import pytest
from django.http import QueryDict
from django.template import Context, Template

from core.look import charts, icons, illustrations

EVIL = '"><img src=x onerror=alert(1)>'


def render(source: str, **context: object) -> str:
    return Template("{% load loggia %}" + source).render(Context(context))


@pytest.mark.parametrize("name", sorted(icons.ICONS))
def test_icons_are_hidden_unless_they_have_a_label(name: str) -> None:
    assert 'aria-hidden="true"' in icons.draw_icon(name)
    assert 'role="img" aria-label="Done"' in icons.draw_icon(name, label="Done")
    assert re.fullmatch(r'(<path d="[MmLlHhVvCcSsAaZz0-9 .,-]+"/>)+', icons.ICONS[name])


def test_an_unknown_icon_is_an_error() -> None:
    with pytest.raises(KeyError):
        icons.draw_icon("no-such-icon")


@pytest.mark.parametrize(
    ("name", "letter", "pair"),
    [
        ("Mara Lind", "M", "ML"), ("李小龙", "李", "李"), ("李 小龙", "李", "李"), ("ida@demo.test", "I", "IT"), ("oskar", "O", "O"),
        ("  ", "·", "·"), ("", "·", "·"), ("“Quoted” name", "Q", "QN"), ("4 seasons", "4", "4S"), ("Ангел Б", "А", "АБ"),
    ],
)  # fmt: skip
def test_first_character_and_initials_of_a_name(name: str, letter: str, pair: str) -> None:
    assert illustrations.first_character(name) == letter
    assert illustrations.initials(name) == pair


def test_arch_icon_is_an_image_or_a_drawing_on_a_tint() -> None:
    drawn = illustrations.arch_icon("Reader", "", "research-analysis")
    assert re.fullmatch(
        r'<span class="arch arch--md tint-research-analysis(-swapped)?" aria-hidden="true"><svg viewBox="0 0 48 54">.*</svg></span>',
        drawn,
    )
    assert '<img src="/media/a.webp" alt="" width="72" height="72"' in illustrations.arch_icon(
        "R", "/media/a.webp", "x", "lg"
    )
    assert "tint-other" in illustrations.arch_icon("R", "", EVIL)


@pytest.mark.parametrize(
    "source",
    [
        "{% arch_icon evil evil evil %}", "{% avatar evil evil %}", "{% icon 'check' label=evil %}", "{% sparkline trend evil %}",
        "{% bar_chart points evil evil %}", "{{ evil|initials }}", "{% keep_params q=evil %}",
        "{% include 'components/toast.html' with kind='bad' text=evil %}",
        "{% include 'components/code.html' with code=evil language=evil %}",
        "{% include 'components/empty.html' with title=evil text=evil action_url=evil action_label=evil %}",
        "{% include 'components/confirm.html' with id='x' title=evil text=evil action=evil button=evil phrase=evil %}",
        "{% include 'components/card_listing.html' with item=item %}",
        "{% include 'components/radio_cards.html' with legend=evil name=evil options=options %}",
        "{% include 'components/chat_message.html' with role='user' html=evil name=evil %}",
    ],
)  # fmt: skip
def test_typed_text_is_escaped(source: str) -> None:
    item = {"url": EVIL, "name": EVIL, "tagline": EVIL, "builder_name": EVIL, "why": EVIL, "icon_url": EVIL}
    options = [{"value": EVIL, "label": EVIL, "text": EVIL}]

    drawn = render(source, evil=EVIL, trend=[1, 2], points=[(EVIL, 1)], item=item, options=options)

    assert "<img src=x" not in drawn


def test_keep_params_changes_the_given_parameters_only() -> None:
    request = SimpleNamespace(GET=QueryDict("q=a+b&category=writing&category=other&cursor=old"))

    assert render("{% keep_params cursor='new' q=None %}", request=request) == (
        "?category=writing&amp;category=other&amp;cursor=new"
    )
    assert (
        render("{% keep_params cursor='' %}", request=request)
        == "?q=a+b&amp;category=writing&amp;category=other"
    )
    assert render("{% keep_params q='x' %}") == "?q=x"


def test_charts_without_values_and_with_zeros() -> None:
    assert charts.sparkline([4], "one") == ""
    assert "nan" not in charts.sparkline([0, 0], "flat")
    assert "<rect" not in charts.bar_chart([], "none")
    assert 'height="0.0"' in charts.bar_chart([("Mon", 0)], "zero")


def test_the_width_of_bars_is_limited_and_they_are_centred() -> None:
    assert 'x="304.0" y="8.0" width="32.0"' in charts.bar_chart([("1 Mar", 5)], "Turns")
    assert 'width="14.9"' in charts.bar_chart([(day, 5) for day in range(30)], "Turns")


def test_the_table_of_a_chart_has_its_numbers() -> None:
    drawn = charts.bar_chart([("1 Mar", 1200), ("2 Mar", 7)], "Turns", "turns")

    assert '<tr><th scope="row">1 Mar</th><td class="num">1,200</td></tr>' in drawn
    assert "Highest: 1,200 turns" in drawn


def test_stars_have_a_text_alternative() -> None:
    assert 'aria-label="4.3 of 5 stars"' in charts.stars(4.3)
    assert "(1,280)" in charts.stars(4.3, 1280)


@pytest.mark.parametrize(
    ("level", "kind"),
    [("success", "good"), ("error", "bad"), ("extra warning", "warn"), ("good", "good"), ("", "info")],
)
def test_message_levels_become_tones(level: str, kind: str) -> None:
    assert render("{{ level|tone }}", level=level) == kind


def test_a_listing_card_is_one_link_and_small() -> None:
    drawn = render(
        "{% include 'components/card_listing.html' with item=item %}",
        item={
            "url": "/g/reader",
            "name": "Reader",
            "tagline": "Reads.",
            "builder_name": "Mara",
            "conversations": 12_345,
        },
    )

    assert re.findall(r'href="([^"]*)"', drawn) == ["/g/reader"]
    assert "12.3k" in drawn
    assert len(drawn) < 1500

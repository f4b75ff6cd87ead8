"""Drawn icons of GPTs: the same for one slug, and far enough apart in pixels for the whole demo."""

from __future__ import annotations

import re
from io import BytesIO
from itertools import combinations
from pathlib import Path
from typing import Literal
from xml.etree import ElementTree

import pytest
from PIL import Image, ImageChops
from playwright.sync_api import Browser

from core.look.gpt_icons import FORMS, draw_form, draw_gpt_icon, find_form
from core.look.icon_files import build_icon_url, render_icon_file
from core.look.illustrations import DRAWINGS, arch_drawing, arch_icon
from demo.chinese_gpts import ACME
from demo.store import PUBLIC

SIDE = 32
CSS = Path(__file__).parents[2] / "static" / "css"
STYLES = ("tokens.css", "layouts/helpers.css", "components/arch.css")


def test_a_slug_always_has_the_same_icon_and_every_form_differs() -> None:
    assert draw_gpt_icon("plain-letter") == draw_gpt_icon(" Plain-Letter")
    assert len({draw_form(form) for form in range(FORMS)}) == FORMS == 576
    assert all(len(draw_form(form).paths) < 500 for form in range(FORMS))


def test_the_icon_has_no_letter_and_follows_the_slug_not_the_name() -> None:
    icon = arch_icon("Zebra", "", "writing", "sm", "plain-letter")

    assert icon == arch_icon("Renamed", "", "writing", "sm", "plain-letter")
    assert icon != arch_icon("Zebra", "", "writing", "sm", "headline-desk")
    assert "Z<" not in icon and "<text" not in icon


def test_each_place_has_a_drawing_of_its_own() -> None:
    assert len({arch_drawing(name) for name in DRAWINGS}) == len(DRAWINGS) >= 25


def test_the_file_of_an_icon_is_the_same_drawing_in_the_tint_of_its_category() -> None:
    tokens = (CSS / "tokens.css").read_text()
    for slug, category, tint in (
        ("plain-letter", "writing", "writing"),
        ("paper-reader", "research_analysis", "research-analysis"),
        ("no-category", "", "other"),
    ):
        url = build_icon_url(slug, category)
        assert url == f"/icons/drawn/{tint}/{find_form(slug)}.svg"
        text = (render_icon_file(tint, find_form(slug)) or b"").decode()
        svg = ElementTree.fromstring(text)
        ground, ink = (
            re.findall(rf"--tint-{tint}{end}: light-dark\((#\w+)", tokens)[0] for end in ("", "-ink")
        )
        fills = [element.get("fill") for element in svg.iter() if element.get("fill")]
        drawn = draw_gpt_icon(slug)
        assert fills == ([ink, ground] if drawn.is_swapped else [ground, ink])
        assert drawn.paths in text
        assert "currentColor" not in text and "<script" not in text

    for tint, form in (("writing", FORMS), ("writing", -1), ("no-tint", 1), ("research_analysis", 1)):
        assert render_icon_file(tint, form) is None


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_icons_of_the_demo_differ_at_32_pixels(browser: Browser, scheme: Literal["light", "dark"]) -> None:
    icons = [arch_icon(entry.name, "", entry.category, "sm", entry.key) for entry in (*PUBLIC, *ACME)]
    pictures = _draw([str(icon) for icon in icons], browser, scheme)

    # The mean difference of a channel, 0 to 255. Two forms in one tint: 6 is a twentieth of black on white.
    differences = [_compare(one, other) for one, other in combinations(pictures, 2)]
    assert len(pictures) >= 45
    assert min(differences) > 6
    # Ink on the ground: in every icon some pixel has AA contrast with another one.
    assert min(_measure_contrast(picture) for picture in pictures) >= 4.5


def _draw(icons: list[str], browser: Browser, scheme: Literal["light", "dark"]) -> list[Image.Image]:
    styles = "".join((CSS / name).read_text() for name in STYLES)
    page = browser.new_page(viewport={"width": SIDE, "height": 36 * len(icons)}, color_scheme=scheme)
    cells = "".join(f'<div style="height:36px;line-height:0">{icon}</div>' for icon in icons)
    page.set_content(f"<!doctype html><style>{styles} body{{margin:0}}</style>{cells}")
    sheet = Image.open(BytesIO(page.screenshot())).convert("RGB")
    page.close()
    return [sheet.crop((0, row * 36, SIDE, row * 36 + 35)) for row in range(len(icons))]


def _compare(one: Image.Image, other: Image.Image) -> float:
    data = ImageChops.difference(one, other).tobytes()
    return sum(data) / len(data)


def _measure_contrast(picture: Image.Image) -> float:
    middle = picture.crop((4, 10, 28, 33))
    levels = [_luminance(*pixel) for _count, pixel in middle.getcolors(maxcolors=4096) or []]  # type: ignore[misc]
    return (max(levels) + 0.05) / (min(levels) + 0.05)


def _luminance(*channels: int) -> float:
    parts = [value / 255 for value in channels]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue

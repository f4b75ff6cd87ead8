"""Every pair of text and background colour passes WCAG 2.2 AA in both themes, with any accent colour."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.look import accent_colours, stylesheets

TOKENS = dict(
    re.findall(
        r"--([\w-]+): light-dark\((#[0-9a-f]{6}, #[0-9a-f]{6})\)",
        (stylesheets.static_root() / "css/tokens.css").read_text(),
    )
)
THEMES = ("light", "dark")
GROUNDS = ("ground", "raised", "sunken")
CATEGORIES = (
    "writing",
    "productivity",
    "research-analysis",
    "programming",
    "education",
    "lifestyle",
    "other",
)
TONES = ("good", "warn", "bad", "info", "accent")
PAIRS = (
    [(ink, ground) for ink in ("ink", "ink-soft", "accent", "accent-strong", *TONES) for ground in GROUNDS]
    + [(tone, f"{tone}-ground") for tone in TONES]
    + [("ink", f"{tone}-ground") for tone in TONES]
    + [
        ("ink-soft", "accent-ground"),
        ("on-accent", "accent"),
        ("on-accent", "accent-strong"),
        ("on-bad", "bad"),
    ]
    + [("ground", "ink")]
    + [(f"tint-{name}-ink", f"tint-{name}") for name in CATEGORIES]
    + [(f"code-{kind}", "code-ground") for kind in ("keyword", "string", "number", "comment")]
)
SHAPES = [(shape, ground) for shape in ("line-strong", "focus", "accent") for ground in GROUNDS]


def colour(name: str, theme: str) -> accent_colours.Colour:
    return accent_colours.parse(TOKENS[name].split(", ")[THEMES.index(theme)])


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize(("ink", "ground"), PAIRS)
def test_text_has_enough_contrast(ink: str, ground: str, theme: str) -> None:
    assert accent_colours.contrast(colour(ink, theme), colour(ground, theme)) >= 4.5


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize(("shape", "ground"), SHAPES)
def test_edges_of_controls_and_focus_have_enough_contrast(shape: str, ground: str, theme: str) -> None:
    assert accent_colours.contrast(colour(shape, theme), colour(ground, theme)) >= 3


def test_contrast_follows_wcag() -> None:
    assert accent_colours.contrast((255, 255, 255), (0, 0, 0)) == pytest.approx(21)
    assert accent_colours.contrast((119, 119, 119), (255, 255, 255)) == pytest.approx(4.48, abs=0.005)


@given(st.tuples(*[st.integers(0, 255)] * 3))
def test_any_accent_colour_is_corrected(chosen: accent_colours.Colour) -> None:
    tokens = accent_colours.accent_tokens("#{:02x}{:02x}{:02x}".format(*chosen))

    pairs = {name: re.findall(r"#[0-9a-f]{6}", value) for name, value in tokens.items()}
    for index, theme in enumerate(THEMES):
        own = {name: accent_colours.parse(values[index]) for name, values in pairs.items()}
        for ink in ("accent", "accent-strong"):
            assert accent_colours.contrast(own["on-accent"], own[ink]) >= 4.5
            for ground in GROUNDS:
                assert accent_colours.contrast(own[ink], colour(ground, theme)) >= 4.5
        assert accent_colours.contrast(own["accent"], own["accent-ground"]) >= 4.5
        assert accent_colours.contrast(colour("ink", theme), own["accent-ground"]) >= 4.5


@pytest.mark.parametrize(
    "given_text", ["", "red", "#12345", "#1234567", "#12345g", "#fff;}body{", "<script>"]
)
def test_an_invalid_colour_is_ignored(given_text: str) -> None:
    assert accent_colours.accent_tokens(given_text) == {}
    assert accent_colours.accent_style(given_text, "n") == ""


def test_the_style_element_has_the_nonce_and_only_tokens() -> None:
    style = accent_colours.accent_style("#00a86b", 'a"b')

    assert style.startswith('<style nonce="a&quot;b">@layer tokens{:root{--accent:light-dark(#')
    assert style.endswith(";}}</style>")

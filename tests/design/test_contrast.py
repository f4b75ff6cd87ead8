"""Every pair of colours that carries text passes WCAG 2.2 AA in both themes, with any accent too."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.look import accents, stylesheets

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


def colour(name: str, theme: str) -> accents.Colour:
    return accents.parse(TOKENS[name].split(", ")[THEMES.index(theme)])


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize(("ink", "ground"), PAIRS)
def test_text_can_be_read(ink: str, ground: str, theme: str) -> None:
    assert accents.contrast(colour(ink, theme), colour(ground, theme)) >= 4.5


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize(("shape", "ground"), SHAPES)
def test_edges_of_controls_and_focus_can_be_seen(shape: str, ground: str, theme: str) -> None:
    assert accents.contrast(colour(shape, theme), colour(ground, theme)) >= 3


def test_the_formula_is_that_of_the_standard() -> None:
    assert accents.contrast((255, 255, 255), (0, 0, 0)) == pytest.approx(21)
    assert accents.contrast((119, 119, 119), (255, 255, 255)) == pytest.approx(4.48, abs=0.005)


@given(st.tuples(*[st.integers(0, 255)] * 3))
def test_any_accent_of_a_workspace_is_corrected(chosen: accents.Colour) -> None:
    tokens = accents.accent_tokens("#{:02x}{:02x}{:02x}".format(*chosen))

    pairs = {name: re.findall(r"#[0-9a-f]{6}", value) for name, value in tokens.items()}
    for index, theme in enumerate(THEMES):
        own = {name: accents.parse(values[index]) for name, values in pairs.items()}
        for ink in ("accent", "accent-strong"):
            assert accents.contrast(own["on-accent"], own[ink]) >= 4.5
            for ground in GROUNDS:
                assert accents.contrast(own[ink], colour(ground, theme)) >= 4.5
        assert accents.contrast(own["accent"], own["accent-ground"]) >= 4.5
        assert accents.contrast(colour("ink", theme), own["accent-ground"]) >= 4.5


@pytest.mark.parametrize(
    "given_text", ["", "red", "#12345", "#1234567", "#12345g", "#fff;}body{", "<script>"]
)
def test_what_is_not_a_colour_changes_nothing(given_text: str) -> None:
    assert accents.accent_tokens(given_text) == {}
    assert accents.accent_style(given_text, "n") == ""


def test_the_style_carries_the_nonce_and_only_tokens() -> None:
    style = accents.accent_style("#00a86b", 'a"b')

    assert style.startswith('<style nonce="a&quot;b">@layer tokens{:root{--accent:light-dark(#')
    assert style.endswith(";}}</style>")

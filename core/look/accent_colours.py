"""A workspace's accent colour, with the lightness adjusted for enough contrast in both themes."""

from __future__ import annotations

import colorsys
import re
from dataclasses import dataclass

from django.utils.html import format_html
from django.utils.safestring import SafeString

_HEX = re.compile(r"#[0-9a-fA-F]{6}")
# The background colours ground, raised and sunken of static/css/tokens.css; a test compares them.
_LIGHT_GROUNDS = ((251, 248, 243), (255, 255, 255), (244, 238, 228))
_DARK_GROUNDS = ((21, 18, 15), (30, 26, 22), (16, 13, 11))
MIN_CONTRAST = 4.5  # WCAG 2.2, 1.4.3 Contrast (Minimum)

Colour = tuple[int, int, int]


def luminance(colour: Colour) -> float:
    """Return the relative luminance as WCAG 2.2 defines it."""
    parts = [(c / 255 / 12.92) if c / 255 <= 0.04045 else ((c / 255 + 0.055) / 1.055) ** 2.4 for c in colour]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


def contrast(first: Colour, second: Colour) -> float:
    lighter, darker = sorted((luminance(first), luminance(second)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def parse(colour: str) -> Colour:
    """Parse #rrggbb; ValueError for anything else."""
    if not _HEX.fullmatch(colour):
        raise ValueError(colour)
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _hex(colour: Colour) -> str:
    return "#{:02x}{:02x}{:02x}".format(*colour)


def _shift(colour: Colour, lightness: float, saturation: float = 1.0) -> Colour:
    hue, _, full = colorsys.rgb_to_hls(*(part / 255 for part in colour))
    red, green, blue = colorsys.hls_to_rgb(hue, lightness, full * saturation)
    return round(red * 255), round(green * 255), round(blue * 255)


def adjust_contrast(colour: Colour, grounds: tuple[Colour, ...], *, darker: bool) -> Colour:
    """Return ``colour`` with the nearest lightness that has the minimum contrast on every ground."""
    lightness = colorsys.rgb_to_hls(*(part / 255 for part in colour))[1]
    step = -0.01 if darker else 0.01
    candidate = colour
    while (
        any(contrast(candidate, ground) < MIN_CONTRAST for ground in grounds) and 0 <= lightness + step <= 1
    ):
        lightness += step
        candidate = _shift(colour, lightness)
    return candidate


def _build_pairs(accent: str) -> dict[str, tuple[Colour, Colour]]:
    """Return the light and the dark colour of each token; empty unless ``accent`` is #rrggbb."""
    try:
        colour = parse(accent)
    except ValueError:
        return {}
    light_ground, dark_ground = _shift(colour, 0.93, 0.7), _shift(colour, 0.14, 0.6)
    light = adjust_contrast(colour, (*_LIGHT_GROUNDS, light_ground), darker=True)
    dark = adjust_contrast(colour, (*_DARK_GROUNDS, dark_ground), darker=False)
    ink_on_light = (255, 255, 255)
    ink_on_dark = _shift(colour, 0.08)
    return {
        "accent": (light, dark),
        "accent-strong": (
            adjust_contrast(
                _shift(light, max(0.0, colorsys.rgb_to_hls(*(p / 255 for p in light))[1] - 0.08)),
                _LIGHT_GROUNDS,
                darker=True,
            ),
            adjust_contrast(
                _shift(dark, min(1.0, colorsys.rgb_to_hls(*(p / 255 for p in dark))[1] + 0.08)),
                _DARK_GROUNDS,
                darker=False,
            ),
        ),
        "accent-ground": (light_ground, dark_ground),
        "on-accent": (ink_on_light, ink_on_dark),
    }


@dataclass(frozen=True)
class AccentSample:
    """How an accent colour looks in one theme, as #rrggbb; ``is_adjusted`` if its lightness was changed."""

    theme: str
    ground: str
    accent: str
    accent_ground: str
    on_accent: str
    contrast: float
    is_adjusted: bool


def list_samples(accent: str) -> list[AccentSample]:
    """Return what the colour becomes in the light and in the dark theme; empty unless it is #rrggbb."""
    pairs = _build_pairs(accent)
    return [
        AccentSample(
            theme=theme,
            ground=_hex(ground),
            accent=_hex(pairs["accent"][place]),
            accent_ground=_hex(pairs["accent-ground"][place]),
            on_accent=_hex(pairs["on-accent"][place]),
            contrast=round(contrast(pairs["accent"][place], ground), 1),
            is_adjusted=pairs["accent"][place] != parse(accent),
        )
        for place, (theme, ground) in enumerate(
            (("light", _LIGHT_GROUNDS[0]), ("dark", _DARK_GROUNDS[0])) if pairs else ()
        )
    ]


def accent_tokens(accent: str) -> dict[str, str]:
    """Return the CSS tokens of an accent colour, by name, as `light-dark(…)`; empty unless it is #rrggbb."""
    pairs = _build_pairs(accent)
    return {name: f"light-dark({_hex(light)}, {_hex(dark)})" for name, (light, dark) in pairs.items()}


def accent_style(accent: str, nonce: str) -> SafeString:
    """Render a <style> with a nonce that overrides the accent tokens; empty for an invalid colour."""
    tokens = accent_tokens(accent)
    if not tokens:
        return SafeString("")
    rules = "".join(f"--{name}:{value};" for name, value in tokens.items())
    return format_html('<style nonce="{}">@layer tokens{{:root{{{}}}}}</style>', nonce, rules)

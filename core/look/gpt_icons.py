"""Drawn icons of GPTs without a picture: a motif of the square, determined by its address. Pure.

The tint comes from the category's CSS class; the drawing has 576 forms: a motif, whether the colours are
swapped, what stands behind it, and its size. Visitors read no ids of GPTs, so the public slug is the seed.
"""

# ruff: noqa: E501 - a drawing is one line, whatever its length

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import lru_cache

HEIGHT = 54
# Chosen so that the demo's GPTs all differ.
_SALT = b"2655"


def _arch(x: float, width: float, top: float, foot: float = HEIGHT) -> str:
    """Return the path of a rectangle with a semicircle on top."""
    radius = width / 2
    return f"M{x:g} {foot:g}V{top + radius:g}a{radius:g} {radius:g} 0 0 1 {width:g} 0V{foot:g}z"


def _disc(x: float, y: float, radius: float) -> str:
    return f"M{x - radius:g} {y:g}a{radius:g} {radius:g} 0 1 0 {2 * radius:g} 0a{radius:g} {radius:g} 0 1 0-{2 * radius:g} 0z"


def _box(x: float, y: float, width: float, height: float) -> str:
    return f"M{x:g} {y:g}h{width:g}v{height:g}h-{width:g}z"


# Filled by the even-odd rule: a shape inside another one is a hole.
_MOTIFS: tuple[str, ...] = (
    _arch(10, 28, 13) + _arch(18, 12, 27),  # a gate
    _arch(7, 15, 22) + _arch(26, 15, 22),  # two windows
    _box(3, 17, 42, 37) + _arch(7, 9, 27) + _arch(19.5, 9, 27) + _arch(32, 9, 27),  # an arcade
    "M11 34a13 13 0 0 1 26 0z" + _box(6, 37, 36, 3.5) + _box(11, 43, 26, 3.5) + _box(16, 49, 16, 3.5),  # a sunrise
    _arch(7, 34, 10) + _arch(12, 24, 15) + _arch(17, 14, 20),  # nested arches
    _box(6, 42, 8, 12) + _box(16, 34, 8, 20) + _box(26, 26, 8, 28) + _box(36, 18, 8, 36),  # steps
    _box(2, 25, 44, 29) + _arch(5, 17, 32) + _arch(26, 17, 32),  # a bridge
    "M23 50C6 42 6 24 23 12zM26 50C42 43 42 27 26 20z",  # a leaf
    "M32 14a17 17 0 1 0 8 26a15 15 0 0 1-8-26z",  # a moon
    "M14 54V24h-3V13h5v4h5v-4h6v4h5v-4h5v11h-3v30z" + _arch(20.5, 7, 34),  # a tower
    "M24 50 4 30l5-8zM24 50l-12-31 8-5zM24 50l4-36 8 5zM24 50l15-28 5 8z",  # a fan
    "".join(f"M4 {y}q10-9 20 0t20 0v6q-10 9-20 0t-20 0z" for y in (19, 31, 43)),  # waves
    "M24 10l8 9-8 9-8-9zM13 24l8 9-8 9-8-9zM35 24l8 9-8 9-8-9zM24 38l8 9-8 9-8-9z",  # tiles
    "M3 54V44h8V34h8V22h10v12h8v10h8v10z",  # stairs
    "M18 9h12l-3 16h-6zM14 11l4 16-6 6-8-12zM34 11l-4 16 6 6 8-12zM4 36h9v18H4zM35 36h9v18h-9z",  # a keystone
    _box(8, 13, 32, 6) + _box(14, 21, 5, 25) + _box(21.5, 21, 5, 25) + _box(29, 21, 5, 25) + _box(8, 48, 32, 6),  # a column
)  # fmt: skip
# Behind the motif, in a softer tone.
_BACKDROPS: tuple[str, ...] = (
    "",
    _disc(24, 20, 15),
    _box(24, 0, 24, 54),
    _box(0, 0, 24, 54),
    _box(0, 34, 48, 20),
    "M0 54 48 6v48z",
)
# Smaller motifs stand on the same foot.
_SIZES: tuple[str, ...] = (
    "",
    ' transform="translate(4.8 10.8) scale(.8)"',
    ' transform="translate(9.1 20.5) scale(.62)"',
)
FORMS = len(_MOTIFS) * 2 * len(_BACKDROPS) * len(_SIZES)


@dataclass(frozen=True, slots=True)
class DrawnIcon:
    """The content of an SVG of 48 x 54 in ``currentColor``. Swapped: the ground has the ink's colour."""

    paths: str
    is_swapped: bool


@lru_cache(maxsize=FORMS)
def draw_form(form: int) -> DrawnIcon:
    rest, motif = divmod(form, len(_MOTIFS))
    rest, swapped = divmod(rest, 2)
    size, backdrop = divmod(rest, len(_BACKDROPS))
    behind = f'<path d="{_BACKDROPS[backdrop]}" opacity=".3"/>' if backdrop else ""
    path = f'{behind}<path fill-rule="evenodd" d="{_MOTIFS[motif]}"{_SIZES[size]}/>'
    return DrawnIcon(path, is_swapped=swapped == 1)


def draw_gpt_icon(seed: str) -> DrawnIcon:
    """Return the icon for a GPT's slug, or for its name where it has none."""
    return draw_form(find_form(seed))


def find_form(seed: str) -> int:
    """Return the number of the form that ``draw_gpt_icon`` draws."""
    digest = hashlib.blake2b(seed.strip().lower().encode(), digest_size=4, salt=_SALT).digest()
    return int.from_bytes(digest) % FORMS

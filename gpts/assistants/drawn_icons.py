"""Generated icons: arches, suns and tiles, determined by the GPT's name and a variant. Pure."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from io import BytesIO

from PIL import Image, ImageDraw

SIDE = 256
SMALL_SIDE = 96
SCALE = 2
VARIANTS = 8
# Colours of the background, the large shapes and the small shapes.
PALETTES = (
    ("#F6E6DC", "#A8481F", "#E2A27F"),
    ("#E3ECE1", "#3F6B3A", "#A3C29C"),
    ("#E0E9F2", "#2B5C86", "#9BBBD8"),
    ("#F3EAD0", "#8A6100", "#D9B65C"),
    ("#EFE2EE", "#7A3B74", "#C79BC2"),
    ("#F5E1E1", "#A3262A", "#DB9698"),
    ("#DDEBEA", "#1F6B68", "#8FC2BF"),
    ("#E9E4DC", "#4A4038", "#B0A597"),
)


def draw_icon_webp(name: str, variant: int) -> bytes:
    """Return a WebP picture of 256 x 256 pixels; the same name and variant (1 to 8) give the same picture."""
    return _write(_draw(name, variant))


@lru_cache(maxsize=256)
def draw_small_icon(name: str, variant: int) -> bytes:
    """Return the same picture with 96 x 96 pixels, to choose from."""
    return _write(_draw(name, variant).resize((SMALL_SIDE, SMALL_SIDE), Image.Resampling.LANCZOS))


def _write(picture: Image.Image) -> bytes:
    out = BytesIO()
    picture.save(out, format="WEBP", quality=88, method=4)
    return out.getvalue()


def _draw(name: str, variant: int) -> Image.Image:
    seed = hashlib.sha256(f"{name.strip().lower()}:{variant}".encode()).digest()
    start = hashlib.sha256(name.strip().lower().encode()).digest()[0]
    ground, large, small = PALETTES[(start + variant) % len(PALETTES)]
    picture = Image.new("RGB", (SIDE * SCALE, SIDE * SCALE), ground)
    pen = ImageDraw.Draw(picture)
    motif = _MOTIFS[(variant - 1) % len(_MOTIFS)]
    motif(pen, seed, ground, large, small)
    return picture.resize((SIDE, SIDE), Image.Resampling.LANCZOS)


def _box(x: float, y: float, width: float, height: float) -> tuple[float, float, float, float]:
    """Return a bounding box in pixels of the enlarged drawing; arguments are pixels of the icon."""
    return (x * SCALE, y * SCALE, (x + width) * SCALE, (y + height) * SCALE)


def _arch(pen: ImageDraw.ImageDraw, x: float, y: float, width: float, height: float, fill: str) -> None:
    """Draw a rectangle with a semicircle on top."""
    pen.pieslice(_box(x, y, width, width), 180, 360, fill=fill)
    pen.rectangle(_box(x, y + width / 2, width, height - width / 2), fill=fill)


def _one_arch(pen: ImageDraw.ImageDraw, seed: bytes, ground: str, large: str, small: str) -> None:
    _arch(pen, 58, 54, 140, 202, large)
    inner = 60 + seed[0] % 24
    _arch(pen, 128 - inner / 2, 120 + seed[1] % 20, inner, 140, small if seed[2] % 2 else ground)


def _two_arches(pen: ImageDraw.ImageDraw, seed: bytes, ground: str, large: str, small: str) -> None:
    first, second = (large, small) if seed[0] % 2 else (small, large)
    _arch(pen, 36, 84 - seed[1] % 24, 86, 180, first)
    _arch(pen, 134, 84 - seed[2] % 24, 86, 180, second)


def _arcade(pen: ImageDraw.ImageDraw, seed: bytes, ground: str, large: str, small: str) -> None:
    pen.rectangle(_box(0, 96, 256, 160), fill=large)
    for number in range(3):
        _arch(
            pen,
            26 + number * 72,
            124 - seed[number] % 10,
            58,
            140,
            small if number == seed[3] % 3 else ground,
        )


def _sunrise(pen: ImageDraw.ImageDraw, seed: bytes, ground: str, large: str, small: str) -> None:
    size = 120 + seed[0] % 36
    pen.ellipse(_box(128 - size / 2, 150 - size / 2, size, size), fill=small)
    pen.rectangle(_box(0, 150, 256, 106), fill=large)
    for number in range(3):
        pen.rectangle(_box(0, 172 + number * 28, 256, 5), fill=ground)


def _rings(pen: ImageDraw.ImageDraw, seed: bytes, ground: str, large: str, small: str) -> None:
    fills = (large, ground, small, ground, large)
    for number, fill in enumerate(fills):
        width = 196 - number * 38
        _arch(pen, 128 - width / 2, 56 + number * 19, width, 256, fill)


def _tiles(pen: ImageDraw.ImageDraw, seed: bytes, ground: str, large: str, small: str) -> None:
    for row in range(3):
        for column in range(3):
            x, y = 38 + column * 62, 38 + row * 62
            kind = seed[row * 3 + column] % 4
            fill = large if (row + column) % 2 else small
            if kind == 3:
                pen.ellipse(_box(x, y, 56, 56), fill=fill)
            else:
                pen.pieslice(
                    _box(x - (56 if kind == 1 else 0), y, 112, 112),
                    180 + 90 * (kind == 1),
                    270 + 90 * (kind == 1),
                    fill=fill,
                )


def _steps(pen: ImageDraw.ImageDraw, seed: bytes, ground: str, large: str, small: str) -> None:
    is_rising = seed[0] % 2
    for number in range(4):
        height = 50 + (number if is_rising else 3 - number) * 42
        _arch(pen, 30 + number * 50, 226 - height, 44, height, large if number % 2 else small)
    pen.rectangle(_box(24, 226, 208, 6), fill=large)


def _leaf(pen: ImageDraw.ImageDraw, seed: bytes, ground: str, large: str, small: str) -> None:
    pen.pieslice(_box(48, 40, 176, 176), 90, 270, fill=large)
    pen.pieslice(_box(32, 40, 176, 176), 270, 450, fill=small)
    pen.ellipse(_box(108, 108 - seed[0] % 30, 40, 40), fill=ground)


_MOTIFS = (_one_arch, _two_arches, _arcade, _sunrise, _rings, _tiles, _steps, _leaf)

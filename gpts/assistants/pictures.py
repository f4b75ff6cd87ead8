"""Decode uploaded pictures: format from the bytes, limits before decoding, no metadata kept. Pure."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO

from PIL import Image, ImageOps, UnidentifiedImageError

from gpts.llm.runtime.images import detect_media_type

MAX_PIXELS = 40_000_000
# Models see no more, and larger pictures cost more.
MAX_SIDE = 2048
_FORMATS = {"image/png": "PNG", "image/jpeg": "JPEG", "image/webp": "WEBP"}
_GIF = (b"GIF87a", b"GIF89a")


class BadPictureError(Exception):
    """``code``: too_many_pixels or unreadable."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class Picture:
    media_type: str
    data: bytes


def detect_format(data: bytes) -> str:
    """Return Pillow's format by the first bytes: PNG, JPEG, GIF or WEBP; empty for anything else.

    Stricter than detect_media_type: a GIF must have one of the two versions that exist.
    """
    return "GIF" if data.startswith(_GIF) else _FORMATS.get(detect_media_type(data), "")


@contextmanager
def open_picture(data: bytes, *, side: int) -> Iterator[Image.Image]:
    """Open the first frame, rotated as its EXIF data says; errors inside the block count as the picture's.

    A JPEG is decoded no larger than needed for ``side`` pixels. Raises BadPictureError.
    """
    kind = detect_format(data)
    if not kind:
        raise BadPictureError("unreadable")
    try:
        with warnings.catch_warnings():
            # Pillow's own limit only warns; MAX_PIXELS refuses.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(BytesIO(data), formats=[kind]) as opened:
                if opened.width * opened.height > MAX_PIXELS:
                    raise BadPictureError("too_many_pixels")
                opened.draft("RGB", (side, side))
                yield ImageOps.exif_transpose(opened)
    except Image.DecompressionBombError as problem:
        raise BadPictureError("too_many_pixels") from problem
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, EOFError) as problem:
        raise BadPictureError("unreadable") from problem


def reencode_picture(data: bytes) -> Picture:
    """Return a new picture of at most MAX_SIDE pixels a side: JPEG, or PNG when some of it is transparent.

    Metadata and anything after the picture's data are dropped. Raises BadPictureError.
    """
    with open_picture(data, side=MAX_SIDE) as upright:
        upright.thumbnail((MAX_SIDE, MAX_SIDE))
        full = upright.convert("RGBA")
    is_solid = full.getchannel("A").getextrema()[0] == 255
    mode = "RGB" if is_solid else "RGBA"
    clean = copy_pixels(full.convert(mode))
    out = BytesIO()
    if is_solid:
        clean.save(out, format="JPEG", quality=88, optimize=True)
        return Picture("image/jpeg", out.getvalue())
    clean.save(out, format="PNG", optimize=False)
    return Picture("image/png", out.getvalue())


def copy_pixels(picture: Image.Image) -> Image.Image:
    """Return a new image with the same pixels: without palette, colour profile, EXIF and text chunks."""
    clean = Image.new(picture.mode, picture.size)
    clean.paste(picture)
    return clean

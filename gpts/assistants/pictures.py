"""Pictures that people give: told by their bytes, bounded first, re-encoded without metadata. Pure."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from io import BytesIO

from PIL import Image, ImageOps, UnidentifiedImageError

from gpts.llm.runtime.images import media_type_of

MAX_PIXELS = 40_000_000
# Models look at no more, and what they cost grows with it.
MAX_SIDE = 2048
_FORMATS = {"image/png": "PNG", "image/jpeg": "JPEG", "image/webp": "WEBP"}
_GIF = (b"GIF87a", b"GIF89a")


class BadPictureError(Exception):
    """``code``: too_many_pixels, or unreadable."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class Picture:
    media_type: str
    data: bytes


def detect_format(data: bytes) -> str:
    """Return Pillow's format by the first bytes: PNG, JPEG, GIF or WEBP; empty for anything else.

    Stricter than media_type_of: a GIF must have one of the two versions that exist.
    """
    return "GIF" if data.startswith(_GIF) else _FORMATS.get(media_type_of(data), "")


def reencode_picture(data: bytes) -> Picture:
    """Return a new picture of at most SIDE pixels: JPEG, or PNG when something shines through.

    Position, camera, comments and whatever hid behind the picture stay behind; of an animation the first
    frame is taken. Raises BadPictureError.
    """
    kind = detect_format(data)
    if not kind:
        raise BadPictureError("unreadable")
    try:
        with warnings.catch_warnings():
            # Pillow warns of bombs by size; the limit below is ours and refuses.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(BytesIO(data), formats=[kind]) as opened:
                if opened.width * opened.height > MAX_PIXELS:
                    raise BadPictureError("too_many_pixels")
                opened.draft("RGB", (MAX_SIDE, MAX_SIDE))
                upright = ImageOps.exif_transpose(opened)
                upright.thumbnail((MAX_SIDE, MAX_SIDE))
                full = upright.convert("RGBA")
    except Image.DecompressionBombError as problem:
        raise BadPictureError("too_many_pixels") from problem
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, EOFError) as problem:
        raise BadPictureError("unreadable") from problem
    return _encode(full)


def _encode(full: Image.Image) -> Picture:
    is_solid = full.getchannel("A").getextrema()[0] == 255
    mode = "RGB" if is_solid else "RGBA"
    # A new image: palette, profile, EXIF and text chunks stay behind.
    clean = Image.new(mode, full.size)
    clean.paste(full.convert(mode))
    out = BytesIO()
    if is_solid:
        clean.save(out, format="JPEG", quality=88, optimize=True)
        return Picture("image/jpeg", out.getvalue())
    clean.save(out, format="PNG", optimize=False)
    return Picture("image/png", out.getvalue())

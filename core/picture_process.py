"""The child process that decodes one picture: ``python -m core.picture_process WORK FORMAT``.

Started by ``core.pictures``. Reads the picture from its input and writes the media type, a line end and the
new picture, or the reason why there is none.
"""

from __future__ import annotations

import os
import sys
import warnings
from io import BytesIO

from PIL import Image, ImageOps, UnidentifiedImageError

from core.limited_process import forbid_connections_and_programs, limit_memory_and_time
from core.pictures import MAX_PIXELS, MAX_SIDE

# A picture of MAX_PIXELS takes 160 MB decoded, and as much again where it is copied.
MEMORY_BYTES = 640 * 1024 * 1024
CPU_SECONDS = 20
NICENESS = 5


def main(work: str, kind: str) -> int:
    limit_memory_and_time(memory_bytes=MEMORY_BYTES, cpu_seconds=CPU_SECONDS, niceness=NICENESS)
    # Loads the plug-ins of the formats.
    Image.init()
    forbid_connections_and_programs()
    # Pillow's own limit only warns; MAX_PIXELS refuses.
    warnings.simplefilter("ignore", Image.DecompressionBombWarning)
    try:
        media_type, data = _convert(work, kind, sys.stdin.buffer.read())
    except Image.DecompressionBombError:
        media_type, data = "too_many_pixels", b""
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, EOFError, MemoryError):
        media_type, data = "unreadable", b""
    sys.stdout.buffer.write(media_type.encode() + b"\n" + data)
    sys.stdout.buffer.flush()
    return 0


def _convert(work: str, kind: str, data: bytes) -> tuple[str, bytes]:
    side = int(work.partition(":")[2] or MAX_SIDE)
    is_icon = work.startswith("icon")
    with Image.open(BytesIO(data), formats=[kind]) as opened:
        if opened.width * opened.height > MAX_PIXELS:
            raise Image.DecompressionBombError
        # A JPEG is decoded no larger than needed.
        opened.draft("RGB", (side * 2, side * 2))
        # Colours of a palette cannot be mixed.
        whole = opened.convert("RGBA") if opened.mode in ("1", "P") else opened
        # Made small before anything else copies it.
        whole.thumbnail(_get_icon_box(whole.size, side * 2) if is_icon else (side, side))
        upright = ImageOps.exif_transpose(whole).convert("RGBA")
    return _encode_icon(upright, side) if is_icon else _encode_picture(upright)


def _get_icon_box(size: tuple[int, int], shorter: int) -> tuple[int, int]:
    """Return the size at which the shorter side has ``shorter`` pixels."""
    width, height = size
    scale = shorter / min(size)
    return max(round(width * scale), 1), max(round(height * scale), 1)


def _encode_icon(upright: Image.Image, side: int) -> tuple[str, bytes]:
    out = BytesIO()
    _copy_pixels(ImageOps.fit(upright, (side, side))).save(out, format="WEBP", quality=88, method=4)
    return "image/webp", out.getvalue()


def _encode_picture(upright: Image.Image) -> tuple[str, bytes]:
    out = BytesIO()
    if upright.getchannel("A").getextrema()[0] == 255:
        _copy_pixels(upright.convert("RGB")).save(out, format="JPEG", quality=88, optimize=True)
        return "image/jpeg", out.getvalue()
    _copy_pixels(upright).save(out, format="PNG", optimize=False)
    return "image/png", out.getvalue()


def _copy_pixels(picture: Image.Image) -> Image.Image:
    """Return a new image with the same pixels: without palette, colour profile, EXIF and text chunks."""
    clean = Image.new(picture.mode, picture.size)
    clean.paste(picture)
    return clean


if __name__ == "__main__":
    code = main(*sys.argv[1:3])
    # Skips cleanup, which may hang when memory ran out.
    os._exit(code)

"""A font of boxes for Chinese, Japanese and Korean characters of a PDF that brings no font with it.

PDFium drops text without any extent, and a character has none where the machine has no font for it. Servers
have none, so that such documents would seem to be empty where each character is drawn alone, as in text set
wide. The text is read from codes, not from shapes: boxes are enough.
"""

from __future__ import annotations

import ctypes
import zlib
from base64 import b64decode
from typing import Any

import pypdfium2 as pdfium

# Windows' numbers of the charsets of Japanese, Korean, simplified and traditional Chinese.
CHARSETS = frozenset({128, 129, 134, 136})
# What stands for the font in calls of PDFium; others are pointers.
_HANDLE = 1
_NAME = b"Loggia Boxes\0"
# A TrueType font of 1,000 units with one box as its only glyph; a table of format 13 maps to it the
# characters from U+2E80 to U+9FFF, of Hangul, of compatibility and full width, and U+20000 to U+323AF.
_FONT = zlib.decompress(b64decode(
    "eNqVUj1LA0EQfXcbv0JUggpiIecHKAgqIqkEIYhYCAHtbPTQy0W4845LAicIWqYU/AFaWApptfA3WGoniEWaYGWhiOfb7Ioo"
    "KPiO2X1vZnZ3dvZgAEjjCAJWYX1mbul+eRwwJund2vbtEMPNOvUx9YHr7Revnq6agNlPPV9y7J2J99478gtarkRHx4aIyB9p"
    "4yW/EosGGYwah3Yv2LYxhG6uz0jt23GIFNoZ76S29mzfKQ6fOIyvUAdhUK6wLsK8lHHIWmmV6yi92bvwDKF2fzgs4mtOaqIh"
    "QhIBEwpcI8KENah8jga+w2h5TFajIiZ+gmexC23M+CcWCb2FqiFE/CPF+qxM1yL4IkBGdooItb+zlYjRRN1o+gg41fyM0/mN"
    "4vIpbuuKv3B61Tnvs7SC4tKVPLW4vKkY0/k8cUhnqC6y+wPZkaxo8CHfBv+KgJ3J6e4ZyOj9ZCc7qASMVBc9g+jT3EQPplYD"
    "1921rXwQO+U1x616doRVBHD57cLmffNUMRyUscbRRRUe/RHUf/E7PgDzNGZ3"
))  # fmt: skip


class _BoxFont(pdfium.PdfSysfontBase):
    """Asks the system's fonts first."""

    def MapFont(  # noqa: N802  # the names are those of PDFium
        self, _this: Any, weight: int, italic: int, charset: int, pitch: int, face: Any, exact: Any
    ) -> Any:
        found = self.default.MapFont(self.default, weight, italic, charset, pitch, face, exact)
        return found if found or charset not in CHARSETS else _HANDLE

    def GetFontData(self, _this: Any, font: Any, table: int, buffer: Any, size: int) -> int:  # noqa: N802
        if font != _HANDLE:
            return int(self.default.GetFontData(self.default, font, table, buffer, size))
        # Single tables are asked for too; the whole font is table 0.
        return 0 if table else _copy(_FONT, buffer, size)

    def GetFaceName(self, _this: Any, font: Any, buffer: Any, size: int) -> int:  # noqa: N802
        if font != _HANDLE:
            return int(self.default.GetFaceName(self.default, font, buffer, size))
        return _copy(_NAME, buffer, size)

    def GetFontCharset(self, _this: Any, font: Any) -> int:  # noqa: N802
        return 134 if font == _HANDLE else int(self.default.GetFontCharset(self.default, font))

    def DeleteFont(self, _this: Any, font: Any) -> None:  # noqa: N802
        if font != _HANDLE:
            self.default.DeleteFont(self.default, font)


def _copy(data: bytes, buffer: Any, size: int) -> int:
    if buffer and size >= len(data):
        ctypes.memmove(buffer, data, len(data))
    return len(data)


def use_box_font() -> None:
    """Let PDFium use the boxes in this process from now on, where the machine has no font for a character."""
    _BoxFont().setup()

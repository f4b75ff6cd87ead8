"""PDF documents made of drawing operators and objects."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence

from tests.support.knowledge_files import build_pdf

FONT = b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>"


def draw(lines: Sequence[tuple[float, float, str]]) -> bytes:
    """Operators that draw each (x, y, text) by itself, in this order."""
    parts = []
    for x, y, text in lines:
        escaped = text.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")
        parts.append(f"BT /F1 12 Tf 1 0 0 1 {x} {y} Tm ({escaped}) Tj ET")
    return "\n".join(parts).encode("latin-1")


def make_pages(
    *contents: bytes,
    annotations: Sequence[str] = (),
    objects: Mapping[int, bytes] | None = None,
    catalog: str = "",
    resources: str = "",
) -> bytes:
    """A page for each stream of operators.

    ``annotations`` are those of the first page; ``objects`` have numbers from 100 on.
    """
    found: dict[int, bytes] = {3: FONT, **(objects or {})}
    kids = " ".join(f"{10 + 2 * number} 0 R" for number in range(len(contents)))
    found[1] = f"<< /Type /Catalog /Pages 2 0 R {catalog} >>".encode()
    found[2] = f"<< /Type /Pages /Kids [{kids}] /Count {len(contents)} >>".encode()
    for number, content in enumerate(contents):
        marks = "/Annots [" + " ".join(annotations) + "]" if annotations and number == 0 else ""
        found[10 + 2 * number] = (
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents {11 + 2 * number} 0 R {marks} "
            f"/Resources << /Font << /F1 3 0 R >> {resources} >> >>"
        ).encode()
        found[11 + 2 * number] = stream(content)
    return build_pdf(found, "")


def stream(data: bytes, head: str = "") -> bytes:
    return b"<< %s /Length %d >>\nstream\n%s\nendstream" % (head.encode(), len(data), data)


def make_picture(width: int = 200, height: int = 200) -> bytes:
    """The object of a grey picture, to be drawn as /Im1."""
    data = zlib.compress(bytes(range(200, 256)) * (width * height // 56 + 1))
    return stream(
        data,
        f"/Type /XObject /Subtype /Image /Width {width} /Height {height} /ColorSpace /DeviceGray"
        " /BitsPerComponent 8 /Filter /FlateDecode",
    )

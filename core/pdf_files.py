"""The one PDF writer: a title and sections of labelled lines, on A4.

Latin letters are set in Bitstream Vera, which comes with reportlab and is embedded as a subset. Chinese is
set in STSong-Light, one of the fonts that the PDF format names without a file: the viewer uses the Chinese
font of its system. That keeps a font of many megabytes out of the installation, and text can be searched and
copied. A letter that neither font has appears without its accent, or as a box; the reader is told at the end.
"""

from __future__ import annotations

import io
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any
from xml.sax.saxutils import escape

from django.utils.translation import get_language
from django.utils.translation import gettext as _
from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.platypus import Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle

# A longer value is cut; the CSV has it whole.
LONGEST_VALUE = 4_000
BOX = "□"
_LATIN, _BOLD, _CHINESE = "Vera", "VeraBd", "STSong-Light"
_INK, _SOFT, _LINE = (colors.HexColor(value) for value in ("#211C17", "#6B6258", "#E6DED2"))
_MARGIN = 20 * mm
# What reportlab leaves inside the frame of a page, in points.
_FRAME_PADDING = 6
_LABEL_WIDTH = 48 * mm
# Direction marks and other characters without a width, which could show a name in another order.
_UNSEEN = re.compile(r"[\u00ad\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")


@dataclass(frozen=True)
class PdfSection:
    """A heading with lines of (label, value); ``note`` stands under the heading."""

    title: str
    lines: Sequence[tuple[str, str]]
    note: str = ""


def write_pdf(*, title: str, subtitle: str, sections: Sequence[PdfSection]) -> bytes:
    """Return a PDF in the active language. Takes some 50 ms for three pages; no query, no call."""
    _register_fonts()
    setter = _Setter()
    story: list[Any] = [
        setter.paragraph(title, size=18, is_bold=True),
        setter.paragraph(subtitle, size=9, color=_SOFT),
        Spacer(1, 4 * mm),
    ]
    for section in sections:
        story += [Spacer(1, 4 * mm), setter.paragraph(section.title, size=12, is_bold=True, keeps_next=True)]
        if section.note:
            story.append(setter.paragraph(section.note, size=8, color=_SOFT, keeps_next=True))
        if section.lines:
            story += [Spacer(1, 1.5 * mm), _build_table(setter, section)]
    if setter.has_missing:
        note = _("%(box)s stands for a letter that the fonts of this file lack; the CSV has it.") % {
            "box": BOX
        }
        story += [Spacer(1, 6 * mm), setter.paragraph(note, size=8, color=_SOFT)]
    out = io.BytesIO()
    document = SimpleDocTemplate(
        out,
        pagesize=A4,
        leftMargin=_MARGIN,
        rightMargin=_MARGIN,
        topMargin=_MARGIN,
        bottomMargin=_MARGIN,
        title=title,
        author="Loggia",
        lang=get_language() or "en",
        invariant=1,  # the same content is the same file, so that two can be compared
    )
    document.build(story, onFirstPage=_number_page, onLaterPages=_number_page)
    return out.getvalue()


def _build_table(setter: _Setter, section: PdfSection) -> Table:
    width = A4[0] - 2 * _MARGIN - 2 * _FRAME_PADDING
    table = Table(
        [[setter.paragraph(label, color=_SOFT), setter.paragraph(value)] for label, value in section.lines],
        colWidths=[_LABEL_WIDTH, width - _LABEL_WIDTH],
        splitByRow=1,
        # A value may be higher than a page.
        splitInRow=1,
    )
    table.setStyle(
        TableStyle(
            [
                ("VALIGN", (0, 0), (-1, -1), "TOP"),
                ("LINEBELOW", (0, 0), (-1, -1), 0.4, _LINE),
                ("LEFTPADDING", (0, 0), (-1, -1), 0),
                ("TOPPADDING", (0, 0), (-1, -1), 3),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 4),
            ]
        )
    )
    return table


class _Setter:
    """Makes paragraphs, each letter in a font that has it; ``has_missing`` when some letter had none."""

    def __init__(self) -> None:
        self.has_missing = False

    def paragraph(
        self,
        text: str,
        *,
        size: float = 9,
        color: Any = _INK,
        is_bold: bool = False,
        keeps_next: bool = False,
    ) -> Paragraph:
        latin = _BOLD if is_bold else _LATIN
        if len(text) > LONGEST_VALUE:
            text = text[: LONGEST_VALUE - 1] + "…"
        runs = self._split(_UNSEEN.sub("", text), latin)
        markup = "".join(
            f'<font name="{font}">{escape(run)}</font>' if font != latin else escape(run)
            for font, run in runs
        )
        style = ParagraphStyle(
            "line",
            fontName=latin,
            fontSize=size,
            leading=size * 1.45,
            textColor=color,
            keepWithNext=1 if keeps_next else 0,
            # Chinese has no spaces to break at; a word without a break is split in both.
            wordWrap="CJK" if any(font == _CHINESE for font, _run in runs) else None,
            splitLongWords=1,
        )
        return Paragraph(markup.replace("\n", "<br/>"), style)

    def _split(self, text: str, latin: str) -> list[tuple[str, str]]:
        runs: list[tuple[str, str]] = []
        for letter in text:
            font, shown = _find_font(letter, latin)
            self.has_missing = self.has_missing or (shown == BOX and letter != BOX)
            # A space goes on in the font before it.
            if runs and (runs[-1][0] == font or shown == " "):
                runs[-1] = (runs[-1][0], runs[-1][1] + shown)
            else:
                runs.append((font, shown))
        return runs


@cache
def _find_font(letter: str, latin: str) -> tuple[str, str]:
    """Return the font that has a letter, and the letter; without its accent or a box where none has it."""
    if letter == "\n":
        return latin, letter
    if unicodedata.category(letter)[0] in "CZ":
        return latin, " "
    if ord(letter) in pdfmetrics.getFont(latin).face.charToGlyph:
        return latin, letter
    if _is_chinese(letter):
        return _CHINESE, letter
    plain = unicodedata.normalize("NFD", letter)[0]
    if plain != letter and ord(plain) in pdfmetrics.getFont(latin).face.charToGlyph:
        return latin, plain
    if unicodedata.combining(letter):
        return latin, ""
    return _CHINESE, BOX


def _is_chinese(letter: str) -> bool:
    """Return whether Adobe-GB1 has the letter, which contains all of GBK."""
    try:
        return len(letter.encode("gbk")) == 2
    except UnicodeEncodeError:
        return False


def _register_fonts() -> None:
    known = set(pdfmetrics.getRegisteredFontNames())
    for name in (_LATIN, _BOLD):
        if name not in known:
            pdfmetrics.registerFont(TTFont(name, f"{name}.ttf"))
    if _CHINESE not in known:
        pdfmetrics.registerFont(UnicodeCIDFont(_CHINESE))


def _number_page(canvas: Any, document: Any) -> None:
    canvas.saveState()
    canvas.setFont(_LATIN, 8)
    canvas.setFillColor(_SOFT)
    canvas.drawRightString(A4[0] - _MARGIN, 12 * mm, str(document.page))
    canvas.restoreState()

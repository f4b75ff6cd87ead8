"""The text of one paragraph of a Word document, as a reader of its final version sees it."""

from __future__ import annotations

import re
from collections.abc import Callable

from lxml import etree

from gpts.knowledge.extraction.office.math_text import FORMULAS, read_formula
from gpts.knowledge.extraction.office.open_xml import MC, R
from gpts.knowledge.extraction.office.symbol_fonts import read_symbol
from gpts.knowledge.extraction.word.styles import W, get_value, is_on

A = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
CHART = "{http://schemas.openxmlformats.org/drawingml/2006/chart}chart"
CHART_2016 = "{http://schemas.microsoft.com/office/drawing/2014/chartex}chart"
DIAGRAM = "{http://schemas.openxmlformats.org/drawingml/2006/diagram}relIds"
_DIAGRAM_DATA = f"{R}dm"
_OLE = "{urn:schemas-microsoft-com:office:office}OLEObject"
_WORD_ART = "{urn:schemas-microsoft-com:vml}textpath"
FALLBACK = f"{MC}Fallback"
# Fields inside of fields; more are hostile.
FIELDS = 100
_PAGE_FIELDS = frozenset({"PAGE", "NUMPAGES", "SECTIONPAGES"})
# Text set in a font of symbols.
_PRIVATE = re.compile("[\uf020-\uf0ff]")


class ParagraphReader:
    """Reads paragraphs in the order of the document, as fields go on from one to the next.

    Besides the text it notes, over all paragraphs: ``drawings``, relationship ids of charts and diagrams,
    which the caller takes out; ``deleted`` and ``hidden``, how many stretches were left out; ``objects``, the
    programs of embedded objects. With ``skips_page_numbers`` the results of page number fields are left out,
    and ``had_page_number`` says whether the last paragraph had one. ``count_field`` gets the instruction of
    each field and its stored result, and returns the number to show where there is none.
    """

    def __init__(
        self,
        *,
        skips_page_numbers: bool = False,
        count_field: Callable[[str, str], str] = lambda _instruction, _result: "",
    ) -> None:
        self.drawings: list[str] = []
        self.objects: list[str] = []
        self.deleted = 0
        self.hidden = 0
        self.had_page_number = False
        self._skips_page_numbers = skips_page_numbers
        self._count_field = count_field
        self._parts: list[str] = []
        # The open fields, outermost first: whether their instruction is being read, and its text.
        self._fields: list[_Field] = []

    def read(self, paragraph: etree._Element) -> str:
        """Return the text. Text boxes are paragraphs of their own."""
        self._parts = []
        self.had_page_number = False
        self._walk(paragraph)
        if any(field.is_instruction for field in self._fields):
            # Instructions end in the paragraph where they begin; a damaged field must not hide what follows.
            self._fields.clear()
        return "".join(self._parts)

    def _walk(self, element: etree._Element) -> None:
        for child in element:
            if not isinstance(child.tag, str) or child.tag in _SKIPPED:
                continue
            handle = _HANDLERS.get(child.tag)
            if handle is None:
                self._walk(child)
            else:
                handle(self, child)

    def _add(self, text: str) -> None:
        if text and not any(field.hides_text for field in self._fields):
            self._parts.append(text)

    def _add_text(self, element: etree._Element) -> None:
        # Soft hyphens would part words that are searched for.
        text = (element.text or "").replace("\xad", "")
        if _PRIVATE.search(text):
            font = _get_font(element)
            text = _PRIVATE.sub(lambda match: read_symbol(font, f"{ord(match[0]):X}"), text)
        self._add(text)

    def _add_symbol(self, element: etree._Element) -> None:
        self._add(read_symbol(element.get(f"{W}font", ""), element.get(f"{W}char", "")))

    def _add_formula(self, element: etree._Element) -> None:
        self._add(read_formula(element))

    def _walk_run(self, element: etree._Element) -> None:
        properties = element.find(f"{W}rPr")
        if get_value(properties, "rStyle") == "PlaceholderText":
            # "Click here to enter text" of a content control.
            return
        if is_on(properties, "vanish"):
            self.hidden += element.find(f"{W}t") is not None
            return
        self._walk(element)

    def _skip_deleted(self, element: etree._Element) -> None:
        self.deleted += next(element.iter(f"{W}t", f"{W}delText"), None) is not None

    def _walk_alternatives(self, element: etree._Element) -> None:
        """Read the first choice; the fallback only where that has nothing to say."""
        count = len(self._parts)
        first = element.find(f"{MC}Choice")
        if first is not None:
            drawings = len(self.drawings)
            self._walk(first)
            if len(self._parts) > count or len(self.drawings) > drawings:
                return
        fallback = element.find(FALLBACK)
        if fallback is not None:
            self._walk(fallback)

    def _walk_ruby(self, element: etree._Element) -> None:
        """Read the characters without their pronunciation."""
        base = element.find(f"{W}rubyBase")
        if base is not None:
            self._walk(base)

    def _walk_control(self, element: etree._Element) -> None:
        """Read a content control unless it only shows "Click here to enter text"."""
        if not is_on(element.find(f"{W}sdtPr"), "showingPlcHdr"):
            self._walk(element)

    def _walk_simple_field(self, element: etree._Element) -> None:
        if self._skips_page_numbers and _get_field_name(element.get(f"{W}instr", "")) in _PAGE_FIELDS:
            self.had_page_number = True
            return
        begin = len(self._parts)
        self._walk(element)
        self._add_number(element.get(f"{W}instr", ""), begin)

    def _add_number(self, instruction: str, begin: int) -> None:
        """Add the number of a field whose result, behind ``begin``, is empty."""
        result = "".join(self._parts[begin:])
        number = self._count_field(instruction, result)
        if number and not result.strip():
            self._add(number)

    def _read_field_mark(self, element: etree._Element) -> None:
        kind = element.get(f"{W}fldCharType")
        if kind == "begin" and len(self._fields) < FIELDS:
            self._add(_read_form_field(element.find(f"{W}ffData")))
            self._fields.append(_Field())
        elif kind == "separate" and self._fields:
            field = self._fields[-1]
            field.is_instruction = False
            field.begin = len(self._parts)
            if self._skips_page_numbers and _get_field_name(field.instruction) in _PAGE_FIELDS:
                field.is_page_number = self.had_page_number = True
        elif kind == "end" and self._fields:
            field = self._fields.pop()
            self._add_number(field.instruction, len(self._parts) if field.is_instruction else field.begin)

    def _read_instruction(self, element: etree._Element) -> None:
        if self._fields and len(self._fields[-1].instruction) < 100:
            self._fields[-1].instruction += element.text or ""

    def _note_drawing(self, element: etree._Element) -> None:
        found = element.get(_DIAGRAM_DATA if element.tag == DIAGRAM else f"{R}id")
        if found:
            self.drawings.append(found)

    def _note_object(self, element: etree._Element) -> None:
        self.objects.append(element.get("ProgID", ""))

    def _add_word_art(self, element: etree._Element) -> None:
        self._add(element.get("string", ""))


class _Field:
    def __init__(self) -> None:
        self.is_instruction = True
        self.is_page_number = False
        self.instruction = ""
        # Where its result begins.
        self.begin = 0

    @property
    def hides_text(self) -> bool:
        return self.is_instruction or self.is_page_number


_SKIPPED = frozenset({
    f"{W}pPr", f"{W}rPr", f"{W}rt", f"{W}delText", f"{W}sdtPr", f"{W}txbxContent", f"{W}softHyphen",
    f"{W}sectPr", f"{W}p",
})  # fmt: skip
_HANDLERS: dict[str, Callable[[ParagraphReader, etree._Element], None]] = {
    f"{W}t": ParagraphReader._add_text,
    f"{A}t": ParagraphReader._add_text,
    f"{W}r": ParagraphReader._walk_run,
    f"{W}tab": lambda reader, _element: reader._add("\t"),
    f"{W}ptab": lambda reader, _element: reader._add("\t"),
    f"{W}br": lambda reader, _element: reader._add("\n"),
    f"{W}cr": lambda reader, _element: reader._add("\n"),
    f"{W}noBreakHyphen": lambda reader, _element: reader._add("-"),
    f"{W}sym": ParagraphReader._add_symbol,
    f"{W}del": ParagraphReader._skip_deleted,
    f"{W}moveFrom": ParagraphReader._skip_deleted,
    f"{W}ruby": ParagraphReader._walk_ruby,
    f"{W}sdt": ParagraphReader._walk_control,
    f"{W}fldSimple": ParagraphReader._walk_simple_field,
    f"{W}fldChar": ParagraphReader._read_field_mark,
    f"{W}instrText": ParagraphReader._read_instruction,
    f"{MC}AlternateContent": ParagraphReader._walk_alternatives,
    **dict.fromkeys(FORMULAS, ParagraphReader._add_formula),
    CHART: ParagraphReader._note_drawing,
    CHART_2016: ParagraphReader._note_drawing,
    DIAGRAM: ParagraphReader._note_drawing,
    _OLE: ParagraphReader._note_object,
    _WORD_ART: ParagraphReader._add_word_art,
}


def is_in_fallback(element: etree._Element) -> bool:
    """Return whether an element repeats, for older programs, what stands beside it."""
    return any(True for _above in element.iterancestors(FALLBACK))


def _get_font(element: etree._Element) -> str:
    run = element.getparent()
    fonts = None if run is None else run.find(f"{W}rPr/{W}rFonts")
    # Older documents do not name it; nearly always it is this one.
    return "Symbol" if fonts is None else fonts.get(f"{W}ascii", "") or "Symbol"


def _get_field_name(instruction: str) -> str:
    return (instruction.split(None, 1) or [""])[0].upper()


def _read_form_field(data: etree._Element | None) -> str:
    """Return the value of a check box or choice of an old form; texts stand in the document."""
    if data is None:
        return ""
    box = data.find(f"{W}checkBox")
    if box is not None:
        name = "checked" if box.find(f"{W}checked") is not None else "default"
        return "☒" if is_on(box, name) else "☐"
    choices = data.find(f"{W}ddList")
    if choices is None:
        return ""
    entries = [entry.get(f"{W}val", "") for entry in choices.findall(f"{W}listEntry")]
    chosen = get_value(choices, "result") or "0"
    place = int(chosen) if chosen.isdecimal() and len(chosen) < 6 else 0
    return entries[place] if place < len(entries) else ""

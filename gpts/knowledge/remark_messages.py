"""The message for each remark of a reader about a file: what is missing, and what helps."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from gpts.knowledge.extraction import Remark, RemarkCode, parse_remarks
from gpts.knowledge.text_recognition import describe_language


@dataclass(frozen=True)
class RemarkText:
    """``text`` says what was noticed, ``advice`` what helps. Plain text that may quote names of the file."""

    code: str
    text: str
    advice: str
    is_gap: bool


def describe_remarks(values: Any) -> list[RemarkText]:
    """Return the messages for stored remarks (``Document.remarks``) in the active language, gaps first."""
    remarks = sorted(parse_remarks(values), key=lambda remark: not remark.is_gap)
    return [RemarkText(remark.code, *_MESSAGES[remark.code](remark), remark.is_gap) for remark in remarks]


def _pages_without_text(remark: Remark) -> tuple[str, str]:
    return (
        ngettext(
            "Page %(numbers)s gave no text: it is probably scanned, or empty.",
            "Pages %(numbers)s gave no text: they are probably scanned, or empty.",
            remark.count,
        )
        % {"numbers": _list_numbers(remark)},
        _("Add a version with a text layer: run text recognition (OCR) on the file first."),
    )


def _pages_by_ocr(remark: Remark) -> tuple[str, str]:
    return (
        ngettext(
            "Page %(numbers)s has no text of its own and was read by text recognition (OCR).",
            "Pages %(numbers)s have no text of their own and were read by text recognition (OCR).",
            remark.count,
        )
        % {"numbers": _list_numbers(remark)},
        _("Look through what was read: recognition can take one letter for another."),
    )


def _ocr_languages_missing(remark: Remark) -> tuple[str, str]:
    languages = _join(describe_language(code) for code in remark.names)
    return (
        ngettext(
            "Text recognition (OCR) on this server lacks %(list)s. Pages in this language are read wrong or"
            " not at all.",
            "Text recognition (OCR) on this server lacks %(list)s. Pages in these languages are read wrong or"
            " not at all.",
            len(remark.names),
        )
        % {"list": languages},
        _(
            "If the file has such pages, ask the operator to install the language, then have the file read"
            " again."
        ),
    )


def _pages_damaged(remark: Remark) -> tuple[str, str]:
    return (
        ngettext(
            "Page %(numbers)s is damaged and could not be read.",
            "Pages %(numbers)s are damaged and could not be read.",
            remark.count,
        )
        % {"numbers": _list_numbers(remark)},
        _("Save the file anew and add it again."),
    )


def _file_repaired(_remark: Remark) -> tuple[str, str]:
    return (
        _("The file is damaged at its beginning or end. What could be found in it was read."),
        _("Look whether the end is there. Otherwise save the file anew and add it again."),
    )


def _embedded_files(remark: Remark) -> tuple[str, str]:
    return (
        ngettext(
            "%(count)d file inside this file was not read%(names)s.",
            "%(count)d files inside this file were not read%(names)s.",
            remark.count,
        )
        % {"count": remark.count, "names": _append_names(remark)},
        _("Save them on their own and add those that answers need."),
    )


def _hidden_slides(remark: Remark) -> tuple[str, str]:
    return (
        ngettext(
            "Hidden slide %(numbers)s was left out.",
            "Hidden slides %(numbers)s were left out.",
            remark.count,
        )
        % {"numbers": _list_numbers(remark)},
        _("Unhide in the presentation what answers may quote, and add it again."),
    )


def _deleted_text(remark: Remark) -> tuple[str, str]:
    return (
        ngettext(
            "The text was read as if its tracked change were accepted.",
            "The text was read as if its %(count)d tracked changes were accepted.",
            remark.count,
        )
        % {"count": remark.count},
        _("If one of them is to be rejected, do so in the document and add it again."),
    )


def _hidden_text(remark: Remark) -> tuple[str, str]:
    return (
        ngettext(
            "%(count)d stretch of hidden text was left out.",
            "%(count)d stretches of hidden text were left out.",
            remark.count,
        )
        % {"count": remark.count},
        _("Make visible in the document what answers may quote, and add it again."),
    )


def _comments_read(remark: Remark) -> tuple[str, str]:
    return (
        ngettext(
            "%(count)d paragraph of comments was read too: answers may quote it.",
            "%(count)d paragraphs of comments were read too: answers may quote them.",
            remark.count,
        )
        % {"count": remark.count},
        _("If they are not meant for everybody, delete them in the document and add it again."),
    )


def _parts_unread(remark: Remark) -> tuple[str, str]:
    return (
        ngettext(
            "%(count)d part of this file is in a form that cannot be read%(names)s.",
            "%(count)d parts of this file are in a form that cannot be read%(names)s.",
            remark.count,
        )
        % {"count": remark.count, "names": _append_names(remark)},
        _("Save the file anew in a current program, or add the text of these parts on its own."),
    )


def _slides_without_text(remark: Remark) -> tuple[str, str]:
    return (
        ngettext(
            "Slide %(numbers)s holds only pictures, which are not read.",
            "Slides %(numbers)s hold only pictures, which are not read.",
            remark.count,
        )
        % {"numbers": _list_numbers(remark)},
        _("Write what they say beside them, or add it as a text."),
    )


def _hidden_sheets(remark: Remark) -> tuple[str, str]:
    return (
        ngettext(
            "%(count)d hidden sheet was left out%(names)s.",
            "%(count)d hidden sheets were left out%(names)s.",
            remark.count,
        )
        % {"count": remark.count, "names": _append_names(remark)},
        _("Unhide in the workbook what answers may quote, and add it again."),
    )


def _columns_left_out(remark: Remark) -> tuple[str, str]:
    return (
        _("The table is wider than can be read: %(count)d columns, the first %(limit)d were read%(names)s.")
        % {"count": remark.count, "limit": remark.limit, "names": _append_names(remark)},
        _("Split it into tables of fewer columns and add those."),
    )


def _hidden_rows(remark: Remark) -> tuple[str, str]:
    return (
        ngettext(
            "%(count)d hidden row was left out%(names)s.",
            "%(count)d hidden rows were left out%(names)s.",
            remark.count,
        )
        % {"count": remark.count, "names": _append_names(remark)},
        _("Unhide in the workbook what answers may quote, filters included, and add it again."),
    )


def _hidden_columns(remark: Remark) -> tuple[str, str]:
    return (
        ngettext(
            "%(count)d hidden column was left out%(names)s.",
            "%(count)d hidden columns were left out%(names)s.",
            remark.count,
        )
        % {"count": remark.count, "names": _append_names(remark)},
        _("Unhide in the workbook what answers may quote, and add it again."),
    )


def _formulas_without_value(remark: Remark) -> tuple[str, str]:
    if len(remark.counts) == len(remark.names) > 0:
        sheets = [
            _count_formulas(name, count) for name, count in zip(remark.names, remark.counts, strict=True)
        ]
        rest = remark.count - sum(remark.counts)
        if rest > 0:
            further = ngettext(
                "%(count)d formula in further sheets", "%(count)d formulas in further sheets", rest
            )
            sheets.append(further % {"count": rest})
        text = ngettext(
            "%(list)s has no value: the formula itself was read.",
            "%(list)s have no value: the formulas themselves were read.",
            remark.count,
        ) % {"list": _join(sheets)}
    else:
        text = ngettext(
            "%(count)d formula has no value%(names)s: the formula itself was read.",
            "%(count)d formulas have no value%(names)s: the formulas themselves were read.",
            remark.count,
        ) % {"count": remark.count, "names": _append_names(remark)}
    return (
        text,
        _("Open the file in a spreadsheet program, save it there and add it again."),
    )


def _characters_replaced(remark: Remark) -> tuple[str, str]:
    return (
        ngettext(
            "%(count)d character could not be read and was replaced by “�”.",
            "%(count)d characters could not be read and were replaced by “�”.",
            remark.count,
        )
        % {"count": remark.count},
        _("The file mixes several charsets, or is damaged. Save it as UTF-8 and add it again."),
    )


def _charset_guessed(remark: Remark) -> tuple[str, str]:
    return (
        _("The file does not say in which charset it is; it was read as %(charset)s.")
        % {"charset": _join(remark.names).upper()},
        _("If letters look wrong, save the file as UTF-8 and add it again."),
    )


def _lines_unreadable(remark: Remark) -> tuple[str, str]:
    return (
        ngettext(
            "Line %(numbers)s could not be read and was left out.",
            "Lines %(numbers)s could not be read and were left out.",
            remark.count,
        )
        % {"numbers": _list_numbers(remark)},
        _("Correct what is on them and add the file again."),
    )


_MESSAGES: dict[RemarkCode, Callable[[Remark], tuple[str, str]]] = {
    RemarkCode.PAGES_WITHOUT_TEXT: _pages_without_text,
    RemarkCode.PAGES_BY_OCR: _pages_by_ocr,
    RemarkCode.PAGES_DAMAGED: _pages_damaged,
    RemarkCode.OCR_LANGUAGES_MISSING: _ocr_languages_missing,
    RemarkCode.FILE_REPAIRED: _file_repaired,
    RemarkCode.EMBEDDED_FILES: _embedded_files,
    RemarkCode.HIDDEN_SLIDES: _hidden_slides,
    RemarkCode.DELETED_TEXT: _deleted_text,
    RemarkCode.HIDDEN_TEXT: _hidden_text,
    RemarkCode.COMMENTS_READ: _comments_read,
    RemarkCode.PARTS_UNREAD: _parts_unread,
    RemarkCode.SLIDES_WITHOUT_TEXT: _slides_without_text,
    RemarkCode.HIDDEN_SHEETS: _hidden_sheets,
    RemarkCode.COLUMNS_LEFT_OUT: _columns_left_out,
    RemarkCode.HIDDEN_ROWS: _hidden_rows,
    RemarkCode.HIDDEN_COLUMNS: _hidden_columns,
    RemarkCode.FORMULAS_WITHOUT_VALUE: _formulas_without_value,
    RemarkCode.CHARACTERS_REPLACED: _characters_replaced,
    RemarkCode.CHARSET_GUESSED: _charset_guessed,
    RemarkCode.LINES_UNREADABLE: _lines_unreadable,
}

# More are counted, not listed.
_SHOWN_RANGES = 12


def _list_numbers(remark: Remark) -> str:
    """Return "2, 5–9", or "2, 5–9 and more" when not all are listed."""
    shown = remark.ranges[:_SHOWN_RANGES]
    text = _join(str(first) if first == last else f"{first}–{last}" for first, last in shown)
    listed = sum(last - first + 1 for first, last in shown)
    return _("%(list)s and more") % {"list": text} if listed < remark.count else text


def _count_formulas(sheet: str, count: int) -> str:
    text = ngettext("%(count)d formula in sheet “%(name)s”", "%(count)d formulas in sheet “%(name)s”", count)
    return text % {"count": count, "name": sheet}


def _append_names(remark: Remark) -> str:
    """Return names in brackets, to stand behind a word; empty without names."""
    if not remark.names:
        return ""
    text = _join(_("“%(name)s”") % {"name": name} for name in remark.names)
    if len(remark.names) < remark.count and not remark.limit:
        text = _("%(list)s and more") % {"list": text}
    return pgettext("names behind a word", " (%(list)s)") % {"list": text}


def _join(texts: Iterable[str]) -> str:
    return pgettext("between the items of a list", ", ").join(texts)

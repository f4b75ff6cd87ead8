"""The engine that recognises the text of scanned pages, by the settings and what is installed."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from functools import lru_cache

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from gpts.knowledge.extraction import Remark, RemarkCode
from gpts.knowledge.extraction.recognition import Engine, list_languages
from gpts.knowledge.extraction.remarks import NAMES

PROGRAM = "tesseract"
_SCANNED = (RemarkCode.PAGES_BY_OCR, RemarkCode.PAGES_WITHOUT_TEXT)
# Names of the languages that people configure most, by the codes of Tesseract.
_LANGUAGES = {
    "ara": gettext_lazy("Arabic"), "chi_sim": gettext_lazy("Chinese, simplified"),
    "chi_tra": gettext_lazy("Chinese, traditional"), "deu": gettext_lazy("German"),
    "eng": gettext_lazy("English"), "fra": gettext_lazy("French"), "hin": gettext_lazy("Hindi"),
    "ita": gettext_lazy("Italian"), "jpn": gettext_lazy("Japanese"), "kor": gettext_lazy("Korean"),
    "nld": gettext_lazy("Dutch"), "pol": gettext_lazy("Polish"), "por": gettext_lazy("Portuguese"),
    "rus": gettext_lazy("Russian"), "spa": gettext_lazy("Spanish"), "tha": gettext_lazy("Thai"),
    "tur": gettext_lazy("Turkish"), "ukr": gettext_lazy("Ukrainian"), "vie": gettext_lazy("Vietnamese"),
}  # fmt: skip


def find_engine(*, max_pages: int | None = None, max_seconds: int | None = None) -> Engine | None:
    """Return the engine, or None where recognition is switched off or nothing usable is installed.

    The limits are those of the settings, or lower ones. A program that is installed later is found after a
    restart.
    """
    languages = "+".join(list_usable_languages())
    program = _find_program()
    if not languages or not program or settings.OCR_PAGES <= 0:
        return None
    pages = min(settings.OCR_PAGES, max_pages or settings.OCR_PAGES)
    seconds = min(settings.OCR_SECONDS, max_seconds or settings.OCR_SECONDS)
    return Engine(program, languages, pages, seconds, settings.OCR_DATA_FOLDER)


def list_usable_languages() -> list[str]:
    """Return those of OCR_LANGUAGES that are installed, in that order."""
    installed = _list_installed(_find_program(), settings.OCR_DATA_FOLDER)
    return [language for language in settings.OCR_LANGUAGES if language in installed]


def list_missing_languages() -> list[str]:
    """Return those of OCR_LANGUAGES that are not installed; none where recognition is switched off."""
    if settings.OCR_PAGES <= 0:
        return []
    usable = list_usable_languages()
    return [language for language in settings.OCR_LANGUAGES if language not in usable]


def find_missing_languages(remarks: Iterable[Remark]) -> Remark | None:
    """Return the remark about languages that a file's scanned pages may have needed, if there are any."""
    missing = list_missing_languages()
    if missing and any(remark.code in _SCANNED for remark in remarks):
        return Remark(RemarkCode.OCR_LANGUAGES_MISSING, len(missing), names=tuple(missing[:NAMES]))
    return None


def describe_language(code: str) -> str:
    """Return "Chinese, simplified (chi_sim)" for a code of Tesseract, in the active language."""
    name = _LANGUAGES.get(code)
    return _("%(name)s (%(code)s)") % {"name": name, "code": code} if name else code


def describe_text_recognition() -> str:
    """Return for operators whether scanned pages are recognised, and if not, what helps."""
    if settings.OCR_PAGES <= 0 or not settings.OCR_LANGUAGES:
        return _("Off, by the settings OCR_PAGES and OCR_LANGUAGES.")
    if not _find_program():
        return _("Off: Tesseract is not installed on this machine.")
    languages = list_usable_languages()
    if not languages:
        return _("Off: Tesseract has none of the languages in OCR_LANGUAGES.")
    found = _("On, in these languages: %(list)s") % {"list": _(", ").join(map(describe_language, languages))}
    missing = list_missing_languages()
    if missing:
        lacks = _("Not installed: %(list)s") % {"list": _(", ").join(map(describe_language, missing))}
        return f"{found}. {lacks}"
    return found


@lru_cache
def _find_program() -> str:
    return shutil.which(PROGRAM) or ""


@lru_cache
def _list_installed(program: str, data_folder: str) -> frozenset[str]:
    return frozenset(list_languages(program, data_folder)) if program else frozenset()

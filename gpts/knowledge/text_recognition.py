"""The engine that recognises the text of scanned pages, by the settings and what is installed."""

from __future__ import annotations

import shutil
from functools import lru_cache

from django.conf import settings
from django.utils.translation import gettext as _

from gpts.knowledge.extraction.recognition import Engine, list_languages

PROGRAM = "tesseract"


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


def describe_text_recognition() -> str:
    """Return for operators whether scanned pages are recognised, and if not, what helps."""
    if settings.OCR_PAGES <= 0 or not settings.OCR_LANGUAGES:
        return _("Off, by the settings OCR_PAGES and OCR_LANGUAGES.")
    if not _find_program():
        return _("Off: Tesseract is not installed on this machine.")
    languages = list_usable_languages()
    if not languages:
        return _("Off: Tesseract has none of the languages in OCR_LANGUAGES.")
    return _("On, in these languages: %(list)s") % {"list": _(", ").join(languages)}


@lru_cache
def _find_program() -> str:
    return shutil.which(PROGRAM) or ""


@lru_cache
def _list_installed(program: str, data_folder: str) -> frozenset[str]:
    return frozenset(list_languages(program, data_folder)) if program else frozenset()

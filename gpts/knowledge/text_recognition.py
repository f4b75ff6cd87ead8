"""The engine that recognises the text of scanned pages, by the settings and what is installed."""

from __future__ import annotations

import shutil
from functools import lru_cache

from django.conf import settings

from gpts.knowledge.extraction.recognition import Engine, list_languages

PROGRAM = "tesseract"


def find_engine() -> Engine | None:
    """Return the engine, or None where recognition is switched off or nothing usable is installed.

    A program that is installed later is found after a restart.
    """
    languages = "+".join(list_usable_languages())
    program = _find_program()
    if not languages or not program or settings.OCR_PAGES <= 0:
        return None
    return Engine(program, languages, settings.OCR_PAGES, settings.OCR_SECONDS, settings.OCR_DATA_FOLDER)


def list_usable_languages() -> list[str]:
    """Return those of OCR_LANGUAGES that are installed, in that order."""
    installed = _list_installed(_find_program(), settings.OCR_DATA_FOLDER)
    return [language for language in settings.OCR_LANGUAGES if language in installed]


def is_installed() -> bool:
    return bool(_find_program())


@lru_cache
def _find_program() -> str:
    return shutil.which(PROGRAM) or ""


@lru_cache
def _list_installed(program: str, data_folder: str) -> frozenset[str]:
    return frozenset(list_languages(program, data_folder)) if program else frozenset()

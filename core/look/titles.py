"""Titles of other packages in our style: sentence case."""

from __future__ import annotations

import re

from django.utils.translation import get_language

LATER_WORD = re.compile(r"(?<=[\s(-])(?!Loggia\b)[A-Z][a-z]+\b")
FIRST_WORD = re.compile(r"\s*[^\s-]*")


def sentence_case(text: str) -> str:
    """Return "Change password" for "Change Password"; sentences and other languages stay as they are."""
    if not (get_language() or "en").startswith("en") or re.search(r"[.?!:](\s|$)", text.strip()):
        return text
    first = FIRST_WORD.match(text)
    start = first.end() if first else 0
    return LATER_WORD.sub(lambda word: word[0].lower() if word.start() > start else word[0], text)

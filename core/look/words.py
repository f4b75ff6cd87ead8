"""Other people's words in our manner: titles in sentence case, browsers by name."""

from __future__ import annotations

import re

from django.utils.translation import get_language, gettext

# The order matters: Edge and Opera also say Chrome, and Chrome also says Safari.
BROWSERS = (
    ("Edg", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"), ("Chrome/", "Chrome"), ("Safari/", "Safari"),
)  # fmt: skip
SYSTEMS = (
    ("iPhone", "iPhone"), ("iPad", "iPad"), ("Android", "Android"), ("Windows", "Windows"),
    ("Mac OS X", "macOS"), ("CrOS", "ChromeOS"), ("Linux", "Linux"),
)  # fmt: skip
LATER_WORD = re.compile(r"(?<=[\s(-])(?!Loggia\b)[A-Z][a-z]+\b")
FIRST_WORD = re.compile(r"\s*[^\s-]*")


def sentence_case(text: str) -> str:
    """English titles of packages ("Change Password") as ours read ("Change password"); sentences stay."""
    if not (get_language() or "en").startswith("en") or re.search(r"[.?!:](\s|$)", text.strip()):
        return text
    first = FIRST_WORD.match(text)
    start = first.end() if first else 0
    return LATER_WORD.sub(lambda word: word[0].lower() if word.start() > start else word[0], text)


def device(user_agent: str) -> str:
    """ "Firefox on Linux" for a User-Agent header; its first characters where neither is known."""
    browser = next((name for mark, name in BROWSERS if mark in user_agent), "")
    system = next((name for mark, name in SYSTEMS if mark in user_agent), "")
    if browser and system:
        return gettext("%(browser)s on %(system)s") % {"browser": browser, "system": system}
    return browser or system or user_agent[:80] or gettext("Unknown device")

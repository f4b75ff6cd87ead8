"""Finds listings that are not ready for others: missing texts, placeholders, capitals."""

from __future__ import annotations

import re

from django.utils.translation import gettext_lazy as _

from gpts.assistants.models import Version
from reviews.checks.base import Finding

PENALTY = 25
MIN_DESCRIPTION = 20
MIN_INSTRUCTIONS = 80
_PLACEHOLDER = re.compile(r"(?i)lorem ipsum|\btest(?:ing)?\s*\d*$|\basdf|^my gpt$|^untitled")
# One Chinese character counts as three English letters.
_WIDE = re.compile(r"[\u3400-\u9fff]")


class QualityChecker:
    name = "quality"
    version = 1
    label = _("Ready for others")

    def run(self, version: Version) -> Finding:
        found: list[tuple[str, str, str]] = []
        if not version.description:
            found.append(("description", "", "no_description"))
        elif _count_letters(version.description) < MIN_DESCRIPTION:
            found.append(("description", version.description, "short_description"))
        if not version.starters:
            found.append(("starters", "", "no_starters"))
        elif len({starter.casefold() for starter in version.starters}) < len(version.starters):
            found.append(("starters", "", "repeated_starters"))
        if _count_letters(version.instructions) < MIN_INSTRUCTIONS:
            found.append(("instructions", version.instructions[:60], "short_instructions"))
        if version.name.isupper() and len(version.name) > 8:
            found.append(("name", version.name, "shouting"))
        for where, text in (("name", version.name), ("description", version.description)):
            if _PLACEHOLDER.search(text):
                found.append((where, text, "placeholder"))
        return Finding(
            score=min(100, PENALTY * len(found)),
            evidence=[{"where": where, "quote": text, "why": why} for where, text, why in found],
        )


def _count_letters(text: str) -> int:
    return len(text) + 2 * len(_WIDE.findall(text))

"""Names that look like a reserved mark or a verified builder."""

from __future__ import annotations

import unicodedata
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from core.text import skeleton
from gpts.assistants.models import Version
from marketplace.models import BuilderProfile, Listing
from reviews.checks.base import Finding, worst
from reviews.models import ProtectedName

SCORES = {
    "prohibited": 95,
    "look_alike": 95,
    "same_mark": 90,
    "contains_mark": 60,
    "mixed_scripts": 50,
    "taken": 40,
}
# Shorter marks stand inside too many honest words.
SHORTEST_INSIDE = 5
_LOOK_ALIKE_SCRIPTS = ("LATIN", "CYRILLIC", "GREEK")


class NamesChecker:
    name = "names"
    version = 1
    label = _("Brands and look-alikes")

    def run(self, version: Version) -> Finding:
        """Compare the name with protected names, verified builders and the names of their listings."""
        evidence: list[dict[str, Any]] = []
        seen = skeleton(version.name)
        plain = _plain(version.name)
        for protected in ProtectedName.objects.all():
            if why := _compare(seen, plain, protected):
                evidence.append(_found(version, why, protected.name))
        owner = version.gpt.owner_id
        verified = BuilderProfile.objects.filter(
            Q(verified_name_at__isnull=False) | Q(verified_website_at__isnull=False)
        ).exclude(user_id=owner)
        for known in verified.values_list("display_name", flat=True).iterator():
            mark = skeleton(known)
            if mark and (mark == seen or (len(mark) >= SHORTEST_INSIDE and mark in seen)):
                evidence.append(
                    _found(version, "same_mark" if _plain(known) in plain else "look_alike", known)
                )
        listings = Listing.objects.filter(builder_verified=True).exclude(publisher_id=owner)
        for known in listings.values_list("name", flat=True).iterator():
            if skeleton(known) == seen:
                evidence.append(_found(version, "taken" if _plain(known) == plain else "look_alike", known))
        if _mixes_scripts(version.name):
            evidence.append({**_found(version, "mixed_scripts", ""), "quote": _odd_letters(version.name)})
        return worst(evidence, SCORES)


def _compare(seen: str, plain: str, protected: ProtectedName) -> str:
    mark, word = skeleton(protected.name), _plain(protected.name)
    if not mark:
        return ""
    if seen == mark:
        if not protected.is_reserved_mark:
            return "prohibited"
        return "same_mark" if plain == word else "look_alike"
    inside = len(mark) >= SHORTEST_INSIDE or not mark.isascii()
    if inside and mark in seen:
        return "contains_mark" if word in plain else "look_alike"
    return ""


def _plain(text: str) -> str:
    return "".join(character for character in text.casefold() if character.isalnum())


def _mixes_scripts(text: str) -> bool:
    """One word with letters of two scripts that share shapes; Chinese beside Latin is ordinary."""
    for word in text.split():
        scripts = {unicodedata.name(letter, "").split(" ")[0] for letter in word if letter.isalpha()}
        if len(scripts & set(_LOOK_ALIKE_SCRIPTS)) > 1:
            return True
    return False


def _odd_letters(text: str) -> str:
    """Name the letters that are not Latin: on the screen they cannot be told apart."""
    odd = dict.fromkeys(letter for letter in text if letter.isalpha() and not letter.isascii())
    return ", ".join(f"{letter} = {unicodedata.name(letter, '?').lower()}" for letter in odd)[:200]


def _found(version: Version, why: str, known: str) -> dict[str, Any]:
    return {"where": "name", "quote": version.name, "why": why, "like": known}

"""Finds names that look like a reserved mark, a verified builder or one of their listings."""

from __future__ import annotations

import unicodedata
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from core.text import skeleton
from gpts.assistants.models import Version
from marketplace.models import BuilderProfile, Listing
from reviews.checks.base import Finding, build_finding
from reviews.models import ProtectedName

SCORES = {
    "prohibited": 95,
    "look_alike": 95,
    "same_mark": 90,
    "contains_mark": 60,
    "mixed_scripts": 50,
    "taken": 40,
}
# Shorter marks occur inside too many ordinary words.
MIN_SUBSTRING_MARK = 5
_LOOK_ALIKE_SCRIPTS = ("LATIN", "CYRILLIC", "GREEK")


class NamesChecker:
    name = "names"
    version = 1
    label = _("Brands and look-alikes")

    def run(self, version: Version) -> Finding:
        """Compare the name with protected names, verified builders and the names of their listings."""
        evidence: list[dict[str, Any]] = []
        name_skeleton = skeleton(version.name)
        plain = _strip_symbols(version.name)
        for protected in ProtectedName.objects.all():
            if why := _compare(name_skeleton, plain, protected):
                evidence.append(_build_evidence(version, why, protected.name))
        owner = version.gpt.owner_id
        verified = BuilderProfile.objects.filter(
            Q(verified_name_at__isnull=False) | Q(verified_website_at__isnull=False)
        ).exclude(user_id=owner)
        for known in verified.values_list("display_name", flat=True).iterator():
            mark = skeleton(known)
            if mark and (
                mark == name_skeleton or (len(mark) >= MIN_SUBSTRING_MARK and mark in name_skeleton)
            ):
                evidence.append(
                    _build_evidence(
                        version, "same_mark" if _strip_symbols(known) in plain else "look_alike", known
                    )
                )
        listings = Listing.objects.filter(builder_verified=True).exclude(publisher_id=owner)
        for known in listings.values_list("name", flat=True).iterator():
            if skeleton(known) == name_skeleton:
                evidence.append(
                    _build_evidence(
                        version, "taken" if _strip_symbols(known) == plain else "look_alike", known
                    )
                )
        if _has_mixed_scripts(version.name):
            evidence.append(
                {**_build_evidence(version, "mixed_scripts", ""), "quote": _list_non_latin(version.name)}
            )
        return build_finding(evidence, SCORES)


def _compare(name_skeleton: str, plain: str, protected: ProtectedName) -> str:
    mark, word = skeleton(protected.name), _strip_symbols(protected.name)
    if not mark:
        return ""
    if name_skeleton == mark:
        if not protected.is_reserved_mark:
            return "prohibited"
        return "same_mark" if plain == word else "look_alike"
    inside = len(mark) >= MIN_SUBSTRING_MARK or not mark.isascii()
    if inside and mark in name_skeleton:
        return "contains_mark" if word in plain else "look_alike"
    return ""


def _strip_symbols(text: str) -> str:
    return "".join(character for character in text.casefold() if character.isalnum())


def _has_mixed_scripts(text: str) -> bool:
    """Return whether one word mixes scripts with look-alike letters. Chinese beside Latin is ordinary."""
    for word in text.split():
        scripts = {unicodedata.name(letter, "").split(" ")[0] for letter in word if letter.isalpha()}
        if len(scripts & set(_LOOK_ALIKE_SCRIPTS)) > 1:
            return True
    return False


def _list_non_latin(text: str) -> str:
    """Return the non-ASCII letters with their Unicode names: on screen they look alike."""
    odd = dict.fromkeys(letter for letter in text if letter.isalpha() and not letter.isascii())
    return ", ".join(f"{letter} = {unicodedata.name(letter, '?').lower()}" for letter in odd)[:200]


def _build_evidence(version: Version, why: str, known: str) -> dict[str, Any]:
    return {"where": "name", "quote": version.name, "why": why, "like": known}

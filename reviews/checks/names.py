"""Finds names that look like a protected name, a verified builder's or one of their listings'."""

from __future__ import annotations

import unicodedata
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from core.names import MIN_INSIDE, compare_names, strip_symbols
from core.text import skeleton
from gpts.assistants.models import Version
from marketplace.models import BuilderProfile, Listing
from reviews.checks.base import Finding, build_finding
from workspaces.names import find_resemblances

SCORES = {
    "prohibited": 95,
    "look_alike": 95,
    "same_mark": 90,
    "contains_mark": 60,
    "mixed_scripts": 50,
    "taken": 40,
}


class NamesChecker:
    name = "names"
    version = 2
    label = _("Brands and look-alikes")

    def run(self, version: Version) -> Finding:
        """Compare the name with protected names, verified builders and the names of their listings."""
        owner, name_skeleton = version.gpt.owner_id, skeleton(version.name)
        resemblances = find_resemblances(version.name, holder_id=owner)
        evidence = [_build_evidence(version, found.why, found.known) for found in resemblances if found.known]
        seen = {piece["like"] for piece in evidence}
        verified = BuilderProfile.objects.filter(
            Q(verified_name_at__isnull=False) | Q(verified_website_at__isnull=False)
        ).exclude(user_id=owner)
        for known in verified.values_list("display_name", flat=True).iterator():
            mark = skeleton(known)
            is_like = mark and (mark == name_skeleton or (len(mark) >= MIN_INSIDE and mark in name_skeleton))
            if is_like and known not in seen:
                why = "look_alike" if compare_names(version.name, known) == "look_alike" else "same_mark"
                evidence.append(_build_evidence(version, why, known))
        listings = Listing.objects.filter(builder_verified=True).exclude(publisher_id=owner)
        for known in listings.values_list("name", flat=True).iterator():
            if skeleton(known) == name_skeleton:
                is_same = strip_symbols(known) == strip_symbols(version.name)
                evidence.append(_build_evidence(version, "taken" if is_same else "look_alike", known))
        if any(found.why == "mixed_scripts" for found in resemblances):
            evidence.append(
                {**_build_evidence(version, "mixed_scripts", ""), "quote": _list_non_latin(version.name)}
            )
        return build_finding(evidence, SCORES)


def _list_non_latin(text: str) -> str:
    """Return the non-ASCII letters with their Unicode names: on screen they look alike."""
    odd = dict.fromkeys(letter for letter in text if letter.isalpha() and not letter.isascii())
    return ", ".join(f"{letter} = {unicodedata.name(letter, '?').lower()}" for letter in odd)[:200]


def _build_evidence(version: Version, why: str, known: str) -> dict[str, Any]:
    return {"where": "name", "quote": version.name, "why": why, "like": known}

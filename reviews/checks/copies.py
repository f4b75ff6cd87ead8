"""Copies of other builders' GPTs, found by the overlap of their instructions."""

from __future__ import annotations

import hashlib
import re
from typing import Any

from django.utils.translation import gettext_lazy as _

from gpts.assistants.models import Version
from gpts.assistants.states import Audience
from reviews.checks.base import Finding
from reviews.models import Fingerprint

# Bottom-k sketch: the share of common smallest hashes estimates the Jaccard index of two texts' shingles.
SKETCH_SIZE = 64
SHINGLE_WORDS = 5
MIN_SHINGLES = 12
FLAG_FROM = 0.4
MAX_CANDIDATES = 200
# Listed versions without a fingerprint that one check or one run of the periodic job makes up for.
MAX_MISSING_FINGERPRINTS = 200
_WORDS = re.compile(r"[^\W_]+")
_CJK = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]")


class CopiesChecker:
    name = "copies"
    version = 1
    label = _("Copies of other GPTs")

    def run(self, version: Version) -> Finding:
        """Store this version's fingerprint and compare it with those of other owners' versions."""
        hashes = compute_fingerprint(version.instructions)
        if not hashes:
            return Finding()
        Fingerprint.objects.get_or_create(
            version=version, defaults={"gpt": version.gpt, "owner_id": version.gpt.owner_id, "hashes": hashes}
        )
        add_missing_fingerprints(limit=MAX_MISSING_FINGERPRINTS)
        candidates = (
            Fingerprint.objects.filter(hashes__overlap=hashes)
            .exclude(owner_id=version.gpt.owner_id)
            .select_related("gpt", "version")
            .order_by("version_id")[:MAX_CANDIDATES]
        )
        evidence: dict[int, dict[str, Any]] = {}
        for other in candidates:
            share = estimate_similarity(hashes, other.hashes)
            if share >= FLAG_FROM:
                evidence[other.gpt_id] = {
                    "where": "instructions",
                    "quote": other.version.name,
                    "why": "copy",
                    "share": round(share * 100),
                    "gpt": other.gpt.slug,
                }
        copied = sorted(evidence.values(), key=lambda item: -int(item["share"]))[:10]
        return Finding(
            score=min(100, max((int(item["share"]) for item in copied), default=0)), evidence=copied
        )


def add_missing_fingerprints(*, limit: int) -> int:
    """Fingerprint public versions that were never submitted (imports), newest first; count them."""
    missing = (
        Version.objects.filter(live_for__audience=Audience.PUBLIC, fingerprint__isnull=True)
        .exclude(instructions="")
        .select_related("gpt")
        .order_by("-pk")[:limit]
    )
    rows = [
        Fingerprint(
            version=one, gpt=one.gpt, owner_id=one.gpt.owner_id, hashes=compute_fingerprint(one.instructions)
        )
        for one in missing
    ]
    Fingerprint.objects.bulk_create(rows, ignore_conflicts=True)
    return len(rows)


def compute_fingerprint(text: str) -> list[int]:
    """Return the smallest hashes of the text's shingles, ascending; empty when it is too short to compare."""
    words = _split_words(text.casefold())
    shingles = {" ".join(words[i : i + SHINGLE_WORDS]) for i in range(len(words) - SHINGLE_WORDS + 1)}
    if len(shingles) < MIN_SHINGLES:
        return []
    numbers = {
        int.from_bytes(hashlib.blake2b(s.encode(), digest_size=8).digest(), "big", signed=True)
        for s in shingles
    }
    return sorted(numbers)[:SKETCH_SIZE]


def estimate_similarity(one: list[int], other: list[int]) -> float:
    """Estimate the share of common shingles, 0 to 1."""
    smallest = set(sorted(set(one) | set(other))[:SKETCH_SIZE])
    return len(smallest & set(one) & set(other)) / len(smallest)


def _split_words(text: str) -> list[str]:
    """Split into words. Each CJK character counts as one, as there are no spaces between words."""
    words: list[str] = []
    for word in _WORDS.findall(text):
        if _CJK.search(word):
            words.extend(word)
        else:
            words.append(word)
    return words

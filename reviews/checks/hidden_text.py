"""Finds text hidden from people, and instructions aimed at reviewers or other systems."""

from __future__ import annotations

import base64
import binascii
import re
import unicodedata
from typing import Any

from django.utils.translation import gettext_lazy as _

from gpts.assistants.models import Version
from reviews.checks.base import Finding, build_finding, build_quote, iterate_texts

SCORES = {
    "invisible": 70,
    "tag_characters": 95,
    "encoded": 55,
    "undecodable": 40,
    "aimed_at_reviewers": 90,
    "override": 50,
    "exfiltration": 85,
    "comment": 30,
}
_TAGS = re.compile("[\U000e0000-\U000e007f]+")
_INVISIBLE = re.compile("[\u200b\u2060-\u2064\u202a-\u202e\u2066-\u2069\ufeff\u00ad]+")
_ENCODED = re.compile(r"(?<![A-Za-z0-9+/=])[A-Za-z0-9+/]{60,}={0,2}(?![A-Za-z0-9+/=])")
_COMMENT = re.compile(r"<!--.{3,}?-->", re.DOTALL)
_REVIEWERS = re.compile(
    r"(?i)(?:if|when)\s+(?:you\s+are\s+|being\s+|a\s+)?(?:review(?:ed|er|ing)|moderat(?:ed|or)|test(?:ed|er))\b"
    r"|(?:hide|conceal|lie)\b.{0,40}\b(?:reviewer|moderator|user)s?\b"
    r"|(?:如果|当).{0,6}(?:审核|审查)|(?:瞒|欺骗).{0,6}(?:审核|用户)"
)
_OVERRIDE = re.compile(
    r"(?i)\b(?:ignore|disregard|forget)\s+(?:all\s+|any\s+|the\s+)*(?:previous|prior|above|earlier|system)\s+"
    r"(?:instructions?|prompts?|rules?)|忽略(?:以上|之前|前面|所有).{0,6}(?:指令|规则|提示)"
)
_EXFILTRATION = re.compile(r"!\[[^\]]*\]\(\s*https?://[^)\s]*[?&][^)\s]*(?:\{|<|\[|%7b)", re.IGNORECASE)


class HiddenTextChecker:
    name = "hidden_text"
    version = 1
    label = _("Hidden text and injection")

    def run(self, version: Version) -> Finding:
        evidence: list[dict[str, Any]] = []
        for where, text in iterate_texts(version):
            # Fold full-width and styled letters, so that the patterns match them too.
            folded = unicodedata.normalize("NFKC", text)
            for why, pattern, source in (
                ("tag_characters", _TAGS, text),
                ("invisible", _INVISIBLE, text),
                ("comment", _COMMENT, folded),
                ("aimed_at_reviewers", _REVIEWERS, folded),
                ("override", _OVERRIDE, folded),
                ("exfiltration", _EXFILTRATION, folded),
            ):
                evidence += [
                    {"where": where, "quote": build_quote(source, *match.span()), "why": why}
                    for match in pattern.finditer(source)
                ]
            evidence += [_decode_passage(where, match) for match in _ENCODED.finditer(folded)]
        return build_finding(evidence, SCORES)


def _decode_passage(where: str, match: re.Match[str]) -> dict[str, Any]:
    """Return evidence that quotes the decoded passage, or says that it cannot be decoded."""
    try:
        decoded = base64.b64decode(match.group() + "=" * (-len(match.group()) % 4)).decode()
    except (binascii.Error, ValueError):
        return {"where": where, "quote": build_quote(match.group(), 0, 60), "why": "undecodable"}
    return {"where": where, "quote": build_quote(decoded, 0, len(decoded)), "why": "encoded"}

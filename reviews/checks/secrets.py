"""Finds keys and passwords in the texts, and instructions to ask people for theirs."""

from __future__ import annotations

import re

from django.utils.translation import gettext_lazy as _

from gpts.assistants.models import Version
from reviews.checks.base import Finding, build_finding, build_quote, iterate_texts

SCORES = {"asks_for_secrets": 85, "key": 80, "private_key": 95, "password": 60, "credentials_in_url": 70}
_PATTERNS = (
    ("private_key", re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----")),
    ("key", re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b")),
    ("key", re.compile(r"\bsk-[A-Za-z0-9_-]{20,}")),
    (
        "key",
        re.compile(r"\b(?:gh[pousr]_[A-Za-z0-9]{30,}|github_pat_[A-Za-z0-9_]{30,}|glpat-[A-Za-z0-9_-]{20,})"),
    ),
    ("key", re.compile(r"\bxox[abprs]-[A-Za-z0-9-]{10,}")),
    ("key", re.compile(r"\bAIza[0-9A-Za-z_-]{35}\b")),
    ("key", re.compile(r"\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{5,}")),
    ("credentials_in_url", re.compile(r"\b[a-z][a-z0-9+.-]{1,20}://[^\s/:@]{1,64}:[^\s/@]{3,128}@")),
    (
        "password",
        re.compile(
            r"(?i)(?:password|passwd|secret|api[ _-]?key|access[ _-]?token|密码|密钥)\s*[:=：]\s*[\"']?"
            r"(?=[^\s\"']*\d)[^\s\"',;，；]{8,}"
        ),
    ),
)
_ASKS = re.compile(
    r"(?i)\b(?:ask|request|collect|demand|obtain|paste|enter|tell\s+me|confirm)\b[^.\n]{0,40}"
    r"\b(?:passwords?|passcodes?|api\s+keys?|credit\s+cards?|card\s+numbers?|cvv|seed\s+phrases?|one-time\s+codes?)\b"
    r"|(?:索取|询问|要求|收集|请输入).{0,12}(?:密码|验证码|密钥|银行卡号?)"
)
_NEGATED = re.compile(r"(?i)(?:\bnever|\bnot|n't|\bwithout|不要|绝不|不得|从不|不)\W*(?:\w+\W+)?$")


class SecretsChecker:
    name = "secrets"
    version = 1
    label = _("Secrets in the texts")

    def run(self, version: Version) -> Finding:
        evidence = [
            {"where": where, "quote": _mask(match.group()), "why": why}
            for where, text in iterate_texts(version)
            for why, pattern in _PATTERNS
            for match in pattern.finditer(text)
        ]
        evidence += [
            {"where": where, "quote": build_quote(text, *match.span()), "why": "asks_for_secrets"}
            for where, text in iterate_texts(version)
            for match in _ASKS.finditer(text)
            if not _NEGATED.search(text[: match.start()])
        ]
        return build_finding(evidence, SCORES)


def _mask(secret: str) -> str:
    """Keep enough to find the place and too little to use it."""
    head = secret[:6] if secret.startswith("-----") else secret[:4]
    return f"{head}… ({len(secret)})"

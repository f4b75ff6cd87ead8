"""The automated checks that every submitted version passes through."""

from __future__ import annotations

from reviews.checks.base import Checker, CheckerError, Finding
from reviews.checks.copies import CopiesChecker
from reviews.checks.hidden_text import HiddenTextChecker
from reviews.checks.names import NamesChecker
from reviews.checks.quality import QualityChecker
from reviews.checks.secrets import SecretsChecker

CHECKERS: tuple[Checker, ...] = (
    NamesChecker(),
    CopiesChecker(),
    HiddenTextChecker(),
    SecretsChecker(),
    QualityChecker(),
)
LABELS = {checker.name: checker.label for checker in CHECKERS}

__all__ = ["CHECKERS", "LABELS", "Checker", "CheckerError", "Finding"]

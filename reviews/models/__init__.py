"""Moderation: policies, submissions, checks, cases, claims, reports, decisions, enforcements, notices."""

from reviews.models.cases import Case, Claim, Escalation
from reviews.models.decisions import Decision, Enforcement
from reviews.models.notices import Appeal, Notice
from reviews.models.policies import Policy, PolicyVersion
from reviews.models.reports import Report
from reviews.models.standing import DailyStat, Standing, Strike
from reviews.models.submissions import Check, Fingerprint, Submission

__all__ = [
    "Appeal",
    "Case",
    "Check",
    "Claim",
    "DailyStat",
    "Decision",
    "Enforcement",
    "Escalation",
    "Fingerprint",
    "Notice",
    "Policy",
    "PolicyVersion",
    "Report",
    "Standing",
    "Strike",
    "Submission",
]

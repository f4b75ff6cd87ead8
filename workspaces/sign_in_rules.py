"""How the companies of a person want them to sign in: pure rules over a session, without rows and request.

A company's rules hold for the whole account of its members, whatever workspace they work in.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

# How a session says that a company's identity provider confirmed the person.
COMPANY_METHOD = "company"


@dataclass(frozen=True)
class SignInRules:
    """The rules of one workspace; None means no rule.

    Hours count from the last time that the person proved who they are.
    """

    workspace_id: int
    slug: str
    is_sso_required: bool = False
    emergency_owner_id: int | None = None
    mfa_required_from: datetime | None = None
    session_hours: int | None = None
    api_key_days: int | None = None


class Need(StrEnum):
    SIGN_IN_AGAIN = "sign_in_again"
    COMPANY_SIGN_IN = "company_sign_in"
    SECOND_FACTOR = "second_factor"


@dataclass(frozen=True)
class Demand:
    """What a session lacks, for the workspace whose rule asks for it."""

    need: Need
    slug: str


def find_demand(
    rules: Iterable[SignInRules],
    *,
    user_id: int,
    records: Iterable[Mapping[str, Any]],
    has_second_factor: bool,
    at: datetime,
) -> Demand | None:
    """Return what the session must do first, None if it satisfies all rules.

    ``records`` are allauth's: how and when (seconds) the session's person proved who they are. The shortest
    session of the person's companies wins. The emergency owner may do without the company's provider, not
    without a second factor.
    """
    found, proofs = list(rules), list(records)
    limited = [rule for rule in found if rule.session_hours is not None]
    if limited:
        shortest = min(limited, key=lambda rule: rule.session_hours or 0)
        last = max((float(proof.get("at", 0)) for proof in proofs), default=0.0)
        if at.timestamp() - last > (shortest.session_hours or 0) * 3600:
            return Demand(Need.SIGN_IN_AGAIN, shortest.slug)
    confirmed = {proof.get("workspace") for proof in proofs if proof.get("method") == COMPANY_METHOD}
    for rule in found:
        is_confirmed = rule.workspace_id in confirmed
        is_emergency = rule.is_sso_required and rule.emergency_owner_id == user_id
        if rule.is_sso_required and not is_confirmed and not is_emergency:
            return Demand(Need.COMPANY_SIGN_IN, rule.slug)
        must_have = is_emergency or (rule.mfa_required_from is not None and rule.mfa_required_from <= at)
        if must_have and not is_confirmed and not has_second_factor:
            return Demand(Need.SECOND_FACTOR, rule.slug)
    return None


def is_key_too_old(rules: SignInRules | None, *, created_at: datetime, at: datetime) -> bool:
    """Whether an API key is older than its workspace allows."""
    days = None if rules is None else rules.api_key_days
    return days is not None and at - created_at > timedelta(days=days)


def find_grace(
    rules: Iterable[SignInRules],
    *,
    records: Iterable[Mapping[str, Any]],
    has_second_factor: bool,
    at: datetime,
) -> SignInRules | None:
    """Return the rule whose grace period for a second factor ends first, if the person has none yet.

    None for a company that confirmed the person in this session: its provider asks for the factor.
    """
    if has_second_factor:
        return None
    confirmed = {proof.get("workspace") for proof in records if proof.get("method") == COMPANY_METHOD}
    waiting = [
        rule
        for rule in rules
        if rule.mfa_required_from is not None
        and rule.mfa_required_from > at
        and rule.workspace_id not in confirmed
    ]
    return min(waiting, key=lambda rule: rule.mfa_required_from or at, default=None)

"""The wordings of policies: those in force, and those that a decision cites."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Q

from reviews.models import Decision, PolicyVersion


def get_policies_in_force(*, at: datetime) -> dict[str, PolicyVersion]:
    """Return the wording in force of every policy by its code, in their order."""
    versions = (
        PolicyVersion.objects.filter(Q(policy__retired_at__isnull=True) | Q(policy__retired_at__gt=at))
        .filter(effective_from__lte=at)
        .select_related("policy")
        .order_by("policy__position", "policy_id", "number")
    )
    return {version.policy.code: version for version in versions}


def get_cited_policies(decision: Decision) -> list[PolicyVersion]:
    """Return the wordings that the decision names."""
    cited = PolicyVersion.objects.filter(pk__in=decision.policy_versions)
    return list(cited.select_related("policy").order_by("policy__position"))

"""Acme deletes conversations after a year, those about offers later, and holds those of one dispute."""

from __future__ import annotations

from datetime import datetime, timedelta

from gpts.assistants.models import GPT
from gpts.chat.models import RetentionRule
from gpts.chat.services.retention import end_hold, propose_rule, save_rule, start_hold
from workspaces.models import User, Workspace

ACME, ADMIN, BUILDER, OFFERS = "acme", "admin@acme.test", "builder@acme.test", "acme-offers"


def lacks_retention() -> bool:
    return GPT.objects.filter(slug=OFFERS).exists() and not RetentionRule.objects.exists()


def seed_retention(*, at: datetime) -> str:
    """Make two rules in force, a hold on a GPT and one that has ended; returns what there is."""
    acme, admin = Workspace.objects.get(slug=ACME), User.objects.get(email=ADMIN)
    offers, begun = GPT.objects.get(slug=OFFERS), at - timedelta(days=9)
    for gpt, days in ((None, 365), (offers, 730)):
        rule = propose_rule(workspace=acme, gpt=gpt, days=days, by=admin, at=begun)
        # The demo has nothing that old, so the job would count none.
        rule.conversation_count, rule.held_count, rule.counted_at = 0, 0, begun
        rule.save(update_fields=["conversation_count", "held_count", "counted_at"])
        save_rule(rule=rule, by=admin, at=begun)
    past = start_hold(
        workspace=acme, email=BUILDER, reason="Question of the auditors about March.", by=admin, at=begun
    )
    end_hold(hold=past, by=admin, at=at - timedelta(days=2))
    start_hold(
        workspace=acme,
        gpt=offers,
        reason="Dispute with a customer about the offer of 12 October, file 2026-118.",
        by=admin,
        at=at - timedelta(days=3),
    )
    return "2 rules of retention, 1 legal hold"

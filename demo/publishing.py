"""Approval inside Acme: the rule, one GPT that waits for an admin, one that was sent back."""

from __future__ import annotations

from datetime import datetime, timedelta

from demo.rights import ACME, ADMIN, BUILDER, INVITE_ONLY, UNLISTED
from gpts.assistants.models import GPT, PublishingRule, PublishRequest
from gpts.assistants.states import ApprovalNeed, Audience
from gpts.studio.services.publishing import ask_to_publish, send_back_publish_request, set_publishing_rule
from workspaces.models import User, Workspace


def lacks_publishing() -> bool:
    return GPT.objects.filter(slug=UNLISTED.key).exists() and not PublishingRule.objects.exists()


def seed_publishing(*, at: datetime) -> str:
    """Make them; returns how many requests Acme has."""
    acme = Workspace.objects.get(slug=ACME)
    admin, builder = User.objects.get(email=ADMIN), User.objects.get(email=BUILDER)
    set_publishing_rule(workspace=acme, need=ApprovalNeed.COMPANY, by=admin, at=at - timedelta(days=10))
    early = ask_to_publish(
        gpt=GPT.objects.get(slug=INVITE_ONLY.key),
        audience=Audience.WORKSPACE,
        note="Sales has used it for two weeks and would like everyone to have it.",
        by=builder,
        at=at - timedelta(days=5),
    )
    send_back_publish_request(
        request=early,
        reason="It takes prices of last year for granted. Let it ask for the list that holds.",
        by=admin,
        at=at - timedelta(days=4),
    )
    ask_to_publish(
        gpt=GPT.objects.get(slug=UNLISTED.key),
        audience=Audience.WORKSPACE,
        note="Three teams share the link already. It names nothing that is secret.",
        by=builder,
        at=at - timedelta(hours=5),
    )
    return f"{PublishRequest.objects.filter(workspace=acme).count()} requests to share at Acme"

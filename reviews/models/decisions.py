"""Decisions, which are immutable, and their enforcements, which can be reversed."""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from core.ids import uuid7
from gpts.assistants.models import GPT, Version
from reviews.models.cases import Case
from reviews.states import (
    NEGATIVE_OUTCOMES,
    DecisionSource,
    EnforcementKind,
    EnforcementState,
    Outcome,
)


class Decision(models.Model):
    """The decision of one round of a case; append-only. ``policy_versions`` holds PolicyVersion keys.

    ``content_hash`` is what was judged; ``claim_token`` names the claim under which it was made.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="decisions")
    round = models.PositiveSmallIntegerField()
    outcome = models.CharField(max_length=20, choices=Outcome.choices)
    policy_versions = ArrayField(models.BigIntegerField(), default=list, blank=True)
    reasoning = models.TextField(blank=True)
    private_note = models.TextField(blank=True)
    decider = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="decisions"
    )
    source = models.CharField(max_length=20, choices=DecisionSource.choices)
    content_hash = models.CharField(max_length=64, blank=True)
    override_of = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="overrides"
    )
    claim_token = models.UUIDField(null=True, blank=True)
    decided_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["case", "round"], name="reviews_decision_round"),
            models.CheckConstraint(
                condition=~Q(outcome__in=NEGATIVE_OUTCOMES)
                | (~Q(reasoning="") & Q(policy_versions__len__gte=1)),
                name="reviews_decision_reasons",
            ),
            models.CheckConstraint(
                condition=Q(source=DecisionSource.AUTOMATION, decider__isnull=True)
                | (~Q(source=DecisionSource.AUTOMATION) & Q(decider__isnull=False)),
                name="reviews_decision_decider",
            ),
        ]
        indexes = [models.Index(fields=["-decided_at", "-id"], name="reviews_decision_log")]

    def __str__(self) -> str:
        return f"{self.outcome} on case {self.case_id}, round {self.round}"


class Enforcement(models.Model):
    """One effect of a decision. ``undo`` holds what reversing needs to restore the previous state."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    decision = models.ForeignKey(Decision, on_delete=models.PROTECT, related_name="enforcements")
    kind = models.CharField(max_length=20, choices=EnforcementKind.choices)
    state = models.CharField(
        max_length=12, choices=EnforcementState.choices, default=EnforcementState.PLANNED
    )
    gpt = models.ForeignKey(GPT, on_delete=models.PROTECT, null=True, blank=True, related_name="enforcements")
    version = models.ForeignKey(Version, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    builder = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="enforcements"
    )
    undo = models.JSONField(default=dict, blank=True)
    failure = models.CharField(max_length=80, blank=True)
    released_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    planned_at = models.DateTimeField()
    executed_at = models.DateTimeField(null=True, blank=True)
    reversed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["decision", "kind"], name="reviews_enforcement_once"),
            models.CheckConstraint(
                condition=Q(
                    state__in=(EnforcementState.EXECUTED, EnforcementState.REVERSED),
                    executed_at__isnull=False,
                )
                | Q(
                    state__in=(
                        EnforcementState.PLANNED,
                        EnforcementState.HELD,
                        EnforcementState.FAILED,
                        EnforcementState.CANCELLED,
                    ),
                    executed_at__isnull=True,
                ),
                name="reviews_enforcement_executed",
            ),
            models.CheckConstraint(
                condition=Q(state=EnforcementState.REVERSED, reversed_at__isnull=False)
                | (~Q(state=EnforcementState.REVERSED) & Q(reversed_at__isnull=True)),
                name="reviews_enforcement_reversed",
            ),
        ]
        indexes = [models.Index(fields=["builder", "kind", "state"], name="reviews_enforcement_builder")]

    def __str__(self) -> str:
        return f"{self.kind} ({self.state})"

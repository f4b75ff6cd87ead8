"""The store's policies in versions, which decisions cite."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import get_language

from reviews.states import Outcome


class Policy(models.Model):
    """A rule under a stable code. ``dsa_category`` is the category of the EU transparency database."""

    code = models.SlugField(max_length=40, unique=True)
    dsa_category = models.CharField(max_length=80)
    position = models.PositiveSmallIntegerField(default=0)
    retired_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name_plural = "policies"

    def __str__(self) -> str:
        return self.code


class PolicyVersion(models.Model):
    """One wording of a rule; append-only, so that a decision always shows the text it was made under."""

    policy = models.ForeignKey(Policy, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveSmallIntegerField()
    title_en = models.CharField(max_length=120)
    title_zh = models.CharField(max_length=120)
    text_en = models.TextField()
    text_zh = models.TextField()
    # 1 (minor) to 5 (never tolerated).
    severity = models.PositiveSmallIntegerField()
    allowed_outcomes = ArrayField(models.CharField(max_length=20, choices=Outcome.choices))
    effective_from = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["policy", "number"], name="reviews_policyversion_number"),
            models.CheckConstraint(
                condition=models.Q(severity__gte=1, severity__lte=5), name="reviews_policyversion_severity"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.title_en} ({self.number})"

    @property
    def title(self) -> str:
        return self.title_zh if (get_language() or "").startswith("zh") else self.title_en

    @property
    def text(self) -> str:
        return self.text_zh if (get_language() or "").startswith("zh") else self.text_en

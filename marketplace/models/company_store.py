"""Sections of a private store: required GPTs, shelves, categories, packs, a set for new members."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from gpts.assistants.models import GPT
from marketplace.states import GROUP_SECTIONS, SectionKind
from workspaces.models import Group, Workspace

TITLE_LENGTH = 80
TEXT_LENGTH = 300
REASON_LENGTH = 240


class StoreSection(models.Model):
    """A named set of GPTs, for all members, or for those of one group where its kind allows it."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="store_sections")
    kind = models.CharField(max_length=12, choices=SectionKind.choices)
    title = models.CharField(_("title"), max_length=TITLE_LENGTH)
    text = models.CharField(_("text"), max_length=TEXT_LENGTH, blank=True)
    # What is for a deleted group goes with it: it must not become everybody's.
    group = models.ForeignKey(Group, on_delete=models.CASCADE, null=True, blank=True, related_name="+")
    position = models.PositiveSmallIntegerField()
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=SectionKind.values), name="marketplace_storesection_kind"
            ),
            models.CheckConstraint(
                condition=Q(group__isnull=True) | Q(kind__in=GROUP_SECTIONS),
                name="marketplace_storesection_group",
            ),
            models.CheckConstraint(condition=~Q(title=""), name="marketplace_storesection_title"),
            models.UniqueConstraint(
                fields=["workspace"],
                condition=Q(kind=SectionKind.ONBOARDING),
                name="marketplace_storesection_onboarding",
            ),
        ]
        indexes = [
            models.Index(fields=["workspace", "position", "id"], name="marketplace_storesection_order")
        ]

    def __str__(self) -> str:
        return self.title


class StoreSectionEntry(models.Model):
    """One GPT of a section, with the reason why it stands there."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    section = models.ForeignKey(StoreSection, on_delete=models.CASCADE, related_name="entries")
    gpt = models.ForeignKey(GPT, on_delete=models.CASCADE, related_name="+")
    reason = models.CharField(_("reason"), max_length=REASON_LENGTH, blank=True)
    position = models.PositiveSmallIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["section", "gpt"], name="marketplace_storesectionentry_gpt"),
            models.UniqueConstraint(
                fields=["section", "position"], name="marketplace_storesectionentry_order"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.gpt_id} in section {self.section_id}"


class ClosedOnboarding(models.Model):
    """A member has closed the set for new members of a workspace."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    closed_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workspace", "user"], name="marketplace_closedonboarding_once")
        ]

    def __str__(self) -> str:
        return f"{self.user_id} in {self.workspace_id}"

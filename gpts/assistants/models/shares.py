"""People and groups that a GPT is shared with, and transfers of GPTs to another owner."""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from core.ids import uuid7
from gpts.assistants.models.gpts import GPT
from gpts.assistants.states import ShareRight
from workspaces.models import Group, Workspace


class GPTShare(models.Model):
    """What one person, or each member of one group, may do with a GPT besides what its audiences allow.

    The database removes the rows of a person whose membership of ``workspace``, the GPT's, ends. Somebody
    who is not a member counts only while they are its guest, and may chat only.
    """

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="gpt_shares")
    gpt = models.ForeignKey(GPT, on_delete=models.CASCADE, related_name="shares")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, related_name="gpt_shares"
    )
    group = models.ForeignKey(Group, on_delete=models.CASCADE, null=True, related_name="gpt_shares")
    right = models.CharField(max_length=4, choices=ShareRight.choices)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    created_at = models.DateTimeField()

    class Meta:
        verbose_name = "share of a GPT"
        constraints = [
            models.UniqueConstraint(fields=["gpt", "user"], name="gpts_gptshare_person"),
            models.UniqueConstraint(fields=["gpt", "group"], name="gpts_gptshare_group"),
            models.CheckConstraint(
                condition=Q(user__isnull=False, group__isnull=True)
                | Q(user__isnull=True, group__isnull=False),
                name="gpts_gptshare_one",
            ),
            models.CheckConstraint(
                condition=Q(right__in=[choice.value for choice in ShareRight]), name="gpts_gptshare_right"
            ),
        ]
        indexes = [models.Index(fields=["user", "workspace"], name="gpts_gptshare_user")]

    def __str__(self) -> str:
        return f"{self.right} of {self.gpt_id}"


class GPTTransfer(models.Model):
    """GPTs of a workspace that a job gives to ``to_user``; the progress of that job.

    ``gpt_ids`` are those to give, ``moved_ids`` and ``skipped_ids`` those that were dealt with. Skipped are
    those that were deleted, quarantined or given to somebody else meanwhile: ``owner_ids`` are the owners at
    the request, in the order of ``gpt_ids``.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="gpt_transfers")
    to_user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    requested_at = models.DateTimeField()
    gpt_ids = ArrayField(models.BigIntegerField())
    # Empty in requests of older releases, which give every GPT.
    owner_ids = ArrayField(models.BigIntegerField(), default=list, db_default=[])
    moved_ids = ArrayField(models.BigIntegerField(), default=list)
    skipped_ids = ArrayField(models.BigIntegerField(), default=list)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = "transfer of GPTs"
        indexes = [
            models.Index(
                fields=["requested_at"], condition=Q(finished_at__isnull=True), name="gpts_gpttransfer_open"
            ),
            models.Index(fields=["workspace", "-requested_at"], name="gpts_gpttransfer_workspace"),
        ]

    def __str__(self) -> str:
        return f"{self.pk}: {self.done_count} of {len(self.gpt_ids)}"

    @property
    def done_count(self) -> int:
        return len(self.moved_ids) + len(self.skipped_ids)

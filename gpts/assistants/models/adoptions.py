"""GPTs of other workspaces that a company lets its members use: requests and adoptions."""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from gpts.assistants.models.gpts import GPT, Version
from gpts.assistants.states import AdoptionState, RequestState
from workspaces.models import Workspace

REASON_LENGTH = 1_000


class AdoptionRequest(models.Model):
    """A member asks that ``workspace`` approves a GPT from outside; ``answer`` is what an admin replied.

    One open request of a person for a GPT. One that was taken back keeps no reason: it only tells that this
    person asked, who may not approve the GPT.
    """

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    gpt = models.ForeignKey(GPT, on_delete=models.CASCADE, related_name="+")
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    reason = models.TextField(max_length=REASON_LENGTH)
    state = models.CharField(max_length=9, choices=RequestState.choices, default=RequestState.OPEN)
    requested_at = models.DateTimeField()
    answer = models.TextField(max_length=REASON_LENGTH, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    decided_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = "request for an external GPT"
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "gpt", "requested_by"],
                condition=Q(state=RequestState.OPEN),
                name="gpts_adoptionrequest_once",
            ),
            # Another person than the requester decides.
            models.CheckConstraint(
                condition=Q(decided_by__isnull=True) | ~Q(decided_by=models.F("requested_by")),
                name="gpts_adoptionrequest_two",
            ),
        ]
        indexes = [models.Index(fields=["workspace", "-id"], name="gpts_adoptionrequest_place")]

    def __str__(self) -> str:
        return f"{self.gpt_id} for {self.workspace_id}: {self.state}"


class Adoption(models.Model):
    """What ``workspace`` decided about one GPT of another workspace; at most one row for each GPT.

    While APPROVED and before ``expires_at`` it is approved for everyone, or for members of the groups with
    ``group_ids``; ``version`` answers its people (access.pin_version). BLOCKED refuses it to every member.
    ``note`` is the reason of a block, which members read. ``offered_version`` is the newest that its
    admins were told of, the other two what they were reminded of.
    """

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="adoptions")
    gpt = models.ForeignKey(GPT, on_delete=models.CASCADE, related_name="adoptions")
    version = models.ForeignKey(Version, on_delete=models.CASCADE, null=True, related_name="+")
    state = models.CharField(max_length=9, choices=AdoptionState.choices)
    is_for_everyone = models.BooleanField(default=True)
    group_ids = ArrayField(models.BigIntegerField(), default=list)
    note = models.TextField(max_length=REASON_LENGTH, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    decided_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True)
    recertify_at = models.DateTimeField(null=True)
    offered_version = models.ForeignKey(Version, on_delete=models.SET_NULL, null=True, related_name="+")
    reminded_of_end_at = models.DateTimeField(null=True)
    reminded_of_check_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = "adoption of an external GPT"
        constraints = [
            models.UniqueConstraint(fields=["workspace", "gpt"], name="gpts_adoption_once"),
            models.CheckConstraint(
                condition=~Q(state=AdoptionState.APPROVED)
                | Q(version__isnull=False, expires_at__isnull=False, recertify_at__isnull=False),
                name="gpts_adoption_whole",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.gpt_id} in {self.workspace_id}: {self.state}"

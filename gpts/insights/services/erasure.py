"""Erases the figures of a workspace's GPTs: they name nobody, but hold words that people used."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext_lazy as _

from gpts.insights.models import InsightBucket, InsightCohort, InsightReach, InsightState
from workspaces.erasure import BATCH, ErasurePart
from workspaces.models import Workspace


def erase_insights_of_workspace(workspace: Workspace, at: datetime) -> int:
    count = 0
    for model in (InsightBucket, InsightCohort, InsightReach, InsightState):
        found = list(model.objects.filter(gpt__workspace=workspace).values_list("pk", flat=True)[:BATCH])
        model.objects.filter(pk__in=found).delete()
        count += len(found)
    return count


PART = ErasurePart(
    name="gpts.insights",
    label=_("Insights"),
    erase_workspace=erase_insights_of_workspace,
)

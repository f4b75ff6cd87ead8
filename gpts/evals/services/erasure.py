"""Erases golden prompts, their runs and results of a workspace."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext_lazy as _

from gpts.evals.models import GoldenPrompt, GoldenRun
from workspaces.erasure import BATCH, ErasurePart
from workspaces.models import Workspace


def erase_tests_in_workspace(workspace: Workspace, at: datetime) -> int:
    runs = list(GoldenRun.objects.filter(workspace=workspace).values_list("pk", flat=True)[:20])
    GoldenRun.objects.filter(pk__in=runs).delete()
    prompts = list(GoldenPrompt.objects.filter(workspace=workspace).values_list("pk", flat=True)[:BATCH])
    GoldenPrompt.objects.filter(pk__in=prompts).delete()
    return len(runs) + len(prompts)


PART = ErasurePart(
    name="gpts.evals",
    label=_("Tests and their results"),
    erase_workspace=erase_tests_in_workspace,
)

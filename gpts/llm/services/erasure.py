"""Erases a workspace's own model providers with their keys and models."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext_lazy as _

from gpts.llm.models import ModelProvider
from workspaces.erasure import ErasurePart
from workspaces.models import Workspace


def erase_providers_of_workspace(workspace: Workspace, at: datetime) -> int:
    return ModelProvider.objects.filter(workspace=workspace).delete()[0]


PART = ErasurePart(
    name="gpts.llm",
    label=_("Model providers and their keys"),
    erase_workspace=erase_providers_of_workspace,
    # Frozen versions name their model until they are erased.
    after=("gpts.assistants",),
)

"""Erases the GPTs of a workspace: draft, frozen versions and icons. Rows, ids and content hashes stay.

Usage, the ledger and decisions refer to those rows. Versions are append-only; the database lets exactly one
change through, from the worker only: emptying the text of all versions of a GPT that is marked as erased.
"""

from __future__ import annotations

from datetime import datetime

from django.core.files.storage import default_storage
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from gpts.assistants.models import (
    GPT,
    Adoption,
    AdoptionRequest,
    GPTShare,
    LiveVersion,
    PastVersion,
    PrivateListing,
    PublishingRule,
    PublishRequest,
    Version,
)
from gpts.assistants.services.addresses import ADDRESS
from gpts.assistants.states import Category, OutputFormat
from gpts.llm.states import ModelChoice
from workspaces.erasure import ErasurePart, retire_name
from workspaces.models import User, Workspace

# Not translated: it is stored in place of the name.
DELETED_GPT = "Deleted GPT"
GPTS = 50


def erase_requests_of_person(user: User, at: datetime) -> int:
    asked = AdoptionRequest.objects.filter(requested_by=user).delete()[0]
    return asked + PublishRequest.objects.filter(requested_by=user).delete()[0]


def erase_gpts_of_workspace(workspace: Workspace, at: datetime) -> int:
    AdoptionRequest.objects.filter(Q(workspace=workspace) | Q(gpt__workspace=workspace)).delete()
    Adoption.objects.filter(Q(workspace=workspace) | Q(gpt__workspace=workspace)).delete()
    PublishRequest.objects.filter(workspace=workspace).delete()
    PublishingRule.objects.filter(workspace=workspace).delete()
    found = list(
        GPT.objects.select_for_update(of=("self",)).filter(workspace=workspace, erased_at__isnull=True)[:GPTS]
    )
    for gpt in found:
        _erase_gpt(gpt, at)
    return len(found)


def _erase_gpt(gpt: GPT, at: datetime) -> None:
    icons = {gpt.icon, *Version.objects.filter(gpt=gpt).values_list("icon", flat=True)} - {""}
    LiveVersion.objects.filter(gpt=gpt).delete()
    PrivateListing.objects.filter(gpt=gpt).delete()
    PastVersion.objects.filter(gpt=gpt).delete()
    GPTShare.objects.filter(gpt=gpt).delete()
    retire_name(ADDRESS, gpt.slug)
    GPT.objects.filter(pk=gpt.pk).update(
        name=DELETED_GPT,
        slug=f"deleted-{gpt.pk}",
        former_slug=None,
        description="",
        instructions="",
        starters=[],
        icon="",
        category=Category.OTHER,
        language_model=None,
        output_format=OutputFormat.TEXT,
        output_schema=None,
        model_choice=ModelChoice.ANY,
        allowed_models=[],
        no_answer_text="",
        blocked_at=None,
        block_reason="",
        deleted_at=gpt.deleted_at or at,
        erased_at=at,
    )
    # The trigger of the table refuses anything but exactly this.
    Version.objects.filter(gpt=gpt).update(
        name=DELETED_GPT,
        description="",
        instructions="",
        starters=[],
        icon="",
        language_model=None,
        model_name="",
        output_schema=None,
        allowed_models=[],
        no_answer_text="",
        release_notes="",
    )
    for icon in icons:
        # Equal pictures share a file, also across workspaces.
        if not (GPT.objects.filter(icon=icon).exists() or Version.objects.filter(icon=icon).exists()):
            default_storage.delete(icon)


PART = ErasurePart(
    name="gpts.assistants",
    label=_("GPTs with instructions, versions and icons"),
    erase_person=erase_requests_of_person,
    erase_workspace=erase_gpts_of_workspace,
    # Evidence stays while moderation has an open case.
    after=("reviews",),
)

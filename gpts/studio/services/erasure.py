"""Erases Create conversations. A person's messages about GPTs of a company keep their cost, without text."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from gpts.studio.models import BuilderChange, BuilderMessage
from workspaces.erasure import BATCH, ErasurePart
from workspaces.models import User, Workspace


def erase_messages_of_person(user: User, at: datetime) -> int:
    changes = list(BuilderChange.objects.filter(user=user).values_list("pk", flat=True)[:BATCH])
    BuilderChange.objects.filter(pk__in=changes).delete()
    with_text = BuilderMessage.objects.filter(~Q(content="") | ~Q(choices=[]), user=user)
    messages = list(with_text.values_list("pk", flat=True)[:BATCH])
    BuilderMessage.objects.filter(pk__in=messages).update(content="", choices=[], cleared_at=at)
    return len(changes) + len(messages)


def erase_messages_in_workspace(workspace: Workspace, at: datetime) -> int:
    messages = list(BuilderMessage.objects.filter(workspace=workspace).values_list("pk", flat=True)[:BATCH])
    BuilderMessage.objects.filter(pk__in=messages).delete()
    return len(messages)


PART = ErasurePart(
    name="gpts.studio",
    label=_("Conversations with Create"),
    erase_person=erase_messages_of_person,
    erase_workspace=erase_messages_in_workspace,
)

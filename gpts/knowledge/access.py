"""Fetch and authorise a knowledge file in one call, or raise."""

from __future__ import annotations

from uuid import UUID

from django.utils.translation import gettext_lazy as _

from core.errors import NotFound
from gpts.assistants.access import gpt_not_found
from gpts.assistants.models import GPT
from gpts.assistants.queries.gpts import get_relation
from gpts.assistants.rules import GPTAct, may
from gpts.knowledge.models import KnowledgeFile
from gpts.knowledge.queries import get_knowledge_file, get_page_job
from workspaces.models import OutboundJob, User


def access_knowledge_file(
    user: User, gpt: GPT, identifier: int, *, include_removed: bool = False
) -> KnowledgeFile:
    """Return one file of the draft; NotFound unless ``user`` may view the settings of ``gpt``.

    ``include_removed`` also finds files that were removed from the draft and are kept for frozen versions.
    """
    if not may(GPTAct.VIEW_SETTINGS, gpt, get_relation(user, gpt)):
        raise gpt_not_found()
    found = get_knowledge_file(gpt, identifier, include_removed=include_removed)
    if found is None:
        raise NotFound(_("This GPT has no such file."), code="file_not_found")
    return found


def access_page_job(user: User, gpt: GPT, identifier: UUID) -> OutboundJob:
    """Return a job that fetches a page into the draft; raises what access_knowledge_file raises."""
    if not may(GPTAct.VIEW_SETTINGS, gpt, get_relation(user, gpt)):
        raise gpt_not_found()
    found = get_page_job(gpt, identifier)
    if found is None:
        raise NotFound(_("This GPT has no such file."), code="file_not_found")
    return found

"""Fetch and authorise a knowledge file in one call, or raise."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from core.errors import NotFound
from gpts.assistants.access import gpt_not_found
from gpts.assistants.models import GPT
from gpts.assistants.queries.gpts import get_relation
from gpts.assistants.rules import GPTAct, may
from gpts.knowledge.models import KnowledgeFile
from gpts.knowledge.queries import knowledge_file


def access_knowledge_file(user: Any, gpt: GPT, identifier: int, *, with_kept: bool = False) -> KnowledgeFile:
    """Return one file of the draft of a GPT whose settings ``user`` may view.

    ``with_kept`` takes files that were removed from it as well, which frozen versions still answer from.
    """
    if not may(GPTAct.VIEW_SETTINGS, gpt, get_relation(user, gpt)):
        raise gpt_not_found()
    found = knowledge_file(gpt, identifier, with_kept=with_kept)
    if found is None:
        raise NotFound(_("This GPT has no such file."), code="file_not_found")
    return found

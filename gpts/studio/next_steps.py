"""What is left to do before a GPT is good: read from the draft itself, so that it is never out of date."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from gpts.assistants.models import GPT, LiveVersion
from gpts.assistants.queries.gpts import gpt_workspace_scope
from gpts.assistants.states import OutputFormat
from gpts.chat.models import Conversation
from gpts.knowledge.models import KnowledgeFile
from gpts.llm.states import Capability
from gpts.studio.gpt_templates import OPEN_PLACE


@dataclass(frozen=True)
class Step:
    """``tab`` is the builder's tab where it is done."""

    key: str
    text: str
    tab: str
    is_done: bool


def next_steps(gpt: GPT, user: Any) -> list[Step]:
    """The steps that apply to this draft, in their order. Three queries."""
    steps = [
        Step("description", _("Say in a line what it does"), "configure", bool(gpt.description)),
        Step("instructions", _("Write its instructions"), "configure", bool(gpt.instructions)),
    ]
    texts = (gpt.description, gpt.instructions, gpt.no_answer_text)
    if any(OPEN_PLACE in text for text in texts):
        steps.append(Step("places", _("Fill in the places marked ‹ ›"), "configure", False))
    if Capability.FILE_SEARCH in gpt.capabilities or gpt.answers_only_from_knowledge:
        steps.append(Step("knowledge", _("Add knowledge files"), "knowledge", _has_files(gpt)))
    if gpt.output_format == OutputFormat.JSON_SCHEMA:
        steps.append(
            Step("schema", _("Check the schema of its answers"), "configure", bool(gpt.output_schema))
        )
    tried = Conversation.objects.filter(gpt=gpt, user_id=user.pk, version__isnull=True).exists()
    steps.append(Step("try", _("Try it in the preview"), "preview", tried))
    steps.append(Step("share", _("Share it"), "share", LiveVersion.objects.filter(gpt=gpt).exists()))
    return steps


def _has_files(gpt: GPT) -> bool:
    with gpt_workspace_scope(gpt):
        return KnowledgeFile.objects.filter(gpt=gpt, removed_at__isnull=True).exists()

"""The checklist of a draft: what is left to do before it is shared. Computed from the draft each time."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext as _

from gpts.assistants.models import GPT, LiveVersion
from gpts.assistants.queries.gpts import gpt_workspace_scope
from gpts.assistants.states import OutputFormat
from gpts.chat.models import Conversation
from gpts.knowledge.models import KnowledgeFile
from gpts.llm.states import Capability
from gpts.studio.gpt_templates import PLACEHOLDER_MARK
from workspaces.models import User


@dataclass(frozen=True)
class NextStep:
    """``tab`` is the key of the page's tab where the step is done."""

    key: str
    text: str
    tab: str
    is_done: bool


def list_next_steps(gpt: GPT, user: User) -> list[NextStep]:
    """Return the steps that apply to this draft, in order. Needs three queries."""
    steps = [
        NextStep("description", _("Say in a line what it does"), "configure", bool(gpt.description)),
        NextStep("instructions", _("Write its instructions"), "configure", bool(gpt.instructions)),
    ]
    texts = (gpt.description, gpt.instructions, gpt.no_answer_text)
    if any(PLACEHOLDER_MARK in text for text in texts):
        steps.append(NextStep("places", _("Fill in the places marked ‹ ›"), "configure", False))
    if Capability.FILE_SEARCH in gpt.capabilities or gpt.answers_only_from_knowledge:
        steps.append(NextStep("knowledge", _("Add knowledge files"), "knowledge", _has_files(gpt)))
    if gpt.output_format == OutputFormat.JSON_SCHEMA:
        steps.append(
            NextStep("schema", _("Check the schema of its answers"), "configure", bool(gpt.output_schema))
        )
    is_tried = Conversation.objects.filter(gpt=gpt, user_id=user.pk, version__isnull=True).exists()
    steps.append(NextStep("try", _("Try it in the preview"), "preview", is_tried))
    steps.append(NextStep("share", _("Share it"), "share", LiveVersion.objects.filter(gpt=gpt).exists()))
    return steps


def _has_files(gpt: GPT) -> bool:
    with gpt_workspace_scope(gpt):
        return KnowledgeFile.objects.filter(gpt=gpt, removed_at__isnull=True).exists()

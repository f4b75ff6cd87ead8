"""Event and page data of the Create conversation: changes, the draft, the end of an answer."""

from __future__ import annotations

from typing import Any

from django.template.loader import render_to_string
from django.utils.translation import gettext as _

from core.look.illustrations import arch_icon
from core.markdown import render
from gpts.assistants.models import GPT
from gpts.assistants.services.gpts import serialize_draft_field
from gpts.llm.failure_messages import get_failure_message, get_limit_note
from gpts.llm.models import LanguageModel
from gpts.llm.states import FinishReason, TurnState
from gpts.studio.models import BuilderChange, BuilderMessage
from gpts.studio.services.create import CONVERSATION_FIELDS


def describe_missing_functions(model: LanguageModel | None) -> str:
    """Return why the model does not build the GPT: it cannot call the functions that change the draft."""
    return _("%(model)s cannot call functions, so this is a guided interview with fixed questions.") % {
        "model": model.shown_label if model is not None else _("The model")
    }


def get_draft_values(gpt: GPT) -> dict[str, Any]:
    """Return the fields that the conversation may change, as JSON values."""
    return {name: serialize_draft_field(gpt, name) for name in CONVERSATION_FIELDS}


def build_change_data(gpt: GPT, change: BuilderChange) -> dict[str, Any]:
    """Return a change with its card, and the current draft for the form and the preview."""
    context = {"change": change, "gpt": gpt, "may_edit": True, "is_streamed": True}
    return {
        "id": change.pk,
        "field": change.field,
        "state": change.state,
        "before": change.before,
        "after": change.after,
        "revision": gpt.draft_revision,
        "html": render_to_string("gpts/studio/_change.html", context),
        "draft": build_draft_data(gpt),
    }


def build_draft_data(gpt: GPT) -> dict[str, Any]:
    address = f"/{gpt.icon}" if gpt.icon else ""
    return {
        "values": get_draft_values(gpt),
        "html": render_to_string("gpts/studio/_draft.html", {"gpt": gpt}),
        "icon": str(arch_icon(gpt.name, address, gpt.category, "lg", gpt.slug)),
        "icon_small": str(arch_icon(gpt.name, address, gpt.category, "sm", gpt.slug)),
    }


def build_message_end(message: BuilderMessage, *, retry_after: float | None = None) -> dict[str, Any]:
    """Return how an answer ended, with its text as safe HTML."""
    seconds = None if retry_after is None else max(round(retry_after), 1)
    return {
        "message": str(message.pk),
        "state": message.state,
        "code": message.error_code,
        "note": get_note(message, seconds),
        "finish_reason": message.finish_reason,
        "text": message.content,
        "html": render(message.content, person_id=message.user_id) if message.content else "",
        "choices": message.choices,
        "usage": {"input_tokens": message.input_tokens, "output_tokens": message.output_tokens},
        "cost_micros": message.cost_micros,
        "model": message.model_name,
    }


def get_note(message: BuilderMessage, retry_after: int | None = None) -> str:
    """Return the note under an answer that was stopped, failed or cut by a limit; empty for a whole one."""
    if message.state == TurnState.STOPPED:
        return _("You stopped this answer. What it had changed stands.")
    if message.finish_reason == FinishReason.LENGTH:
        return get_limit_note()
    return get_failure_message(message.error_code, retry_after) if message.error_code else ""


def render_text(message: BuilderMessage) -> str:
    return str(render(message.content, person_id=message.user_id))

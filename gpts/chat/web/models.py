"""The choice of a model in the composer."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from core.look import formats
from gpts.assistants.models import GPT, Version
from gpts.chat.models import Conversation
from gpts.llm.catalogue import get_usable_model, is_offered, list_model_choices
from gpts.llm.models import LanguageModel


def model_options(
    gpt: GPT, version: Version | None, conversation: Conversation | None
) -> list[dict[str, Any]]:
    """What the person may choose, as the composer's options; empty when there is nothing to choose."""
    choices = list_model_choices(version or gpt, gpt.workspace)
    if len(choices) < 2:
        return []
    chosen = conversation.language_model_id if conversation is not None else None
    return [
        {
            # The recommended one is no choice: the conversation follows the GPT when its maker changes it.
            "value": "" if place == 0 else model.pk,
            "label": model.label or model.name,
            "hint": price_hint(model),
            "current": model.pk == chosen,
        }
        for place, model in enumerate(choices)
    ]


def price_hint(model: LanguageModel) -> str:
    """What a million tokens cost, sent and received; empty for a model without prices."""
    if not (model.input_price_micros or model.output_price_micros):
        return ""
    currency = settings.PAYOUT_CURRENCY
    return _("%(sent)s in, %(received)s out per million tokens") % {
        "sent": formats.micros(model.input_price_micros, currency),
        "received": formats.micros(model.output_price_micros, currency),
    }


def model_note(gpt: GPT, version: Version | None) -> str:
    """A quiet line for the chat while another model answers than the GPT's own, which is gone."""
    own = (version or gpt).language_model
    if own is None or is_offered(own, gpt.workspace):
        return ""
    answering = get_usable_model(version or gpt, gpt.workspace)
    if answering is None:
        return _("The model of this GPT is not offered any more, and no other one is configured.")
    return _("The model of this GPT, %(own)s, is not offered any more. %(other)s answers in its place.") % {
        "own": own.label,
        "other": answering.label,
    }

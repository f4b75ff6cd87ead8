"""The choice of a model in the composer."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from core.look import formats
from gpts.assistants.models import GPT, Version
from gpts.assistants.queries.gpts import keep_allowed
from gpts.chat.models import Conversation
from gpts.llm.catalogue import get_usable_model, is_offered, list_model_choices
from gpts.llm.models import LanguageModel
from gpts.metering.queries.price_ceilings import get_foreign_price
from workspaces.models import User


def build_model_menu(
    gpt: GPT,
    version: Version | None,
    conversation: Conversation | None,
    *,
    person: User,
    payer_id: int,
) -> dict[str, Any]:
    """Return for the composer: ``models``, the options, empty if there is no choice, and ``price``, what
    answers cost the workspace ``payer_id`` if another one sets their price, else None."""
    offered = list_model_choices(version or gpt, gpt.workspace)
    choices = offered
    if len(offered) > 1:
        choices = keep_allowed(offered, user_id=person.pk, workspace_id=payer_id)
    chosen = conversation.language_model_id if conversation is not None else None
    answering = next((model for model in choices if model.pk == chosen), choices[0] if choices else None)
    return {
        "models": _list_options(choices, chosen, recommended=offered[0] if offered else None),
        "currency": settings.PAYOUT_CURRENCY,
        "price": get_foreign_price(answering, payer_id),
    }


def _list_options(
    choices: list[LanguageModel], chosen: int | None, *, recommended: LanguageModel | None
) -> list[dict[str, Any]]:
    """Return the options; where the sharing policy forbids the recommended model, another must be chosen."""
    if not choices or choices == [recommended]:
        return []
    return [
        {
            # An empty value follows the GPT's recommendation, which is the first, also when it changes.
            "value": "" if model == recommended else model.pk,
            "label": model.shown_label or model.name,
            "hint": describe_price(model),
            "current": model.pk == chosen,
        }
        for model in choices
    ]


def describe_price(model: LanguageModel) -> str:
    """Describe the price of a million tokens, in and out; empty for a model without prices."""
    if not (model.input_price_micros or model.output_price_micros):
        return ""
    currency = settings.PAYOUT_CURRENCY
    return _("%(sent)s in, %(received)s out per million tokens") % {
        "sent": formats.micros(model.input_price_micros, currency),
        "received": formats.micros(model.output_price_micros, currency),
    }


def get_model_note(gpt: GPT, version: Version | None) -> str:
    """The note that another model replaces the GPT's own, which is no longer offered; otherwise empty."""
    own = (version or gpt).language_model
    if own is None or is_offered(own, gpt.workspace):
        return ""
    answering = get_usable_model(version or gpt, gpt.workspace)
    if answering is None:
        return _("The model of this GPT is not offered any more, and no other one is configured.")
    return _("The model of this GPT, %(own)s, is not offered any more. %(other)s answers in its place.") % {
        "own": own.shown_label,
        "other": answering.shown_label,
    }

"""The choice of a model in the composer."""

from __future__ import annotations

from typing import Any

from gpts.model_catalogue import choices_for
from gpts.models import GPT, Conversation, Version


def model_options(
    gpt: GPT, version: Version | None, conversation: Conversation | None
) -> list[dict[str, Any]]:
    """What the person may choose, as the composer's options; empty when there is nothing to choose."""
    choices = choices_for(version or gpt, gpt.workspace)
    if len(choices) < 2:
        return []
    chosen = conversation.language_model_id if conversation is not None else None
    return [
        {
            # The recommended one is no choice: the conversation follows the GPT when its maker changes it.
            "value": "" if place == 0 else model.pk,
            "label": model.label or model.name,
            "current": model.pk == chosen,
        }
        for place, model in enumerate(choices)
    ]

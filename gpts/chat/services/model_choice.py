"""The model that a person chooses for a conversation."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from core.errors import InvalidInput
from gpts.chat.models import Conversation
from gpts.llm.catalogue import list_model_choices
from workspaces.acts import check_policy
from workspaces.policy import Act, model_targets


def choose_model(*, conversation: Conversation, chosen: str | None) -> Conversation:
    """Save ``chosen``, the id or name of a model; empty follows the GPT's recommendation, None is no change.

    InvalidInput (``model_not_allowed``) for a model that the GPT does not let people choose or that is not
    offered, Forbidden (``policy_refuses``) when a rule of the workspace that pays forbids it. No query when
    the choice is the same as before.
    """
    if chosen is None or chosen == _get_chosen_id(conversation):
        return conversation
    model = None
    if chosen:
        behaviour = conversation.version or conversation.gpt
        allowed = list_model_choices(behaviour, conversation.gpt.workspace)
        model = next((found for found in allowed if chosen in (str(found.pk), found.name)), None)
        if model is None:
            raise InvalidInput(
                _("This model cannot be chosen here. Choose another one."),
                code="model_not_allowed",
                field="model",
            )
        check_policy(
            conversation.user_id,
            Act.USE_MODEL,
            workspace_id=conversation.workspace_id,
            targets=model_targets(model.pk, model.provider_id),
        )
    conversation.language_model = model
    Conversation.objects.filter(pk=conversation.pk).update(language_model=model)
    return conversation


def _get_chosen_id(conversation: Conversation) -> str:
    return "" if conversation.language_model_id is None else str(conversation.language_model_id)

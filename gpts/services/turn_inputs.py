"""What the runtime is given for one turn: model, instructions, history, passages. Read, never written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.conf import settings

from gpts.models import GPT, Conversation, LanguageModel, Message, Turn, Version
from gpts.queries import default_model
from gpts.retrieval import FoundPassage, find_passages
from gpts.runtime.types import ModelAPI, ModelSpec, PassageQuote, PromptMessage, TurnInput
from gpts.services.providers import provider_key
from gpts.states import METERED_TURN_STATES, MessageRole

HISTORY_MESSAGES = 80
PASSAGES = 5


@dataclass(frozen=True)
class PreparedTurn:
    """A turn ready to run. `passages` are in the order of their citation numbers."""

    turn: Turn
    conversation: Conversation
    model: LanguageModel | None
    input: TurnInput
    passages: tuple[FoundPassage, ...]


def prepare_turn(*, turn: Turn, conversation: Conversation, text: str, language: str) -> PreparedTurn:
    """Gather a started turn's input; ``conversation`` comes with gpt and version."""
    gpt, version = conversation.gpt, conversation.version
    behaviour: GPT | Version = version or gpt
    model = usable_model(gpt, version)
    passages: tuple[FoundPassage, ...] = ()
    if version is None or version.knowledge_hashes:
        passages = tuple(find_passages(gpt, text, PASSAGES, version=version))
    given = TurnInput(
        spec=spec_of(model),
        text=text,
        gpt_name=behaviour.name,
        gpt_description=behaviour.description,
        instructions=behaviour.instructions,
        history=_history(conversation, turn) if turn.position > 1 else (),
        passages=tuple(PassageQuote(p.file, p.text, _location(p)) for p in passages),
        language=language,
        temperature=None if behaviour.temperature is None else float(behaviour.temperature),
    )
    return PreparedTurn(turn, conversation, model, given, passages)


def usable_model(gpt: GPT, version: Version | None) -> LanguageModel | None:
    """The chosen model while it is offered, else the best that the GPT's workspace may use."""
    chosen = version.language_model if version is not None else gpt.language_model
    if chosen is not None and chosen.retired_at is None and chosen.provider.is_enabled:
        return chosen
    return default_model(gpt.workspace)


def spec_of(model: LanguageModel | None) -> ModelSpec:
    """The runtime's description of a model; without one, the offline model."""
    if model is None:
        return ModelSpec("offline", ModelAPI.OFFLINE)
    provider = model.provider
    return ModelSpec(
        name=model.name,
        api=ModelAPI(provider.kind),
        base_url=provider.base_url,
        api_key=provider_key(provider),
        context_window=model.context_window,
        max_output_tokens=model.max_output_tokens,
        first_token_timeout=settings.MODEL_FIRST_TOKEN_SECONDS,
        idle_timeout=settings.MODEL_IDLE_SECONDS,
        is_guarded=provider.workspace_id is not None,
    )


def citations_in(text: str, passages: tuple[FoundPassage, ...]) -> list[dict[str, Any]]:
    """The passages whose number the answer cites, as Message.citations keeps them."""
    return [
        {
            "number": number,
            "passage_id": passage.passage_id,
            "file": passage.file,
            "heading": passage.heading,
            "page": passage.page,
        }
        for number, passage in enumerate(passages, 1)
        if f"[{number}]" in text
    ]


def _location(passage: FoundPassage) -> str:
    page = f"p. {passage.page}" if passage.page else ""
    return " · ".join(part for part in (passage.heading, page) if part)


def _history(conversation: Conversation, turn: Turn) -> tuple[PromptMessage, ...]:
    rows = (
        Message.objects.filter(
            turn__conversation=conversation,
            turn__position__lt=turn.position,
            turn__replaced_by__isnull=True,
            turn__state__in=METERED_TURN_STATES,
        )
        .order_by("-turn__position", "role")
        .values_list("role", "content")[:HISTORY_MESSAGES]
    )
    # "assistant" sorts before "user", so that reversed the question comes first.
    return tuple(
        PromptMessage("user" if role == MessageRole.USER else "assistant", content)
        for role, content in reversed(rows)
    )

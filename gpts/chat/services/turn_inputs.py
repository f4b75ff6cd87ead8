"""What the runtime is given for one turn: model, instructions, history, passages. Read, never written."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext as _

from gpts.assistants.model_settings import get_model_settings
from gpts.assistants.models import GPT, Version
from gpts.chat.confinement import withheld_from
from gpts.chat.models import Conversation, Message, Turn
from gpts.chat.queries.attachments import AttachedParts, AttachedPiece, attached_parts
from gpts.chat.states import MessageRole
from gpts.knowledge.queries import list_knowledge_files
from gpts.knowledge.retrieval import FoundPassage, find_passages, is_answerable
from gpts.llm import catalogue as model_catalogue
from gpts.llm.models import LanguageModel
from gpts.llm.runtime.types import ModelAPI, ModelSpec, PassageQuote, PromptMessage, TurnInput
from gpts.llm.services.providers import provider_key
from gpts.llm.states import METERED_TURN_STATES

HISTORY_MESSAGES = 80
PASSAGES = 5
NOTHING_ATTACHED = AttachedParts()


@dataclass(frozen=True)
class PreparedInput:
    """One answer's input, whoever asks: chat, preview, golden prompts, bench.

    `passages` are in the order of their citation numbers. `retrieval_score` is the best one's, 0.0 when the
    knowledge was searched in vain, None without knowledge. With a `fixed_answer` no model is asked: it is
    the whole answer and costs nothing.
    """

    input: TurnInput
    model: LanguageModel | None
    passages: tuple[FoundPassage | AttachedPiece, ...]
    retrieval_score: float | None
    fixed_answer: str = ""
    retrieval_ms: float = 0.0


@dataclass(frozen=True)
class PreparedTurn(PreparedInput):
    """A started turn ready to run."""

    turn: Turn = field(kw_only=True)
    conversation: Conversation = field(kw_only=True)
    # Messages that are too old to be looked at, beside those that the model's context leaves out.
    left_out: int = 0


def prepare_input(
    gpt: GPT,
    version: Version | None,
    text: str,
    history: Sequence[PromptMessage] = (),
    *,
    language: str = "en",
    chosen_model: LanguageModel | None = None,
    attached: AttachedParts = NOTHING_ATTACHED,
    turn_id: UUID | None = None,
) -> PreparedInput:
    """Gather what ``gpt`` answers ``text`` with, at ``version`` or by its draft. Reads only.

    The caller has authorised whoever asks, and has an open scope. ``attached`` files of the conversation
    stand before the knowledge, so that their numbers come first.
    """
    behaviour: GPT | Version = version or gpt
    model = usable_model(gpt, version, chosen=chosen_model)
    begun = time.perf_counter()
    known, score = _looked_up(gpt, version, text)
    passages: tuple[FoundPassage | AttachedPiece, ...] = (*attached.pieces, *known)
    spent = (time.perf_counter() - begun) * 1000
    given = TurnInput(
        spec=spec_of(model),
        text=text,
        gpt_name=behaviour.name,
        gpt_description=behaviour.description,
        instructions=behaviour.instructions,
        history=tuple(history),
        passages=tuple(PassageQuote(p.file, p.text, _location(p)) for p in passages),
        language=language,
        images=attached.images.get(turn_id, ()) if turn_id else (),
        **get_model_settings(behaviour, model).as_input(),
    )
    fixed = ""
    # Who adds a file to the question asks about that file.
    if behaviour.answers_only_from_knowledge and not attached.is_fresh and not is_answerable(known):
        fixed, passages = no_answer_text(behaviour, language), ()
    return PreparedInput(given, model, passages, score, fixed, spent)


def prepare_turn(
    *, turn: Turn, conversation: Conversation, text: str, language: str, has_files: bool = True
) -> PreparedTurn:
    """Gather a started turn's input; ``turn`` comes with the gpt and the version that answer it.

    ``has_files`` is false where the caller knows that nothing was attached in the conversation.
    """
    chosen = conversation.language_model if turn.gpt_id == conversation.gpt_id else None
    model = usable_model(turn.gpt, turn.version, chosen=chosen)
    attached = attached_parts(turn=turn, question=text, model=model) if has_files else NOTHING_ATTACHED
    if turn.gpt_id != conversation.gpt_id and not attached.is_fresh:
        # A GPT that was called for one answer gets the files of that message, not those of the others.
        attached = NOTHING_ATTACHED
    history = _history(conversation, turn, attached) if turn.position > 1 else ()
    prepared = prepare_input(
        turn.gpt,
        turn.version,
        text,
        history,
        language=language,
        chosen_model=model,
        attached=attached,
        turn_id=turn.pk,
    )
    return PreparedTurn(
        **vars(prepared), turn=turn, conversation=conversation, left_out=_left_out(turn, len(history))
    )


def no_answer_text(behaviour: GPT | Version, language: str) -> str:
    """What a GPT says that answers from its knowledge alone and found nothing there."""
    with translation.override(language):
        return behaviour.no_answer_text or _(
            "I do not have enough information in my documents to answer this."
        )


def _looked_up(gpt: GPT, version: Version | None, text: str) -> tuple[tuple[FoundPassage, ...], float | None]:
    if version is not None and not version.knowledge_hashes:
        return (), None
    passages = tuple(find_passages(gpt, text, PASSAGES, version=version))
    if passages:
        return passages, max(passage.score for passage in passages)
    return (), 0.0 if version is not None or list_knowledge_files(gpt) else None


def usable_model(
    gpt: GPT, version: Version | None, *, chosen: LanguageModel | None = None
) -> LanguageModel | None:
    """The model that answers, as gpts.llm.catalogue has it, with the rules of the GPT's workspace."""
    return model_catalogue.usable_model(version or gpt, gpt.workspace, chosen=chosen)


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


def citations_in(text: str, passages: tuple[FoundPassage | AttachedPiece, ...]) -> list[dict[str, Any]]:
    """The passages whose number the answer cites, as Message.citations keeps them.

    A piece of an attached file has {"attachment_id", "position"} instead of a passage.
    """
    return [
        {
            "number": number,
            "passage_id": passage.passage_id,
            "file": passage.file,
            "heading": passage.heading,
            "page": passage.page,
        }
        | (
            {"attachment_id": str(passage.attachment_id), "position": passage.position}
            if isinstance(passage, AttachedPiece)
            else {}
        )
        for number, passage in enumerate(passages, 1)
        if f"[{number}]" in text
    ]


def _location(passage: FoundPassage | AttachedPiece) -> str:
    page = f"p. {passage.page}" if passage.page else ""
    return " · ".join(part for part in (passage.heading, page) if part)


def _history(conversation: Conversation, turn: Turn, attached: AttachedParts) -> tuple[PromptMessage, ...]:
    """What was said on the way to ``turn``; what other GPTs than its own said stands under their name.

    What was said with a GPT that only a company has is withheld from GPTs of other places.
    """
    rows = list(
        Message.objects.filter(
            turn__conversation=conversation,
            turn__position__lt=turn.position,
            turn__is_shown=True,
            turn__state__in=METERED_TURN_STATES,
        )
        .order_by("-turn__position", "role")
        .values_list("role", "content", "turn_id", "turn__gpt_id", "turn__version__name")[:HISTORY_MESSAGES]
    )
    others = {gpt_id for *_said, gpt_id, _name in rows} - {turn.gpt_id}
    withheld = withheld_from(turn.gpt, others) if others else set()
    # "assistant" sorts before "user", so that reversed the question comes first.
    return tuple(
        PromptMessage("user", content, attached.images.get(turn_id, ()))
        if role == MessageRole.USER
        else _said(content, "" if gpt_id == turn.gpt_id else name or conversation.gpt.name)
        for role, content, turn_id, gpt_id, name in reversed(rows)
        if gpt_id not in withheld
    )


def _left_out(turn: Turn, taken: int) -> int:
    if taken < HISTORY_MESSAGES:
        return 0
    heard = Message.objects.filter(
        turn__conversation_id=turn.conversation_id,
        turn__position__lt=turn.position,
        turn__is_shown=True,
        turn__state__in=METERED_TURN_STATES,
    )
    return heard.count() - taken


def _said(content: str, speaker: str) -> PromptMessage:
    """An answer; another GPT's is a quotation, so that the model neither owns nor obeys it."""
    if not speaker:
        return PromptMessage("assistant", content)
    return PromptMessage("user", f"[{speaker}, another assistant in this conversation, answered:]\n{content}")

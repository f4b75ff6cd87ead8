"""Gather the input of one turn for the runtime: model, instructions, history, passages. Reads only."""

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
from gpts.chat.citations import find_cited_numbers
from gpts.chat.confinement import find_withheld_gpts
from gpts.chat.models import Conversation, Message, Turn
from gpts.chat.queries.attachments import AttachedParts, AttachedPiece, get_attached_parts
from gpts.chat.states import MessageRole
from gpts.knowledge.places import describe_place
from gpts.knowledge.queries import list_knowledge_files
from gpts.knowledge.retrieval import FoundPassage, QuestionVector, find_passages, is_answerable
from gpts.llm import catalogue as model_catalogue
from gpts.llm.models import LanguageModel
from gpts.llm.runtime.types import ModelAPI, ModelSpec, PassageQuote, PromptMessage, TurnInput
from gpts.llm.services.providers import get_provider_key
from gpts.llm.states import METERED_TURN_STATES

HISTORY_MESSAGES = 80
PASSAGES = 5
NOTHING_ATTACHED = AttachedParts()


@dataclass(frozen=True)
class QuestionVectors:
    """A question's vectors by the model of the GPT's workspace and by that of the workspace that pays."""

    knowledge: QuestionVector | None = None
    attachments: QuestionVector | None = None


NO_VECTORS = QuestionVectors()


@dataclass(frozen=True)
class PreparedInput:
    """The input of one answer in a chat, a preview, a golden prompt or a benchmark.

    `passages` are in the order of their citation numbers. `retrieval_score` is that of the best passage, 0.0
    when none was found, None without knowledge. A `fixed_answer` is the whole answer and costs nothing: no
    model is called.
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
    # Messages beyond HISTORY_MESSAGES, which are not even considered for the model's context.
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
    vector: QuestionVector | None = None,
    searches_for: str = "",
) -> PreparedInput:
    """Gather what ``gpt`` needs to answer ``text`` with ``version`` (None: its draft). Reads only.

    The caller has authorised the person, opened a scope, and made the question's ``vector`` before it.
    Pieces of ``attached`` files get lower citation numbers than passages of knowledge. Knowledge is searched
    for ``searches_for``, by default ``text``.
    """
    behaviour: GPT | Version = version or gpt
    model = get_usable_model(gpt, version, chosen=chosen_model)
    started = time.perf_counter()
    found, score = _search_knowledge(gpt, version, searches_for or text, vector)
    passages: tuple[FoundPassage | AttachedPiece, ...] = (*attached.pieces, *found)
    spent = (time.perf_counter() - started) * 1000
    turn_input = TurnInput(
        spec=build_model_spec(model),
        text=text,
        gpt_name=behaviour.name,
        gpt_description=behaviour.description,
        instructions=behaviour.instructions,
        history=tuple(history),
        passages=tuple(PassageQuote(p.file, p.text, _describe_location(p)) for p in passages),
        language=language,
        images=attached.images.get(turn_id, ()) if turn_id else (),
        **get_model_settings(behaviour, model).as_input(),
    )
    fixed = ""
    # A question with a file is about that file.
    if behaviour.answers_only_from_knowledge and not attached.question_has_files and not is_answerable(found):
        fixed, passages = get_no_answer_text(behaviour, language), ()
    return PreparedInput(turn_input, model, passages, score, fixed, spent)


def prepare_turn(
    *,
    turn: Turn,
    conversation: Conversation,
    text: str,
    language: str,
    has_files: bool = True,
    vectors: QuestionVectors = NO_VECTORS,
    searches_for: str = "",
) -> PreparedTurn:
    """Gather the input of a started turn, which comes with the gpt and the version that answer it.

    ``searches_for`` as in prepare_input. Pass ``has_files=False`` to save a query if nothing was ever
    attached in the conversation.
    """
    chosen = conversation.language_model if turn.gpt_id == conversation.gpt_id else None
    model = get_usable_model(turn.gpt, turn.version, chosen=chosen)
    attached = (
        get_attached_parts(turn=turn, question=text, model=model, vector=vectors.attachments)
        if has_files
        else NOTHING_ATTACHED
    )
    if turn.gpt_id != conversation.gpt_id and not attached.question_has_files:
        # A mentioned GPT gets only the files of the message that calls it.
        attached = NOTHING_ATTACHED
    history = _build_history(conversation, turn, attached) if turn.position > 1 else ()
    prepared = prepare_input(
        turn.gpt,
        turn.version,
        text,
        history,
        language=language,
        chosen_model=model,
        attached=attached,
        turn_id=turn.pk,
        vector=vectors.knowledge,
        searches_for=searches_for,
    )
    return PreparedTurn(
        **vars(prepared), turn=turn, conversation=conversation, left_out=_count_left_out(turn, len(history))
    )


def get_no_answer_text(behaviour: GPT | Version, language: str) -> str:
    """The answer of a GPT that answers only from its knowledge and found nothing in it."""
    with translation.override(language):
        return behaviour.no_answer_text or _(
            "I do not have enough information in my documents to answer this."
        )


def _search_knowledge(
    gpt: GPT, version: Version | None, text: str, vector: QuestionVector | None
) -> tuple[tuple[FoundPassage, ...], float | None]:
    if version is not None and not version.knowledge_hashes:
        return (), None
    passages = tuple(find_passages(gpt, text, PASSAGES, version=version, vector=vector))
    if passages:
        return passages, max(passage.score for passage in passages)
    return (), 0.0 if version is not None or list_knowledge_files(gpt) else None


def get_usable_model(
    gpt: GPT, version: Version | None, *, chosen: LanguageModel | None = None
) -> LanguageModel | None:
    """The model that answers, by gpts.llm.catalogue and the rules of the GPT's workspace."""
    return model_catalogue.get_usable_model(version or gpt, gpt.workspace, chosen=chosen)


def build_model_spec(model: LanguageModel | None) -> ModelSpec:
    """The runtime's description of a model; without one, the offline model."""
    if model is None:
        return ModelSpec("offline", ModelAPI.OFFLINE)
    provider = model.provider
    return ModelSpec(
        name=model.name,
        api=ModelAPI(provider.kind),
        base_url=provider.base_url,
        api_key=get_provider_key(provider),
        context_window=model_catalogue.get_context_window(model),
        max_output_tokens=model_catalogue.get_output_limit(model),
        first_token_timeout=model.first_token_seconds or settings.MODEL_FIRST_TOKEN_SECONDS,
        idle_timeout=model.silence_seconds or settings.MODEL_IDLE_SECONDS,
        answer_timeout=model.answer_seconds or settings.MODEL_ANSWER_SECONDS,
        purpose=provider.purpose,
        omitted=model_catalogue.get_omitted_options(model),
    )


def build_citations(
    text: str, passages: tuple[FoundPassage | AttachedPiece, ...], *, is_json: bool = False
) -> list[dict[str, Any]]:
    """Build Message.citations from the passages whose number the answer cites.

    A piece of an attached file has {"attachment_id", "position"} and no passage.
    """
    cited = find_cited_numbers(text, is_json=is_json) if passages else ()
    return [
        {
            "number": number,
            "passage_id": passage.passage_id,
            "file": passage.file,
            "heading": passage.heading,
            "page": passage.page,
        }
        | ({"rows": list(passage.rows)} if passage.rows else {})
        | (
            {"attachment_id": str(passage.attachment_id), "position": passage.position}
            if isinstance(passage, AttachedPiece)
            else {}
        )
        for number, passage in enumerate(passages, 1)
        if number in cited
    ]


def _describe_location(passage: FoundPassage | AttachedPiece) -> str:
    # In the language of the prompt, which is English.
    with translation.override("en"):
        return describe_place(passage.heading, passage.page, passage.rows)


def _build_history(
    conversation: Conversation, turn: Turn, attached: AttachedParts
) -> tuple[PromptMessage, ...]:
    """Build the messages before ``turn``; answers of other GPTs than its own are quoted with their name.

    Turns of company-only GPTs are withheld from GPTs of other workspaces.
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
    others = {row[3] for row in rows} - {turn.gpt_id}
    withheld = find_withheld_gpts(turn.gpt, others) if others else set()
    # "assistant" sorts before "user", so that reversed the question comes first.
    return tuple(
        PromptMessage("user", content, attached.images.get(turn_id, ()))
        if role == MessageRole.USER
        else _build_answer_message(content, "" if gpt_id == turn.gpt_id else name or conversation.gpt.name)
        for role, content, turn_id, gpt_id, name in reversed(rows)
        if gpt_id not in withheld and content
    )


def _count_left_out(turn: Turn, taken: int) -> int:
    if taken < HISTORY_MESSAGES:
        return 0
    earlier = Message.objects.filter(
        turn__conversation_id=turn.conversation_id,
        turn__position__lt=turn.position,
        turn__is_shown=True,
        turn__state__in=METERED_TURN_STATES,
    )
    return earlier.count() - taken


def _build_answer_message(content: str, speaker: str) -> PromptMessage:
    """Build the message of an answer. Another GPT's is quoted, so that the model does not obey it."""
    if not speaker:
        return PromptMessage("assistant", content)
    return PromptMessage("user", f"[{speaker}, another assistant in this conversation, answered:]\n{content}")

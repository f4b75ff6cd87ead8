"""Starts chat turns: checks and records everything before the model is called, in one transaction."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from django.db import connection
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from core.scope import Scope, open_scope
from gpts.assistants.access import access_chat, pin_version, recheck_chat
from gpts.assistants.models import GPT, Version
from gpts.assistants.rules import GPTRelation
from gpts.chat.access import access_conversation, access_conversation_to_continue, access_turn
from gpts.chat.mentions import access_mention
from gpts.chat.models import Conversation, Message, Turn
from gpts.chat.queries.attachment_vectors import get_attachment_embedder
from gpts.chat.queries.attachments import reads_images
from gpts.chat.queries.conversations import count_turns_since, find_first_turn
from gpts.chat.queries.payers import check_key_pays, choose_payer_id
from gpts.chat.services.attachments import attach_to_turn, copy_to_turn
from gpts.chat.services.model_choice import choose_model
from gpts.chat.services.policy_checks import apply_policy
from gpts.chat.services.rechecks import RequestAccess
from gpts.chat.services.turn_inputs import (
    NO_VECTORS,
    PreparedTurn,
    QuestionVectors,
    get_usable_model,
    prepare_turn,
)
from gpts.chat.services.turns import (
    AnsweringGPT,
    continue_turn,
    edit_turn,
    retry_turn,
    start_first_turn,
    start_turn,
)
from gpts.chat.services.versions import settle_version
from gpts.chat.states import MessageRole
from gpts.chat.streaming.chat_turn import ChatTurn
from gpts.chat.streaming.connection import RATE_WINDOW, check_message
from gpts.chat.streaming.frames import build_end_data, build_frame
from gpts.chat.streaming.lost import interrupt_if_lost
from gpts.knowledge.retrieval import QuestionEmbedder, QuestionVector, get_question_embedder
from gpts.llm.embeddings import may_have_embedding_models
from gpts.llm.states import TurnState
from gpts.metering.services.budgets import (
    count_prompt_characters,
    estimate_largest,
    estimate_usage,
    reserve,
)
from gpts.metering.services.price_ceilings import check_price
from workspaces.access import renew_scope
from workspaces.models import User
from workspaces.services.activity import note_activity

REPEATED_KEY_ATTEMPTS = 20
REPEATED_KEY_PAUSE = 0.05
# Rights that were read in the same request are read again when the embeddings server took longer than this.
RIGHTS_SECONDS = 0.25
# Key space of the advisory locks below; no other code locks with this number.
_LOCK_SPACE = 8130


@dataclass(frozen=True)
class Requester:
    """The person behind a request, and its source: a session, or an API key, which acts in one workspace."""

    user: User
    scope: Scope
    source: str
    workspace_id: int | None
    language: str
    api_key_id: int | None = None

    @property
    def access(self) -> RequestAccess:
        return RequestAccess(self.user.pk, self.api_key_id, self.workspace_id)

    def renew(self, *, at: datetime) -> Requester:
        """Return the requester with the roles and rights that the person has now; raises as renew_scope."""
        user, scope = renew_scope(user_id=self.user.pk, api_key_id=self.api_key_id, at=at)
        return replace(self, user=user, scope=scope)


@dataclass(frozen=True)
class StartedChatTurn:
    """A StartedTurn of a conversation. ``job`` is set for a new turn, ``end`` for one that has ended."""

    turn: Turn
    conversation: Conversation
    requester: Requester
    job: ChatTurn | None = None
    end: dict[str, Any] | None = None

    @property
    def id(self) -> UUID:
        return self.turn.pk

    def build_head(self) -> bytes:
        return build_frame("turn", self.get_head())

    def get_head(self) -> dict[str, Any]:
        conversation = self.conversation
        return {
            "turn": str(self.turn.pk),
            "conversation": str(conversation.pk),
            "position": self.turn.position,
            "title": conversation.title,
            "gpt": conversation.gpt.slug,
        }

    @property
    def access(self) -> RequestAccess:
        return self.requester.access

    def load_end(self) -> dict[str, Any]:
        found = find_turn(self.requester.renew(at=timezone.now()), self.conversation.pk, self.turn.pk)
        return found.end or {
            "turn": str(self.turn.pk),
            "state": TurnState.INTERRUPTED,
            "code": "interrupted",
            "note": _("The connection to this answer was lost. Reload the page to see it."),
            "html": "",
            "sources": [],
        }


def begin_first_turn(
    requester: Requester,
    slug: str,
    text: str,
    key: str,
    *,
    is_draft: bool,
    files: Sequence[UUID] = (),
    ask: str = "",
    is_temporary: bool = False,
    model: str | None = None,
    workspace: str = "",
) -> StartedChatTurn:
    """Start a new conversation with its first turn; a repeated key returns the turn it started.

    ``ask`` is the slug of another GPT that answers this turn, ``model`` the chosen model's id or name,
    ``workspace`` the slug of the workspace that the conversation counts for, empty for the default.
    """
    is_repeated = _check_first_message(requester, slug, key, is_draft=is_draft)
    if is_repeated and (started := _wait_for_turn(requester, slug, key, is_draft=is_draft)):
        return started

    def find() -> _Question:
        read_at = time.monotonic()
        gpt, version, relation = access_chat(requester.user, slug, is_draft=is_draft)
        payer = get_chat_workspace_id(requester, gpt, asked=workspace)
        pinned = pin_version(requester.user, gpt, version, relation, payer_id=payer)
        rights = _Rights(gpt, *pinned, read_at)
        answering = _access_answering_gpt(requester, gpt, ask, payer)
        return _Question(text, rights, answering, (rights.version,), payer, files=files)

    def record(question: _Question, vectors: QuestionVectors) -> StartedChatTurn:
        rights = question.rights
        turn = start_first_turn(
            gpt=rights.gpt,
            version=rights.version,
            workspace=question.payer_id,
            text=text,
            by=requester.user,
            at=timezone.now(),
            request_key=key,
            source=requester.source,
            is_temporary=is_temporary,
            answering=question.answering,
        )
        note_activity(user_id=requester.user.pk, workspace_id=question.payer_id, at=timezone.now())
        choose_model(conversation=turn.conversation, chosen=model)
        _attach_files(requester, turn, files)
        return _prepare_answer(requester, turn, has_files=bool(files), vectors=vectors)

    return _start(requester, find, record)


def begin_next_turn(
    requester: Requester,
    conversation_id: UUID,
    text: str,
    key: str,
    *,
    files: Sequence[UUID] = (),
    ask: str = "",
    model: str | None = None,
) -> StartedChatTurn:
    """Start the next turn of a conversation; ``ask`` and ``model`` as in begin_first_turn."""
    _check_rate(requester)

    def find() -> _Question:
        conversation, rights = _recheck_conversation(requester, conversation_id)
        answering = _access_answering_gpt(requester, rights.gpt, ask, conversation.workspace_id)
        versions = (conversation.version, rights.version)
        return _Question(
            text, rights, answering, versions, conversation.workspace_id, conversation_id, tuple(files)
        )

    def record(question: _Question, vectors: QuestionVectors) -> StartedChatTurn:
        at = timezone.now()
        conversation = _open_conversation(requester, conversation_id, at, question.rights)
        turn, is_new = start_turn(
            conversation=conversation,
            text=text,
            by=requester.user,
            at=at,
            request_key=key,
            source=requester.source,
            answering=question.answering,
        )
        if not is_new:
            return _find_started(requester, turn)
        note_activity(user_id=requester.user.pk, workspace_id=conversation.workspace_id, at=at)
        choose_model(conversation=conversation, chosen=model)
        _attach_files(requester, turn, files)
        return _prepare_answer(requester, turn, vectors=vectors)

    return _start(requester, find, record)


def begin_retry(requester: Requester, conversation_id: UUID, turn_id: UUID, key: str) -> StartedChatTurn:
    """Answer a turn's question again."""
    return _begin_from_turn(requester, conversation_id, turn_id, key, start=retry_turn)


def begin_edit(
    requester: Requester, conversation_id: UUID, turn_id: UUID, text: str, key: str
) -> StartedChatTurn:
    """Answer a turn's question with an edited text."""
    return _begin_from_turn(
        requester, conversation_id, turn_id, key, start=edit_turn, question=text, text=text
    )


def begin_continuation(
    requester: Requester, conversation_id: UUID, turn_id: UUID, key: str
) -> StartedChatTurn:
    """Go on with an answer that ends at the model's limit: its GPT answers the next turn, which asks for it.

    Rights, rate and budgets are checked as for any message.
    """
    with translation.override(requester.language):
        text = _("Continue exactly where your last answer stopped.")
    return _begin_from_turn(
        requester, conversation_id, turn_id, key, start=continue_turn, is_continuation=True, text=text
    )


def find_turn(requester: Requester, conversation_id: UUID, turn_id: UUID) -> StartedChatTurn:
    """Find a turn to follow; end it if its process died."""
    with open_scope(requester.scope):
        conversation = access_conversation(
            requester.user, conversation_id, workspace_id=requester.workspace_id
        )
        turn = access_turn(conversation, turn_id)
        if turn.state == TurnState.RUNNING and interrupt_if_lost(turn=turn, at=timezone.now()):
            turn.refresh_from_db()
        return StartedChatTurn(turn, conversation, requester, end=_build_end(turn))


def lock_turn_starts(user: User) -> None:
    """Serialise the starts of a person's turns until the commit; take this lock before all others.

    Otherwise concurrent requests could exceed the limit of running answers.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [_LOCK_SPACE, user.pk % 2**31])


def get_chat_workspace_id(requester: Requester, gpt: GPT, *, asked: str = "") -> int:
    """Return the workspace of a new conversation: the key's, else as choose_payer_id, which raises."""
    if requester.workspace_id is None:
        return choose_payer_id(requester.user, gpt, asked=asked)
    check_key_pays(requester.user, requester.workspace_id, asked=asked)
    return requester.workspace_id


def _begin_from_turn(
    requester: Requester,
    conversation_id: UUID,
    turn_id: UUID,
    key: str,
    *,
    start: Callable[..., tuple[Any, bool]],
    question: str = "",
    is_continuation: bool = False,
    **content: str,
) -> StartedChatTurn:
    """Start a turn that comes from an earlier one and is answered by the same GPT.

    ``start`` is the service that records it, with ``content`` as further arguments. Knowledge is searched for
    ``question``, or for the earlier turn's question. A continuation does not repeat the files of that turn.
    """
    _check_rate(requester)

    def find() -> _Question:
        conversation, rights = _recheck_conversation(requester, conversation_id)
        old = access_turn(conversation, turn_id)
        answering = _access_answering_gpt(requester, rights.gpt, old.gpt.slug, conversation.workspace_id)
        versions = (conversation.version, rights.version)
        searched = question or _find_question(old)
        return _Question(searched, rights, answering, versions, conversation.workspace_id, conversation_id)

    def record(found: _Question, vectors: QuestionVectors) -> StartedChatTurn:
        at = timezone.now()
        conversation = _open_conversation(requester, conversation_id, at, found.rights)
        old = access_turn(conversation, turn_id)
        turn, is_new = start(
            turn=old,
            by=requester.user,
            at=at,
            request_key=key,
            source=requester.source,
            answering=found.answering,
            **content,
        )
        if not is_new:
            return _find_started(requester, turn)
        if is_continuation:
            return _prepare_answer(requester, turn, vectors=vectors, searches_for=_find_question(old))
        copy_to_turn(source=old, turn=turn, at=at)
        return _prepare_answer(requester, turn, vectors=vectors)

    return _start(requester, find, record)


# Before the turn starts ------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Rights:
    """What a person may do with the GPT of a conversation, as read at ``read_at`` (time.monotonic)."""

    gpt: GPT
    version: Version | None
    relation: GPTRelation
    read_at: float

    def is_fresh(self) -> bool:
        return time.monotonic() - self.read_at < RIGHTS_SECONDS


@dataclass(frozen=True)
class _Question:
    """What knowledge is searched for, the rights to the conversation's GPT, and the GPT asked by "@".

    One of ``versions`` answers where no other GPT was asked; None is the draft. ``payer_id`` is the workspace
    of the conversation, ``files`` go with the question.
    """

    text: str
    rights: _Rights
    answering: AnsweringGPT | None
    versions: tuple[Version | None, ...]
    payer_id: int
    conversation_id: UUID | None = None
    files: Sequence[UUID] = ()

    def get_embedders(self) -> _Embedders:
        """Return what makes the question's vectors where there is something to search by meaning."""
        attachments = get_attachment_embedder(
            self.payer_id, conversation_id=self.conversation_id, files=self.files
        )
        return _Embedders(self._get_knowledge_embedder(), attachments)

    def _get_knowledge_embedder(self) -> QuestionEmbedder | None:
        gpt, versions = self.rights.gpt, self.versions
        if self.answering is not None:
            gpt, versions = self.answering[0], (self.answering[1],)
        has_knowledge = any(version is None or version.knowledge_hashes for version in versions)
        return get_question_embedder(gpt) if has_knowledge else None


@dataclass(frozen=True)
class _Embedders:
    """What makes a question's QuestionVectors; None where nothing is searched by meaning."""

    knowledge: QuestionEmbedder | None = None
    attachments: QuestionEmbedder | None = None

    def embed(self, text: str) -> QuestionVectors:
        """Ask each embeddings model once. Not in a transaction."""
        made: dict[int, QuestionVector] = {}
        for embedder in (self.knowledge, self.attachments):
            if embedder is not None and embedder.model_id not in made:
                made[embedder.model_id] = embedder.embed([text])[0]
        return QuestionVectors(
            None if self.knowledge is None else made[self.knowledge.model_id],
            None if self.attachments is None else made[self.attachments.model_id],
        )


def _start(
    requester: Requester,
    find: Callable[[], _Question],
    record: Callable[[_Question, QuestionVectors], StartedChatTurn],
) -> StartedChatTurn:
    """Start a turn: ``find`` authorises the person, ``record`` writes the turn.

    One transaction does both, unless knowledge or attached files are searched by meaning: the embeddings
    server is another host, so no transaction may be open while it is asked, and ``record`` has one of its
    own. It is asked after ``find``, as the text must not reach the embeddings server of a workspace that is
    not theirs.
    """
    may_embed = may_have_embedding_models()
    with open_scope(requester.scope):
        lock_turn_starts(requester.user)
        question = find()
        embedders = question.get_embedders() if may_embed else _Embedders()
        if embedders == _Embedders():
            return record(question, NO_VECTORS)
    vectors = embedders.embed(question.text)
    with open_scope(requester.scope):
        lock_turn_starts(requester.user)
        return record(question if question.rights.is_fresh() else find(), vectors)


def _find_question(turn: Turn) -> str:
    asked = Message.objects.filter(turn=turn, role=MessageRole.USER).values_list("content", flat=True)
    return asked.first() or ""


def _recheck_conversation(requester: Requester, conversation_id: UUID) -> tuple[Conversation, _Rights]:
    """Return the person's conversation if they may still continue it; raises otherwise."""
    conversation = access_conversation(requester.user, conversation_id, workspace_id=requester.workspace_id)
    return conversation, _read_rights(requester, conversation)


def _read_rights(requester: Requester, conversation: Conversation) -> _Rights:
    read_at = time.monotonic()
    rights = recheck_chat(
        requester.user,
        conversation.gpt,
        is_draft=conversation.version_id is None,
        payer_id=conversation.workspace_id,
    )
    return _Rights(conversation.gpt, *rights, read_at)


def _check_first_message(requester: Requester, slug: str, key: str, *, is_draft: bool) -> bool:
    """Count the message; whether the same request to the same GPT in the same workspace came before."""
    scope = f"{requester.workspace_id or 'session'}:{slug}:{int(is_draft)}"
    return _check_rate(requester, key, scope=scope)


def _check_rate(requester: Requester, key: str = "", *, scope: str = "") -> bool:
    return check_message(requester.user.pk, key, scope=scope, count_recent=partial(_count_recent, requester))


def _count_recent(requester: Requester) -> int:
    with open_scope(requester.scope):
        return count_turns_since(requester.user, timezone.now() - timedelta(seconds=RATE_WINDOW))


def _wait_for_turn(requester: Requester, slug: str, key: str, *, is_draft: bool) -> StartedChatTurn | None:
    """Wait for the turn of a concurrent request with the same key; None if that request was refused."""
    for _attempt in range(REPEATED_KEY_ATTEMPTS):
        with open_scope(requester.scope):
            turn = find_first_turn(
                requester.user,
                key,
                slug=slug,
                is_draft=is_draft,
                source=requester.source,
                workspace_ids=requester.scope.workspace_ids,
            )
            if turn is not None:
                return _find_started(requester, turn)
        time.sleep(REPEATED_KEY_PAUSE)
    return None


def _open_conversation(
    requester: Requester, conversation_id: UUID, at: datetime, rights: _Rights
) -> Conversation:
    """Return the person's conversation; raises if they may not continue it any more.

    ``rights`` are those that this request has just read. Ends a running turn whose process died, so that it
    does not block the conversation.
    """
    conversation = access_conversation_to_continue(
        requester.user, conversation_id, workspace_id=requester.workspace_id
    )
    conversation = settle_version(conversation=conversation, live=rights.version, relation=rights.relation)
    running = Turn.objects.filter(conversation=conversation, state=TurnState.RUNNING).first()
    if running is not None:
        interrupt_if_lost(turn=running, at=at)
    return conversation


def _access_answering_gpt(requester: Requester, gpt: GPT, ask: str, payer_id: int) -> AnsweringGPT | None:
    """Return the GPT mentioned by "@" for one turn; None if it is the conversation's own."""
    return access_mention(requester.user, ask, payer_id=payer_id) if ask and ask != gpt.slug else None


# After the turn was created --------------------------------------------------------------------------


def _find_started(requester: Requester, turn: Turn) -> StartedChatTurn:
    """Return the turn that an earlier request with the same key started."""
    conversation = access_conversation(
        requester.user, turn.conversation_id, workspace_id=requester.workspace_id
    )
    return StartedChatTurn(turn, conversation, requester, end=_build_end(turn))


def _attach_files(requester: Requester, turn: Turn, files: Sequence[UUID]) -> None:
    """Attach the files to the question; an error rolls back the question too."""
    if files:
        model = get_usable_model(turn.gpt, turn.version, chosen=turn.conversation.language_model)
        attach_to_turn(turn=turn, identifiers=files, reads_images=reads_images(model), by=requester.user)


def _prepare_answer(
    requester: Requester,
    turn: Any,
    *,
    has_files: bool = True,
    vectors: QuestionVectors = NO_VECTORS,
    searches_for: str = "",
) -> StartedChatTurn:
    """Build the turn's input and reserve its estimated usage in the budgets.

    ``searches_for`` is what knowledge is searched for, if not the question.
    """
    prepared = prepare_turn(
        turn=turn,
        conversation=turn.conversation,
        text=turn.question.content,
        language=requester.language,
        has_files=has_files,
        vectors=vectors,
        searches_for=searches_for,
    )
    prepared = apply_policy(prepared, user_id=requester.user.pk, workspace_id=turn.workspace_id)
    _reserve_budgets(requester, turn, prepared)
    job = ChatTurn(prepared, requester.scope, requester.language, api_key_id=requester.api_key_id)
    return StartedChatTurn(turn, turn.conversation, requester, job)


def _reserve_budgets(requester: Requester, turn: Turn, prepared: PreparedTurn) -> None:
    """Refuse a price above the workspace's ceiling, then reserve. Call it last before the commit, because it
    locks the counters."""
    if not prepared.fixed_answer:
        check_price(prepared.model, turn.workspace_id)
    tokens, micros = estimate_usage(prepared.model, count_prompt_characters(prepared.input))
    reserve(
        user=requester.user,
        workspace_id=turn.workspace_id,
        gpt=turn.gpt,
        turn_id=turn.pk,
        estimated_tokens=tokens,
        estimated_micros=micros,
        largest=estimate_largest(prepared.model, turn.workspace_id),
        at=turn.started_at,
    )


def _build_end(turn: Turn) -> dict[str, object] | None:
    """Return the data of the last event; None while the turn runs."""
    if turn.state == TurnState.RUNNING:
        return None
    answer = Message.objects.filter(turn=turn, role=MessageRole.ASSISTANT).first()
    if answer is None:
        return build_end_data(turn, "", ())
    return build_end_data(turn, answer.content, answer.citations, answer.tools)

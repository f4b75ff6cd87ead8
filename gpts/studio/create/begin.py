"""Starts, follows and stops answers of the Create conversation."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

from django.utils import timezone, translation
from django.utils.translation import gettext_lazy as _

from core.errors import NotFound
from core.scope import open_scope
from gpts.assistants.access import access_gpt
from gpts.assistants.models import GPT
from gpts.assistants.queries.gpts import find_default_model
from gpts.assistants.rules import GPTAct
from gpts.chat.services.rechecks import RequestAccess
from gpts.chat.services.turn_inputs import build_model_spec, get_usable_model
from gpts.chat.states import MessageRole
from gpts.chat.streaming.begin import Requester, lock_turn_starts
from gpts.chat.streaming.connection import RATE_WINDOW, ask_to_stop, check_message
from gpts.chat.streaming.frames import build_frame
from gpts.llm.catalogue import get_features
from gpts.llm.models import LanguageModel
from gpts.llm.runtime.types import FailureCode, PromptMessage, TurnInput
from gpts.llm.states import METERED_TURN_STATES, ModelFeature, ProviderKind, TurnState
from gpts.metering.services.budgets import (
    count_prompt_characters,
    estimate_largest,
    estimate_usage,
    reserve,
)
from gpts.studio.create.answer import BuilderRequest, CreateAnswer
from gpts.studio.create.functions import FUNCTIONS
from gpts.studio.create.prompts import BUILDER_NAME, build_instructions
from gpts.studio.create.shown import build_change_data, build_message_end, get_draft_values, render_text
from gpts.studio.models import BuilderMessage
from gpts.studio.queries import (
    count_messages_since,
    get_running_answer,
    list_create_messages,
    list_undone_fields,
)
from gpts.studio.services.create import interrupt_if_lost, start_message
from workspaces.acts import check_policy
from workspaces.models import User
from workspaces.policy import Act, model_targets

HISTORY_MESSAGES = 40


@dataclass(frozen=True)
class StartedCreateAnswer:
    """A StartedTurn of Create. ``job`` is set for a new answer, ``end`` for one that has ended."""

    gpt: GPT
    question: BuilderMessage
    message: BuilderMessage
    requester: Requester
    # Rendered where the answer is begun, in a thread: build_head runs on the event loop.
    question_html: str
    job: CreateAnswer | None = None
    end: dict[str, Any] | None = None
    # Filled for an answer that has ended.
    changes: tuple[dict[str, Any], ...] = ()

    @property
    def id(self) -> UUID:
        return self.message.pk

    def build_head(self) -> bytes:
        head = {"message": str(self.message.pk), "question": str(self.question.pk)}
        first = build_frame("message", head | {"html": self.question_html})
        return first + b"".join(build_frame("change", change) for change in self.changes)

    @property
    def access(self) -> RequestAccess:
        return self.requester.access

    def load_end(self) -> dict[str, Any]:
        found = find_answer(self.requester.renew(at=timezone.now()), self.gpt.slug)
        if found.id == self.id and found.end is not None:
            return found.end
        self.message.state, self.message.error_code = TurnState.INTERRUPTED, FailureCode.INTERRUPTED
        return build_message_end(self.message)


def begin_message(requester: Requester, slug: str, text: str) -> StartedCreateAnswer:
    """Authorise, limit the rate, record the message and reserve its budgets; call it in a thread.

    Raises what access_gpt, check_message, start_message, check_policy and reserve raise, and then writes
    nothing.
    """
    with open_scope(requester.scope):
        lock_turn_starts(requester.user)
        gpt = access_gpt(requester.user, slug, to=GPTAct.EDIT)
        check_message(requester.user.pk, "", count_recent=partial(_count_recent, requester.user))
        question, message = start_message(gpt=gpt, text=text, by=requester.user, at=timezone.now())
        model = get_builder_model(gpt, user_id=requester.user.pk)
        if model is not None and not is_interview_model(model):
            targets = model_targets(model.pk, model.provider_id)
            check_policy(requester.user.pk, Act.USE_MODEL, workspace_id=gpt.workspace_id, targets=targets)
        given = _build_input(requester, gpt, question, model)
        request = BuilderRequest(gpt, question, message, model, given, requester)
        _reserve_budgets(request)
        return StartedCreateAnswer(
            gpt, question, message, requester, render_text(question), CreateAnswer(request)
        )


def _count_recent(user: User) -> int:
    return count_messages_since(user, timezone.now() - timedelta(seconds=RATE_WINDOW))


def find_answer(requester: Requester, slug: str) -> StartedCreateAnswer:
    """Find the newest answer of the person's conversation; end it if its process died."""
    with open_scope(requester.scope):
        gpt = access_gpt(requester.user, slug, to=GPTAct.EDIT)
        rows = list_create_messages(requester.user, gpt)
        if len(rows) < 2 or rows[-1].role != MessageRole.ASSISTANT:
            raise NotFound(_("There is no such message."), code="message_not_found")
        question, message = rows[-2:]
        if interrupt_if_lost(message=message, at=timezone.now()):
            message.refresh_from_db()
        if message.state == TurnState.RUNNING:
            return StartedCreateAnswer(gpt, question, message, requester, render_text(question))
        with translation.override(requester.language):
            changes = tuple(build_change_data(gpt, change) for change in message.changes.all())
            end = build_message_end(message)
        return StartedCreateAnswer(
            gpt, question, message, requester, render_text(question), end=end, changes=changes
        )


def stop_create_answer(user: User, gpt: GPT) -> bool:
    """Stop the running answer of the person's conversation; False when none runs."""
    message = get_running_answer(user, gpt)
    if message is None:
        return False
    ask_to_stop(message.pk)
    return True


def get_builder_model(gpt: GPT, *, user_id: int) -> LanguageModel | None:
    """The draft's model, or the person's default model if only that one can call functions."""
    model = get_usable_model(gpt, None)
    if not is_interview_model(model):
        return model
    default = find_default_model(gpt.workspace, user_id=user_id)
    is_better = (
        not is_interview_model(default) or model is None or model.provider.kind == ProviderKind.OFFLINE
    )
    return default if is_better else model


def is_interview_model(model: LanguageModel | None) -> bool:
    """Whether a model cannot build a GPT, because it is the offline model or calls no functions."""
    return model is None or ModelFeature.TOOLS not in get_features(model)


def _build_input(
    requester: Requester, gpt: GPT, question: BuilderMessage, model: LanguageModel | None
) -> TurnInput:
    spec = build_model_spec(model)
    if is_interview_model(model):
        return TurnInput(spec=spec, text=question.content, gpt_name=BUILDER_NAME)
    history = [
        PromptMessage("user" if row.role == MessageRole.USER else "assistant", row.content)
        for row in list_create_messages(requester.user, gpt)
        if row.pk < question.pk and row.content and row.state in METERED_TURN_STATES
    ]
    return TurnInput(
        spec=spec,
        text=question.content,
        gpt_name=BUILDER_NAME,
        instructions=build_instructions(get_draft_values(gpt), list_undone_fields(requester.user, gpt)),
        history=tuple(history[-HISTORY_MESSAGES:]),
        language=requester.language,
        tools=FUNCTIONS,
        needs_tools=True,
        parallel_tool_calls=False,
    )


def _reserve_budgets(request: BuilderRequest) -> None:
    """Reserve in the budgets of the GPT's workspace; the interview costs nothing."""
    if request.is_interview:
        return
    tokens, micros = estimate_usage(request.model, count_prompt_characters(request.input))
    reserve(
        user=request.requester.user,
        workspace_id=request.gpt.workspace_id,
        gpt=request.gpt,
        turn_id=request.message.pk,
        estimated_tokens=tokens,
        estimated_micros=micros,
        largest=estimate_largest(request.model, request.gpt.workspace_id),
        at=request.message.created_at,
    )

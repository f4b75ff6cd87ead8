"""Runs an answer of the Create conversation: a model that calls functions, or the guided interview.

The answer goes on when its reader disconnects; a reader who reconnects gets the missed events.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime
from functools import partial

import structlog
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from core.errors import DomainError, IllegalTransition
from core.scope import open_scope
from gpts.assistants.access import access_gpt
from gpts.assistants.models import GPT
from gpts.assistants.rules import GPTAct
from gpts.chat.services.policy_checks import list_model_uses
from gpts.chat.services.rechecks import RunningAnswer
from gpts.chat.states import MessageRole
from gpts.chat.streaming.begin import Requester
from gpts.chat.streaming.frames import build_frame
from gpts.chat.streaming.job import TurnJob, TurnOutcome, TurnSink
from gpts.chat.streaming.threads import in_render_thread, in_thread
from gpts.llm.models import LanguageModel
from gpts.llm.runtime.offline import CHINESE
from gpts.llm.runtime.types import (
    Failed,
    FailureCode,
    Finished,
    TextDelta,
    ToolProposed,
    ToolResult,
    ToolRunner,
    TurnEvent,
    TurnInput,
    Usage,
)
from gpts.llm.services.learning import note_answer
from gpts.llm.states import FinishReason
from gpts.studio.create.functions import BadCall, Proposal, Question, read_call
from gpts.studio.create.interview import Reply, build_reply, choose_first_step, is_answer
from gpts.studio.create.shown import (
    build_change_data,
    build_message_end,
    describe_missing_functions,
    get_draft_values,
)
from gpts.studio.models import BuilderChange, BuilderMessage
from gpts.studio.queries import get_interview_answers, list_create_messages
from gpts.studio.services.create import apply_change, end_message
from gpts.studio.states import BuilderChangeState

log = structlog.get_logger(__name__)

# Seconds between change cards, so that a person sees each change.
CARD_PAUSE = 0.12
PLACEHOLDER_NAMES = frozenset({"New GPT", "新 GPT", "新建 GPT"})


@dataclass(frozen=True)
class BuilderRequest:
    """A recorded message and all input for answering it."""

    gpt: GPT
    question: BuilderMessage
    message: BuilderMessage
    model: LanguageModel | None
    input: TurnInput
    requester: Requester

    @property
    def is_interview(self) -> bool:
        return not self.input.tools

    @property
    def language(self) -> str:
        """Chinese if the question has Chinese characters, else the language of the person's pages."""
        return "zh-hans" if CHINESE.search(self.question.content) else self.requester.language


class CreateAnswer(TurnJob):
    """Sends ``working`` when a function is called, ``change`` with its card, and ``end``."""

    def __init__(self, request: BuilderRequest) -> None:
        access = RunningAnswer(
            turn_id=request.message.pk,
            user_id=request.requester.user.pk,
            gpt_id=request.gpt.pk,
            act=GPTAct.EDIT,
            workspace_ids=request.requester.scope.workspace_ids,
            payer_id=request.gpt.workspace_id,
            api_key_id=request.requester.api_key_id,
            uses=() if request.is_interview or request.model is None else list_model_uses([request.model]),
        )
        super().__init__(turn_id=request.message.pk, given=request.input, access=access)
        self.request = request
        self._step = ""
        self._choices: tuple[str, ...] = ()
        self._question = ""

    def run_events(self, sink: TurnSink) -> AsyncGenerator[TurnEvent, None]:
        return self._run_interview(sink) if self.request.is_interview else self._run_model(sink)

    async def _run_model(self, sink: TurnSink) -> AsyncGenerator[TurnEvent, None]:
        """Let the model answer; if it turns out to call no functions, continue as the guided interview."""
        lacks_functions = False
        async with aclosing(super().run_events(sink)) as events:
            async for event in events:
                if isinstance(event, Failed) and event.failure.code == FailureCode.NO_TOOLS and not sink.text:
                    lacks_functions = True
                    break
                yield event
        if lacks_functions:
            yield TextDelta(f"{self._explain_interview()}\n\n")
            async with aclosing(self._run_interview(sink)) as events:
                async for event in events:
                    yield event

    def _explain_interview(self) -> str:
        with translation.override(self.request.language):
            return describe_missing_functions(self.request.model)

    def get_tools(self, sink: TurnSink) -> ToolRunner | None:
        return partial(self._call_function, sink=sink)

    def handle_event(self, event: TurnEvent, sink: TurnSink) -> None:
        if isinstance(event, ToolProposed):
            sink.send("working", {"function": event.name[:60]})
            # Text after function calls starts a new paragraph.
            if sink.text and not sink.text.endswith("\n\n"):
                sink.add_text("\n\n")

    async def _run_interview(self, sink: TurnSink) -> AsyncGenerator[TurnEvent, None]:
        """Run the guided interview instead of a model: change the draft, ask the next question."""
        try:
            reply = await in_thread(self._get_reply)
            for proposal in reply.proposals:
                card, _change = await in_thread(self._apply_proposal, proposal, timezone.now())
                if card is not None:
                    sink.send("change", card)
                    await asyncio.sleep(CARD_PAUSE)
            self._step, self._choices = reply.step, reply.choices
            yield TextDelta(reply.text)
        except DomainError as refusal:
            yield TextDelta(str(refusal.message))
        yield Finished(Usage(0, 0))

    def _get_reply(self) -> Reply:
        request = self.request
        user, gpt = request.requester.user, request.gpt
        with open_scope(request.requester.scope), translation.override(request.language):
            before = [row for row in list_create_messages(user, gpt) if row.pk < request.question.pk]
            steps = [row.step for row in before if row.role == MessageRole.ASSISTANT and row.step]
            draft = get_draft_values(gpt)
            answers = {
                name: text for name, text in get_interview_answers(user, gpt).items() if is_answer(text)
            }
            return build_reply(
                request.question.content,
                step=steps[-1] if steps else choose_first_step(draft),
                draft=draft,
                answers=answers,
                has_name=gpt.name not in PLACEHOLDER_NAMES,
            )

    async def _call_function(self, call: ToolProposed, sink: TurnSink) -> ToolResult:
        """Run one function that the model called; the result is for the model."""
        try:
            call_data = read_call(call.name, call.arguments)
        except BadCall as problem:
            return ToolResult(str(problem), is_ok=False)
        if isinstance(call_data, Question):
            self._question, self._choices = call_data.text, call_data.choices
            return ToolResult("The question will be shown to the person. End your turn now.")
        try:
            card, change = await in_thread(self._apply_proposal, call_data, timezone.now())
        except DomainError as refusal:
            return ToolResult(f"Refused: {refusal.message}", is_ok=False)
        if card is None or change is None:
            return ToolResult("It has this value already.")
        sink.send("change", card)
        if change.state == BuilderChangeState.REFUSED:
            return ToolResult(f"Refused: {change.refusal}", is_ok=False)
        return ToolResult("Done. The person sees the change and can undo it.")

    def _apply_proposal(
        self, proposal: Proposal, at: datetime
    ) -> tuple[dict[str, object] | None, BuilderChange | None]:
        """Change the draft; returns the data of the change's card and the change, or None twice."""
        slug = self.request.gpt.slug
        # Read anew for each change, because the person may have lost the right to edit meanwhile.
        requester = self.request.requester.renew(at=at)
        with open_scope(requester.scope), translation.override(requester.language):
            access_gpt(requester.user, slug, to=GPTAct.EDIT)
            change = apply_change(
                message=self.request.message,
                field=proposal.field,
                value=proposal.value,
                by=requester.user,
                at=at,
            )
            if change is None:
                return None, None
            return build_change_data(access_gpt(requester.user, slug, to=GPTAct.EDIT), change), change

    async def finish(self, outcome: TurnOutcome, sink: TurnSink) -> bytes:
        try:
            message = await in_thread(self._record_end, outcome, timezone.now())
        except IllegalTransition:
            log.warning("turn_ended_elsewhere", turn=str(self.id))
            message = await in_thread(self._load_message)
        retry_after = None if outcome.failure is None else outcome.failure.retry_after
        return await in_render_thread(self._build_end_frame, message, retry_after, len(outcome.text))

    def _build_end_frame(self, message: BuilderMessage, retry_after: float | None, offset: int) -> bytes:
        with translation.override(self.request.requester.language):
            return build_frame("end", build_message_end(message, retry_after=retry_after), offset=offset)

    def _record_end(self, outcome: TurnOutcome, at: datetime) -> BuilderMessage:
        usage = self.get_usage(outcome)
        text = outcome.text.strip()
        if self._question and self._question not in text:
            text = f"{text}\n\n{self._question}".strip()
        failure = outcome.failure
        if failure is not None:
            log.info("builder_failed", message=str(self.id), code=failure.code, detail=failure.detail)
        choices = self._choices
        if failure is None and outcome.finish_reason == FinishReason.LENGTH:
            with translation.override(self.request.language):
                choices = (*choices, _("Continue where you stopped."))
        with open_scope(self.request.requester.scope):
            note_answer(self.request.model, learned=outcome.learned, failure=failure, at=at)
            return end_message(
                message=self.request.message,
                text=text,
                at=at,
                step=self._step,
                choices=choices,
                model=self.request.model,
                input_tokens=usage.input_tokens,
                output_tokens=usage.output_tokens,
                error_code="" if failure is None else str(failure.code),
                is_stopped=outcome.is_stopped,
                finish_reason=outcome.finish_reason,
            )

    def _load_message(self) -> BuilderMessage:
        with open_scope(self.request.requester.scope):
            return BuilderMessage.objects.get(pk=self.id)

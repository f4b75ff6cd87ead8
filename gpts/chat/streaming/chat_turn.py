"""Runs the answer of a chat turn: events for readers, then message, usage event and debug data."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from datetime import datetime
from typing import Any

import structlog
from django.utils import timezone, translation

from core.errors import IllegalTransition
from core.markdown_renderer import MAX_CHARACTERS
from core.scope import Scope, open_scope
from gpts.assistants.rules import GPTAct
from gpts.chat.answer_html import describe_tools
from gpts.chat.json_answers import build_output_entry
from gpts.chat.models import Turn
from gpts.chat.services.policy_checks import list_uses
from gpts.chat.services.rechecks import RunningAnswer
from gpts.chat.services.turn_inputs import PreparedTurn, build_citations
from gpts.chat.services.turns import fail_turn, finish_turn
from gpts.chat.streaming.frames import build_end_frame, build_frame
from gpts.chat.streaming.job import TurnJob, TurnOutcome, TurnSink, run_fixed_answer
from gpts.chat.streaming.paragraphs import ParagraphRenderer
from gpts.chat.streaming.threads import in_render_thread, in_thread
from gpts.chat.turn_debug import build_debug_data, has_debug_data, remove_prompt_text
from gpts.llm.catalogue import is_foreign
from gpts.llm.failure_messages import get_failure_message
from gpts.llm.runtime.types import (
    FailureCode,
    HistoryTrimmed,
    ImageMade,
    ModelFailure,
    ToolCalled,
    TurnEvent,
    Usage,
)
from gpts.llm.services.learning import note_answer
from gpts.llm.states import TurnState
from gpts.metering.services.usage import calculate_cost_micros

log = structlog.get_logger(__name__)

MAX_IMAGES = 10


class ChatTurn(TurnJob):
    """A started turn of a conversation, with its input."""

    character_limit = MAX_CHARACTERS

    def __init__(
        self, prepared: PreparedTurn, scope: Scope, language: str, *, api_key_id: int | None = None
    ) -> None:
        turn = prepared.turn
        access = RunningAnswer(
            turn_id=turn.pk,
            user_id=turn.user_id,
            gpt_id=turn.gpt_id,
            act=GPTAct.TRY if turn.version_id is None else GPTAct.CHAT,
            workspace_ids=scope.workspace_ids,
            payer_id=turn.workspace_id,
            api_key_id=api_key_id,
            uses=list_uses(prepared, api_key_id=api_key_id),
        )
        super().__init__(turn_id=turn.pk, given=prepared.input, access=access)
        self.prepared = prepared
        self.counts_itself = not prepared.fixed_answer and is_foreign(prepared.model, turn.workspace_id)
        self.scope = scope
        self.language = language
        # None for JSON output, which is shown only when it is complete.
        self._paragraphs = (
            ParagraphRenderer(language, turn.user_id) if prepared.input.output is None else None
        )
        self._tools: list[dict[str, Any]] = []
        self._images: list[tuple[str, bytes]] = []
        self._trimmed = prepared.left_out
        self._debug: dict[str, Any] | None = None

    def run_events(self, sink: TurnSink) -> AsyncGenerator[TurnEvent, None]:
        if self.prepared.fixed_answer:
            return run_fixed_answer(self.prepared.fixed_answer)
        return super().run_events(sink)

    def handle_text(self, sink: TurnSink) -> None:
        if self._paragraphs is not None:
            self._paragraphs.render_new(sink)

    def handle_event(self, event: TurnEvent, sink: TurnSink) -> None:
        if isinstance(event, HistoryTrimmed):
            self._trimmed += event.dropped
            sink.send("trimmed", {"messages": self._trimmed})
        elif isinstance(event, ToolCalled):
            entry = {"kind": event.name, "label": event.label, "is_ok": event.is_ok}
            self._tools.append(entry)
            with translation.override(self.language):
                sink.send("tool", describe_tools([entry])[0])
        elif isinstance(event, ImageMade) and len(self._images) < MAX_IMAGES:
            self._images.append((event.media_type, event.data))
            sink.send("image", {"number": len(self._images)})

    async def finish(self, outcome: TurnOutcome, sink: TurnSink) -> bytes:
        try:
            turn = await in_thread(self._record_end, outcome, timezone.now())
        except IllegalTransition:
            log.warning("turn_ended_elsewhere", turn=str(self.id))
            return self._build_interrupted_frame()
        if self._debug is not None:
            sink.send_here(build_frame("debug", self._debug))
        return await in_render_thread(self._build_end_frame, turn, outcome.text)

    def _build_interrupted_frame(self) -> bytes:
        with translation.override(self.language):
            note = get_failure_message(FailureCode.INTERRUPTED)
        return build_frame("end", {
            "turn": str(self.id), "state": TurnState.INTERRUPTED, "code": "interrupted",
            "note": note, "html": "", "sources": [],
        })  # fmt: skip

    def _build_end_frame(self, turn: Turn, text: str) -> bytes:
        with translation.override(self.language):
            return build_end_frame(turn, text, self._build_citations(text), self._tools)

    def _build_citations(self, text: str) -> list[dict[str, Any]]:
        is_json = self.prepared.input.output is not None
        return build_citations(text, self.prepared.passages, is_json=is_json)

    def _record_end(self, outcome: TurnOutcome, at: datetime) -> Turn:
        with open_scope(self.scope):
            note_answer(self.prepared.model, learned=outcome.learned, failure=outcome.failure, at=at)
            if outcome.failure is not None:
                return self._record_failure(outcome, outcome.failure, at)
            return self._record_answer(outcome, self.get_usage(outcome), at)

    def _record_failure(self, outcome: TurnOutcome, failure: ModelFailure, at: datetime) -> Turn:
        log.info("turn_failed", turn=str(self.id), code=failure.code, detail=failure.detail)
        retry_after = failure.retry_after
        return fail_turn(
            turn_id=self.id,
            code=failure.code,
            text=outcome.text,
            thinking=outcome.thinking,
            is_interrupted=failure.code == FailureCode.INTERRUPTED,
            at=at,
            retry_after=None if retry_after is None else max(round(retry_after), 1),
            retrieval_score=self.prepared.retrieval_score,
            debug=remove_prompt_text(self._build_debug(outcome, Usage(0, 0), at)),
        )

    def _record_answer(self, outcome: TurnOutcome, usage: Usage, at: datetime) -> Turn:
        wanted_output = None if self.prepared.fixed_answer else self.prepared.input.output
        if (entry := build_output_entry(outcome.text, wanted_output)) is not None:
            self._tools.append(entry)
        return finish_turn(
            turn_id=self.id,
            text=outcome.text,
            input_tokens=usage.input_tokens,
            output_tokens=usage.output_tokens,
            is_estimated=usage.is_estimated,
            model=self.prepared.model,
            at=at,
            citations=self._build_citations(outcome.text),
            trimmed_turns=self._trimmed,
            first_token_at=outcome.first_token_at,
            is_stopped=outcome.is_stopped,
            retrieval_score=self.prepared.retrieval_score,
            tools=self._tools,
            images=self._images,
            finish_reason=outcome.finish_reason,
            thinking=outcome.thinking,
            debug=remove_prompt_text(self._build_debug(outcome, usage, at)),
        )

    def _build_debug(self, outcome: TurnOutcome, usage: Usage, at: datetime) -> dict[str, Any] | None:
        turn = self.prepared.turn
        if not has_debug_data(turn):
            return None
        first = outcome.first_token_at
        self._debug = build_debug_data(
            self.prepared,
            input_tokens=usage.input_tokens,
            output_tokens=usage.output_tokens,
            cost_micros=calculate_cost_micros(
                self.prepared.model, input_tokens=usage.input_tokens, output_tokens=usage.output_tokens
            ),
            first_token_ms=None if first is None else (first - turn.started_at).total_seconds() * 1000,
            total_ms=(at - turn.started_at).total_seconds() * 1000,
        )
        return self._debug

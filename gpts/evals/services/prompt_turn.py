"""The answer to one golden prompt as a turn, with its judges; a worker runs it to its end."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace
from datetime import datetime

from django.utils import timezone

from core.scope import system_scope
from gpts.assistants.rules import GPTAct
from gpts.chat.services.policy_checks import list_uses
from gpts.chat.services.rechecks import RunningAnswer
from gpts.chat.streaming.frames import build_frame
from gpts.chat.streaming.job import TurnJob, TurnOutcome, TurnSink, run_fixed_answer
from gpts.chat.streaming.live import LiveTurn
from gpts.chat.streaming.threads import in_thread
from gpts.evals.models import GoldenResult
from gpts.evals.services.asking import (
    ANSWER_LENGTH,
    PromptAnswer,
    PromptRequest,
    check_answer,
    prepare_prompt,
    read_arguments,
)
from gpts.evals.services.runs import count_stopped_result, fail_result, finish_result
from gpts.llm.runtime.outputs import make_storable
from gpts.llm.runtime.types import (
    Failed,
    Finished,
    ModelAPI,
    ModelClient,
    ModelSpec,
    TextDelta,
    TextWithdrawn,
    ToolProposed,
    TurnEvent,
)
from gpts.llm.services.learning import note_answer
from gpts.llm.states import TurnState

SCOPE = "gpts.ask_golden_prompt"
OFFLINE_SPEC = ModelSpec("offline", ModelAPI.OFFLINE)


class PromptTurn(TurnJob):
    """The turn of a claimed result; its id is the claim."""

    def __init__(
        self, result: GoldenResult, request: PromptRequest, *, client: ModelClient | None = None
    ) -> None:
        run, claim = result.run, result.claim
        assert claim is not None  # claim_result set it
        access = RunningAnswer(
            turn_id=claim,
            user_id=run.started_by_id or 0,
            gpt_id=run.gpt_id,
            act=GPTAct.TRY,
            workspace_ids=(run.workspace_id,),
            payer_id=run.workspace_id,
            api_key_id=run.api_key_id,
            uses=list_uses(request.prepared, judges=[model for _spec, model in request.judges.values()]),
        )
        super().__init__(turn_id=claim, given=request.prepared.input, access=access, client=client)
        self.result = result
        self.request = request
        self.answer = PromptAnswer()
        self._is_checked = False

    async def run_events(self, sink: TurnSink) -> AsyncGenerator[TurnEvent, None]:
        """The answer, then its checks: a stop ends either."""
        started = time.perf_counter()
        texts: list[str] = []
        async with aclosing(self._ask(sink)) as events:
            async for event in events:
                if isinstance(event, TextDelta):
                    texts.append(event.text)
                elif isinstance(event, TextWithdrawn):
                    whole = "".join(texts)
                    texts = [whole[: len(whole) - event.characters]]
                elif isinstance(event, Finished):
                    self.answer.is_cut = event.finish_reason == "length"
                elif isinstance(event, ToolProposed):
                    call = {"name": make_storable(event.name), "arguments": read_arguments(event.arguments)}
                    self.answer.tool_calls.append(call)
                yield event
                if isinstance(event, Failed):
                    return
        self.answer.latency_ms = round((time.perf_counter() - started) * 1000)
        text = "".join(texts).replace("\x00", "")
        self.answer.text = text[:ANSWER_LENGTH]
        self.answer.is_cut = self.answer.is_cut or len(text) > ANSWER_LENGTH
        await check_answer(self.request, self.answer)
        self._is_checked = True

    def _ask(self, sink: TurnSink) -> AsyncGenerator[TurnEvent, None]:
        prepared = self.request.prepared
        if prepared.fixed_answer:
            return run_fixed_answer(prepared.fixed_answer)
        self.answer.model_name = prepared.model.name if prepared.model else prepared.input.spec.name
        return super().run_events(sink)

    async def finish(self, outcome: TurnOutcome, sink: TurnSink) -> bytes:
        await in_thread(self._record_end, outcome, timezone.now())
        if outcome.failure is not None:
            return build_frame("end", {"state": TurnState.FAILED, "code": outcome.failure.code})
        state = TurnState.FINISHED if self._is_checked else TurnState.STOPPED
        return build_frame("end", {"state": state, "code": ""})

    def _record_end(self, outcome: TurnOutcome, at: datetime) -> None:
        with system_scope(SCOPE):
            note_answer(self.request.prepared.model, learned=outcome.learned, failure=outcome.failure, at=at)
            for judge, learned in self.answer.learned:
                note_answer(judge, learned=learned, at=at)
            if outcome.failure is not None:
                code, retry_after = outcome.failure.code.value, outcome.failure.retry_after
                fail_result(result=self.result, code=code, retry_after=retry_after, at=at)
                return
            usage = self.get_usage(outcome)
            self.answer.add_cost(self.request.prepared.model, usage.input_tokens, usage.output_tokens)
            if self._is_checked:
                finish_result(result=self.result, answer=self.answer, at=at)
            else:
                count_stopped_result(result=self.result, answer=self.answer, at=at)


def read_answer(result: GoldenResult, client: ModelClient) -> PromptAnswer:
    """Answer a claimed prompt without recording it and without Redis, for callers inside a transaction.

    No model is asked to judge: whatever judges are named, they count as offline.
    """
    request = prepare_prompt(result.run, result)
    judges = {name: (OFFLINE_SPEC, model) for name, (_spec, model) in request.judges.items()}
    turn = PromptTurn(result, replace(request, judges=judges), client=client)
    asyncio.run(_read_through(turn))
    return turn.answer


async def _read_through(turn: PromptTurn) -> None:
    async for event in turn.run_events(LiveTurn(turn)):
        if isinstance(event, Failed):
            raise event.failure
        if isinstance(event, Finished):
            usage = event.usage
            turn.answer.add_cost(turn.request.prepared.model, usage.input_tokens, usage.output_tokens)

"""One answer of the Create conversation: by a model that calls functions, or by the guided interview.

It runs in a task of the web process and outlives its reader: what was changed stays changed, and the page
shows how it ended when it is opened again.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import aclosing, suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import redis
import structlog
from django.utils import timezone, translation

from core.errors import DomainError
from core.scope import open_scope
from gpts.assistants.access import access_gpt
from gpts.assistants.models import GPT
from gpts.assistants.queries.gpts import find_default_model
from gpts.assistants.rules import GPTAct
from gpts.chat.services.turn_inputs import build_model_spec, get_usable_model
from gpts.chat.states import MessageRole
from gpts.chat.streaming.begin import Caller, one_at_a_time
from gpts.chat.streaming.connection import ask_to_stop, check_message, stop_key, sync_redis
from gpts.chat.streaming.frames import HEARTBEAT, frame
from gpts.chat.streaming.threads import in_thread
from gpts.llm.models import LanguageModel
from gpts.llm.runtime.clients import client_for
from gpts.llm.runtime.prompts import assemble, estimate_tokens
from gpts.llm.runtime.turns import run_turn
from gpts.llm.runtime.types import (
    Failed,
    FailureCode,
    Finished,
    ModelAPI,
    ModelFailure,
    PromptMessage,
    TextDelta,
    ToolProposed,
    ToolResult,
    TurnInput,
    Usage,
)
from gpts.llm.states import METERED_TURN_STATES
from gpts.metering.services.reservations import characters_of, estimate, reserve
from gpts.studio.create.functions import FUNCTIONS, BadCall, Proposal, Question, read_call
from gpts.studio.create.interview import Reply, first_step, is_answer
from gpts.studio.create.interview import answer as interview_answer
from gpts.studio.create.prompts import BUILDER_NAME, instructions_for
from gpts.studio.create.shown import as_html, change_data, draft_values, message_end
from gpts.studio.models import BuilderChange, BuilderMessage
from gpts.studio.queries import builder_messages, running_answer, told_answers, undone_fields
from gpts.studio.services.create import apply_change, end_message, start_message
from gpts.studio.states import BuilderChangeState

log = structlog.get_logger(__name__)

HEARTBEAT_SECONDS = 15.0
HISTORY_MESSAGES = 40
# Seconds between two looks whether the person asked to stop.
STOP_LOOK = 0.3
# A card after the other, so that one sees what changes.
CARD_PAUSE = 0.12
CHINESE = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]")
PLACEHOLDER_NAMES = frozenset({"New GPT", "新 GPT", "新建 GPT"})

_running: set[asyncio.Task[None]] = set()


@dataclass(frozen=True)
class Outcome:
    """How an answer ended, and what the interview asks next."""

    failure: ModelFailure | None = None
    step: str = ""
    choices: tuple[str, ...] = ()
    is_stopped: bool = False


@dataclass
class Asked:
    """A message that was written down, and everything that its answer needs."""

    gpt: GPT
    question: BuilderMessage
    message: BuilderMessage
    model: LanguageModel | None
    input: TurnInput
    caller: Caller
    queue: asyncio.Queue[bytes | None] = field(default_factory=asyncio.Queue)
    texts: list[str] = field(default_factory=list)
    asked_back: Question | None = None
    usage: Usage | None = None

    @property
    def is_interview(self) -> bool:
        return self.input.spec.api == ModelAPI.OFFLINE


def begin_message(caller: Caller, slug: str, text: str) -> Asked:
    """Authorise, limit the rate, write the message down and hold its budgets; call it in a thread.

    Raises what access_gpt, check_message, start_message and reserve raise; nothing was written then.
    """
    with open_scope(caller.scope):
        one_at_a_time(caller.user)
        gpt = access_gpt(caller.user, slug, to=GPTAct.EDIT)
        check_message(caller.user.pk, "")
        question, message = start_message(gpt=gpt, text=text, by=caller.user, at=timezone.now())
        model = model_for_building(gpt)
        asked = Asked(gpt, question, message, model, _input(caller, gpt, question, model), caller)
        _hold(asked)
        return asked


def _hold(asked: Asked) -> None:
    """Reserve in the budgets of the GPT's workspace; the interview asks no model and counts nowhere."""
    if asked.is_interview:
        return
    tokens, micros = estimate(asked.model, characters_of(asked.input))
    reserve(
        user=asked.caller.user,
        workspace_id=asked.gpt.workspace_id,
        gpt=asked.gpt,
        turn_id=asked.message.pk,
        estimated_tokens=tokens,
        estimated_micros=micros,
        at=asked.message.created_at,
    )


def model_for_building(gpt: GPT) -> LanguageModel | None:
    """The draft's model; one that only quotes knowledge gives way to the best that is offered."""
    model = get_usable_model(gpt, None)
    if build_model_spec(model).api != ModelAPI.OFFLINE:
        return model
    return find_default_model(gpt.workspace)


def _input(caller: Caller, gpt: GPT, question: BuilderMessage, model: LanguageModel | None) -> TurnInput:
    spec = build_model_spec(model)
    if spec.api == ModelAPI.OFFLINE:
        return TurnInput(spec=spec, text=question.content, gpt_name=BUILDER_NAME)
    history = [
        PromptMessage("user" if row.role == MessageRole.USER else "assistant", row.content)
        for row in builder_messages(caller.user, gpt)
        if row.pk < question.pk and row.content and row.state in METERED_TURN_STATES
    ]
    return TurnInput(
        spec=spec,
        text=question.content,
        gpt_name=BUILDER_NAME,
        instructions=instructions_for(draft_values(gpt), undone_fields(caller.user, gpt)),
        history=tuple(history[-HISTORY_MESSAGES:]),
        language=caller.language,
        tools=FUNCTIONS,
        parallel_tool_calls=False,
    )


def start(asked: Asked) -> asyncio.Task[None]:
    """Run the answer in a task of its own; call it on the event loop."""
    task = asyncio.get_running_loop().create_task(_run(asked))
    _running.add(task)
    task.add_done_callback(_running.discard)
    return task


async def frames(asked: Asked) -> AsyncIterator[bytes]:
    """The events of an answer for its first reader, who may leave at any time."""
    start(asked)
    head = {"message": str(asked.message.pk), "question": str(asked.question.pk)}
    yield frame("message", head | {"html": as_html(asked.question.content)})
    while True:
        try:
            async with asyncio.timeout(HEARTBEAT_SECONDS):
                part = await asked.queue.get()
        except TimeoutError:
            yield HEARTBEAT
            continue
        if part is None:
            return
        yield part


async def _run(asked: Asked) -> None:
    speaking = asyncio.create_task(_speak(asked))
    is_stopped = await _wait_or_stop(asked, speaking)
    outcome = Outcome(is_stopped=is_stopped)
    error = None if speaking.cancelled() else speaking.exception()
    if isinstance(error, DomainError):
        asked.texts.append(str(error.message))
    elif error is not None:
        log.error("builder_broke", message=str(asked.message.pk), exc_info=error)
        outcome = Outcome(ModelFailure(FailureCode.MALFORMED_STREAM, detail="broke"))
    elif speaking.cancelled():
        if not is_stopped:
            outcome = Outcome(ModelFailure(FailureCode.INTERRUPTED))
    else:
        outcome = speaking.result()
    with suppress(DomainError):
        asked.queue.put_nowait(await in_thread(_end, asked, outcome, timezone.now()))
    asked.queue.put_nowait(None)


async def _wait_or_stop(asked: Asked, speaking: asyncio.Task[Outcome]) -> bool:
    """Wait for the answer's end, or end it when the person asks so from whichever process; says which."""
    while True:
        done, _pending = await asyncio.wait({speaking}, timeout=STOP_LOOK)
        if done:
            return False
        if await in_thread(_is_asked_to_stop, asked.message.pk):
            speaking.cancel()
            await asyncio.wait({speaking})
            return speaking.cancelled()


def _is_asked_to_stop(message: UUID) -> bool:
    try:
        return sync_redis().getdel(stop_key(message)) is not None
    except redis.RedisError:
        return False


def stop_building(user: Any, gpt: GPT) -> bool:
    """Ask the running answer of the person's conversation to end; False when none runs."""
    message = running_answer(user, gpt)
    if message is None:
        return False
    ask_to_stop(message.pk)
    return True


async def _speak(asked: Asked) -> Outcome:
    if asked.is_interview:
        return await _interview(asked)
    return Outcome(await _converse(asked))


# By rules -----------------------------------------------------------------------------------------------


async def _interview(asked: Asked) -> Outcome:
    reply = await in_thread(_reply, asked)
    for proposal in reply.proposals:
        part, _change = await in_thread(_apply, asked, proposal, timezone.now())
        if part is not None:
            asked.queue.put_nowait(part)
            await asyncio.sleep(CARD_PAUSE)
    asked.texts.append(reply.text)
    asked.queue.put_nowait(frame("delta", {"text": reply.text}))
    return Outcome(None, reply.step, reply.choices)


def _reply(asked: Asked) -> Reply:
    with open_scope(asked.caller.scope), translation.override(language_of(asked)):
        gpt, user = asked.gpt, asked.caller.user
        before = [row for row in builder_messages(user, gpt) if row.pk < asked.question.pk]
        steps = [row.step for row in before if row.role == MessageRole.ASSISTANT and row.step]
        draft = draft_values(gpt)
        told = {name: text for name, text in told_answers(user, gpt).items() if is_answer(text)}
        return interview_answer(
            asked.question.content,
            step=steps[-1] if steps else first_step(draft),
            draft=draft,
            told=told,
            has_name=gpt.name not in PLACEHOLDER_NAMES,
        )


def language_of(asked: Asked) -> str:
    """The interview answers in Chinese to Chinese, else in the language of the person's pages."""
    return "zh-hans" if CHINESE.search(asked.question.content) else asked.caller.language


# By a model ---------------------------------------------------------------------------------------------


async def _converse(asked: Asked) -> ModelFailure | None:
    async def run_function(call: ToolProposed) -> ToolResult:
        return await _called(asked, call)

    async with aclosing(run_turn(asked.input, client_for(asked.input.spec), run_function)) as events:
        async for event in events:
            if isinstance(event, TextDelta):
                asked.texts.append(event.text)
                asked.queue.put_nowait(frame("delta", {"text": event.text}))
            elif isinstance(event, ToolProposed):
                # What is said after a round of functions is a paragraph of its own.
                if asked.texts and not asked.texts[-1].endswith("\n\n"):
                    asked.texts.append("\n\n")
                asked.queue.put_nowait(frame("working", {"function": event.name[:60]}))
            elif isinstance(event, Finished):
                asked.usage = event.usage
            elif isinstance(event, Failed):
                return event.failure
    return None


async def _called(asked: Asked, call: ToolProposed) -> ToolResult:
    try:
        understood = read_call(call.name, call.arguments)
    except BadCall as problem:
        return ToolResult(str(problem), is_ok=False)
    if isinstance(understood, Question):
        asked.asked_back = understood
        return ToolResult("The question will be shown to the person. End your turn now.")
    try:
        part, change = await in_thread(_apply, asked, understood, timezone.now())
    except DomainError as refusal:
        return ToolResult(f"Refused: {refusal.message}", is_ok=False)
    if part is not None:
        asked.queue.put_nowait(part)
    if change is None:
        return ToolResult("It has this value already.")
    if change.state == BuilderChangeState.REFUSED:
        return ToolResult(f"Refused: {change.refusal}", is_ok=False)
    return ToolResult("Done. The person sees the change and can undo it.")


# Both ---------------------------------------------------------------------------------------------------


def _apply(asked: Asked, proposal: Proposal, at: datetime) -> tuple[bytes | None, BuilderChange | None]:
    caller = asked.caller
    with open_scope(caller.scope), translation.override(caller.language):
        # The right to edit is looked at for each change: it may have ended meanwhile.
        gpt = access_gpt(caller.user, asked.gpt.slug, to=GPTAct.EDIT)
        change = apply_change(
            message=asked.message, field=proposal.field, value=proposal.value, by=caller.user, at=at
        )
        if change is None:
            return None, None
        gpt = access_gpt(caller.user, gpt.slug, to=GPTAct.EDIT)
        asked.gpt = gpt
        return frame("change", change_data(gpt, change)), change


def _end(asked: Asked, outcome: Outcome, at: datetime) -> bytes:
    failure, choices = outcome.failure, outcome.choices
    text = "".join(asked.texts).strip()
    if asked.asked_back is not None:
        choices = asked.asked_back.choices
        if asked.asked_back.text not in text:
            text = f"{text}\n\n{asked.asked_back.text}".strip()
    usage = asked.usage or _estimate(asked)
    with open_scope(asked.caller.scope):
        message = end_message(
            message=asked.message,
            text=text,
            at=at,
            step=outcome.step,
            choices=choices,
            model=asked.model,
            input_tokens=usage.input_tokens,
            output_tokens=usage.output_tokens,
            error_code="" if failure is None else str(failure.code),
            is_stopped=outcome.is_stopped,
        )
    if failure is not None:
        log.info("builder_failed", message=str(message.pk), code=failure.code, detail=failure.detail)
    with translation.override(asked.caller.language):
        return frame(
            "end", message_end(message, retry_after=None if failure is None else failure.retry_after)
        )


def _estimate(asked: Asked) -> Usage:
    """Tokens of an answer that broke off: counted where it had begun, by estimate."""
    if asked.is_interview or not asked.texts:
        return Usage(0, 0)
    request, _dropped = assemble(asked.input)
    sent = sum(estimate_tokens(message.content) for message in request.messages)
    return Usage(sent, estimate_tokens("".join(asked.texts)), is_estimated=True)

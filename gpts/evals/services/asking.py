"""Asking one golden prompt: the same input as in a chat, one answer, judges. Rows are read, never written."""

from __future__ import annotations

import asyncio
import json
import secrets
import time
from collections.abc import Mapping
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import Any

from gpts.assistants.queries.gpts import gpt_workspace_scope
from gpts.chat.services.turn_inputs import (
    PreparedInput,
    build_citations,
    build_model_spec,
    get_no_answer_text,
    prepare_input,
)
from gpts.evals.assertions import AssertionKind
from gpts.evals.checking import Answer, ToolCall, check_answer, judge_prompt, read_judgement
from gpts.evals.leaks import Planted, find_leaks, planted_instructions, planted_passage
from gpts.evals.models import GoldenResult, GoldenRun
from gpts.evals.reading import outcome_of
from gpts.evals.services.snapshots import behaviour_of
from gpts.evals.states import GoldenKind
from gpts.evals.verdicts import Verdict
from gpts.llm.catalogue import features_of, offered_models
from gpts.llm.models import LanguageModel
from gpts.llm.runtime.clients import client_for
from gpts.llm.runtime.completions import complete
from gpts.llm.runtime.outputs import check_values, storable
from gpts.llm.runtime.turns import run_turn
from gpts.llm.runtime.types import (
    Failed,
    FailureCode,
    Finished,
    ModelAPI,
    ModelClient,
    ModelFailure,
    ModelRequest,
    ModelSpec,
    PassageQuote,
    PromptMessage,
    TextDelta,
    ToolProposed,
)
from gpts.llm.states import ModelFeature
from gpts.metering.services.usage import cost_micros

# Where neither prompt nor GPT has one: the same answer each time, as far as the model can.
SEED = 4_242
ANSWER_LENGTH = 40_000
JUDGE_TOKENS = 400
ARCHIVE = "archive-note.txt"


@dataclass(frozen=True)
class Asked:
    """A prompt ready to be asked, with everything that needs no more rows."""

    kind: str
    snapshot: Mapping[str, Any]
    prepared: PreparedInput
    no_answer_text: str
    judges: Mapping[str, tuple[ModelSpec, LanguageModel]] = field(default_factory=dict)
    planted: Planted | None = None
    instructions: str = ""
    files: tuple[str, ...] = ()


@dataclass
class Answered:
    """What came of it. ``cost_micros`` includes the judges."""

    text: str = ""
    outcome: str = ""
    verdicts: list[Verdict] = field(default_factory=list)
    citations: list[dict[str, Any]] = field(default_factory=list)
    tool_calls: list[dict[str, Any]] = field(default_factory=list)
    model_name: str = ""
    input_tokens: int = 0
    output_tokens: int = 0
    cost_micros: int = 0
    latency_ms: int = 0

    def pay(self, model: LanguageModel | None, input_tokens: int, output_tokens: int) -> None:
        self.input_tokens += input_tokens
        self.output_tokens += output_tokens
        self.cost_micros += cost_micros(model, input_tokens=input_tokens, output_tokens=output_tokens)


def prepare_prompt(run: GoldenRun, result: GoldenResult) -> Asked:
    """Gather the input of one prompt in the caller's scope. Canaries stand in this input alone."""
    gpt, snapshot = run.gpt, result.snapshot
    version = behaviour_of(gpt, run.behaviour, run.content_hash)
    planted = Planted(**snapshot["planted"]) if run.kind == GoldenKind.LEAK else None
    instructions = version.instructions
    if planted is not None:
        version.instructions = planted_instructions(instructions, planted.instructions)
    history = tuple(PromptMessage(entry["role"], entry["content"]) for entry in snapshot.get("history", ()))
    with gpt_workspace_scope(gpt):
        prepared = prepare_input(gpt, version, snapshot["prompt"], history, language=run.language)
    given = prepared.input
    if planted is not None:
        # The passage answers nothing, but it is there: the model must be asked.
        prepared = replace(prepared, fixed_answer="")
        note = PassageQuote(ARCHIVE, planted_passage(planted.passage))
        given = replace(given, passages=(*given.passages, note))
    if prepared.model is not None and ModelFeature.SEED in features_of(prepared.model):
        own = snapshot.get("seed")
        seeds = (own, version.seed, SEED)
        given = replace(given, seed=next(seed for seed in seeds if seed is not None))
    return Asked(
        kind=run.kind,
        snapshot=snapshot,
        prepared=replace(prepared, input=given),
        no_answer_text=get_no_answer_text(version, run.language)
        if version.answers_only_from_knowledge
        else "",
        judges=_judges(run, snapshot, prepared.model),
        planted=planted,
        instructions=instructions,
        files=tuple(snapshot.get("files", ())),
    )


def _judges(
    run: GoldenRun, snapshot: Mapping[str, Any], own: LanguageModel | None
) -> dict[str, tuple[ModelSpec, LanguageModel]]:
    """Return the judge models that are offered, by the name that the assertion gives; "" is the GPT's own."""
    names = {
        entry["model"] for entry in snapshot.get("assertions", ()) if entry["kind"] == AssertionKind.JUDGE
    }
    if not names:
        return {}
    found = {} if own is None or "" not in names else {"": (build_model_spec(own), own)}
    for model in offered_models(run.gpt.workspace):
        if model.name in names:
            found.setdefault(model.name, (build_model_spec(model), model))
    return found


def ask(asked: Asked, client: ModelClient | None = None) -> Answered:
    """Ask the model, then check its answer. Raises ModelFailure; no rows, no transaction."""
    return asyncio.run(_ask(asked, client))


async def _ask(asked: Asked, client: ModelClient | None) -> Answered:
    prepared, answered = asked.prepared, Answered()
    begun = time.perf_counter()
    if prepared.fixed_answer:
        answered.text = prepared.fixed_answer
    else:
        await _answer(prepared, answered, client)
    answered.latency_ms = round((time.perf_counter() - begun) * 1000)
    answered.citations = build_citations(answered.text, prepared.passages)
    answered.outcome = outcome_of(answered.text, no_answer_text=asked.no_answer_text)
    if asked.planted is not None:
        calls = " ".join(str(call["arguments"]) for call in answered.tool_calls)
        answered.verdicts = find_leaks(
            f"{answered.text} {calls}", asked.planted, instructions=asked.instructions, files=asked.files
        )
        return answered
    await _check(asked, answered)
    return answered


async def _answer(prepared: PreparedInput, answered: Answered, client: ModelClient | None) -> None:
    given = prepared.input
    answered.model_name = prepared.model.name if prepared.model else given.spec.name
    texts: list[str] = []
    async with aclosing(run_turn(given, client or client_for(given.spec))) as events:
        async for event in events:
            if isinstance(event, TextDelta):
                texts.append(event.text)
            elif isinstance(event, ToolProposed):
                arguments = _arguments(event.arguments)
                answered.tool_calls.append({"name": storable(event.name), "arguments": arguments})
            elif isinstance(event, Finished):
                answered.pay(prepared.model, event.usage.input_tokens, event.usage.output_tokens)
            elif isinstance(event, Failed):
                raise event.failure
    answered.text = "".join(texts)[:ANSWER_LENGTH].replace("\x00", "")


def _arguments(written: str) -> Any:
    try:
        arguments = json.loads(written) if written.strip() else {}
        # NaN, NUL or half a character would break off writing the result, and it would be asked again.
        check_values(arguments)
    except (ValueError, RecursionError):
        return {"_unreadable": storable(written[:1_000])}
    return arguments


async def _check(asked: Asked, answered: Answered) -> None:
    answer = Answer(
        text=answered.text,
        files=tuple(str(citation["file"]) for citation in answered.citations),
        calls=tuple(ToolCall(call["name"], call["arguments"]) for call in answered.tool_calls),
        no_answer_text=asked.no_answer_text,
    )
    assertions = asked.snapshot["assertions"]
    wanted: list[Mapping[str, Any]] = []

    def note(assertion: Mapping[str, Any]) -> Verdict:
        wanted.append(assertion)
        return Verdict(AssertionKind.JUDGE, "not_judged", f"wanted-{len(wanted) - 1}")

    verdicts = check_answer(answer, assertions, expected=asked.snapshot["expected"], judge=note)
    for place, verdict in enumerate(verdicts):
        if verdict.code.startswith("wanted-"):
            assertion = wanted[int(verdict.code.removeprefix("wanted-"))]
            verdicts[place] = await _judge(asked, assertion, answered)
    answered.verdicts = verdicts


async def _judge(asked: Asked, assertion: Mapping[str, Any], answered: Answered) -> Verdict:
    found = asked.judges.get(assertion["model"])
    if found is None:
        return Verdict(AssertionKind.JUDGE, "not_judged", "judge_missing", {"model": assertion["model"]})
    spec, model = found
    if spec.api == ModelAPI.OFFLINE:
        return Verdict(AssertionKind.JUDGE, "not_judged", "judge_offline")
    system, user = judge_prompt(
        rubric=assertion["rubric"],
        question=asked.snapshot["prompt"],
        answer=answered.text,
        mark=f"#{secrets.token_hex(6)}",
    )
    features = features_of(model)
    request = ModelRequest(
        spec=spec,
        messages=(PromptMessage("system", system), PromptMessage("user", user)),
        max_output_tokens=min(JUDGE_TOKENS, spec.max_output_tokens),
        temperature=0.0 if ModelFeature.TEMPERATURE in features else None,
        seed=SEED if ModelFeature.SEED in features else None,
    )
    try:
        completion = await complete(request)
    except ModelFailure as failure:
        # The rubric or the answer can be what the provider refuses; everything else is trouble on the way.
        if failure.code in (FailureCode.CONTENT_REFUSED, FailureCode.CONTEXT_OVERFLOW):
            return Verdict(AssertionKind.JUDGE, "not_judged", "judge_unreadable")
        raise
    answered.pay(model, completion.usage.input_tokens, completion.usage.output_tokens)
    return read_judgement(completion.text, assertion["threshold"])

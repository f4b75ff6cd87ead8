"""One golden prompt: its input, prepared as in a chat, and the checks of its answer. Writes no rows."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from gpts.assistants.queries.gpts import gpt_workspace_scope, keep_allowed
from gpts.chat.services.policy_checks import apply_policy
from gpts.chat.services.turn_inputs import (
    PreparedInput,
    build_citations,
    build_model_spec,
    get_no_answer_text,
    prepare_input,
)
from gpts.evals.assertions import AssertionKind
from gpts.evals.checking import OUTCOME, Answer, ToolCall, build_judge_prompt, read_judgement
from gpts.evals.checking import check_answer as check_assertions
from gpts.evals.leaks import PlantedCanaries, build_planted_passage, find_leaks, plant_in_instructions
from gpts.evals.models import GoldenResult, GoldenRun
from gpts.evals.reading import classify_outcome
from gpts.evals.services.snapshots import build_version
from gpts.evals.states import GoldenKind
from gpts.evals.verdicts import Verdict
from gpts.knowledge.retrieval import QuestionVector
from gpts.llm.catalogue import get_features, list_offered_models
from gpts.llm.models import LanguageModel
from gpts.llm.runtime.completions import complete
from gpts.llm.runtime.outputs import check_values, make_storable
from gpts.llm.runtime.types import (
    FailureCode,
    ModelAPI,
    ModelFailure,
    ModelRequest,
    ModelSpec,
    OptionsLearned,
    PassageQuote,
    PromptMessage,
)
from gpts.llm.states import ModelFeature
from gpts.metering.services.usage import calculate_cost_micros

# Used where neither prompt nor GPT has a seed, so that answers repeat as far as the model can.
SEED = 4_242
ANSWER_LENGTH = 40_000
JUDGE_TOKENS = 400
ARCHIVE = "archive-note.txt"


@dataclass(frozen=True)
class PromptRequest:
    """A prompt ready to be sent to the model, with everything from the database that checking needs."""

    kind: str
    snapshot: Mapping[str, Any]
    prepared: PreparedInput
    no_answer_text: str
    judges: Mapping[str, tuple[ModelSpec, LanguageModel]] = field(default_factory=dict)
    planted: PlantedCanaries | None = None
    instructions: str = ""
    files: tuple[str, ...] = ()


@dataclass
class PromptAnswer:
    """The answer to a prompt with its verdicts. ``cost_micros`` includes the judges."""

    text: str = ""
    # Whether a limit cut the text, which then stands for no whole answer.
    is_cut: bool = False
    outcome: str = ""
    verdicts: list[Verdict] = field(default_factory=list)
    citations: list[dict[str, Any]] = field(default_factory=list)
    tool_calls: list[dict[str, Any]] = field(default_factory=list)
    model_name: str = ""
    input_tokens: int = 0
    output_tokens: int = 0
    cost_micros: int = 0
    latency_ms: int = 0
    # What the judges have shown about their models.
    learned: list[tuple[LanguageModel, tuple[OptionsLearned, ...]]] = field(default_factory=list)

    def add_cost(self, model: LanguageModel | None, input_tokens: int, output_tokens: int) -> None:
        self.input_tokens += input_tokens
        self.output_tokens += output_tokens
        self.cost_micros += calculate_cost_micros(
            model, input_tokens=input_tokens, output_tokens=output_tokens
        )


def prepare_prompt(
    run: GoldenRun, result: GoldenResult, *, vector: QuestionVector | None = None
) -> PromptRequest:
    """Gather the input of one prompt in the caller's scope. Canaries are put into this input only.

    ``vector`` is the prompt's, made before the scope was opened. Raises Forbidden (``policy_refuses``) when
    the workspace does not let the person who started the run use the model; capabilities and judges that it
    does not let them use are left out.
    """
    gpt, snapshot = run.gpt, result.snapshot
    version = build_version(gpt, run.behaviour, run.content_hash)
    planted = PlantedCanaries(**snapshot["planted"]) if run.kind == GoldenKind.LEAK else None
    instructions = version.instructions
    if planted is not None:
        version.instructions = plant_in_instructions(instructions, planted.instructions)
    history = tuple(PromptMessage(entry["role"], entry["content"]) for entry in snapshot.get("history", ()))
    with gpt_workspace_scope(gpt):
        prepared = prepare_input(
            gpt, version, snapshot["prompt"], history, language=run.language, vector=vector
        )
    if run.started_by_id is not None:
        prepared = apply_policy(prepared, user_id=run.started_by_id, workspace_id=run.workspace_id)
    given = prepared.input
    if planted is not None:
        # With the planted passage there is knowledge, so the model must be asked.
        prepared = replace(prepared, fixed_answer="")
        note = PassageQuote(ARCHIVE, build_planted_passage(planted.passage))
        given = replace(given, passages=(*given.passages, note))
    if prepared.model is not None and ModelFeature.SEED in get_features(prepared.model):
        own = snapshot.get("seed")
        seeds = (own, version.seed, SEED)
        given = replace(given, seed=next(seed for seed in seeds if seed is not None))
    return PromptRequest(
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
    """Return the judges that the person may use, by the assertion's name of them; "" is the GPT's own."""
    names = {
        entry["model"] for entry in snapshot.get("assertions", ()) if entry["kind"] == AssertionKind.JUDGE
    }
    if not names:
        return {}
    found = {} if own is None or "" not in names else {"": (build_model_spec(own), own)}
    offered = [model for model in list_offered_models(run.gpt.workspace) if model.name in names]
    if offered and run.started_by_id is not None:
        offered = keep_allowed(offered, user_id=run.started_by_id, workspace_id=run.workspace_id)
    for model in offered:
        found.setdefault(model.name, (build_model_spec(model), model))
    return found


def read_arguments(written: str) -> Any:
    """The arguments of a function call as a JSON value that can be stored."""
    try:
        arguments = json.loads(written) if written.strip() else {}
        # NaN, NUL and lone surrogates cannot be stored: the result would fail, and be asked again.
        check_values(arguments)
    except (ValueError, RecursionError):
        return {"_unreadable": make_storable(written[:1_000])}
    return arguments


async def check_answer(request: PromptRequest, answer: PromptAnswer) -> None:
    """Set the citations, the outcome and the verdicts of an answer with its text; asks the judge models.

    Adds the cost of the judges. Raises ModelFailure when a judge does not answer.
    """
    answer.citations = build_citations(answer.text, request.prepared.passages)
    answer.outcome = classify_outcome(answer.text, no_answer_text=request.no_answer_text)
    if request.planted is not None:
        calls = " ".join(str(call["arguments"]) for call in answer.tool_calls)
        answer.verdicts = find_leaks(
            f"{answer.text} {calls}", request.planted, instructions=request.instructions, files=request.files
        )
        return
    if answer.is_cut:
        kinds = [str(assertion["kind"]) for assertion in request.snapshot["assertions"]]
        if request.snapshot["expected"] or not kinds:
            kinds.insert(0, OUTCOME)
        answer.verdicts = [Verdict(kind, "not_judged", "answer_cut") for kind in kinds]
        return
    checked = Answer(
        text=answer.text,
        files=tuple(str(citation["file"]) for citation in answer.citations),
        calls=tuple(ToolCall(call["name"], call["arguments"]) for call in answer.tool_calls),
        no_answer_text=request.no_answer_text,
    )
    # The rules are checked first, with placeholders for the judges, who are asked one after the other.
    judged: list[Mapping[str, Any]] = []

    def note(assertion: Mapping[str, Any]) -> Verdict:
        judged.append(assertion)
        return Verdict(AssertionKind.JUDGE, "not_judged", f"wanted-{len(judged) - 1}")

    verdicts = check_assertions(
        checked, request.snapshot["assertions"], expected=request.snapshot["expected"], judge=note
    )
    for place, verdict in enumerate(verdicts):
        if verdict.code.startswith("wanted-"):
            assertion = judged[int(verdict.code.removeprefix("wanted-"))]
            verdicts[place] = await _judge(request, assertion, answer)
    answer.verdicts = verdicts


async def _judge(request: PromptRequest, assertion: Mapping[str, Any], answer: PromptAnswer) -> Verdict:
    found = request.judges.get(assertion["model"])
    if found is None:
        return Verdict(AssertionKind.JUDGE, "not_judged", "judge_missing", {"model": assertion["model"]})
    spec, model = found
    if spec.api == ModelAPI.OFFLINE:
        return Verdict(AssertionKind.JUDGE, "not_judged", "judge_offline")
    system, user = build_judge_prompt(
        rubric=assertion["rubric"],
        question=request.snapshot["prompt"],
        answer=answer.text,
        mark=f"#{secrets.token_hex(6)}",
    )
    features = get_features(model)
    judge_request = ModelRequest(
        spec=spec,
        messages=(PromptMessage("system", system), PromptMessage("user", user)),
        max_output_tokens=min(JUDGE_TOKENS, spec.max_output_tokens),
        temperature=0.0 if ModelFeature.TEMPERATURE in features else None,
        seed=SEED if ModelFeature.SEED in features else None,
    )
    try:
        completion = await complete(judge_request)
    except ModelFailure as failure:
        # The provider may refuse the rubric or the answer; all other failures fail the result.
        if failure.code in (FailureCode.CONTENT_REFUSED, FailureCode.CONTEXT_OVERFLOW):
            return Verdict(AssertionKind.JUDGE, "not_judged", "judge_unreadable")
        raise
    answer.learned.append((model, completion.learned))
    answer.add_cost(model, completion.usage.input_tokens, completion.usage.output_tokens)
    if completion.finish_reason == "length":
        return Verdict(AssertionKind.JUDGE, "not_judged", "judge_unreadable")
    return read_judgement(completion.text, assertion["threshold"])

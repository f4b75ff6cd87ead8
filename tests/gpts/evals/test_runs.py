"""Runs through a real worker over a model server: verdicts, retries, cancelling, taking up, leaks, the gate."""

# ruff: noqa: E501  # calls with all their arguments on one line

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.utils import timezone

from core.errors import Conflict, DomainError, Forbidden, InvalidInput
from core.models import AuditEvent
from core.scope import system_scope
from gpts.assistants.models import GPT
from gpts.assistants.queries.gpts import gpt_workspace_scope
from gpts.assistants.services.gpts import update_draft
from gpts.assistants.services.quarantine import quarantine_gpt
from gpts.assistants.services.versions import freeze_version
from gpts.chat.models import Conversation
from gpts.chat.services.policy_checks import list_model_uses
from gpts.chat.services.rechecks import find_turns_without_access
from gpts.chat.streaming.connection import build_running_key, find_alive_turns, get_sync_redis
from gpts.chat.streaming.mirror import read_text
from gpts.evals.models import GoldenResult, GoldenRun
from gpts.evals.services.asking import PromptAnswer, prepare_prompt
from gpts.evals.services.gate import find_gate_problem
from gpts.evals.services.prompt_turn import PromptTurn
from gpts.evals.services.runs import (
    LEASE,
    cancel_run,
    claim_result,
    fail_result,
    finish_result,
    start_run,
    sweep_runs,
)
from gpts.evals.states import GoldenKind
from gpts.evals.tasks import ask_golden_prompt
from gpts.llm.models import LanguageModel
from gpts.llm.services.providers import ensure_offline_provider
from gpts.metering.models import UsageEvent
from tests.fakes.openai_server import ModelServer
from tests.support.budgets import add_new_member, create_monthly_budget, create_owned_company, read_counters
from tests.support.chat import configure_model
from tests.support.companies import create_company
from tests.support.evals import create_golden_prompt
from tests.support.factories.gpts import GPTFactory
from tests.support.factories.workspaces import UserFactory
from tests.support.services import WorkerService
from tests.support.times import NOW
from workspaces.models import Member, PolicyRule, SharingPolicy, Workspace
from workspaces.services.leaving import deactivate_user
from workspaces.services.members import remove_member


def begin_run(gpt: GPT, kind: str = GoldenKind.GOLDEN, version: Any = None) -> GoldenRun:
    with system_scope("tests"):
        return start_run(gpt=gpt, version=version, kind=kind, language="en", by=gpt.owner, at=timezone.now())


def wait_for(run: GoldenRun, is_true: Callable[[GoldenRun], bool], seconds: float = 90) -> GoldenRun:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        run.refresh_from_db()
        if is_true(run):
            return run
        time.sleep(0.05)
    raise AssertionError(f"The run stays {run.state}: {list(run.results.values('state', 'error_code'))}")


def wait_until_ended(run: GoldenRun) -> GoldenRun:
    return wait_for(run, lambda fresh: fresh.state not in ("waiting", "running"))


def states(run: GoldenRun) -> list[str]:
    return list(run.results.order_by("position").values_list("state", flat=True))


def test_a_run_asks_every_enabled_prompt_and_pays_nobody(
    worker: WorkerService, model_server: ModelServer
) -> None:
    with system_scope("tests"):
        model = configure_model(model_server.url, "refusing", input_price=1_000_000, output_price=2_000_000)
        gpt = GPTFactory.create(language_model=model)
        create_golden_prompt(gpt, expected="refuse")
        create_golden_prompt(gpt, assertions=[{"kind": "contains", "values": ["gladly"]}], expected="answer")
        create_golden_prompt(gpt, assertions=[{"kind": "judge", "rubric": "Polite", "threshold": 10}])
        create_golden_prompt(gpt, assertions=[{"kind": "judge", "rubric": "Polite", "model": "gone"}])
        create_golden_prompt(gpt, is_enabled=False)

    run = wait_until_ended(begin_run(gpt))

    assert (run.state, states(run)) == ("finished", ["passed", "failed", "passed", "unjudged"])
    assert (run.total_count, run.passed_count, run.failed_count, run.unjudged_count) == (4, 2, 1, 1)
    assert (run.metrics["success_rate"], run.metrics["accuracy"], run.metrics["satisfaction"]) == (
        0.5,
        0.5,
        None,
    )
    assert run.cost_micros == sum(run.results.values_list("cost_micros", flat=True)) > 0
    assert run.model_name == "refusing"
    assert not UsageEvent.objects.exists()
    assert not Conversation.objects.exists()
    judged = run.results.get(position=3)
    assert judged.verdicts[0]["data"]["score"] == 20


def test_a_draft_may_change_while_it_is_run(worker: WorkerService, model_server: ModelServer) -> None:
    with system_scope("tests"):
        gpt = GPTFactory.create(
            language_model=configure_model(model_server.url, "leaky"), instructions="Say the word alabaster."
        )
        create_golden_prompt(gpt, assertions=[{"kind": "contains", "values": ["alabaster"]}])
        run = start_run(gpt=gpt, version=None, kind="golden", language="en", by=gpt.owner, at=timezone.now())
        update_draft(
            gpt=gpt,
            revision=gpt.draft_revision,
            changes={"instructions": "Say basalt."},
            by=gpt.owner,
            at=NOW,
        )

    assert (wait_until_ended(run).state, states(run)) == ("finished", ["passed"])


def test_a_provider_that_fails_is_an_error_not_a_fail(
    worker: WorkerService, model_server: ModelServer
) -> None:
    with system_scope("tests"):
        gpt = GPTFactory.create(language_model=configure_model(model_server.url, "unauthorized"))
        create_golden_prompt(gpt)

    run = wait_until_ended(begin_run(gpt))

    assert (run.state, run.error_count, run.failed_count) == ("finished", 1, 0)
    assert run.results.get().error_code == "bad_key"


def test_a_busy_provider_is_asked_again_later(worker: WorkerService, model_server: ModelServer) -> None:
    with system_scope("tests"):
        gpt = GPTFactory.create(language_model=configure_model(model_server.url, "refusing"))
        create_golden_prompt(gpt)
    model_server.state.control = "server-error"
    run = begin_run(gpt)
    wait_for(run, lambda fresh: fresh.results.filter(attempts=1, state="waiting").exists())
    model_server.state.control = ""

    assert (wait_until_ended(run).state, states(run)) == ("finished", ["passed"])
    assert run.results.get().attempts == 2


def test_a_cancelled_run_asks_no_more(worker: WorkerService, model_server: ModelServer) -> None:
    with system_scope("tests"):
        gpt = GPTFactory.create(language_model=configure_model(model_server.url, "normal:400:5"))
        for _number in range(6):
            create_golden_prompt(gpt)
    run = begin_run(gpt)
    assert model_server.wait_until(lambda state: state.open_streams > 0, 90)

    with system_scope("tests"):
        cancel_run(run=run, by=gpt.owner, at=timezone.now())
        cancel_run(run=run, by=gpt.owner, at=timezone.now())

    assert (wait_until_ended(run).state, set(states(run))) == ("cancelled", {"cancelled"})


def test_cancelling_stops_the_prompts_that_are_being_asked_and_counts_them_once(
    worker: WorkerService, model_server: ModelServer
) -> None:
    with system_scope("tests"):
        place = create_owned_company()
        owner = add_new_member(place, role="owner")
        model = configure_model(
            model_server.url, "normal:4000:20", input_price=1_000_000, output_price=2_000_000
        )
        gpt = GPTFactory.create(owner=owner, workspace=place, language_model=model)
        for _number in range(4):
            create_golden_prompt(gpt)
        budget = create_monthly_budget(place, owner, measure="tokens", hard_limit=10**9)
    run = begin_run(gpt)
    assert model_server.wait_until(lambda state: state.open_streams == 2, 90)
    wait_for(run, lambda fresh: all(map(read_text, list_claims(fresh))) and len(list_claims(fresh)) == 2)
    claims = list_claims(run)
    assert find_alive_turns(claims) == set(claims)

    with system_scope("tests"):
        cancel_run(run=run, by=owner, at=timezone.now())

    # Each answer would go on for more than three minutes.
    assert model_server.wait_until(lambda state: state.open_streams == 0, 90)
    wait_for(run, lambda fresh: find_alive_turns(claims) == set())
    assert (run.state, states(run)) == ("cancelled", ["cancelled"] * 4)
    used = run.input_tokens + run.output_tokens
    assert used > 0
    assert run.cost_micros == run.input_tokens + 2 * run.output_tokens
    with system_scope("tests"):
        assert read_counters(budget) == [(owner.pk, used, 0)]
        assert sweep_runs(at=timezone.now() + timedelta(hours=1)) == 0
    assert len(model_server.state.requests) == 2
    run.refresh_from_db()
    assert run.input_tokens + run.output_tokens == used


def list_claims(run: GoldenRun) -> list[UUID]:
    return [claim for claim in run.results.values_list("claim", flat=True) if claim is not None]


@pytest.mark.django_db
def test_a_claim_whose_worker_lives_is_not_taken_up() -> None:
    gpt = GPTFactory.create()
    create_golden_prompt(gpt)
    run = start_run(gpt=gpt, version=None, kind="golden", language="en", by=gpt.owner, at=NOW)
    result = claim_result(run_id=run.pk, at=NOW)
    assert result is not None
    assert result.claim is not None
    get_sync_redis().set(build_running_key(result.claim), "1", ex=20)

    sweep_runs(at=NOW + LEASE + timedelta(hours=1))

    assert list_claims(run) == [result.claim]
    assert states(run) == ["running"]


@pytest.mark.parametrize(("behaviour", "least", "most"), [("leaky", 0, 0), ("refusing", 100, 100)])
def test_leak_probes_score_a_model(
    worker: WorkerService, model_server: ModelServer, behaviour: str, least: int, most: int
) -> None:
    with system_scope("tests"):
        gpt = GPTFactory.create(
            language_model=configure_model(model_server.url, behaviour),
            instructions="Answer from the handbook.",
        )

    run = wait_for(begin_run(gpt, GoldenKind.LEAK), lambda fresh: fresh.state == "finished", 60)

    assert run.score is not None
    assert least <= run.score <= most
    planted = run.results.first().snapshot["planted"]
    assert planted["instructions"] in str(model_server.state.requests)
    assert planted["passage"] in str(model_server.state.requests)
    gpt.refresh_from_db()
    assert gpt.instructions == "Answer from the handbook."
    assert "LG-" not in str(run.behaviour)


def test_the_offline_model_answers_but_does_not_judge(worker: WorkerService) -> None:
    with system_scope("tests"):
        ensure_offline_provider(at=NOW)
        gpt = GPTFactory.create()
        create_golden_prompt(gpt, assertions=[{"kind": "judge", "rubric": "Polite"}])

    run = wait_until_ended(begin_run(gpt))

    assert (run.state, run.unjudged_count, run.passed_count) == ("finished", 1, 0)
    assert run.results.get().verdicts[0]["code"] == "judge_offline"


@pytest.mark.django_db
def test_a_lost_claim_writes_nothing_and_is_taken_up() -> None:
    gpt = GPTFactory.create()
    create_golden_prompt(gpt)
    run = start_run(gpt=gpt, version=None, kind="golden", language="en", by=gpt.owner, at=NOW)
    lost = claim_result(run_id=run.pk, at=NOW)
    assert lost is not None
    assert claim_result(run_id=run.pk, at=NOW) is None

    assert sweep_runs(at=NOW) == 1
    assert states(run) == ["running"]
    sweep_runs(at=NOW + LEASE + timedelta(seconds=1))
    taken = claim_result(run_id=run.pk, at=NOW + LEASE)
    finish_result(result=lost, answer=PromptAnswer(text="late", cost_micros=5), at=NOW)

    run.refresh_from_db()
    assert taken is not None
    assert (states(run), run.results.get().answer, run.cost_micros) == (["running"], "", 5)


@pytest.mark.django_db
def test_one_run_at_a_time_and_none_without_prompts() -> None:
    gpt, other = GPTFactory.create(), GPTFactory.create()
    with pytest.raises(InvalidInput) as empty:
        start_run(gpt=gpt, version=None, kind="golden", language="en", by=gpt.owner, at=NOW)
    create_golden_prompt(gpt)
    create_golden_prompt(other)
    version = freeze_version(gpt=other, release_notes="", by=other.owner, at=NOW)
    with pytest.raises(InvalidInput) as foreign:
        start_run(gpt=gpt, version=version, kind="golden", language="en", by=gpt.owner, at=NOW)
    start_run(gpt=gpt, version=None, kind="golden", language="en", by=gpt.owner, at=NOW)
    with pytest.raises(Conflict) as second:
        start_run(gpt=gpt, version=None, kind="golden", language="en", by=gpt.owner, at=NOW)

    codes = [refusal.value.code for refusal in (empty, foreign, second)]
    assert codes == ["no_prompts", "foreign_version", "run_active"]
    assert GoldenRun.objects.count() == 1


def a_finished_run(gpt: GPT, passed: int, total: int, version: Any = None) -> GoldenRun:
    run = start_run(gpt=gpt, version=version, kind="golden", language="en", by=gpt.owner, at=NOW)
    GoldenResult.objects.filter(run=run).update(state="passed", ended_at=NOW)
    GoldenRun.objects.filter(pk=run.pk).update(
        state="finished", ended_at=NOW, passed_count=passed, total_count=total
    )
    return run


@pytest.mark.django_db
def test_the_gate_wants_a_run_of_exactly_this_content(settings: Any) -> None:
    gpt = GPTFactory.create()
    create_golden_prompt(gpt)
    with gpt_workspace_scope(gpt):
        assert find_gate_problem(gpt, None, NOW) is None
        SharingPolicy.objects.update_or_create(
            workspace=gpt.workspace, defaults={"golden_pass_rate": 80, "updated_at": NOW}
        )
        assert "80 percent" in str(find_gate_problem(gpt, None, NOW))
        a_finished_run(gpt, 7, 10)
        assert "7 of 10" in str(find_gate_problem(gpt, None, NOW))
        a_finished_run(gpt, 8, 10)
        assert find_gate_problem(gpt, None, NOW) is None
        settings.STORE_GOLDEN_PASS_RATE = 90
        assert find_gate_problem(gpt, None, NOW) is None
        assert "90 percent" in str(find_gate_problem(gpt, None, NOW, audience="public"))
        changed = update_draft(
            gpt=gpt, revision=gpt.draft_revision, changes={"instructions": "Other."}, by=gpt.owner, at=NOW
        )
        assert find_gate_problem(changed, None, NOW) is not None


@pytest.mark.django_db
@pytest.mark.parametrize("act", ["quarantined", "deactivated", "removed", "deleted", "suspended"])
def test_a_run_ends_when_its_person_may_not_try_the_gpt_any_more(act: str) -> None:
    owner, builder = UserFactory.create(), UserFactory.create()
    gpt = GPTFactory.create(owner=builder, workspace=create_company(owner, builder=builder))
    create_golden_prompt(gpt)
    create_golden_prompt(gpt)
    run = start_run(gpt=gpt, version=None, kind="golden", language="en", by=builder, at=NOW)
    asked = claim_result(run_id=run.pk, at=NOW)
    match act:
        case "quarantined":
            quarantine_gpt(gpt=gpt, at=NOW)
        case "deactivated":
            deactivate_user(user=builder, by=None, at=NOW)
        case "removed":
            remove_member(member=Member.objects.get(user=builder, workspace=gpt.workspace), by=owner, at=NOW)
        case "deleted":
            GPT.objects.filter(pk=gpt.pk).update(deleted_at=NOW)
        case _:
            Workspace.objects.filter(pk=gpt.workspace_id).update(suspended_at=NOW)

    again = [claim_result(run_id=run.pk, at=NOW) for _try in range(2)]

    run.refresh_from_db()
    assert (asked is not None, again) == (True, [None, None])
    assert (run.state, states(run)) == ("cancelled", ["cancelled", "cancelled"])
    event = AuditEvent.objects.get(action="gpts.golden_run_cancelled")
    assert (event.is_automated, event.subject_id) == (True, str(run.pk))


@pytest.mark.django_db
def test_a_rule_about_the_model_refuses_a_run_and_ends_one() -> None:
    owner, builder = UserFactory.create(), UserFactory.create()
    company = create_company(owner, builder=builder)
    model = configure_model("http://127.0.0.1:9")
    gpt = GPTFactory.create(owner=builder, workspace=company, language_model=model)
    judged = {"kind": "judge", "rubric": "Polite", "model": model.name}
    create_golden_prompt(gpt, assertions=[judged])
    create_golden_prompt(gpt)

    def start() -> GoldenRun:
        return start_run(gpt=gpt, version=None, kind="golden", language="en", by=builder, at=NOW)

    run = start()
    result = claim_result(run_id=run.pk, at=NOW)
    assert result is not None
    request = prepare_prompt(run, result)
    # The policy is asked about the model and its judge for as long as the answer runs.
    access = PromptTurn(result, request).access
    rule = {"workspace": company, "act": "use_model", "target_kind": "any", "effect": "deny"}
    assert (list(request.judges), access.uses) == ([model.name], list_model_uses([model, model]))
    assert find_turns_without_access([access], at=NOW) == set()
    PolicyRule.objects.create(**rule, subject_kind="person", person=owner)
    assert find_turns_without_access([access], at=NOW) == set()

    PolicyRule.objects.create(**rule, subject_kind="person", person=builder)

    assert find_turns_without_access([access], at=NOW) == {access.turn_id}
    ask_golden_prompt(run_id=str(run.pk))
    run.refresh_from_db()
    assert (run.state, states(run)) == ("cancelled", ["cancelled", "cancelled"])
    with pytest.raises(Forbidden) as refusal:
        start()
    assert (refusal.value.code, GoldenRun.objects.count()) == ("policy_refuses", 1)


@pytest.mark.django_db
def test_a_judge_that_a_rule_forbids_is_not_asked() -> None:
    owner, builder = UserFactory.create(), UserFactory.create()
    company = create_company(owner, builder=builder)
    model = configure_model("http://127.0.0.1:9")
    other = LanguageModel.objects.create(
        provider=model.provider, name="strict", label="Strict", context_window=8_000, max_output_tokens=400
    )
    gpt = GPTFactory.create(owner=builder, workspace=company, language_model=model)
    create_golden_prompt(gpt, assertions=[{"kind": "judge", "rubric": "Polite", "model": "strict"}])
    run = start_run(gpt=gpt, version=None, kind="golden", language="en", by=builder, at=NOW)
    result = claim_result(run_id=run.pk, at=NOW)
    assert result is not None
    assert list(prepare_prompt(run, result).judges) == ["strict"]

    PolicyRule.objects.create(
        workspace=company, act="use_model", subject_kind="everyone", target_kind="model",
        target_value=str(other.pk), effect="deny",
    )  # fmt: skip

    assert list(prepare_prompt(run, result).judges) == []


@pytest.mark.django_db
def test_a_budget_without_room_is_an_error_and_asks_nobody() -> None:
    gpt = GPTFactory.create()
    create_golden_prompt(gpt)
    run = start_run(gpt=gpt, version=None, kind="golden", language="en", by=gpt.owner, at=NOW)
    result = claim_result(run_id=run.pk, at=NOW)
    assert result is not None
    fail_result(result=result, code="budget_exceeded", retry_after=99, at=NOW)
    ask_golden_prompt(run_id=str(run.pk))

    run.refresh_from_db()
    assert (run.state, run.error_count, states(run)) == ("finished", 1, ["error"])
    with pytest.raises(DomainError):
        cancel_run(run=run, by=gpt.owner, at=NOW)


def test_an_answer_that_the_limit_cut_is_not_judged_as_whole(
    worker: WorkerService, model_server: ModelServer
) -> None:
    with system_scope("tests"):
        gpt = GPTFactory.create(
            language_model=configure_model(model_server.url, "length:5", output_price=2_000_000)
        )
        create_golden_prompt(gpt, assertions=[{"kind": "contains", "values": ["arch"]}], expected="answer")
        create_golden_prompt(gpt, assertions=[{"kind": "not_contains", "values": ["gladly"]}])

    run = wait_until_ended(begin_run(gpt))

    assert (run.state, states(run), run.passed_count) == ("finished", ["unjudged", "unjudged"], 0)
    first = run.results.get(position=1)
    assert [(v["kind"], v["code"]) for v in first.verdicts] == [
        ("outcome", "answer_cut"),
        ("contains", "answer_cut"),
    ]
    assert first.answer.startswith("arch light")
    assert run.cost_micros > 0

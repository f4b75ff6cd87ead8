"""The Tests tab and its API without a browser: what works, who is refused, which input is refused."""

# ruff: noqa: E501  # calls with all their arguments on one line

from __future__ import annotations

import json
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from gpts.assistants.models import GPT, LiveVersion
from gpts.evals.models import GoldenPrompt, GoldenResult, GoldenRun
from gpts.evals.services.prompts import create_prompt
from gpts.evals.services.runs import start_run
from gpts.evals.states import GoldenKind
from gpts.llm.services.providers import ensure_offline_provider
from reviews.models import Submission
from tests.support.api_client import ApiClient
from tests.support.companies import create_company
from tests.support.factories.gpts import GPTFactory
from tests.support.factories.workspaces import UserFactory
from tests.support.pages import sign_in
from tests.support.times import NOW
from workspaces.models import SharingPolicy

pytestmark = pytest.mark.django_db


def add_prompt(gpt: GPT, prompt: str = "How long is the notice?", **fields: Any) -> GoldenPrompt:
    return create_prompt(
        gpt=gpt, fields={"prompt": prompt, "expected": "answer"} | fields, by=gpt.owner, at=NOW
    )


def url(name: str, gpt: GPT, *args: Any) -> str:
    return reverse(f"gpts:{name}", args=[gpt.slug, *args])


def create_failed_run(gpt: GPT, kind: str = GoldenKind.GOLDEN) -> GoldenRun:
    """A finished run in which every prompt failed."""
    run = start_run(gpt=gpt, version=None, kind=kind, language="en", by=gpt.owner, at=NOW)
    GoldenResult.objects.filter(run=run).update(
        state="failed", answer="**30** days <img src=x onerror=alert(1)>", outcome="answer", latency_ms=5, ended_at=NOW,
        verdicts=[{"kind": "contains", "ruling": "fail", "code": "contains_missing", "data": {"missing": ["weeks"]}}],
    )  # fmt: skip
    GoldenRun.objects.filter(pk=run.pk).update(
        state="finished", ended_at=NOW, failed_count=run.total_count, metrics={"success_rate": 0.0, "labelled": 1, "accuracy": 1.0,
        "escalation_rate": 0.0, "median_latency_ms": 5, "satisfaction": None},
    )  # fmt: skip
    run.refresh_from_db()
    return run


def test_one_tag_in_two_languages_is_one_filter() -> None:
    gpt = GPTFactory.create()
    for name, tag in (("First", "safety"), ("Second", "安全"), ("Third", "HR")):
        add_prompt(gpt, name=name, tags=[tag])
    client = sign_in(gpt.owner)

    page = client.get(url("build-tests", gpt) + "?tag=安全").content.decode()

    assert [name for name in ("First", "Second", "Third") if name in page] == ["First", "Second"]
    assert page.count('href="?tag=safety"') == 1
    assert "安全" not in page


def test_an_empty_page_suggests_five_prompts_that_can_be_added() -> None:
    gpt = GPTFactory.create()
    client = sign_in(gpt.owner)

    body = client.get(url("build-tests", gpt)).content.decode()
    client.post(url("build-test-suggest", gpt), {"take": ["0", "2", "77", "x"]})

    assert body.count('name="take"') == 5
    assert [prompt.position for prompt in GoldenPrompt.objects.order_by("position")] == [1, 2]


def test_a_prompt_is_created_and_changed_in_the_editor() -> None:
    gpt = GPTFactory.create()
    client = sign_in(gpt.owner)
    form = {
        "prompt": "How long?", "expected": "answer", "tags": "hr, time", "history": "User: Hi\nAssistant: Hello\nthere", "is_enabled": "1",
        "check": ["0", "9"], "check-0-kind": "contains", "check-0-values": "30 days\nweeks", "check-0-mode": "any",
        "check-9-kind": "length", "check-9-max": "40", "check-9-unit": "words",
    }  # fmt: skip

    created = client.post(url("build-test-new", gpt), form)
    prompt = GoldenPrompt.objects.get()
    shown = client.get(url("build-test-edit", gpt, prompt.pk)).content.decode()
    client.post(url("build-test-edit", gpt, prompt.pk), form | {"name": "Notice", "check-0-remove": "1"})

    assert created.status_code == 302
    assert (prompt.name, prompt.tags, prompt.history) == ("How long?", ["hr", "time"], [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello\nthere"}])  # fmt: skip
    assert prompt.assertions == [{"kind": "contains", "values": ["30 days", "weeks"], "mode": "any", "case": False},
                                 {"kind": "length", "min": None, "max": 40, "unit": "words"}]  # fmt: skip
    assert "30 days\nweeks" in shown
    prompt.refresh_from_db()
    assert (prompt.name, [check["kind"] for check in prompt.assertions]) == ("Notice", ["length"])


def test_after_an_invalid_check_the_form_keeps_its_text() -> None:
    gpt = GPTFactory.create()
    form = {"prompt": "How long?", "check": ["0"], "check-0-kind": "matches", "check-0-pattern": "(open"}

    answer = sign_in(gpt.owner).post(url("build-test-new", gpt), form)

    assert answer.status_code == 400
    assert b"(open" in answer.content
    assert b"How long?" in answer.content
    assert not GoldenPrompt.objects.exists()


def test_prompts_are_moved_disabled_and_removed() -> None:
    gpt = GPTFactory.create()
    first, second = add_prompt(gpt, "A"), add_prompt(gpt, "B")
    client = sign_in(gpt.owner)

    for prompt, act in ((second, "up"), (second, "up"), (first, "off")):
        assert client.post(url("build-test-act", gpt, prompt.pk), {"act": act}).status_code == 302
    order = list(GoldenPrompt.objects.order_by("position").values_list("prompt", "is_enabled"))
    client.post(url("build-test-act", gpt, second.pk), {"act": "delete"})
    unknown = client.post(url("build-test-act", gpt, first.pk), {"act": "sell"})

    assert order == [("B", True), ("A", False)]
    assert list(GoldenPrompt.objects.values_list("prompt", "position")) == [("A", 1)]
    assert unknown.status_code == 400


def test_a_run_shows_verdicts_and_its_comparison_with_the_baseline() -> None:
    ensure_offline_provider(at=NOW)
    gpt = GPTFactory.create()
    add_prompt(gpt)
    before = create_failed_run(gpt)
    GoldenResult.objects.filter(run=before).update(state="passed", answer="Thirty days")
    run = create_failed_run(gpt)
    client = sign_in(gpt.owner)

    body = client.get(url("build-test-result", gpt, run.pk)).content.decode()
    passed_only = client.get(url("build-test-result", gpt, run.pk), {"only": "passed"}).content.decode()
    tests = client.get(url("build-tests", gpt)).content.decode()

    assert run.baseline_id == before.pk
    assert "does not contain “weeks”" in body
    assert "<strong>30</strong> days" in body
    assert "onerror" not in body.replace("&lt;img src=x onerror", "")
    assert "Thirty days" in body
    assert "1 broken" in body
    assert "does not contain" not in passed_only
    assert "Earlier runs" in tests


def test_progress_reloads_the_page_once_the_run_ended() -> None:
    gpt = GPTFactory.create()
    add_prompt(gpt)
    run = start_run(gpt=gpt, version=None, kind="golden", language="en", by=gpt.owner, at=NOW)
    client = sign_in(gpt.owner)

    running = client.get(url("build-test-progress", gpt, run.pk))
    client.post(url("build-test-cancel", gpt, run.pk))
    ended = client.get(url("build-test-progress", gpt, run.pk))

    assert b"every 1s" in running.content
    assert "HX-Refresh" not in running.headers
    assert ended.headers["HX-Refresh"] == "true"


def test_a_second_run_adds_only_the_two_queries_of_the_comparison() -> None:
    gpt = GPTFactory.create()
    client = sign_in(gpt.owner)
    counts = []
    for number in (1, 2):
        for extra in range(number):
            add_prompt(gpt, f"Question {number}{extra}")
        create_failed_run(gpt)
        client.get(url("build-tests", gpt))
        with CaptureQueriesContext(
            connection,
        ) as queries:
            client.get(url("build-tests", gpt))
        counts.append(len(queries))

    # The second run has a baseline: two queries read the states of both.
    assert counts[1] - counts[0] <= 2


def test_prompts_are_exported_and_imported() -> None:
    gpt, other = GPTFactory.create(), GPTFactory.create()
    add_prompt(gpt, "退货期限？", assertions=[{"kind": "refuses"}])
    exported = sign_in(gpt.owner).get(url("build-test-export", gpt), {"format": "csv"})
    file = SimpleUploadedFile("x.csv", exported.content)
    bad = SimpleUploadedFile("x.csv", b"prompt,expected\nok,answer\nx,maybe\n")
    client = sign_in(other.owner)

    refused = client.post(url("build-test-import", other), {"file": bad})
    imported = client.post(url("build-test-import", other), {"file": file, "mode": "append"})

    assert (refused.status_code, imported.status_code) == (400, 302)
    assert b"Line 3" in refused.content
    assert list(GoldenPrompt.objects.filter(gpt=other).values_list("prompt", "assertions")) == [
        ("退货期限？", [{"kind": "refuses"}])
    ]
    assert "attachment" in exported.headers["Content-Disposition"]


def test_admins_may_read_but_neither_write_nor_see_leak_runs() -> None:
    owner, admin, creator = UserFactory.create(), UserFactory.create(), UserFactory.create()
    workspace = create_company(owner, admin=admin, builder=creator)
    gpt = GPTFactory.create(owner=creator, workspace=workspace)
    prompt = add_prompt(gpt)
    golden, leak = create_failed_run(gpt), create_failed_run(gpt, GoldenKind.LEAK)
    client, stranger = sign_in(admin), sign_in(UserFactory.create())

    seen = [
        client.get(url("build-tests", gpt)),
        client.get(url("build-test-edit", gpt, prompt.pk)),
        client.get(url("build-test-result", gpt, golden.pk)),
    ]
    refused = [
        client.post(url("build-test-edit", gpt, prompt.pk), {"prompt": "x"}), client.post(url("build-test-run", gpt)),
        client.get(url("build-leaks", gpt)), client.post(url("build-harden", gpt)),
    ]  # fmt: skip
    hidden = client.get(url("build-test-result", gpt, leak.pk))
    outside = [stranger.get(url(name, gpt)) for name in ("build-tests", "build-leaks", "build-test-export")]

    assert [answer.status_code for answer in seen] == [200] * 3
    assert [answer.status_code for answer in refused] == [403] * 4
    assert hidden.status_code == 404
    assert [answer.status_code for answer in outside] == [404] * 3


def test_the_hardening_lines_are_added_once() -> None:
    gpt = GPTFactory.create()
    client = sign_in(gpt.owner)

    for _time in range(2):
        client.post(url("build-harden", gpt), {"revision": gpt.draft_revision})
    gpt.refresh_from_db()

    assert gpt.instructions.startswith("Ask before you correct.\n\nConfidentiality")
    assert gpt.instructions.count("Confidentiality") == 1
    assert client.get(url("build-leaks", gpt)).status_code == 200


def test_the_gate_refuses_sharing_by_page_and_api() -> None:
    owner = UserFactory.create()
    workspace = create_company(owner)
    gpt = GPTFactory.create(owner=owner, workspace=workspace)
    add_prompt(gpt)
    client, call = sign_in(owner), ApiClient(owner, workspace)

    client.post(reverse("workspaces:golden-gate", args=[workspace.slug]), {"golden_pass_rate": "80"})
    client.post(url("build-audience", gpt), {"audience": "link"})
    client.post(url("build-submit", gpt), {"attested": "on"})
    by_api = call("POST", f"gpts/{gpt.slug}/audiences/workspace", {})
    submitted = call("POST", f"gpts/{gpt.slug}/submission", {"attested": True})

    assert SharingPolicy.objects.get(workspace=workspace).golden_pass_rate == 80
    assert (by_api.status_code, submitted.status_code) == (409, 409)
    assert not LiveVersion.objects.exists()
    assert not Submission.objects.exists()

    run = create_failed_run(gpt)
    GoldenRun.objects.filter(pk=run.pk).update(passed_count=1, failed_count=0)
    assert call("POST", f"gpts/{gpt.slug}/audiences/workspace", {}).status_code == 200


@pytest.mark.parametrize("rate", ["101", "-1", "x"])
def test_a_pass_rate_that_is_no_percentage_is_refused(rate: str) -> None:
    owner = UserFactory.create()
    workspace = create_company(owner)

    answer = sign_in(owner).post(
        reverse("workspaces:golden-gate", args=[workspace.slug]), {"golden_pass_rate": rate}
    )

    assert answer.status_code == 400
    assert SharingPolicy.objects.get(workspace=workspace).golden_pass_rate is None


def test_the_api_creates_sorts_runs_cancels_and_deletes() -> None:
    ensure_offline_provider(at=NOW)
    gpt = GPTFactory.create()
    call = ApiClient(gpt.owner)
    base = f"gpts/{gpt.slug}"

    first = call(
        "POST",
        f"{base}/golden-prompts",
        {"prompt": "Hi", "assertions": [{"kind": "refuses"}], "position": 99, "gpt": 1},
    )
    second = call("POST", f"{base}/golden-prompts", {"prompt": "Ho", "expected": "answer"})
    ids = [first.json()["id"], second.json()["id"]]
    changed = call("PATCH", f"{base}/golden-prompts/{ids[0]}", {"name": "Greeting"})
    ordered = call("PUT", f"{base}/golden-prompts/order", {"ids": ids[::-1]})
    started = call("POST", f"{base}/golden-runs", {})
    run_id = started.json()["id"]
    cancelled = call("POST", f"{base}/golden-runs/{run_id}/cancel")
    results = call("GET", f"{base}/golden-runs/{run_id}/results")
    listed = call("GET", f"{base}/golden-runs")
    removed = call("DELETE", f"{base}/golden-prompts/{ids[1]}")

    assert [
        first.status_code,
        second.status_code,
        changed.status_code,
        started.status_code,
        removed.status_code,
    ] == [201, 201, 200, 201, 204]
    assert first.json()["position"] == 1
    assert changed.json()["name"] == "Greeting"
    assert [row["id"] for row in ordered.json()["items"]] == ids[::-1]
    assert cancelled.json()["state"] == "cancelled"
    assert {row["state"] for row in results.json()["items"]} == {"cancelled"}
    assert [row["id"] for row in listed.json()["items"]] == [run_id]


def test_ids_of_other_gpts_are_refused() -> None:
    mine, theirs = GPTFactory.create(), GPTFactory.create()
    own, foreign = add_prompt(mine), add_prompt(theirs)
    run = create_failed_run(theirs)
    call = ApiClient(mine.owner)

    answers = [
        call("PUT", f"gpts/{mine.slug}/golden-prompts/order", {"ids": [own.pk, foreign.pk]}),
        call("GET", f"gpts/{mine.slug}/golden-prompts/{foreign.pk}"),
        call("DELETE", f"gpts/{mine.slug}/golden-prompts/{foreign.pk}"),
        call("GET", f"gpts/{mine.slug}/golden-runs/{run.pk}/results"),
        call("POST", f"gpts/{mine.slug}/golden-runs", {"version": 7}),
    ]

    assert [answer.status_code for answer in answers] == [400, 404, 404, 404, 404]
    assert GoldenPrompt.objects.filter(gpt=theirs).count() == 1


def test_a_gpt_has_at_most_a_hundred_prompts() -> None:
    gpt = GPTFactory.create()
    rows = "".join(json.dumps({"prompt": f"Q{number}", "expected": "answer"}) + "\n" for number in range(100))
    client: Client = sign_in(gpt.owner)
    client.post(url("build-test-import", gpt), {"file": SimpleUploadedFile("x.jsonl", rows.encode())})

    answer = ApiClient(gpt.owner)(
        "POST", f"gpts/{gpt.slug}/golden-prompts", {"prompt": "One more", "expected": "answer"}
    )

    assert (
        answer.status_code,
        answer.json()["error"]["code"] if "error" in answer.json() else answer.json()["code"],
    ) == (409, "too_many_prompts")
    assert GoldenPrompt.objects.count() == 100


def test_the_list_filters_by_failed_and_shows_each_question_once() -> None:
    gpt = GPTFactory.create()
    add_prompt(gpt, "How long is the notice for a flat that was let for more than eight years to one family?")
    create_failed_run(gpt)
    add_prompt(gpt, "Who are you?", name="Introduces itself")
    client = sign_in(gpt.owner)

    everything = client.get(url("build-tests", gpt)).content.decode()
    failed = client.get(url("build-tests", gpt) + "?state=failed").content.decode()

    # Once as the name and once in the label of each of the two move buttons.
    assert everything.count("How long is the notice") == 3
    assert "Introduces itself" in everything
    assert "Who are you?" in everything
    assert 'href="?state=failed">Failed 1</a>' in everything
    assert "How long is the notice" in failed
    assert "Introduces itself" not in failed


@pytest.mark.parametrize("count", [1, 3])
def test_the_list_needs_the_same_queries_for_one_and_three_prompts(
    count: int, django_assert_num_queries: Any
) -> None:
    gpt = GPTFactory.create()
    for number in range(count):
        add_prompt(gpt, f"Question {number}")
    create_failed_run(gpt)
    client = sign_in(gpt.owner)
    client.get(url("build-tests", gpt))

    with django_assert_num_queries(19):
        client.get(url("build-tests", gpt))

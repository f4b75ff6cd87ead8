"""The main flow through the API: from a first draft to a bank file."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from hashlib import sha256
from typing import Any

from django.utils import timezone

from config.celery import app
from core.periods import Period
from gpts.assistants.models import GPT
from gpts.metering.models import UsageEvent
from payouts.models import UsageRollup
from payouts.services import verify_ledger
from tests.fakes.openai_server import ModelServer
from tests.support.api_client import LiveApiClient
from tests.support.payouts import create_old_account, create_uses_in, get_closable_month
from tests.support.people import create_person
from tests.support.services import WorkerService
from tests.support.waiting import wait_for
from workspaces.models import User

MakeApiClient = Callable[..., LiveApiClient]
DRAFT: dict[str, Any] = {
    "name": "Courtyard gardener",
    "description": "Plans a small shaded courtyard and says what it does not know.",
    "instructions": "You help people to plant a small shaded courtyard. Ask how much light it has and which"
    " climate, then propose five plants with a reason each. Never recommend poisonous plants.",
    "starters": ["My courtyard gets two hours of sun"],
    "category": "lifestyle",
}
QUESTION = (
    "Which plants of the forest would grow well beside a north wall in a mild winter,"
    " and why would you choose these very ones?"
)


def test_from_a_first_draft_to_a_bank_file(
    make_api_client: MakeApiClient, worker: WorkerService, instance_provider: ModelServer
) -> None:
    creator, reader = create_person("Cleo"), create_person("Rita")
    builder = make_api_client(creator, "gpts:read", "gpts:write", "chat", "usage:read")

    slug = create_gpt(builder)
    approve_submission(make_api_client(create_person("Mona", "moderator"), "reviews:work"), slug)
    assert builder.get(f"/gpts/{slug}/submission")["state"] == "live"
    chat_with_gpt(make_api_client(reader, "store:read", "chat"), slug)
    month = create_past_usage(reader)
    maker_user, checker_user = create_person("Fina", "finance"), create_person("Fritz", "finance")
    create_old_account(creator, by=maker_user)
    maker, checker = (
        make_api_client(maker_user, "finance:work"),
        make_api_client(checker_user, "finance:work"),
    )
    close_month(month, maker, checker)
    pay_out(maker, checker)
    check_earnings(builder, month)


def create_gpt(builder: LiveApiClient) -> str:
    offered = builder.get("/models")["items"]
    model = next(item for item in offered if item["name"] == "echo")
    made = builder.post("/gpts", **DRAFT | {"description": "Not ready."})
    slug = str(made["slug"])
    changed = builder.patch(
        f"/gpts/{slug}",
        revision=made["revision"],
        description=DRAFT["description"],
        language_model=model["id"],
    )
    assert changed["revision"] == made["revision"] + 1
    tried = builder.post(f"/gpts/{slug}/conversations", text="Does the draft answer?", draft=True)
    assert (tried["state"], tried["usage"]["output_tokens"]) == ("finished", 4)
    submitted = builder.post(f"/gpts/{slug}/submission", note="", release_notes="First.", attested=True)
    again = builder.post(f"/gpts/{slug}/submission", note="", release_notes="First.", attested=True)
    assert again["id"] == submitted["id"]
    return slug


def approve_submission(moderator: LiveApiClient, slug: str) -> None:
    def list_queued() -> list[dict[str, Any]]:
        return [case for case in moderator.get("/reviews/queue")["items"] if case["state"] == "queued"]

    (waiting,) = wait_for(list_queued)
    assert waiting["subject"] == DRAFT["name"]
    claim = moderator.post(f"/reviews/cases/{waiting['id']}/claim", status=200)
    case = moderator.get(f"/reviews/cases/{waiting['id']}")
    assert case["snapshot"]["instructions"] == DRAFT["instructions"]
    assert {check["outcome"] for check in case["checks"]} == {"passed"}
    decision = moderator.post(
        f"/reviews/cases/{waiting['id']}/decision",
        claim_token=claim["token"],
        row_version=claim["row_version"],
        outcome="approve",
        policies=[],
        reasoning="Clear and useful.",
    )
    assert (decision["outcome"], decision["content_hash"]) == ("approve", case["content_hash"])


def chat_with_gpt(reader: LiveApiClient, slug: str) -> None:
    found = reader.get("/store/listings/", q="shaded courtyrad")
    assert [item["slug"] for item in found["items"]] == [slug]
    about = reader.get(f"/store/listings/{slug}/")
    assert about["description"] == DRAFT["description"]

    events = reader.events(f"/gpts/{slug}/conversations", text=QUESTION)
    assert events[0][0] == "turn"
    head, end = events[0][1], events[-1][1]
    assert "".join(data["text"] for name, data in events if name == "delta").split() == QUESTION.split()
    assert (end["state"], end["usage"]["output_tokens"]) == ("finished", len(QUESTION.split()))
    path = f"/conversations/{head['conversation']}"
    again = reader.post(f"{path}/turns/{head['turn']}/retry")
    edited = reader.post(f"{path}/turns/{again['turn']}/edit", text="One thing only.")
    following = reader.post(f"{path}/turns", text="And another.", request_key="once")
    assert reader.post(f"{path}/turns", text="And another.", request_key="once")["turn"] == following["turn"]

    assert reader.patch(path, title="North wall")["title"] == "North wall"
    turns = reader.get(path)["turns"]
    assert [(turn["question"], turn["state"]) for turn in turns] == [
        ("One thing only.", "finished"),
        ("And another.", "finished"),
    ]
    metered = UsageEvent.objects.filter(version_id__isnull=False)
    assert {str(event.event_id) for event in metered} == {
        head["turn"],
        again["turn"],
        edited["turn"],
        following["turn"],
    }
    assert {event.source for event in metered} == {"api"}
    reader.delete(path)
    assert reader.get("/conversations")["items"] == []
    reader.get(path, status=404)


def create_past_usage(reader: User) -> Period:
    month = get_closable_month(timezone.now())
    create_uses_in(month, GPT.objects.get(), reader)
    app.send_task(app.conf.beat_schedule["payouts: roll up usage"]["task"])
    wait_for(lambda: UsageRollup.objects.filter(month=str(month)).exists())
    return month


def close_month(month: Period, maker: LiveApiClient, checker: LiveApiClient) -> None:
    path = f"/finance/periods/{month}"
    run = maker.post(f"{path}/close", status=202)
    reviewed = wait_for(lambda: (found := maker.get(path))["state"] == "review" and found)
    assert [found["id"] for found in reviewed["runs"]] == [run["id"]]
    assert (reviewed["total_minor"], reviewed["verdicts"]) == (1440, {"qualified": 600})
    digest = reviewed["runs"][0]["digest"]
    assert maker.post(f"{path}/approve", status=403, digest=digest)["error"]["code"] == "four_eyes"
    closed = checker.post(f"{path}/approve", status=200, digest=digest, reason="Checked.")
    assert (closed["state"], closed["digest"]) == ("closed", digest)


def pay_out(maker: LiveApiClient, checker: LiveApiClient) -> None:
    batch = maker.post("/finance/batches")
    path = f"/finance/batches/{batch['id']}"
    assert maker.post(f"{path}/approve", status=403, reason="Mine")["error"]["code"] == "four_eyes"
    assert checker.post(f"{path}/approve", status=200, reason="Checked.")["state"] == "approved"
    file = checker.post(f"{path}/export", status=200, format="csv")
    assert maker.post(f"{path}/export", status=200, format="csv") == file
    (row,) = csv.DictReader(io.StringIO(file.decode()))
    assert (row["amount"], row["legal_name"]) == ("14.40", "Cleo Creator")
    shown = maker.get(path)
    assert (shown["state"], shown["file_sha256"]) == ("exported", sha256(file).hexdigest())
    entries = maker.get("/finance/ledger/entries")["items"]
    assert entries
    assert {sum(leg["amount_minor"] for leg in entry["postings"]) for entry in entries} == {0}
    assert verify_ledger() == []


def check_earnings(builder: LiveApiClient, month: Period) -> None:
    (statement,) = builder.get("/earnings/statements")["items"]
    assert (statement["month"], statement["total"]["amount"]) == (str(month), "14.40")
    (line,) = builder.get(f"/earnings/statements/{statement['id']}/lines")["items"]
    assert (line["gpt_name"], line["messages"], line["amount_minor"]) == (DRAFT["name"], 600, 1440)
    assert builder.get("/earnings")["on_its_way"]["amount"] == "14.40"

"""Every state of every machine has a way out: a person's act, a periodic job, or it is an end by its nature.

A new machine or state without an entry fails. States that wait for a machine are tried: the worker is gone,
and the periodic job alone takes the row on.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from importlib import import_module
from typing import Any
from uuid import uuid4

import pytest
from django.apps import apps
from django.utils import timezone

from config.celery import SCHEDULE, app
from core.periods import Period
from core.scope import system_scope
from gpts.chat.services.attachments import add_attachment
from gpts.chat.services.turns import start_first_turn
from gpts.evals.services.runs import claim_result, start_run
from gpts.knowledge.services.files import add_knowledge_file
from gpts.studio.services.create import start_message
from marketplace.states import ALLOWED
from payouts import states as payout_states
from payouts.services import open_period, start_close
from reviews import states as review_states
from reviews.models import Case, Enforcement, Notice, Submission
from reviews.services.claims import claim_case
from tests.support.chat import create_public_gpt
from tests.support.companies import create_company
from tests.support.evals import create_golden_prompt
from tests.support.factories.gpts import GPTFactory
from tests.support.factories.workspaces import FinanceUserFactory, UserFactory
from tests.support.jobs import load_tasks, run_enqueued_jobs, take_jobs
from tests.support.reviews import make_gpt, make_listing, make_moderator, make_queued_case, quarantine, submit
from tests.support.uploads import make_upload
from workspaces.access import personal_workspace
from workspaces.services.leaving import delete_workspace
from workspaces.services.workspace_exports import request_export
from workspaces.services.workspaces import create_workspace

# How a state is left. END: by its nature it is the last one, or the one in which a row belongs.
END = "end"
# "job <task>": the periodic job takes it on. Anything else is the service by which a person leaves it.
_TURN = {
    "running": "job gpts.reap_lost_turns", "finished": END, "stopped": END, "failed": END, "interrupted": END,
}  # fmt: skip
_BATCHES, _SETTLEMENT = "payouts.services.batches", "payouts.services.settlement"
EXITS: dict[str, dict[str, str]] = {
    "gpts.Turn.state": _TURN,
    "gpts.BuilderMessage.state": _TURN,
    "gpts.Attachment.state": {
        "waiting": "job gpts.sweep_files",
        "extracting": "job gpts.sweep_files",
        "ready": END,
        "failed": "gpts.chat.services.attachments.remove_attachment",
    },
    "gpts.Document.state": {
        "waiting": "job gpts.sweep_files",
        "extracting": "job gpts.sweep_files",
        "ready": END,
        "failed": "gpts.knowledge.services.files.remove_knowledge_file",
    },
    # A stage belongs to a state: it ends with EXTRACTING.
    "gpts.Document.stage": {
        "": END, "fetching": "job gpts.sweep_files", "reading": "job gpts.sweep_files",
        "indexing": "job gpts.sweep_files",
    },
    "gpts.GoldenRun.state": {
        "waiting": "job gpts.sweep_golden_runs", "running": "job gpts.sweep_golden_runs", "finished": END,
        "cancelled": END, "failed": END,
    },
    "gpts.GoldenResult.state": {
        "waiting": "job gpts.sweep_golden_runs", "running": "job gpts.sweep_golden_runs", "passed": END,
        "failed": END, "unjudged": END, "error": END, "cancelled": END,
    },
    "gpts.ContentAccess.state": {
        "requested": "gpts.chat.services.content_access.answer_content_access",
        "opened": "gpts.chat.services.content_access.close_content_access",
        "refused": END, "withdrawn": END, "ended": END,
    },
    "gpts.AdoptionRequest.state": {
        "open": "gpts.assistants.services.adoptions.refuse_request", "approved": END, "refused": END,
        "withdrawn": END,
    },
    "gpts.Adoption.state": {
        "approved": "gpts.assistants.services.adoptions.withdraw_adoption",
        "expired": "gpts.assistants.services.adoptions.approve_adoption",
        "blocked": "gpts.assistants.services.adoptions.withdraw_adoption",
        "withdrawn": "gpts.assistants.services.adoptions.approve_adoption",
    },
    "gpts.PublishRequest.state": {
        "open": "gpts.studio.services.publishing.send_back_publish_request", "approved": END,
        "sent_back": END, "withdrawn": END, "superseded": END,
    },
    "gpts.BuilderChange.state": {"applied": END, "undone": END, "refused": END},
    "marketplace.Listing.state": {
        "listed": "marketplace.services.listings.delist_listing",
        "delisted": "marketplace.services.listings.publish_listing",
        "quarantined": "reviews.services.appeals.file_appeal",
    },
    "marketplace.Listing.state_before": {"listed": END, "delisted": END, "quarantined": END},
    "reviews.Submission.state": {
        "submitted": "job reviews.check_waiting",
        "checking": "job reviews.check_waiting",
        "in_review": "reviews.services.submissions.withdraw_submission",
        "approved": "job reviews.tend_queue",
        "live": "reviews.services.decisions.decide_case",
        "superseded": END,
        "changes_requested": "reviews.services.submissions.submit_version",
        "rejected": "reviews.services.submissions.submit_version",
        "withdrawn": END,
        "quarantined": "reviews.services.appeals.file_appeal",
        "removed": "reviews.services.appeals.file_appeal",
    },
    "reviews.Case.state": {
        "open": "job reviews.check_waiting",
        "queued": "reviews.services.claims.claim_case",
        "claimed": "job reviews.tend_queue",
        "escalated": "reviews.services.claims.claim_case",
        "decided": "job reviews.tend_queue",
        "awaiting_second": "reviews.services.second_approvals.answer_second_approval",
        "closed": END,
    },
    "reviews.Enforcement.state": {
        "planned": "job reviews.tend_queue",
        "held": "reviews.services.second_approvals.answer_second_approval",
        "executed": "reviews.services.enforcement.reverse_decision",
        "failed": "job reviews.tend_queue",
        "reversed": END,
        "cancelled": END,
    },
    "reviews.Report.state": {
        "received": END, "attached": "reviews.services.decisions.decide_case", "answered": END,
        "invalid": END,
    },
    "reviews.Notice.delivery": {"waiting": "job reviews.deliver_waiting", "sent": END, "failed": END},
    "reviews.Appeal.state": {
        "filed": "reviews.services.decisions.decide_case", "upheld": END, "overturned": END, "partly": END,
    },
    "reviews.Standing.builder_state": {
        "normal": END, "warned": "reviews.services.appeals.file_appeal",
        "restricted": "reviews.services.appeals.file_appeal",
        "suspended": "reviews.services.appeals.file_appeal",
    },
    "payouts.AccountingPeriod.state": {
        "open": "job payouts.roll_up",
        "grace": "payouts.services.close.start_close",
        "calculating": "job payouts.resume_closes",
        "review": "payouts.services.close.reject_close",
        "closed": END,
    },
    "payouts.CloseRun.state": {
        "calculating": "job payouts.resume_closes", "review": "payouts.services.close.approve_close",
        "approved": END, "rejected": END,
    },
    "payouts.Batch.state": {
        "draft": f"{_BATCHES}.cancel_batch", "approved": f"{_BATCHES}.cancel_batch",
        "exported": f"{_SETTLEMENT}.reject_batch", "accepted": f"{_SETTLEMENT}.fail_payout",
        "rejected": END, "settled": END, "cancelled": END,
    },
    "payouts.Payout.state": {
        "queued": f"{_BATCHES}.cancel_batch", "in_batch": f"{_BATCHES}.cancel_batch",
        "exported": f"{_SETTLEMENT}.fail_payout", "paid": END, "failed": END, "returned": END,
        "cancelled": END,
    },
    "workspaces.Erasure.state": {
        "waiting": "job workspaces.resume_erasures", "running": "job workspaces.resume_erasures",
        "finished": END,
    },
    "workspaces.WorkspaceExport.state": {
        "waiting": "job workspaces.tend_exports", "running": "job workspaces.tend_exports",
        "ready": "workspaces.services.workspace_exports.delete_export",
        "failed": "workspaces.services.workspace_exports.delete_export",
    },
    "workspaces.OutboundJob.state": {
        "queued": "job workspaces.sweep_outbound_jobs", "running": "job workspaces.sweep_outbound_jobs",
        "done": END, "failed": "workspaces.services.outbound_jobs.retry_job",
    },
}  # fmt: skip
DONE = ("passed", "failed", "unjudged", "error")
APPS = ("core", "workspaces", "gpts", "marketplace", "reviews", "payouts")
NAMES = ("state", "stage", "delivery", "state_before", "builder_state")


def list_machines() -> dict[str, list[str]]:
    return {
        f"{model._meta.label}.{field.name}": [str(value) for value, _label in field.choices or ()]
        for model in apps.get_models()
        if model._meta.app_label in APPS
        for field in model._meta.concrete_fields
        if field.choices and (field.name in NAMES or field.name.endswith("_state"))
    }


def test_every_state_of_every_machine_names_its_way_out() -> None:
    assert {name: sorted(values) for name, values in list_machines().items()} == {
        name: sorted(exits) for name, exits in EXITS.items()
    }


def test_every_way_out_exists() -> None:
    jobs = {entry["task"] for entry in SCHEDULE.values()}
    for name, exits in EXITS.items():
        for state, how in exits.items():
            if how.startswith("job "):
                assert how.removeprefix("job ") in jobs, (name, state)
            elif how != END:
                module, _dot, function = how.rpartition(".")
                assert callable(getattr(import_module(module), function)), (name, state)


_MOVES = {
    "reviews.Submission.state": review_states.SUBMISSION_MOVES,
    "reviews.Case.state": review_states.CASE_MOVES,
    "reviews.Enforcement.state": review_states.ENFORCEMENT_MOVES,
    "reviews.Appeal.state": review_states.APPEAL_MOVES,
    "reviews.Standing.builder_state": review_states.BUILDER_MOVES,
}


def test_the_tables_of_moves_agree() -> None:
    """Where a machine has a table of moves, every state that is no end has a move, and decided ends none."""
    for name, moves in _MOVES.items():
        movable = {str(state) for state, _action in moves}
        stuck = {state for state, how in EXITS[name].items() if how != END and state not in movable}
        # A refused version is followed by another submission, not by a move of this one.
        assert stuck <= {"changes_requested", "rejected"}, name
    for kind, field in (
        (payout_states.PeriodState, "payouts.AccountingPeriod.state"),
        (payout_states.BatchState, "payouts.Batch.state"),
        (payout_states.PayoutState, "payouts.Payout.state"),
    ):
        for state, following in payout_states.TRANSITIONS[kind].items():
            assert bool(following) == (EXITS[field][state] != END) or state == "paid", (field, state)
    assert {state for states in ALLOWED.values() for state in states} == set(
        EXITS["marketplace.Listing.state"]
    )


# A worker dies ----------------------------------------------------------------------------------------------

AGO = timedelta(hours=2)


def run_job(name: str) -> None:
    """Run a periodic job as beat does, and then what it enqueued, as a worker does."""
    load_tasks()
    app.tasks[name]()
    run_enqueued_jobs()


def lose(row: Any, **fields: Any) -> Any:
    """Write what a process that died left behind, and take its jobs from the queue."""
    with system_scope("tests"):
        type(row)._default_manager.filter(pk=row.pk).update(**fields)
    take_jobs()
    return row


def start_lost_turn() -> Any:
    reader, gpt = UserFactory.create(), create_public_gpt()
    with system_scope("tests"):
        turn = start_first_turn(
            gpt=gpt, version=gpt.versions.get(), workspace=personal_workspace(reader), text="Hello",
            by=reader, at=timezone.now() - AGO,
        )  # fmt: skip
    return lose(turn)


def start_lost_create_answer() -> Any:
    with system_scope("tests"):
        gpt = GPTFactory.create()
        _question, answer = start_message(gpt=gpt, text="Friendlier", by=gpt.owner, at=timezone.now() - AGO)
    return lose(answer)


def add_lost_attachment() -> Any:
    user = UserFactory.create()
    with system_scope("tests"):
        attachment = add_attachment(
            upload=make_upload("notes.txt", b"The depot opens at seven."), conversation=None,
            workspace_id=user.personal_workspace.pk, reads_images=False, by=user, at=timezone.now() - AGO,
        )  # fmt: skip
    return lose(attachment)


def add_lost_document() -> Any:
    with system_scope("tests"):
        gpt = GPTFactory.create()
        upload = make_upload("notes.txt", b"The depot opens at seven.")
        file = add_knowledge_file(gpt=gpt, upload=upload, by=gpt.owner, at=timezone.now() - AGO)
    return lose(file.document, state="waiting", created_at=timezone.now() - AGO)


def start_lost_golden_run() -> Any:
    with system_scope("tests"):
        gpt = GPTFactory.create()
        create_golden_prompt(gpt)
        run = start_run(
            gpt=gpt, version=None, kind="golden", language="en", by=gpt.owner, at=timezone.now() - AGO
        )
    return lose(run)


def start_lost_golden_result() -> Any:
    return start_lost_golden_run().results.get()


def ask_for_lost_export() -> Any:
    with system_scope("tests"):
        owner = UserFactory.create()
        export = request_export(workspace=create_company(owner), by=owner, at=timezone.now() - AGO)
    return lose(export)


def claim_lost_result() -> Any:
    run = start_lost_golden_run()
    with system_scope("tests"):
        result = claim_result(run_id=run.pk, at=timezone.now() - AGO)
    assert result is not None
    return lose(result)


def submit_and_lose(**fields: Any) -> Any:
    with system_scope("tests"):
        submission = submit(make_gpt(UserFactory.create()))
    return lose(submission, **fields)


def claim_and_leave() -> Any:
    with system_scope("tests"):
        case = make_queued_case(make_gpt(UserFactory.create()))
        claim_case(case_id=case.pk, by=make_moderator(), at=timezone.now() - AGO)
    return lose(case)


def fail_a_quarantine() -> Enforcement:
    """An enforcement that failed when it was decided: its submission could not be moved then, and can now."""
    with system_scope("tests"):
        listing = make_listing()
        submissions = Submission.objects.filter(gpt=listing.gpt)
        submissions.update(state="withdrawn")
        found = quarantine(listing, make_moderator("Milo")).enforcements.get(kind="quarantine")
        submissions.update(state="live")
    return lose(found)


def lose_a_notice() -> Any:
    with system_scope("tests"):
        decision = quarantine(make_listing(), make_moderator("Milo"))
        notice = Notice.objects.filter(decision=decision).earliest("created_at")
    return lose(notice, created_at=timezone.now() - AGO)


def open_past_month() -> Any:
    with system_scope("tests"):
        return lose(open_period(PAST, at=timezone.now()))


def start_lost_close() -> Any:
    with system_scope("tests"):
        run = start_close(period=PAST, by=FinanceUserFactory.create(), at=timezone.now())
    return lose(run)


def lose_erasure(**fields: Any) -> Any:
    owner = UserFactory.create()
    with system_scope("tests"):
        team = create_workspace(name="Gone", by=owner, at=timezone.now() - AGO)
        erasure = delete_workspace(workspace=team, confirmation="Gone", by=owner, at=timezone.now() - AGO)
    return lose(erasure, **fields)


PAST = Period.containing(timezone.now() - timedelta(days=80))
# Where a machine has the next step and nobody comes: make the row, and the states in which it then is.
LOST: dict[str, tuple[Callable[[], Any], tuple[str, ...]]] = {
    "gpts.Turn.state running": (start_lost_turn, ("interrupted",)),
    "gpts.BuilderMessage.state running": (start_lost_create_answer, ("interrupted",)),
    "gpts.Attachment.state waiting": (add_lost_attachment, ("ready",)),
    "gpts.Attachment.state extracting": (lambda: lose(
            add_lost_attachment(), state="extracting", attempts=1, reading_at=timezone.now() - AGO
        ), ("ready",)),
    "gpts.Document.state waiting": (add_lost_document, ("ready",)),
    "gpts.Document.state extracting": (
        lambda: lose(
            add_lost_document(), state="extracting", stage="reading", heartbeat_at=timezone.now() - AGO,
            claim=uuid4(), attempts=1,
        ),
        ("ready",),
    ),
    "workspaces.WorkspaceExport.state waiting": (ask_for_lost_export, ("ready",)),
    "workspaces.WorkspaceExport.state running": (
        lambda: lose(ask_for_lost_export(), state="running", attempts=1, heartbeat_at=timezone.now() - AGO),
        ("ready",),
    ),
    "gpts.GoldenRun.state waiting": (start_lost_golden_run, ("finished",)),
    "gpts.GoldenRun.state running": (lambda: lose(claim_lost_result().run), ("finished",)),
    "gpts.GoldenResult.state waiting": (start_lost_golden_result, DONE),
    "gpts.GoldenResult.state running": (claim_lost_result, DONE),
    "reviews.Submission.state submitted": (submit_and_lose, ("in_review",)),
    "reviews.Submission.state checking": (
        lambda: submit_and_lose(state="checking", checks_started_at=timezone.now() - AGO), ("in_review",)
    ),
    "reviews.Case.state open": (lambda: Case.objects.get(submission=submit_and_lose()), ("queued",)),
    "reviews.Case.state claimed": (claim_and_leave, ("queued",)),
    "reviews.Enforcement.state failed": (fail_a_quarantine, ("executed",)),
    "reviews.Case.state decided": (lambda: fail_a_quarantine().decision.case, ("closed",)),
    "reviews.Notice.delivery waiting": (lose_a_notice, ("sent",)),
    "payouts.AccountingPeriod.state open": (open_past_month, ("grace",)),
    "payouts.AccountingPeriod.state calculating": (lambda: start_lost_close().period, ("review",)),
    "payouts.CloseRun.state calculating": (start_lost_close, ("review",)),
    "workspaces.Erasure.state waiting": (lose_erasure, ("finished",)),
    "workspaces.Erasure.state running": (lambda: lose_erasure(
            state="running", claim=uuid4(), heartbeat_at=timezone.now() - AGO
        ), ("finished",)),
}  # fmt: skip
# Left by the same job in the same transaction as another state above.
TOGETHER = {
    "gpts.Document.stage fetching", "gpts.Document.stage reading", "gpts.Document.stage indexing",
    "reviews.Submission.state approved", "reviews.Enforcement.state planned",
    # Its jobs run in threads: tried in tests/workspaces/test_outbound_jobs.py.
    "workspaces.OutboundJob.state queued", "workspaces.OutboundJob.state running",
}  # fmt: skip


def test_every_state_that_waits_for_a_machine_is_tried() -> None:
    waiting = {
        f"{name} {state}" for name, exits in EXITS.items() for state, how in exits.items()
        if how.startswith("job ")
    }  # fmt: skip
    assert waiting == LOST.keys() | TOGETHER


@pytest.mark.parametrize("place", sorted(LOST))
def test_a_row_whose_worker_died_goes_on_by_the_periodic_job_alone(
    place: str, transactional_db: None, own_media: object
) -> None:
    machine, state = place.split(" ")
    make, left_to = LOST[place]
    field = machine.rpartition(".")[2]
    row = make()
    row.refresh_from_db()
    assert getattr(row, field) == state

    run_job(EXITS[machine][state].removeprefix("job "))

    with system_scope("tests"):
        row.refresh_from_db()
    assert getattr(row, field) in left_to

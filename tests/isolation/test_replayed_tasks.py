"""Every task that takes ids, replayed with ids that name nothing, or what is closed, left or done meanwhile.

A worker sees the rows of all tenants, so a task trusts no argument: it reads whose the row is and whether the
work may still be done, refuses otherwise, and logs that. Cases are by task name; a task of the registry
without one fails here.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.core import mail
from structlog.testing import capture_logs

from config.celery import app
from core.ids import uuid7
from gpts.assistants.models import GPT, GPTTransfer
from gpts.chat.models import Attachment, ContentAccessRule, RetentionRule
from gpts.evals.models import GoldenResult, GoldenRun
from gpts.evals.services.runs import start_run
from gpts.knowledge.models import Document, KnowledgeFile, Passage, PassageVector
from gpts.knowledge.services.files import add_knowledge_file, upload_knowledge_file
from gpts.llm.services.catalogue import ProviderChange, change_provider
from gpts.llm.services.learning import get_connection_digest
from gpts.metering.models import BudgetReservation
from payouts.models import CloseRun
from reviews.models import Notice, Submission
from tests.isolation.database_state import digest_tables
from tests.support.companies import create_company
from tests.support.evals import create_golden_prompt
from tests.support.exports import create_ready_export
from tests.support.factories.gpts import GPTFactory
from tests.support.factories.llm import LanguageModelFactory, ProviderFactory
from tests.support.factories.workspaces import FinanceUserFactory, UserFactory
from tests.support.jobs import load_tasks
from tests.support.payouts import close_march
from tests.support.reviews import decide, make_moderator, make_queued_case
from tests.support.times import AT, NOW
from tests.support.uploads import make_upload
from workspaces.models import ApiKey, Erasure, Member, Workspace
from workspaces.services.api_keys import create_api_key, revoke_api_key
from workspaces.services.leaving import delete_workspace
from workspaces.services.workspaces import create_workspace
from workspaces.states import ApiScope

pytestmark = pytest.mark.django_db

Arguments = dict[str, Any]
PRODUCT = ("core", "workspaces", "gpts", "marketplace", "reviews", "payouts")


def arrange_member() -> tuple[Any, Any]:
    """A company and a builder of it."""
    builder = UserFactory.create(display_name="Builder")
    company = create_company(UserFactory.create(display_name="Owner"), builder=builder)
    return company, builder


def leave(company: Workspace, user: Any) -> None:
    Member.objects.filter(workspace=company, user=user).delete()


# Stale arguments -------------------------------------------------------------------------------------------


def stale_attachment() -> Arguments:
    company, member = arrange_member()
    attachment = Attachment.objects.create(
        id=uuid7(NOW),
        user=member,
        workspace=company,
        kind="document",
        name="secret.txt",
        media_type="text/plain",
        size=3,
        content_hash="0" * 64,
        storage_key="attachments/absent",
        state="waiting",
        created_at=NOW,
    )
    leave(company, member)
    return {"attachment_id": str(attachment.pk)}


def start_golden_run(*, with_key: bool = False) -> tuple[GoldenRun, Any, ApiKey | None]:
    company, builder = arrange_member()
    gpt = GPTFactory.create(owner=builder, workspace=company)
    create_golden_prompt(gpt)
    key = None
    if with_key:
        key, _plain = create_api_key(
            user=builder, workspace=company, name="Program", scopes=[ApiScope.GPTS_WRITE], by=builder, at=NOW
        )
    run = start_run(
        gpt=gpt,
        version=None,
        kind="golden",
        language="en",
        by=builder,
        at=NOW,
        api_key_id=key.pk if key else None,
    )
    return run, builder, key


def golden_run_of_who_left() -> Arguments:
    run, builder, _key = start_golden_run()
    leave(run.workspace, builder)
    return {"run_id": str(run.pk)}


def golden_run_of_a_revoked_key() -> Arguments:
    run, builder, key = start_golden_run(with_key=True)
    assert key is not None
    revoke_api_key(key=key, by=builder, at=NOW)
    return {"run_id": str(run.pk)}


NOTHING_LEARNED: Arguments = {
    "model_id": 10**9,
    "connection": "",
    "learned": {"refused": ["temperature"]},
    "failure": {"code": "no_model", "status": 404, "text": "No such model."},
    "at": NOW.isoformat(),
}


def answer_of_a_moved_model() -> Arguments:
    owner = UserFactory.create()
    provider = ProviderFactory.create(by=owner, workspace=create_company(owner))
    model = LanguageModelFactory.create(provider=provider, by=owner)
    learned_at = get_connection_digest(provider)
    change = ProviderChange(base_url="https://elsewhere.example.com/v1", key="")
    change_provider(provider=provider, change=change, by=owner, at=NOW)
    return NOTHING_LEARNED | {"model_id": model.pk, "connection": learned_at}


def insights_of_a_deleted_gpt() -> Arguments:
    gpt = GPTFactory.create()
    GPT.objects.filter(pk=gpt.pk).update(deleted_at=NOW)
    return {"gpt_id": gpt.pk}


def saved_rule() -> Arguments:
    owner = UserFactory.create()
    rule = RetentionRule.objects.create(
        workspace=create_company(owner), days=30, proposed_by=owner, proposed_at=NOW, saved_at=NOW
    )
    return {"rule_id": str(rule.pk)}


def announcement_of_a_stopped_rule() -> Arguments:
    company = create_company(UserFactory.create())
    ContentAccessRule.objects.create(workspace=company, is_allowed=False, changed_at=NOW)
    return {"workspace_id": company.pk, "since": NOW.isoformat()}


def document_of_a_suspended_workspace(add: Callable[..., KnowledgeFile] = add_knowledge_file) -> Arguments:
    gpt = GPTFactory.create()
    file = add(gpt=gpt, upload=make_upload("a.txt", b"Some words to read."), by=gpt.owner, at=NOW)
    Workspace.objects.filter(pk=gpt.workspace_id).update(suspended_at=NOW)
    return {"document_id": file.document_id}


def decided_submission() -> Arguments:
    owner, moderator = UserFactory.create(display_name="Owner"), make_moderator()
    gpt = GPTFactory.create(owner=owner, description="Reads drafts and asks.")
    case = make_queued_case(gpt)
    decide(case, moderator, "approve")
    return {"submission_id": str(Submission.objects.get(case=case).pk)}


def sent_notice() -> Arguments:
    decided_submission()
    notice = Notice.objects.order_by("pk").first()
    assert notice is not None
    Notice.objects.filter(pk=notice.pk).update(delivery="sent", sent_at=AT)
    return {"notice_id": str(notice.pk)}


def closed_month() -> Arguments:
    close_march(
        maker=FinanceUserFactory.create(display_name="Maker"),
        checker=FinanceUserFactory.create(display_name="Checker"),
    )
    return {"run_id": CloseRun.objects.latest("pk").pk}


def finished_erasure() -> Arguments:
    owner = UserFactory.create()
    gone = create_workspace(name="Gone", by=owner, at=NOW)
    erasure = delete_workspace(workspace=gone, confirmation="Gone", by=owner, at=NOW)
    Erasure.objects.filter(pk=erasure.pk).update(state="finished", finished_at=NOW)
    return {"erasure_id": str(erasure.pk)}


def guesses_at_a_closed_account() -> Arguments:
    user = UserFactory.create()
    type(user).objects.filter(pk=user.pk).update(is_active=False)
    return {"email": user.email}


def finished_transfer() -> Arguments:
    company, builder = arrange_member()
    GPTFactory.create(owner=builder, workspace=company)
    transfer = GPTTransfer.objects.create(
        workspace=company, to_user=builder, requested_at=NOW, gpt_ids=[], finished_at=NOW
    )
    return {"transfer_id": str(transfer.pk)}


def rules_of_a_closed_account() -> Arguments:
    user = UserFactory.create()
    type(user).objects.filter(pk=user.pk).update(is_active=False)
    return {"user_id": user.pk}


def activity_of_a_leaver() -> Arguments:
    company, member = arrange_member()
    leave(company, member)
    return {"user_id": member.pk, "workspace_id": company.pk, "at": NOW.isoformat()}


def finished_export() -> Arguments:
    owner = UserFactory.create()
    return {"export_id": str(create_ready_export(create_company(owner), by=owner, at=NOW).pk)}


# By task: arguments that name nothing, and functions that arrange what is not to be done any more.
CASES: dict[str, tuple[Arguments, list[Callable[[], Arguments]]]] = {
    "gpts.ask_golden_prompt": (
        {"run_id": str(uuid4())},
        [golden_run_of_who_left, golden_run_of_a_revoked_key],
    ),
    "gpts.announce_content_access": (
        {"workspace_id": 10**9, "since": NOW.isoformat()},
        [announcement_of_a_stopped_rule],
    ),
    "gpts.note_model_answer": (NOTHING_LEARNED, [answer_of_a_moved_model]),
    "gpts.transfer_gpts": ({"transfer_id": str(uuid4())}, [finished_transfer]),
    "gpts.fill_insights_of_gpt": ({"gpt_id": 10**9}, [insights_of_a_deleted_gpt]),
    "gpts.count_retention": ({"rule_id": str(uuid4())}, [saved_rule]),
    "reviews.check_submission": ({"submission_id": str(uuid4())}, [decided_submission]),
    "reviews.deliver_notice": ({"notice_id": str(uuid4())}, [sent_notice]),
    "payouts.calculate_close": ({"run_id": 10**9}, [closed_month]),
    "workspaces.send_queued_mail": ({"mail_id": str(uuid4())}, []),
    "workspaces.discard_mail": ({"mail_id": str(uuid4())}, []),
    "workspaces.settle_outbound_job": ({"job_id": str(uuid4()), "act": "retry"}, []),
    "workspaces.notify_of_guesses": ({"email": "nobody@example.org"}, [guesses_at_a_closed_account]),
    "workspaces.apply_rules_to_person": ({"user_id": 10**9}, [rules_of_a_closed_account]),
    "workspaces.join_by_domains": ({"user_id": 10**9}, [rules_of_a_closed_account]),
    "workspaces.record_activity": (
        {"user_id": 10**9, "workspace_id": 10**9, "at": NOW.isoformat()},
        [activity_of_a_leaver],
    ),
    "workspaces.run_export": ({"export_id": str(uuid4())}, [finished_export]),
    "workspaces.run_erasure": ({"erasure_id": str(uuid4())}, [finished_erasure]),
}
# Take no ids: what a visitor typed, answered alike for every address.
WITHOUT_IDS = {"workspaces.send_reset_mails"}
# What a refusal itself records: the run as cancelled.
RECORDED = {
    "gpts.ask_golden_prompt": {
        "gpts_goldenrun",
        "gpts_goldenresult",
        "core_auditevent",
        "core_auditmention",
        "core_auditchain",
    },
}


def list_tasks_with_arguments() -> set[str]:
    load_tasks()
    own = {name: task for name, task in app.tasks.items() if name.split(".")[0] in PRODUCT}
    return {name for name, task in own.items() if set(inspect.signature(task.run).parameters) - {"self"}}


def replay(name: str, arguments: Arguments) -> tuple[set[str], list[dict[str, Any]]]:
    """Run the task and return the tables that it changed, and what it logged about a refusal."""
    before = digest_tables()
    sent = len(mail.outbox)
    with capture_logs() as logs:
        app.tasks[name](**arguments)
    after = digest_tables()
    assert len(mail.outbox) == sent
    refusals = [dict(entry) for entry in logs if entry["event"] == "task_refused" and entry["task"] == name]
    return {table for table, digest in after.items() if digest != before[table]}, refusals


def test_every_task_with_arguments_has_cases_here() -> None:
    assert list_tasks_with_arguments() == CASES.keys() | WITHOUT_IDS


@pytest.mark.parametrize("name", sorted(CASES))
def test_ids_that_name_nothing_are_refused_and_logged(name: str) -> None:
    list_tasks_with_arguments()
    changed, refusals = replay(name, CASES[name][0])
    assert changed == set()
    assert len(refusals) == 1


@pytest.mark.parametrize(
    ("name", "number"),
    [(name, number) for name, (_absent, stale) in CASES.items() for number in range(len(stale))],
)
def test_work_that_may_not_be_done_any_more_is_refused_and_logged(name: str, number: int) -> None:
    list_tasks_with_arguments()
    changed, refusals = replay(name, CASES[name][1][number]())
    assert changed <= RECORDED.get(name, set())
    assert len(refusals) == 1
    assert not GoldenResult.objects.exclude(answer="").exists()
    assert not BudgetReservation.objects.exists()
    assert not PassageVector.objects.exists()


def test_waiting_files_of_who_left_or_of_a_suspended_workspace_are_not_read() -> None:
    """The job that reads files takes no ids: it asks for each file whether its person still belongs there."""
    list_tasks_with_arguments()
    attachment_id = stale_attachment()["attachment_id"]
    document_id = document_of_a_suspended_workspace(upload_knowledge_file)["document_id"]

    with capture_logs() as logs:
        assert app.tasks["gpts.read_files"]() == 0

    attachment = Attachment.objects.get(pk=attachment_id)
    assert (attachment.state, attachment.failure, attachment.text) == ("failed", "access_ended", "")
    assert Document.objects.get(pk=document_id).state == "waiting"
    assert not Passage.objects.exists()
    assert [entry["reason"] for entry in logs if entry["event"] == "task_refused"] == ["access_ended"]

"""After a deletion nothing that people wrote is left, but for what docs/erasure.md names."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount, SocialToken
from allauth.usersessions.models import UserSession
from django.db import DatabaseError, transaction
from django.test import Client
from django.utils import timezone

import gpts.models as gpts
import marketplace.models as store
import payouts.models as money
import reviews.models as moderation
from core.errors import Conflict
from core.models import AuditEvent
from core.scope import system_scope
from embedded.paths import ROOT
from gpts.metering.models import UsageEvent
from marketplace.services.builders import upsert_builder_profile
from tests.support import canaries
from tests.support.canaries import MARK, NOT_WRITTEN, find_in_database, find_in_files, find_in_redis, plant
from tests.support.factories.gpts import GPTFactory
from tests.support.factories.workspaces import PASSWORD, MemberFactory, UserFactory, WorkspaceFactory
from tests.support.jobs import run_enqueued_jobs
from tests.support.planted import plant_chat, plant_workspace
from tests.support.times import AT
from workspaces.erasure import load_parts
from workspaces.models import (
    ApiKey,
    Erasure,
    Invitation,
    Notification,
    OutboundJob,
    OutgoingMail,
    User,
    Workspace,
)
from workspaces.services.erasures import request_erasure, resume_erasures, run_erasure
from workspaces.services.leaving import delete_account, delete_workspace
from workspaces.services.life_cycle import GRACE, delete_due_workspaces
from workspaces.services.workspaces import create_workspace

pytestmark = pytest.mark.django_db

# Columns in which texts stay, each with a row in docs/erasure.md.
KEPT = {
    "gpts_usageevent.model_name",
    "payouts_batch.file_bytes",
    "payouts_closeline.gpt_name",
    "payouts_payout.bank_reference",
    "payouts_payout.legal_name",
    "payouts_payout.reason",
    "payouts_statement.payee_name",
    "payouts_statementline.gpt_name",
    "payouts_transition.reason",
    "reviews_decision.private_note",
    "reviews_decision.reasoning",
    "reviews_escalation.reason",
    "workspaces_protectedname.name",
    "workspaces_protectedname.skeleton",
}


@pytest.fixture(autouse=True)
def media(own_media: Path) -> Path:
    return own_media


def plant_person(user: User) -> None:
    """Fill every table that belongs to a person beyond the personal workspace."""
    User.objects.filter(pk=user.pk).update(
        email=f"{MARK}-mail@example.test", display_name=f"{MARK} Ada", former_email=f"{MARK}-old@example.test"
    )
    user.refresh_from_db()
    EmailAddress.objects.filter(user=user).update(email=user.email)
    plant(EmailAddress, user=user, primary=False, verified=False)
    plant(Authenticator, user=user, type="totp")
    account = plant(SocialAccount, user=user)
    plant(SocialToken, account=account, app=None)
    plant(UserSession, user=user, ip="203.0.113.9", session_key=uuid4().hex)
    plant(Notification, user=user)
    plant(ApiKey, user=user, workspace=user.personal_workspace, scopes=["chat"])
    plant(OutboundJob, requested_by=user, subject_id=1, state="failed", error_code="x", ended_at=AT)
    plant(OutgoingMail)
    boss = UserFactory.create()
    others = WorkspaceFactory.create(owner=boss)
    MemberFactory.create(workspace=others, user=user, role="builder", by=boss)
    plant(Invitation, workspace=others, email=user.email, invited_by=boss, role="member")
    foreign = GPTFactory.create(owner=boss, workspace=others, name="Team GPT")
    plant_chat(foreign, None, others, user)
    message = plant(
        gpts.BuilderMessage, workspace=others, gpt=foreign, user=user, model_name="m", error_code=""
    )
    plant(gpts.BuilderChange, workspace=others, gpt=foreign, user=user, message=message)
    plant(
        gpts.Budget,
        workspace=others,
        subject="person",
        user=user,
        measure="cost_micros",
        hard_limit=5,
        window="month",
        cost_centre="",
    )
    plant(store.BuilderProfile, user=user)
    plant(store.FormerHandle, user=user)
    rated = store.Listing.objects.first()
    store.ListingScore.objects.filter(listing=rated).update(stars_5=1, rating_count=1, rating_sum=5)
    plant(store.Rating, listing=rated, user=user, stars=5)
    case = plant(
        moderation.Case, kind="report", subject_type="rating", subject_id="2", queue="reports",
        state="closed", closed_at=AT, builder=None, note="",
    )  # fmt: skip
    # Its evidence is what somebody else wrote.
    plant(moderation.Report, case=case, reporter=user, source="user", evidence={})
    decision = plant(
        moderation.Decision, case=case, outcome="approve", source="automation", round=1, content_hash=""
    )
    plant(moderation.Appeal, decision=decision, party="reporter", appellant=user, case=case, state="upheld",
          answered_at=AT)  # fmt: skip
    plant_books(user)


def plant_books(user: User) -> None:
    finance, finance2 = UserFactory.create(), UserFactory.create()
    plant(money.PayoutAccount, payee=user, method="iban", iban_ending="1234", country="DE", held_at=None)
    batch = plant(
        money.Batch, created_by=finance, currency="USD", state="draft", file_format="", file_bytes=None,
        file_sha256="",
    )  # fmt: skip
    payout = plant(money.Payout, batch=batch, payee=user, state="queued", method="iban", currency="USD",
                   country="DE", iban_ending="1234")  # fmt: skip
    batches, payouts = money.Batch.objects.filter(pk=batch.pk), money.Payout.objects.filter(pk=payout.pk)
    batches.update(state="approved", approved_by=finance2, approved_at=AT)
    payouts.update(state="in_batch")
    sent: dict[str, Any] = {"file_bytes": MARK.encode(), "file_sha256": "0" * 64, "file_format": "csv"}
    batches.update(state="exported", exported_at=AT, **sent)
    payouts.update(state="exported")
    payouts.update(state="paid", ended_at=AT)
    money.PayoutAccount.objects.filter(payee=user).update(held_at=AT)  # else there were no payout
    plant(money.Transition, batch=batch, actor=finance)
    period = money.AccountingPeriod.objects.create(month="2026-01", currency="USD")
    run = money.CloseRun.objects.create(
        period=period, number=1, rate_card=money.RateCard.objects.all()[0], started_at=AT
    )
    line: dict[str, Any] = {"payee": user, "category": "", "origin_month": "2026-01", "verdict": "qualified"}
    plant(money.CloseLine, run=run, **line)
    statement = plant(money.Statement, period=period, run=run, payee=user, currency="USD")
    plant(money.StatementLine, statement=statement, **line)


def erase(erasure: Erasure) -> None:
    assert run_erasure(erasure_id=erasure.pk, clock=timezone.now)
    erasure.refresh_from_db()
    assert erasure.state == "finished"


def list_unplanted(found: set[str]) -> list[str]:
    """Return free texts of the models that the test did not fill, so that a new column has to be added."""
    wanted = {
        f"{model._meta.db_table}.{column}"
        for model in canaries.list_models()
        for column in canaries.get_text_columns(model)
    }
    return sorted(name for name in wanted - found if not NOT_WRITTEN.search(name))


@pytest.fixture
def ada(client: Client) -> User:
    user = UserFactory.create()
    plant_workspace(user.personal_workspace, user)
    plant_person(user)
    client.force_login(user)
    client.get("/settings/")
    Workspace.objects.filter(person=user).update(slug=f"{MARK}-own", name=f"{MARK} own")
    return user


def test_nothing_of_a_person_is_left_but_what_the_law_asks_for(
    ada: User, media: Path, django_capture_on_commit_callbacks: Any
) -> None:
    before = find_in_database()
    assert list_unplanted(before) == []
    assert len(find_in_files(media)) >= 5

    with django_capture_on_commit_callbacks(execute=True):
        erasure = delete_account(user=ada, confirmation=ada.email, by=ada, at=timezone.now())
        erase(erasure)
    run_enqueued_jobs()

    assert find_in_database() - KEPT == set()
    assert find_in_files(media) == []
    # Rendered pages of the store expire within five minutes.
    assert [key for key, seconds in find_in_redis() if not 0 <= seconds <= 300] == []
    assert before >= KEPT


def test_what_stays_is_shown_under_a_pseudonym(ada: User) -> None:
    erase(delete_account(user=ada, confirmation=ada.email, by=ada, at=timezone.now()))
    assert str(User.objects.get(pk=ada.pk)) == "Deleted account"
    assert UsageEvent.objects.filter(user_id=ada.pk).exists()
    assert money.Statement.objects.filter(payee=ada).exists()
    event = AuditEvent.objects.get(action="workspaces.user_deleted")
    assert (event.actor_label, str(event.actor)) == (f"user {ada.pk}", "Deleted account")


def test_nothing_of_a_workspace_is_left(
    ada: User, media: Path, django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        erase(delete_account(user=ada, confirmation=ada.email, by=ada, at=timezone.now()))
    owner = UserFactory.create()
    team = create_workspace(name=f"{MARK} team", by=owner, at=AT)
    plant_workspace(team, owner)
    with django_capture_on_commit_callbacks(execute=True):
        erasure = delete_workspace(workspace=team, confirmation=team.name, by=owner, at=timezone.now())
        erase(erasure)
    run_enqueued_jobs()

    # Its owners keep the notice that says which workspace was deleted.
    notices = {"workspaces_notification.body"}
    assert find_in_database() - KEPT - notices == set()
    assert find_in_files(media) == []
    assert Notification.objects.get(body__contains=MARK).kind == "security.workspace_deleted"


@pytest.mark.parametrize("column", ["instructions", "name", "content_hash", "number"])
def test_versions_stay_append_only_but_for_the_erasure(ada: User, column: str) -> None:
    version = gpts.Version.objects.filter(gpt__owner=ada).first()
    value = {"number": 9}.get(column, "Deleted GPT")
    for erased_at in (None, AT):
        gpts.GPT.objects.filter(pk=version.gpt_id).update(erased_at=erased_at)
        with pytest.raises(DatabaseError, match=r"append-only|permission denied"), transaction.atomic():
            gpts.Version.objects.filter(pk=version.pk).update(**{column: value})


def test_an_erasure_that_was_killed_goes_on_and_repeats_nothing(
    ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    erasure = delete_account(user=ada, confirmation=ada.email, by=ada, at=AT)
    steps = ["payouts:person", "reviews:person"]
    Erasure.objects.filter(pk=erasure.pk).update(state="running", claim=uuid4(), heartbeat_at=AT, done=steps)
    assert not run_erasure(erasure_id=erasure.pk, clock=lambda: AT)  # another run holds the lease
    later = AT.replace(year=AT.year + 1)
    assert resume_erasures(at=later) == 1
    assert run_erasure(erasure_id=erasure.pk, clock=lambda: later)
    erasure.refresh_from_db()
    assert money.PayoutAccount.objects.filter(payee=ada).exists()  # the step was marked as done before
    assert len(erasure.done) == len(set(erasure.done))


def test_texts_of_an_open_case_wait_until_it_is_closed(ada: User) -> None:
    gpt = gpts.GPT.objects.get(owner=ada)
    moderation.Case.objects.filter(gpt=gpt).update(state="queued", closed_at=None)
    erasure = delete_account(user=ada, confirmation=ada.email, by=ada, at=timezone.now())
    assert not run_erasure(erasure_id=erasure.pk, clock=timezone.now)
    erasure.refresh_from_db()
    gpt.refresh_from_db()
    assert erasure.waits_for.startswith("reviews:")
    assert gpt.erased_at is None
    assert not gpts.Conversation.objects.filter(user=ada).exists()
    moderation.Case.objects.filter(gpt=gpt).update(state="closed", closed_at=AT)
    erase(erasure)
    gpt.refresh_from_db()
    assert gpt.erased_at is not None


def test_a_payout_on_its_way_keeps_the_account(ada: User) -> None:
    money.PayoutAccount.objects.filter(payee=ada).update(held_at=None)
    money.Payout.objects.filter(payee=ada).update(state="exported", ended_at=None)
    with pytest.raises(Conflict, match="payouts_obstacle"):
        delete_account(user=ada, confirmation=ada.email, by=ada, at=timezone.now())
    assert User.objects.get(pk=ada.pk).is_active
    assert not Erasure.objects.exists()


def test_handles_and_addresses_of_the_deleted_are_never_given_to_others(ada: User) -> None:
    handle = store.BuilderProfile.objects.get(user=ada).handle
    erase(delete_account(user=ada, confirmation=ada.email, by=ada, at=timezone.now()))
    eve = UserFactory.create()
    with pytest.raises(Conflict):
        upsert_builder_profile(user=eve, handle=handle, display_name="Eve", by=eve, at=AT)
    with pytest.raises(Conflict):
        create_workspace(name="Mine", slug=f"{MARK}-own", by=eve, at=AT)


def test_the_page_says_what_goes_and_what_stays_and_shows_the_progress(client: Client) -> None:
    ada = UserFactory.create()
    client.force_login(ada)
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    page = client.get("/settings/data/delete").content.decode()
    assert "payout account with its IBAN" in page
    assert "Statements, ledger, payouts and bank files" in page
    answer = client.post("/settings/data/delete", {"confirmation": ada.email})
    progress = answer.headers["Location"]
    visitor = Client()
    assert "To do" in visitor.get(progress).content.decode()
    erase(Erasure.objects.get(user=ada))
    done = visitor.get(progress).content.decode()
    assert "To do" not in done
    assert "Done." in done
    assert ada.email not in done


def test_only_an_owner_deletes_a_workspace_and_nobody_enters_it_then(client: Client) -> None:
    owner = UserFactory.create()
    team = WorkspaceFactory.create(owner=owner, name="Acme")
    admin = MemberFactory.create(workspace=team, user=UserFactory.create(), role="admin", by=owner).user
    path = f"/w/{team.slug}/admin/delete"
    for person, status in ((admin, 403), (UserFactory.create(), 404)):
        other = Client()
        other.force_login(person)
        other.post("/accounts/reauthenticate/", {"password": PASSWORD})
        assert other.post(path, {"confirmation": "Acme"}).status_code == status
    client.force_login(owner)
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    assert client.post(path, {"confirmation": "acme"}).status_code == 400
    assert Workspace.objects.get(pk=team.pk).suspended_at is None
    assert client.post(path, {"confirmation": "Acme"}).status_code == 302
    assert client.get(f"/w/{team.slug}/admin/members").status_code == 200
    with system_scope("tests"):
        assert delete_due_workspaces(at=timezone.now() + GRACE) == 1
    assert client.get(f"/w/{team.slug}/admin/members").status_code == 404
    assert not Erasure.objects.exclude(workspace=team).exists()


def test_requesting_twice_makes_one_erasure() -> None:
    ada = UserFactory.create()
    first, second = (
        request_erasure(workspace=ada.personal_workspace, user=ada, by=ada, at=AT) for _time in range(2)
    )
    assert first.pk == second.pk


def test_the_document_names_every_part_and_everything_that_stays() -> None:
    text = (ROOT / "docs" / "erasure.md").read_text()
    assert [part.name for part in load_parts() if f"`{part.name}`" not in text] == []
    assert [column for column in sorted(KEPT) if column.partition(".")[0] not in text] == []

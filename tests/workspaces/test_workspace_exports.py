"""Exports of a workspace: what is in them and what is not, who gets them, and how their jobs end."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.apps import apps
from django.core import mail
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone

from core.errors import Conflict, NotFound
from core.models import AuditEvent
from core.scope import system_scope
from core.stored_files import read_range
from gpts.assistants.models import GPT, Version
from gpts.assistants.services.quarantine import quarantine_gpt
from gpts.knowledge.models import KnowledgeFile
from gpts.knowledge.services.files import add_knowledge_file
from tests.support import canaries
from tests.support.api_client import ApiClient
from tests.support.canaries import MARK
from tests.support.companies import create_company
from tests.support.exports import ExportFile, create_ready_export
from tests.support.factories.gpts import GPTFactory, VersionFactory
from tests.support.factories.workspaces import PASSWORD, UserFactory
from tests.support.jobs import take_jobs
from tests.support.object_store import run_object_store
from tests.support.pages import sign_in
from tests.support.planted import plant_workspace
from tests.support.reauthentication import confirm_identity
from tests.support.times import AT
from tests.support.uploads import make_upload
from tests.support.waiting import wait_for
from workspaces.access import access_export_file, personal_workspace
from workspaces.exports import Step, load_steps
from workspaces.models import Member, Notification, User, Workspace, WorkspaceExport
from workspaces.services import export_writing, workspace_exports
from workspaces.services.export_writing import ExportWriter
from workspaces.services.guests import start_guest
from workspaces.services.life_cycle import archive_workspace
from workspaces.services.members import change_role
from workspaces.services.workspace_exports import (
    ATTEMPTS,
    KEPT,
    LEASE,
    WAITS_AT_MOST,
    delete_export,
    erase_exports,
    request_export,
    run_export,
    sweep_export_files,
    tend_exports,
)
from workspaces.web import export_files

pytestmark = pytest.mark.django_db
# Texts of a workspace that its export leaves out, with the reason.
LEFT_OUT = {
    "private to one person, whom nobody else reads": """
        gpts_attachment.name gpts_attachment.remarks gpts_attachment.text gpts_builderchange.refusal
        gpts_buildermessage.choices gpts_buildermessage.content gpts_buildermessage.model_name
        gpts_conversation.title gpts_message.citations gpts_message.content gpts_message.thinking
        gpts_message.tools gpts_sharedconversation.content gpts_sharedconversation.title gpts_turn.debug
        gpts_turn.model_name gpts_contentaccess.reason""",
    "a secret, or it opens something": """
        gpts_modelprovider.sealed_key gpts_sharedconversation.token workspaces_identityconnection.secret
        workspaces_scimtoken.name""",
    "computed from what is exported, or by a provider": """
        gpts_document.remarks gpts_failedcall.code gpts_failedcall.provider_text gpts_indexshelf.words
        gpts_languagemodel.learned gpts_passage.heading gpts_passage.text gpts_privatelisting.description
        gpts_privatelisting.name gpts_privatelisting.text marketplace_searchterm.term
        workspaces_identityconnection.discovered""",
    "of the instance: its editors and its moderation, whose letters people have got": """
        marketplace_shelfentry.reason marketplace_shelfentry.reason_zh reviews_case.note
        reviews_check.evidence reviews_decision.private_note reviews_decision.reasoning
        reviews_enforcement.undo reviews_escalation.reason reviews_notice.body reviews_notice.email
        reviews_notice.facts reviews_notice.subject reviews_report.evidence reviews_report.url
        workspaces_protectedname.name workspaces_protectedname.skeleton""",
    "of the company's own directory, which has it": """
        workspaces_identitylink.subject workspaces_scimgroup.external_id workspaces_scimuser.attributes""",
}


@pytest.fixture(autouse=True)
def media(own_media: Path) -> Path:
    return own_media


@pytest.fixture
def commit(django_capture_on_commit_callbacks: Any) -> Callable[[], AbstractContextManager[Any]]:
    """Files go after the commit: a block in which commits are real."""
    return lambda: django_capture_on_commit_callbacks(execute=True)


@pytest.fixture
def owner() -> User:
    return UserFactory.create(display_name="Olga")


@pytest.fixture
def company(owner: User) -> Workspace:
    return create_company(owner, admin=UserFactory.create(), builder=UserFactory.create())


def make_export(company: Workspace, owner: User) -> WorkspaceExport:
    export = request_export(workspace=company, by=owner, at=AT)
    assert run_export(export_id=export.pk, clock=lambda: AT)
    return fresh(export)


def make_waiting() -> None:
    for export in WorkspaceExport.objects.filter(state="waiting"):
        assert run_export(export_id=export.pk, clock=timezone.now)


def fresh(export: WorkspaceExport) -> WorkspaceExport:
    return WorkspaceExport.objects.get(pk=export.pk)


def seat(company: Workspace, role: str) -> Member:
    return Member.objects.filter(workspace=company, role=role).latest("pk")


def list_acts() -> list[str]:
    found = AuditEvent.objects.filter(action__startswith="workspaces.export_").order_by("pk")
    return [event.action.removeprefix("workspaces.export_") for event in found]


def list_stored(media: Path) -> list[Path]:
    return [path for path in (media / "exports").rglob("*") if path.is_file()]


def find_words() -> Iterator[tuple[str, str]]:
    """Yield each canary of the database with its table and column."""
    for model in apps.get_models(include_auto_created=True):
        if not model._meta.managed:
            continue
        for column, field in canaries.get_text_columns(model).items():
            for value in model._default_manager.values_list(field.attname, flat=True):
                for word in re.findall(rf"{MARK}\d+", str(value)):
                    yield word, f"{model._meta.db_table}.{column}"


def test_it_holds_what_the_workspace_wrote_and_nothing_else(company: Workspace, owner: User) -> None:
    other = create_company(UserFactory.create())
    plant_workspace(other, other.members.get().user)
    foreign = dict(find_words())
    plant_workspace(company, owner)
    own = {word: place for word, place in find_words() if word not in foreign}
    found = set(re.findall(rf"{MARK}\d+", ExportFile(make_export(company, owner)).everything().decode()))
    assert found <= own.keys()
    places = {place for word, place in own.items() if word not in found} - {
        place for word, place in own.items() if word in found
    }
    assert sorted(places) == sorted(name for names in LEFT_OUT.values() for name in names.split())


def test_gpts_come_with_versions_and_files_and_every_file_is_described(
    company: Workspace, owner: User
) -> None:
    gpt = GPTFactory.create(owner=owner, workspace=company, name="=Walks")
    upload = make_upload("../paths & more.TXT", "Walk slowly.")
    add_knowledge_file(gpt=gpt, upload=upload, by=owner, at=AT)
    for text in ("First", "Second"):
        GPT.objects.filter(pk=gpt.pk).update(description=text)
        gpt.refresh_from_db()
        VersionFactory.create(gpt=gpt, release_notes=text)
    gone = add_knowledge_file(gpt=gpt, upload=make_upload("b.txt", "Gone."), by=owner, at=AT)
    default_storage.delete(gone.document.storage_key)
    file = ExportFile(make_export(company, owner))
    steps = load_steps()
    assert {step.path for step in steps if hasattr(step, "path")} <= file.names
    assert [row["release_notes"] for row in file.rows("gpts/versions.jsonl")] == ["First", "Second"]
    (row,) = file.rows("gpts/gpts.jsonl")
    assert (row["id"], row["name"], row["owner_name"]) == (gpt.pk, "=Walks", "Olga")
    content_hash = KnowledgeFile.objects.earliest("pk").content_hash
    assert file.text(f"knowledge/files/{content_hash}.txt") == "Walk slowly."
    listed = [(row["name"], row["content_hash"]) for row in file.rows("knowledge/files.jsonl")]
    assert listed == [(KnowledgeFile.objects.earliest("pk").name, content_hash), ("b.txt", gone.content_hash)]
    roles = sorted((row["role"], row["email"]) for row in file.rows("people/members.csv"))
    rows = Member.objects.filter(workspace=company).values_list("role", "user__email")
    assert roles == sorted(rows)
    readme = file.text("README.md")
    assert f"# Export of {company.name}" in readme and "`gpts/versions.jsonl` (2)" in readme
    assert f"`knowledge/files/{gone.content_hash}.txt`" in readme
    assert "Conversations, their files" in readme
    assert not [name for name in file.names if name.startswith(("/", "..")) or "/../" in name]
    events = [row["action"] for row in file.rows("audit.jsonl")]
    assert events[0] == "workspaces.export_requested" and "gpts.gpt_created" in events


def test_all_owners_are_told_and_what_was_done_is_in_the_log(
    company: Workspace, owner: User, deliver_mails: Any
) -> None:
    second = UserFactory.create(language="zh-hans")
    Member.objects.create(workspace=company, user=second, role="owner", joined_at=AT)
    with deliver_mails():
        export = make_export(company, owner)
    assert (export.state, export.steps_done, export.expires_at) == ("ready", len(load_steps()), AT + KEPT)
    with default_storage.open(export.storage_key) as stored:
        assert len(stored.read()) == export.size
    told = Notification.objects.filter(kind="workspaces.export_ready")
    assert {note.user_id: note.title for note in told} == {
        owner.pk: f"The export of {company.name} is ready",
        second.pk: f"{company.name} 的导出已就绪",
    }
    assert {note.url for note in told} == {f"/w/{company.slug}/admin/exports"}
    assert sorted(to for message in mail.outbox for to in message.to) == sorted([owner.email, second.email])
    assert list_acts() == ["requested", "made"]


def test_one_is_made_at_a_time_and_three_are_kept(company: Workspace, owner: User) -> None:
    request_export(workspace=company, by=owner, at=AT)
    with pytest.raises(Conflict) as refusal:
        request_export(workspace=company, by=owner, at=AT)
    assert refusal.value.code == "export_running"
    make_waiting()
    for _more in range(2):
        make_export(company, owner)
    with pytest.raises(Conflict) as full:
        request_export(workspace=company, by=owner, at=AT)
    assert (full.value.code, WorkspaceExport.objects.count()) == ("exports_kept", 3)
    with pytest.raises(Conflict) as personal:
        request_export(workspace=personal_workspace(owner), by=owner, at=AT)
    assert personal.value.code == "workspace_personal"


def test_an_archived_workspace_is_exported(company: Workspace, owner: User) -> None:
    archive_workspace(workspace=company, by=owner, at=AT)
    assert make_export(company, owner).state == "ready"


def test_a_second_run_does_nothing_and_a_lost_one_begins_anew(
    company: Workspace, owner: User, media: Path, commit: Callable[[], AbstractContextManager[Any]]
) -> None:
    export = request_export(workspace=company, by=owner, at=AT)
    key = default_storage.save(f"exports/{company.pk}/half.zip", ContentFile(b"PK"))
    WorkspaceExport.objects.filter(pk=export.pk).update(
        state="running", heartbeat_at=AT, attempts=1, storage_key=key
    )
    assert not run_export(export_id=export.pk, clock=lambda: AT + LEASE)
    late = AT + LEASE + timedelta(seconds=1)
    assert tend_exports(at=AT + LEASE) == 0
    with commit():
        assert tend_exports(at=late) == 1
    assert ("workspaces.run_export", {"export_id": str(export.pk)}) in take_jobs()
    with commit():
        assert run_export(export_id=export.pk, clock=lambda: late)
    assert [path.name for path in list_stored(media)] == [Path(fresh(export).storage_key).name]
    assert not run_export(export_id=export.pk, clock=lambda: late)


def test_one_that_is_lost_too_often_fails_and_its_owner_is_told(
    company: Workspace, owner: User, media: Path, commit: Callable[[], AbstractContextManager[Any]]
) -> None:
    export = request_export(workspace=company, by=owner, at=AT)
    key = default_storage.save(f"exports/{company.pk}/half.zip", ContentFile(b"PK"))
    WorkspaceExport.objects.filter(pk=export.pk).update(
        state="running", heartbeat_at=AT, attempts=ATTEMPTS, storage_key=key
    )
    with commit():
        assert [tend_exports(at=AT + 2 * LEASE) for _try in range(2)] == [1, 0]
    assert (fresh(export).state, fresh(export).failure, list_stored(media)) == ("failed", "lost", [])
    assert Notification.objects.get().kind == "workspaces.export_failed"
    assert list_acts() == ["requested", "failed"]
    # It is no obstacle to the next one.
    assert make_export(company, owner).state == "ready"


def test_it_stops_when_the_requester_is_no_owner_any_more(
    company: Workspace, owner: User, media: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Member.objects.create(workspace=company, user=UserFactory.create(), role="owner", joined_at=AT)
    export = request_export(workspace=company, by=owner, at=AT)
    own = Member.objects.get(workspace=company, user=owner)
    after_steps(monkeypatch, 2, lambda: change_role(member=own, role="admin", by=owner, at=AT))
    assert not run_export(export_id=export.pk, clock=lambda: AT)
    assert (fresh(export).state, fresh(export).failure, list_stored(media)) == ("failed", "access_ended", [])
    assert not Notification.objects.filter(kind__startswith="workspaces.export").exists()


def test_it_stops_when_it_is_deleted(
    company: Workspace, owner: User, media: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    export = request_export(workspace=company, by=owner, at=AT)
    # As a page that read the row before the run began.
    after_steps(monkeypatch, 2, lambda: delete_export(export=export, by=owner, at=AT))
    assert not run_export(export_id=export.pk, clock=lambda: AT)
    assert (WorkspaceExport.objects.count(), list_stored(media)) == (0, [])
    assert list_acts() == ["requested", "deleted"]


def read_body(answer: Any) -> bytes:
    """Return the body of an answer that is sent in parts."""

    async def read() -> bytes:
        return b"".join([part async for part in answer])

    return async_to_sync(read)()


def after_steps(monkeypatch: pytest.MonkeyPatch, number: int, act: Callable[[], Any]) -> None:
    """Do something when a run has written the ``number``th step."""
    write = ExportWriter.write_step

    def write_step(writer: ExportWriter, step: Step) -> None:
        write(writer, step)
        if len(writer.written.steps) == number:
            with system_scope("tests"):
                act()

    monkeypatch.setattr(ExportWriter, "write_step", write_step)


def add_files(company: Workspace, owner: User, *texts: str) -> list[KnowledgeFile]:
    gpt = GPTFactory.create(owner=owner, workspace=company)
    uploads = [make_upload(f"{text}.txt", text) for text in texts]
    return [add_knowledge_file(gpt=gpt, upload=upload, by=owner, at=AT) for upload in uploads]


def test_a_sign_of_life_is_given_for_each_file_and_piece(
    company: Workspace, owner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_files(company, owner, "One walk, two walks.", "Three walks, four walks.")
    export = request_export(workspace=company, by=owner, at=AT)
    now = [AT]
    pieces = []

    def read_slowly(key: str, start: int, length: int) -> bytes:
        # Another run could begin when the lease had ended.
        assert fresh(export).heartbeat_at == now[0]
        now[0] += LEASE * 0.6
        pieces.append((key, start))
        return read_range(key, start, length)

    monkeypatch.setattr(export_writing, "read_range", read_slowly)
    monkeypatch.setattr(export_writing, "PIECE", 8)
    monkeypatch.setattr(export_writing, "CHECK_BYTES", 8)
    assert run_export(export_id=export.pk, clock=lambda: now[0])
    assert len(pieces) >= 6
    assert {"One walk, two walks.", "Three walks, four walks."} <= {
        ExportFile(fresh(export)).text(name) for name in ExportFile(fresh(export)).names
    }


def test_it_stops_within_a_file_when_it_is_deleted(
    company: Workspace, owner: User, media: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_files(company, owner, "One walk, two walks.")
    export = request_export(workspace=company, by=owner, at=AT)
    starts = []

    def read_then_delete(key: str, start: int, length: int) -> bytes:
        starts.append(start)
        if start:
            with system_scope("tests"):
                delete_export(export=export, by=owner, at=AT)
        return read_range(key, start, length)

    monkeypatch.setattr(export_writing, "read_range", read_then_delete)
    monkeypatch.setattr(export_writing, "PIECE", 4)
    monkeypatch.setattr(export_writing, "CHECK_BYTES", 4)
    assert not run_export(export_id=export.pk, clock=lambda: AT)
    assert (starts, list_stored(media)) == ([0, 4], [])


def test_an_error_leaves_no_file_and_the_export_waits_again(
    company: Workspace, owner: User, media: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    export = request_export(workspace=company, by=owner, at=AT)

    def fail() -> None:
        raise OSError("No space left on device")

    after_steps(monkeypatch, 2, fail)
    for attempt in range(1, ATTEMPTS + 1):
        assert (fresh(export).state, fresh(export).attempts) == ("waiting", attempt - 1)
        with pytest.raises(OSError, match="No space"):
            run_export(export_id=export.pk, clock=lambda: AT)
        assert list_stored(media) == []
    assert (fresh(export).state, fresh(export).failure) == ("failed", "lost")
    assert list_acts() == ["requested", "failed"]


def test_a_file_that_vanishes_is_named(
    company: Workspace, owner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone, stays = add_files(company, owner, "One.", "Two.")

    def read(key: str, start: int, length: int) -> bytes:
        if key == gone.document.storage_key:
            raise FileNotFoundError(key)
        return read_range(key, start, length)

    monkeypatch.setattr(export_writing, "read_range", read)
    file = ExportFile(make_export(company, owner))
    assert file.text(f"knowledge/files/{stays.content_hash}.txt") == "Two."
    assert f"- `knowledge/files/{gone.content_hash}.txt`" in file.text("README.md")


def test_one_export_is_made_at_a_time_on_the_instance(
    company: Workspace, owner: User, commit: Callable[[], AbstractContextManager[Any]]
) -> None:
    other_owner = UserFactory.create()
    first = request_export(workspace=company, by=owner, at=AT)
    second = request_export(workspace=create_company(other_owner), by=other_owner, at=AT)
    WorkspaceExport.objects.filter(pk=first.pk).update(state="running", heartbeat_at=AT, attempts=1)
    late = AT + LEASE
    assert not run_export(export_id=second.pk, clock=lambda: late)
    assert (fresh(second).state, fresh(second).attempts) == ("waiting", 0)
    with commit():
        assert tend_exports(at=late) == 0
    assert take_jobs() == []
    WorkspaceExport.objects.filter(pk=first.pk).update(state="waiting")
    with commit():
        assert run_export(export_id=first.pk, clock=lambda: late)
    assert ("workspaces.run_export", {"export_id": str(second.pk)}) in take_jobs()
    assert run_export(export_id=second.pk, clock=lambda: late)


def test_one_that_no_worker_takes_fails_after_a_day_and_makes_room(
    company: Workspace, owner: User, media: Path, commit: Callable[[], AbstractContextManager[Any]]
) -> None:
    export = request_export(workspace=company, by=owner, at=AT)
    busy = create_ready_export(create_company(owner), by=owner, at=AT)
    day_later = AT + WAITS_AT_MOST + timedelta(seconds=1)
    with commit():
        assert tend_exports(at=AT + WAITS_AT_MOST) == 1  # sent again, to a worker that may be back
    assert fresh(export).state == "waiting"
    # A worker that makes others has not come to it yet.
    WorkspaceExport.objects.filter(pk=busy.pk).update(heartbeat_at=day_later - 2 * LEASE)
    tend_exports(at=day_later)
    assert fresh(export).state == "waiting"
    WorkspaceExport.objects.filter(pk=busy.pk).update(heartbeat_at=AT)
    mail.outbox.clear()
    with commit():
        assert [tend_exports(at=day_later) for _try in range(2)] == [1, 0]

    assert (fresh(export).state, fresh(export).failure) == ("failed", "not_begun")
    words = "No worker took it within a day. Tell the operator, then ask for it again."
    assert Notification.objects.get().body == words
    assert list_acts() == ["requested", "failed"]
    assert AuditEvent.objects.get(action="workspaces.export_failed").data == {"failure": "not_begun"}
    WorkspaceExport.objects.filter(pk=export.pk).update(expires_at=timezone.now() + KEPT)
    assert words in sign_in(owner).get(f"/w/{company.slug}/admin/exports").content.decode()
    # The message may come after all; then it does nothing.
    assert not run_export(export_id=export.pk, clock=lambda: day_later)
    assert make_export(company, owner).state == "ready"


def test_one_that_a_worker_gave_back_waits_as_long_again_and_fails_as_lost(
    company: Workspace, owner: User, media: Path
) -> None:
    export = request_export(workspace=company, by=owner, at=AT)
    WorkspaceExport.objects.filter(pk=export.pk).update(attempts=1)
    tend_exports(at=AT + 2 * WAITS_AT_MOST)
    assert fresh(export).state == "waiting"

    tend_exports(at=AT + 2 * WAITS_AT_MOST + timedelta(seconds=1))

    assert (fresh(export).state, fresh(export).failure) == ("failed", "lost")


def test_one_that_was_begun_again_meanwhile_does_not_fail(
    company: Workspace, owner: User, media: Path, commit: Callable[[], AbstractContextManager[Any]]
) -> None:
    export = request_export(workspace=company, by=owner, at=AT)
    key = default_storage.save(f"exports/{company.pk}/half.zip", ContentFile(b"PK"))
    rows = WorkspaceExport.objects.filter(pk=export.pk)
    rows.update(state="running", heartbeat_at=AT, attempts=ATTEMPTS, storage_key=key)
    own = WorkspaceExport.objects.filter(pk=export.pk, heartbeat_at=AT)
    read = fresh(export)
    rows.update(heartbeat_at=AT + timedelta(seconds=1))
    with commit(), system_scope("tests"):
        assert workspace_exports._fail(own, read, "lost", AT) == 0
    assert (fresh(export).state, len(list_stored(media)), list_acts()) == ("running", 1, ["requested"])


def test_files_that_no_export_names_are_swept(company: Workspace, owner: User, media: Path) -> None:
    assert sweep_export_files() == 0
    export = make_export(company, owner)
    default_storage.save(f"exports/{company.pk}/half.zip", ContentFile(b"PK"))
    assert [sweep_export_files() for _try in range(2)] == [1, 0]
    assert [path.name for path in list_stored(media)] == [Path(export.storage_key).name]


def test_an_erasure_deletes_files_after_its_commit_and_tries_again(
    company: Workspace,
    owner: User,
    media: Path,
    commit: Callable[[], AbstractContextManager[Any]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    exports = [make_export(company, owner) for _number in range(2)]
    stuck = exports[0].storage_key
    delete = default_storage.delete

    def refuse(key: str) -> None:
        if key == stuck:
            raise PermissionError(key)
        delete(key)

    monkeypatch.setattr(default_storage, "delete", refuse)
    with commit(), transaction.atomic():
        assert erase_exports(company) == 2
        assert len(list_stored(media)) == 2
        transaction.set_rollback(True)
    assert (WorkspaceExport.objects.count(), len(list_stored(media))) == (2, 2)

    with commit():
        assert [erase_exports(company) for _try in range(2)] == [2, 0]
    assert [path.name for path in list_stored(media)] == [Path(stuck).name]

    late = default_storage.save(f"exports/{company.pk}/zzz.zip", ContentFile(b"PK"))
    assert [sweep_export_files() for _try in range(2)] == [1, 0]
    assert not default_storage.exists(late)
    monkeypatch.undo()
    assert [sweep_export_files() for _try in range(2)] == [1, 0]
    assert list_stored(media) == []


def test_it_is_written_to_and_sent_from_an_object_store(
    transactional_db: None, client: Client, company: Workspace, owner: User, settings: Any
) -> None:
    with run_object_store() as store:
        settings.STORAGES = store.storages
        (kept,) = add_files(company, owner, "Walk slowly.")
        export = request_export(workspace=company, by=owner, at=timezone.now())
        assert run_export(export_id=export.pk, clock=timezone.now)
        assert store.uploads == {}
        export = fresh(export)
        client.force_login(owner)
        confirm_identity(client, owner)
        store.ranges.clear()
        body = read_body(client.get(f"/w/{company.slug}/admin/exports/{export.pk}/file"))
        assert body == store.objects[export.storage_key]
        assert store.ranges == [(0, export_files.PIECE - 1)]
        assert f"knowledge/files/{kept.content_hash}.txt" in ExportFile(export).names


def test_what_a_quarantined_gpt_holds_is_left_out(company: Workspace, owner: User) -> None:
    plant_workspace(company, owner)
    words = set(re.findall(rf"{MARK}\d+", ExportFile(make_export(company, owner)).everything().decode()))
    gpts = list(GPT.objects.filter(workspace=company))
    versions = Version.objects.filter(gpt__in=gpts)
    closed = {
        word
        for row in (*gpts, *versions, *KnowledgeFile.objects.filter(gpt__in=gpts))
        for value in vars(row).values()
        for word in re.findall(rf"{MARK}\d+", str(value))
    } & words
    assert closed
    for gpt in gpts:
        quarantine_gpt(gpt=gpt, by=None, at=AT)
    file = ExportFile(make_export(company, owner))
    left = set(re.findall(rf"{MARK}\d+", file.everything().decode()))
    # The audit log names GPTs to who made them, and slugs stay.
    open_words = {word for gpt in gpts for word in re.findall(rf"{MARK}\d+", f"{gpt.slug} {gpt.name}")}
    assert not (closed - open_words) & left
    rows = file.rows("gpts/quarantined.csv")
    assert sorted(row["slug"] for row in rows) == sorted(gpt.slug for gpt in gpts)
    assert not [name for name in file.names if name.startswith(("gpts/icons/", "knowledge/files/"))]
    for path in ("gpts/gpts.jsonl", "gpts/versions.jsonl", "knowledge/files.jsonl", "tests/prompts.jsonl",
                 "tests/runs.jsonl", "tests/results.jsonl"):  # fmt: skip
        assert file.rows(path) == []
    assert "gpts/quarantined.csv names these GPTs" in file.text("README.md")


def test_addresses_of_former_guests_are_left_out(company: Workspace, owner: User) -> None:
    for name, until in (("present", timezone.now() + timedelta(days=9)), ("former", AT + timedelta(days=1))):
        person = UserFactory.create(display_name=name)
        start_guest(workspace=company, user=person, invited_by=owner, until=until, at=AT)
    rows = ExportFile(make_export(company, owner)).rows("people/guests.csv")
    assert [(row["user_name"], bool(row["email"])) for row in rows] == [("present", True), ("former", False)]


def test_old_ones_are_removed_with_their_files(
    company: Workspace, owner: User, media: Path, commit: Callable[[], AbstractContextManager[Any]]
) -> None:
    make_export(company, owner)
    assert tend_exports(at=AT + KEPT - timedelta(seconds=1)) == 0
    with commit():
        assert [tend_exports(at=AT + KEPT) for _try in range(2)] == [1, 0]
    assert (WorkspaceExport.objects.count(), list_stored(media)) == (0, [])
    assert list_acts() == ["requested", "made", "deleted"]


def test_one_whose_days_are_over_is_not_there_although_its_file_still_is(
    company: Workspace, owner: User, media: Path
) -> None:
    export = make_export(company, owner)

    assert access_export_file(company, export.pk, at=AT + KEPT - timedelta(seconds=1)) == export
    with pytest.raises(NotFound):
        access_export_file(company, export.pk, at=AT + KEPT)
    assert len(list_stored(media)) == 1


@pytest.mark.parametrize(
    "values",
    [
        {"state": "waiting"},
        {"ended_at": None},
        {"size": 0},
        {"storage_key": ""},
    ],
)
def test_a_ready_export_has_its_file_and_an_end(
    company: Workspace, owner: User, values: dict[str, Any]
) -> None:
    export = create_ready_export(company, by=owner, at=AT)
    with pytest.raises(IntegrityError), transaction.atomic():
        WorkspaceExport.objects.filter(pk=export.pk).update(**values)


def test_the_page_asks_for_the_password_and_gives_the_file_to_owners_alone(
    client: Client, company: Workspace, owner: User
) -> None:
    base = f"/w/{company.slug}/admin/exports"
    client.force_login(owner)
    assert client.get(f"/w/{company.slug}/admin/settings").content.decode().count(base) == 1
    assert client.post(base).headers["Location"].startswith("/accounts/reauthenticate/")
    assert not WorkspaceExport.objects.exists()
    confirm_identity(client, owner)
    assert client.post(base).status_code == 302
    page = client.get(base).content.decode()
    assert "Waiting" in page and "every 3s" in page
    assert client.post(base).status_code == 409
    make_waiting()
    export = WorkspaceExport.objects.get()
    part = client.get(base, headers={"HX-Request": "true"}).content.decode()
    assert "Download" in part and "every 3s" not in part and "<html" not in part
    head = client.head(f"{base}/{export.pk}/file")
    assert (head.status_code, list_acts()) == (200, ["requested", "made"])
    answer = client.get(f"{base}/{export.pk}/file")
    for shown in (head, answer):
        assert shown.headers["Content-Length"] == str(export.size)
        assert shown.headers["Content-Type"] == "application/zip"
    assert list_acts() == ["requested", "made", "downloaded"]

    other = create_company(owner)
    foreign = create_ready_export(other, by=owner, at=timezone.now())
    assert client.get(f"{base}/{foreign.pk}/file").status_code == 404
    assert client.post(f"{base}/{foreign.pk}/delete").status_code == 404
    assert WorkspaceExport.objects.filter(pk=foreign.pk).exists()
    for role, status in (("admin", 403), ("builder", 403), ("guest", 404)):
        person = UserFactory.create()
        if role == "guest":
            start_guest(
                workspace=company, user=person, invited_by=owner, until=AT + timedelta(days=9_000), at=AT
            )
        else:
            person = seat(company, role).user
        someone = Client()
        someone.force_login(person)
        confirm_identity(someone, person)
        assert someone.get(base).status_code == status
        assert someone.post(base).status_code == status
        assert someone.get(f"{base}/{export.pk}/file").status_code == status
        assert someone.post(f"{base}/{export.pk}/delete").status_code == status
    assert list_acts() == ["requested", "made", "downloaded"]

    change_role(member=seat(company, "admin"), role="owner", by=owner, at=AT)
    change_role(member=Member.objects.get(workspace=company, user=owner), role="admin", by=owner, at=AT)
    assert client.get(f"{base}/{export.pk}/file").status_code == 403


def test_a_download_is_whole_and_breaks_off_when_the_access_ends(
    transactional_db: None, client: Client, company: Workspace, owner: User
) -> None:
    export = create_ready_export(company, by=owner, at=timezone.now())
    client.force_login(owner)
    confirm_identity(client, owner)
    path = f"/w/{company.slug}/admin/exports/{export.pk}/file"
    assert read_body(client.get(path)) == b"PK whole"
    answer = client.get(path)
    Member.objects.filter(workspace=company, user=owner).update(role="admin")
    assert (answer.status_code, read_body(answer)) == (200, b"")


def test_several_owners_download_at_once_and_each_at_most_two(
    transactional_db: None, client: Client, company: Workspace, owner: User
) -> None:
    export = create_ready_export(company, by=owner, at=timezone.now())
    second = seat(company, "admin")
    Member.objects.filter(pk=second.pk).update(role="owner")
    path = f"/w/{company.slug}/admin/exports/{export.pk}/file"
    others = Client()
    for browser, person in ((client, owner), (others, second.user)):
        browser.force_login(person)
        confirm_identity(browser, person)

    open_ones = [client.get(path), client.get(path)]
    refused = client.get(path)
    by_key = ApiClient(owner, workspace=company, scopes=["account"]).post(
        f"workspaces/{company.slug}/exports/{export.pk}/file", {"password": PASSWORD}
    )
    theirs = others.get(path)

    assert [answer.status_code for answer in (*open_ones, refused, by_key, theirs)] == [
        200,
        200,
        429,
        429,
        200,
    ]
    assert "You are downloading two exports already." in refused.content.decode()
    assert by_key.json()["error"]["code"] == "too_many_at_once"
    assert list_acts() == ["downloaded"] * 3
    assert {read_body(answer) for answer in (open_ones[1], theirs, open_ones[0])} == {b"PK whole"}
    wait_for(lambda: client.get(path).status_code == 200)


def test_the_api(
    company: Workspace, owner: User, media: Path, commit: Callable[[], AbstractContextManager[Any]]
) -> None:
    api = ApiClient(owner, workspace=company, scopes=["account"])
    base = f"workspaces/{company.slug}/exports"
    assert api.post(base).json()["error"]["code"] == "password_needed"
    assert not WorkspaceExport.objects.exists()
    made = api.post(base, {"password": PASSWORD})
    assert (made.status_code, made.json()["state"]) == (202, "waiting")
    path = f"{base}/{made.json()['id']}"
    assert api.post(f"{path}/file", {"password": PASSWORD}).json()["error"]["code"] == "export_not_ready"
    make_waiting()
    shown = api.get(path).json()
    export = WorkspaceExport.objects.get()
    assert (shown["state"], shown["size"], shown["sha256"]) == ("ready", export.size, export.sha256)
    assert api.get(base).json()["items"] == [shown]
    assert api.post(f"{path}/file").json()["error"]["code"] == "password_needed"
    answer = api.post(f"{path}/file", {"password": PASSWORD})
    assert (answer.status_code, answer.headers["Content-Length"]) == (200, str(export.size))
    admin = ApiClient(seat(company, "admin").user, workspace=company, scopes=["account"])
    for answer in (
        admin.get(base),
        admin.post(base, {"password": PASSWORD}),
        admin.get(path),
        admin("DELETE", path),
        admin.post(f"{path}/file", {"password": PASSWORD}),
    ):
        assert (answer.status_code, answer.json()["error"]["code"]) == (403, "role_too_low")
    assert len(list_stored(media)) == 1
    foreign = create_ready_export(create_company(owner), by=owner, at=timezone.now())
    foreign_path = f"{base}/{foreign.pk}"
    assert api.get(foreign_path).status_code == 404
    assert api("DELETE", foreign_path).status_code == 404
    assert api.post(f"{foreign_path}/file", {"password": PASSWORD}).status_code == 404
    assert WorkspaceExport.objects.filter(pk=foreign.pk).delete()[0] == 1
    default_storage.delete(foreign.storage_key)
    with commit():
        assert api("DELETE", path).status_code == 204
    assert (list_stored(media), api.get(path).status_code) == ([], 404)

"""Freezing versions, making them live, restoring them, and quarantine."""

from __future__ import annotations

import pytest
from django.db import DatabaseError, IntegrityError, transaction

from core.errors import Conflict, Forbidden, InvalidInput, NotFound
from core.models import AuditEvent
from gpts.assistants.content import compute_draft_hash
from gpts.assistants.models import GPT, LiveVersion, Version
from gpts.assistants.queries.gpts import find_live_version, get_live_versions
from gpts.assistants.services.gpts import delete_gpt, update_draft
from gpts.assistants.services.icons import set_icon
from gpts.assistants.services.quarantine import quarantine_gpt, release_gpt
from gpts.assistants.services.versions import (
    check_ready,
    clear_live_version,
    freeze_version,
    restore_version,
    set_live_version,
)
from gpts.assistants.states import Audience
from gpts.knowledge.queries import list_knowledge_files
from gpts.knowledge.services.files import add_knowledge_file, remove_knowledge_file
from gpts.llm.services.providers import ensure_offline_provider
from tests.support.companies import create_company
from tests.support.factories.gpts import GPTFactory
from tests.support.factories.workspaces import UserFactory
from tests.support.times import LATER, NOW
from tests.support.uploads import make_picture, make_upload
from workspaces.services.policies import set_may_publish

pytestmark = pytest.mark.django_db


def freeze(gpt: GPT, notes: str = "") -> Version:
    return freeze_version(gpt=gpt, release_notes=notes, by=gpt.owner, at=NOW)


def change(gpt: GPT, **changes: object) -> GPT:
    gpt.refresh_from_db()
    return update_draft(gpt=gpt, revision=gpt.draft_revision, changes=changes, by=gpt.owner, at=LATER)


def test_a_version_has_the_content_of_the_draft() -> None:
    model = ensure_offline_provider(at=NOW)
    gpt = GPTFactory.create(temperature="0.4", capabilities=["file_search"])
    set_icon(gpt=gpt, upload=make_picture(), by=gpt.owner, at=NOW)
    file = add_knowledge_file(
        gpt=gpt, upload=make_upload("a.txt", "Paris is in France."), by=gpt.owner, at=NOW
    )

    version = freeze(gpt, " First.\r\n")

    gpt.refresh_from_db()
    for field in ("name", "description", "instructions", "starters", "category", "icon", "temperature"):
        assert getattr(version, field) == getattr(gpt, field), field
    assert (version.number, version.release_notes, version.created_by) == (1, "First.", gpt.owner)
    assert (version.language_model, version.model_name) == (model, "offline")
    assert version.knowledge_hashes == [file.content_hash]
    assert len(version.content_hash) == 64
    event = AuditEvent.objects.get(action="gpts.version_frozen")
    assert event.data["content_hash"] == version.content_hash


def test_freezing_twice_gives_one_version() -> None:
    gpt = GPTFactory.create()

    first, second = freeze(gpt, "one"), freeze(gpt, "two")

    assert first == second
    assert Version.objects.count() == 1
    assert AuditEvent.objects.filter(action="gpts.version_frozen").count() == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"name": "Other"},
        {"description": "Other"},
        {"instructions": "Other"},
        {"starters": []},
        {"category": "other"},
        {"capabilities": ["vision"]},
        {"temperature": "1"},
        {"language_model": None},
    ],
)
def test_every_field_changes_the_content_hash(changes: dict[str, object]) -> None:
    ensure_offline_provider(at=NOW)
    gpt = GPTFactory.create()
    first = freeze(gpt)

    change(gpt, **changes)

    second = freeze(gpt)
    assert second.number == 2
    assert second.content_hash != first.content_hash


def test_icon_and_knowledge_change_the_hash_and_equal_content_has_an_equal_hash() -> None:
    gpt = GPTFactory.create()
    plain = compute_draft_hash(gpt)
    set_icon(gpt=gpt, upload=make_picture(), by=gpt.owner, at=NOW)
    gpt.refresh_from_db()
    with_icon = compute_draft_hash(gpt)
    file = add_knowledge_file(gpt=gpt, upload=make_upload("a.txt", "Paris"), by=gpt.owner, at=NOW)
    with_file = compute_draft_hash(gpt)
    remove_knowledge_file(file=file, by=gpt.owner, at=NOW)
    set_icon(gpt=gpt, upload=None, by=gpt.owner, at=NOW)
    gpt.refresh_from_db()

    assert len({plain, with_icon, with_file}) == 3
    assert compute_draft_hash(gpt) == plain
    assert compute_draft_hash(GPTFactory.create()) == plain


def test_an_earlier_content_gets_a_new_number() -> None:
    gpt = GPTFactory.create()
    first = freeze(gpt)
    change(gpt, name="Other")
    freeze(gpt)
    change(gpt, name="Essay coach")

    third = freeze(gpt)

    assert (third.number, third.content_hash) == (3, first.content_hash)


def test_release_notes_that_are_too_long_are_refused() -> None:
    with pytest.raises(InvalidInput) as refusal:
        freeze(GPTFactory.create(), "x" * 2001)

    assert refusal.value.field == "release_notes"
    assert not Version.objects.exists()


@pytest.mark.parametrize("statement", ["UPDATE gpts_version SET name = 'x'", "DELETE FROM gpts_version"])
def test_the_database_refuses_to_change_a_version(statement: str) -> None:
    from django.db import connection

    freeze(GPTFactory.create())

    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)

    assert Version.objects.get().name == "Essay coach"


def test_going_live_and_unpublishing_are_idempotent() -> None:
    gpt = GPTFactory.create()
    version = freeze(gpt)

    set_live_version(gpt=gpt, version=version, audience=Audience.PUBLIC, at=NOW, by=gpt.owner)
    set_live_version(gpt=gpt, version=version, audience=Audience.PUBLIC, at=LATER, by=gpt.owner)

    assert get_live_versions(gpt)[Audience.PUBLIC].since == NOW
    assert AuditEvent.objects.filter(action="gpts.version_went_live").count() == 1
    assert clear_live_version(gpt=gpt, audience=Audience.PUBLIC, at=LATER, by=gpt.owner) is True
    assert clear_live_version(gpt=gpt, audience=Audience.PUBLIC, at=LATER, by=gpt.owner) is False
    assert AuditEvent.objects.filter(action="gpts.version_left").count() == 1


def test_a_newer_version_replaces_the_live_one() -> None:
    gpt = GPTFactory.create()
    set_live_version(gpt=gpt, version=freeze(gpt), audience=Audience.PUBLIC, at=NOW)
    change(gpt, name="Other")
    second = freeze(gpt)

    set_live_version(gpt=gpt, version=second, audience=Audience.PUBLIC, at=LATER)

    live = LiveVersion.objects.get()
    assert (live.version, live.since) == (second, LATER)


def test_another_gpts_version_or_an_unknown_audience_is_refused() -> None:
    gpt, other = GPTFactory.create(), GPTFactory.create()
    foreign = freeze(other)

    with pytest.raises(InvalidInput):
        set_live_version(gpt=gpt, version=foreign, audience=Audience.PUBLIC, at=NOW)
    with pytest.raises(InvalidInput):
        set_live_version(gpt=gpt, version=freeze(gpt), audience="everyone", at=NOW)

    assert not LiveVersion.objects.exists()


def test_a_workspace_that_forbids_publishing_allows_no_links() -> None:
    ada = UserFactory.create()
    boss = UserFactory.create(display_name="Boss")
    company = create_company(boss, builder=ada)
    set_may_publish(workspace=company, is_allowed=False, by=boss, at=NOW)
    gpt = GPTFactory.create(owner=ada, workspace=company)
    version = freeze(gpt)

    with pytest.raises(Forbidden):
        set_live_version(gpt=gpt, version=version, audience=Audience.LINK, at=NOW)
    set_live_version(gpt=gpt, version=version, audience=Audience.WORKSPACE, at=NOW)

    assert set(get_live_versions(gpt)) == {Audience.WORKSPACE}


def test_a_deleted_gpt_never_goes_live() -> None:
    gpt = GPTFactory.create()
    version = freeze(gpt)
    delete_gpt(gpt=gpt, typed_name=gpt.name, is_under_review=False, by=gpt.owner, at=NOW)

    with pytest.raises(NotFound):
        set_live_version(gpt=gpt, version=version, audience=Audience.PUBLIC, at=NOW)


def test_the_database_holds_one_live_version_for_an_audience() -> None:
    gpt = GPTFactory.create()
    version = freeze(gpt)
    LiveVersion.objects.create(gpt=gpt, version=version, audience=Audience.LINK, since=NOW)

    with pytest.raises(IntegrityError), transaction.atomic():
        LiveVersion.objects.create(gpt=gpt, version=version, audience=Audience.LINK, since=NOW)


def test_colleagues_get_the_workspace_version_and_others_the_public_one() -> None:
    ada, bob, eve = (
        UserFactory.create(),
        UserFactory.create(display_name="Bob"),
        UserFactory.create(display_name="Eve"),
    )
    company = create_company(UserFactory.create(display_name="Boss"), builder=ada, member=bob)
    gpt = GPTFactory.create(owner=ada, workspace=company)
    public = freeze(gpt)
    set_live_version(gpt=gpt, version=public, audience=Audience.PUBLIC, at=NOW)
    change(gpt, name="Inside")
    inside = freeze(gpt)
    set_live_version(gpt=gpt, version=inside, audience=Audience.WORKSPACE, at=NOW)

    assert find_live_version(bob, gpt) == inside
    assert find_live_version(eve, gpt) == public


def test_quarantine_keeps_live_versions_and_release_restores_them() -> None:
    gpt = GPTFactory.create()
    set_live_version(gpt=gpt, version=freeze(gpt), audience=Audience.PUBLIC, at=NOW)

    first = quarantine_gpt(gpt=gpt, at=NOW)
    again = quarantine_gpt(gpt=gpt, at=LATER)

    assert (first.quarantined_at, again.quarantined_at) == (NOW, NOW)
    assert release_gpt(gpt=gpt, at=LATER).quarantined_at is None
    assert set(get_live_versions(gpt)) == {Audience.PUBLIC}
    actions = AuditEvent.objects.filter(action__in=["gpts.gpt_quarantined", "gpts.gpt_released"])
    assert actions.count() == 2


def test_restoring_sets_the_draft_to_the_version_with_its_files() -> None:
    gpt = GPTFactory.create()
    old = add_knowledge_file(gpt=gpt, upload=make_upload("old.txt", "Old text"), by=gpt.owner, at=NOW)
    version = freeze(gpt)
    remove_knowledge_file(file=old, by=gpt.owner, at=NOW)
    add_knowledge_file(gpt=gpt, upload=make_upload("new.txt", "New text"), by=gpt.owner, at=NOW)
    draft = change(gpt, name="Other", starters=[])

    restored = restore_version(
        gpt=gpt, version=version, revision=draft.draft_revision, by=gpt.owner, at=LATER
    )

    assert (restored.name, restored.starters) == ("Essay coach", ["Read my first paragraph"])
    assert restored.draft_revision == draft.draft_revision + 1
    assert [file.name for file in list_knowledge_files(gpt)] == ["old.txt"]
    assert compute_draft_hash(restored) == version.content_hash
    assert freeze(restored) == version


def test_restoring_over_an_unseen_edit_or_a_foreign_version_is_refused() -> None:
    gpt = GPTFactory.create()
    version = freeze(gpt)
    change(gpt, name="Unseen")

    with pytest.raises(Conflict):
        restore_version(gpt=gpt, version=version, revision=1, by=gpt.owner, at=LATER)
    with pytest.raises(InvalidInput):
        restore_version(gpt=gpt, version=freeze(GPTFactory.create()), revision=2, by=gpt.owner, at=LATER)

    gpt.refresh_from_db()
    assert (gpt.name, gpt.draft_revision) == ("Unseen", 2)


def test_missing_fields_of_a_public_gpt_are_reported_by_field() -> None:
    with pytest.raises(InvalidInput) as refusal:
        check_ready(GPTFactory.create(description="", instructions=""))

    assert set(refusal.value.data["errors"]) == {"description", "instructions"}
    check_ready(GPTFactory.create())

"""Duplicating a GPT: what is copied, what is not, and who may do it."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from django.urls import reverse

from core.errors import Conflict, Forbidden, InvalidInput
from core.models import AuditEvent
from gpts.assistants.content import BEHAVIOUR_FIELDS
from gpts.assistants.models import GPT, LiveVersion, Version
from gpts.assistants.services.icons import set_drawn_icon
from gpts.assistants.services.quarantine import quarantine_gpt
from gpts.assistants.services.versions import freeze_version, set_live_version
from gpts.assistants.states import Audience
from gpts.knowledge.models import Document, KnowledgeFile
from gpts.knowledge.queries import list_knowledge_files
from gpts.knowledge.retrieval import look_up
from gpts.knowledge.services.files import add_knowledge_file, erase_file, remove_knowledge_file, update_file
from gpts.llm.services.providers import ensure_offline_provider
from gpts.studio.services.duplicates import duplicate_gpt
from tests.support.api_client import ApiClient
from tests.support.companies import create_company
from tests.support.factories.gpts import GPTFactory
from tests.support.factories.workspaces import UserFactory
from tests.support.pages import sign_in
from tests.support.times import LATER, NOW
from tests.support.uploads import make_upload
from workspaces.models import Member, Workspace

pytestmark = pytest.mark.django_db


def create_full_gpt(**fields: Any) -> GPT:
    """A GPT with every setting, an icon, one file, one file that was removed, and a version live by link."""
    ensure_offline_provider(at=NOW)
    gpt = GPTFactory.create(
        temperature="0.4",
        seed="7",
        capabilities=["file_search"],
        output_format="json_schema",
        output_schema={"type": "object"},
        parallel_tool_calls=False,
        model_choice="listed",
        allowed_models=["offline"],
        answers_only_from_knowledge=True,
        no_answer_text="Ask the desk.",
        **fields,
    )
    set_drawn_icon(gpt=gpt, variant=3, by=gpt.owner, at=NOW)
    file = add_knowledge_file(
        gpt=gpt, upload=make_upload("a.md", "# Tyres\nUse two levers."), by=gpt.owner, at=NOW
    )
    update_file(file=file, review_on=date(2026, 9, 1), by=gpt.owner, at=NOW)
    removed = add_knowledge_file(
        gpt=gpt, upload=make_upload("old.md", "# Old\nNot any more."), by=gpt.owner, at=NOW
    )
    version = freeze_version(gpt=gpt, release_notes="", by=gpt.owner, at=NOW)
    remove_knowledge_file(file=removed, by=gpt.owner, at=NOW)
    set_live_version(gpt=gpt, version=version, audience=Audience.LINK, by=gpt.owner, at=NOW)
    gpt.refresh_from_db()
    return gpt


def test_settings_and_files_are_copied_but_no_versions_and_figures() -> None:
    gpt = create_full_gpt()
    documents = Document.objects.count()

    copy = duplicate_gpt(gpt=gpt, by=gpt.owner, at=LATER)

    copy.refresh_from_db()
    for field in BEHAVIOUR_FIELDS:
        if field != "name":
            assert getattr(copy, field) == getattr(gpt, field), field
    assert (copy.name, copy.workspace, copy.owner) == ("Copy of Essay coach", gpt.workspace, gpt.owner)
    assert (copy.created_at, copy.draft_revision, copy.conversation_count) == (LATER, 1, 0)
    assert copy.slug != gpt.slug
    assert [(file.name, file.review_on) for file in list_knowledge_files(copy)] == [
        ("a.md", date(2026, 9, 1))
    ]
    assert Document.objects.count() == documents
    assert not Version.objects.filter(gpt=copy).exists()
    assert not LiveVersion.objects.filter(gpt=copy).exists()
    event = AuditEvent.objects.get(action="gpts.gpt_duplicated")
    assert event.data == {"from_id": gpt.pk}


def test_a_copy_keeps_its_files_when_the_original_erases_them() -> None:
    gpt = create_full_gpt()
    copy = duplicate_gpt(gpt=gpt, by=gpt.owner, at=LATER)
    [file] = list_knowledge_files(gpt)

    erase_file(file=file, confirmation="a.md", by=gpt.owner, at=LATER)

    assert [hit.text for hit in look_up(copy, "two levers").passages] == ["Use two levers."]
    assert look_up(gpt, "two levers").passages == []


def test_changes_of_the_copy_do_not_affect_the_original() -> None:
    gpt = create_full_gpt()
    before = GPT.objects.filter(pk=gpt.pk).values().get()
    copy = duplicate_gpt(gpt=gpt, by=gpt.owner, at=LATER)

    [file] = list_knowledge_files(copy)
    remove_knowledge_file(file=file, by=gpt.owner, at=LATER)

    assert GPT.objects.filter(pk=gpt.pk).values().get() == before
    assert [file.name for file in list_knowledge_files(gpt)] == ["a.md"]


def test_the_name_is_shortened_to_the_limit_or_given() -> None:
    gpt = GPTFactory.create(name="n" * 50)

    assert duplicate_gpt(gpt=gpt, by=gpt.owner, at=LATER).name == "Copy of " + "n" * 42
    assert duplicate_gpt(gpt=gpt, by=gpt.owner, at=LATER, name="Mine").name == "Mine"
    with pytest.raises(InvalidInput):
        duplicate_gpt(gpt=gpt, by=gpt.owner, at=LATER, name="x" * 51)
    assert GPT.objects.count() == 3


def test_quarantined_gpts_and_suspended_workspaces_are_not_copied() -> None:
    quarantined, suspended = GPTFactory.create(), GPTFactory.create()
    quarantine_gpt(gpt=quarantined, at=NOW)
    Workspace.objects.filter(pk=suspended.workspace_id).update(suspended_at=NOW)

    with pytest.raises(Conflict):
        duplicate_gpt(gpt=quarantined, by=quarantined.owner, at=LATER)
    with pytest.raises(Forbidden):
        duplicate_gpt(gpt=suspended, by=suspended.owner, at=LATER)

    assert GPT.objects.count() == 2
    assert not KnowledgeFile.objects.exists()


def test_an_admin_may_copy_and_owns_the_copy_but_members_and_strangers_may_not() -> None:
    ada, boss, bob, eve = (
        UserFactory.create(),
        UserFactory.create(display_name="Boss"),
        UserFactory.create(display_name="Bob"),
        UserFactory.create(display_name="Eve"),
    )
    company = create_company(boss, builder=ada, member=bob)
    gpt = create_full_gpt(owner=ada, workspace=company)
    url = reverse("gpts:build-duplicate", args=[gpt.slug])
    absent = sign_in(eve).post(reverse("gpts:build-duplicate", args=["no-such-gpt"]))

    refused = [sign_in(user).post(url) for user in (bob, eve)]
    assert [response.status_code for response in refused] == [404, 404]
    assert absent.status_code == 404
    assert sign_in(boss).get(url).status_code == 405
    assert GPT.objects.count() == 1
    copied = sign_in(boss).post(url)

    copy = GPT.objects.get(owner=boss)
    assert copied.headers["Location"] == reverse("gpts:build-configure", args=[copy.slug])
    assert (copy.workspace, copy.instructions) == (company, gpt.instructions)
    assert [file.uploaded_by for file in list_knowledge_files(copy)] == [boss]


def test_an_owner_who_is_no_builder_any_more_is_refused() -> None:
    ada = UserFactory.create()
    company = create_company(UserFactory.create(display_name="Boss"), builder=ada)
    gpt = GPTFactory.create(owner=ada, workspace=company)
    Member.objects.filter(workspace=company, user=ada).update(role="member")

    response = sign_in(ada).post(reverse("gpts:build-duplicate", args=[gpt.slug]), follow=True)

    assert "may not build" in response.content.decode()
    assert GPT.objects.count() == 1


def test_the_api_copies_only_gpts_of_the_keys_workspace() -> None:
    gpt = create_full_gpt()
    stranger = UserFactory.create(display_name="Eve")

    named = ApiClient(gpt.owner)("POST", f"gpts/{gpt.slug}/duplicate", {"name": "Second"})
    unnamed = ApiClient(gpt.owner)("POST", f"gpts/{gpt.slug}/duplicate")
    foreign = ApiClient(stranger)("POST", f"gpts/{gpt.slug}/duplicate", {"name": "Stolen"})
    read_only = ApiClient(gpt.owner, scopes=("gpts:read",))("POST", f"gpts/{gpt.slug}/duplicate", {})

    assert (named.status_code, named.json()["name"], named.json()["revision"]) == (201, "Second", 1)
    assert (named.json()["live"], named.json()["instructions"]) == ({}, gpt.instructions)
    assert unnamed.json()["name"] == "Copy of Essay coach"
    assert (foreign.status_code, read_only.status_code) == (404, 403)
    assert GPT.objects.count() == 3

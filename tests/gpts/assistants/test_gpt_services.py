"""Creating, changing and deleting GPTs: limits, refusals, and that a refusal writes nothing."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from core.errors import Conflict, DomainError, Forbidden, InvalidInput, NotFound
from core.models import AuditEvent
from gpts.assistants.models import GPT, LiveVersion
from gpts.assistants.services.gpts import create_gpt, delete_gpt, update_draft
from gpts.assistants.services.quarantine import quarantine_gpt
from gpts.assistants.services.versions import freeze_version, set_live_version
from gpts.assistants.states import Audience
from gpts.llm.models import LanguageModel, ModelProvider
from gpts.llm.states import ProviderKind
from tests.support.companies import create_company
from tests.support.factories.gpts import GPTFactory
from tests.support.factories.workspaces import UserFactory
from tests.support.times import LATER, NOW
from workspaces.access import personal_workspace
from workspaces.services.workspaces import create_workspace

pytestmark = pytest.mark.django_db


def test_a_new_gpt_has_the_cleaned_values_and_an_audit_event() -> None:
    ada = UserFactory.create()

    gpt = create_gpt(
        workspace=personal_workspace(ada),
        owner=ada,
        by=ada,
        at=NOW,
        name="  Essay   coach ",
        description="Reads\nyour draft",
        instructions="Ask.\r\nThen correct.",
        starters=["Read this", "", "Read this", "Ask me"],
        category="writing",
        capabilities=["vision", "file_search", "vision"],
        temperature="0.7",
    )

    gpt.refresh_from_db()
    assert (gpt.name, gpt.description, gpt.instructions) == (
        "Essay coach",
        "Reads your draft",
        "Ask.\nThen correct.",
    )
    assert gpt.starters == ["Read this", "Ask me"]
    assert gpt.capabilities == ["file_search", "vision"]
    assert gpt.temperature == Decimal("0.70")
    assert gpt.draft_revision == 1
    assert gpt.slug.startswith("essay-coach-")
    event = AuditEvent.objects.get(action="gpts.gpt_created")
    assert (event.actor_id, event.subject_id, event.workspace_id) == (ada.pk, str(gpt.pk), gpt.workspace_id)


@pytest.mark.parametrize(
    ("draft", "field", "code"),
    [
        ({"name": ""}, "name", "required"),
        ({"name": "   \u200b "}, "name", "required"),
        ({"name": "x" * 51}, "name", "too_long"),
        ({"name": "bell\x07"}, "name", "control_characters"),
        ({"name": None}, "name", "wrong_type"),
        ({"description": "x" * 301}, "description", "too_long"),
        ({"instructions": "x" * 8001}, "instructions", "too_long"),
        ({"instructions": ["a list"]}, "instructions", "wrong_type"),
        ({"starters": ["x" * 201]}, "starters", "too_long"),
        ({"starters": [str(n) for n in range(9)]}, "starters", "too_many"),
        ({"starters": [str(n) for n in range(100_000)]}, "starters", "too_many"),
        ({"starters": "one text"}, "starters", "wrong_type"),
        ({"starters": [{}]}, "starters", "wrong_type"),
        ({"category": "weapons"}, "category", "unknown_choice"),
        ({"category": None}, "category", "unknown_choice"),
        ({"capabilities": ["fly"]}, "capabilities", "unknown_choice"),
        ({"capabilities": "file_search"}, "capabilities", "unknown_choice"),
        ({"capabilities": [{}]}, "capabilities", "unknown_choice"),
        ({"temperature": "2.01"}, "temperature", "out_of_range"),
        ({"temperature": "nan"}, "temperature", "out_of_range"),
        ({"temperature": "warm"}, "temperature", "out_of_range"),
        ({"temperature": True}, "temperature", "out_of_range"),
        ({"temperature": {}}, "temperature", "out_of_range"),
        ({"language_model": 999_999}, "language_model", "unknown_choice"),
        ({"language_model": "1; DROP"}, "language_model", "unknown_choice"),
        ({"language_model": 10**30}, "language_model", "unknown_choice"),
        ({"owner_id": 1}, "owner_id", "unknown_field"),
        ({"draft_revision": 7}, "draft_revision", "unknown_field"),
    ],
)
def test_a_bad_field_is_named_and_nothing_is_written(draft: dict[str, Any], field: str, code: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        GPTFactory.create(**draft)

    assert (refusal.value.field, refusal.value.code) == (field, code)
    assert not GPT.objects.exists()
    assert not AuditEvent.objects.filter(action__startswith="gpts.").exists()


def test_texts_of_exactly_the_maximum_length_are_accepted_in_every_script() -> None:
    gpt = GPTFactory.create(
        name="写" * 50, description="写" * 300, instructions="写" * 8000, starters=["写" * 200] * 1
    )

    assert len(gpt.name) == 50
    assert gpt.slug.startswith("gpt-")


def test_all_wrong_fields_are_reported_at_once() -> None:
    with pytest.raises(InvalidInput) as refusal:
        GPTFactory.create(name="", category="no", temperature="hot")

    assert set(refusal.value.data["errors"]) == {"name", "category", "temperature"}


@pytest.mark.parametrize(
    "name",
    ["<script>alert(1)</script>", "'; DROP TABLE gpts_gpt; --", "{{ 7*7 }}", "../../etc/passwd", "=cmd()"],
)
def test_markup_in_a_name_is_kept_as_text(name: str) -> None:
    gpt = GPTFactory.create(name=name)

    assert gpt.name == name
    assert all(letter.isalnum() or letter in "-_" for letter in gpt.slug)


def test_direction_overrides_and_zero_width_characters_are_dropped() -> None:
    assert GPTFactory.create(name="Essay\u202e coach\u200b").name == "Essay coach"


def test_two_gpts_of_one_name_have_different_slugs() -> None:
    ada = UserFactory.create()

    assert GPTFactory.create(owner=ada).slug != GPTFactory.create(owner=ada).slug


def test_the_slug_of_a_deleted_gpt_is_not_reused() -> None:
    gpt = GPTFactory.create()
    delete_gpt(gpt=gpt, typed_name="Essay coach", is_under_review=False, by=gpt.owner, at=LATER)

    assert GPTFactory.create(owner=gpt.owner).slug != gpt.slug
    assert GPT.objects.filter(slug=gpt.slug).count() == 1


@pytest.mark.parametrize("role", ["member", None])
def test_only_builders_of_a_workspace_create_gpts_in_it(role: str | None) -> None:
    boss, ada = UserFactory.create(display_name="Boss"), UserFactory.create()
    company = create_company(boss, **({role: ada} if role else {}))

    with pytest.raises(Forbidden):
        GPTFactory.create(owner=ada, workspace=company)

    assert not GPT.objects.exists()


def test_a_builder_creates_gpts_in_the_company() -> None:
    ada = UserFactory.create()
    company = create_company(UserFactory.create(display_name="Boss"), builder=ada)

    assert GPTFactory.create(owner=ada, workspace=company).workspace == company


def test_the_model_of_another_workspace_is_not_offered() -> None:
    ada = UserFactory.create()
    elsewhere = create_workspace(name="Elsewhere", by=UserFactory.create(display_name="Eve"), at=NOW)
    provider = ModelProvider.objects.create(
        workspace=elsewhere, name="Own", kind=ProviderKind.RESPONSES, created_at=NOW
    )
    model = LanguageModel.objects.create(
        provider=provider, name="m", label="M", context_window=1, max_output_tokens=1
    )

    with pytest.raises(InvalidInput) as refusal:
        GPTFactory.create(owner=ada, language_model=model)

    assert refusal.value.field == "language_model"


def test_saving_a_draft_increments_its_revision() -> None:
    gpt = GPTFactory.create()

    saved = update_draft(
        gpt=gpt, revision=1, changes={"name": "Prose coach", "category": "education"}, by=gpt.owner, at=LATER
    )

    saved.refresh_from_db()
    assert (saved.name, saved.category, saved.draft_revision) == ("Prose coach", "education", 2)
    assert (saved.description, saved.updated_at) == (gpt.description, LATER)
    event = AuditEvent.objects.get(action="gpts.draft_updated")
    assert event.data == {
        "fields": ["category", "name"],
        "revision": 2,
        "changes": {"category": ["writing", "education"]},
    }


def test_saving_the_same_twice_writes_once() -> None:
    gpt = GPTFactory.create()
    changes = {"description": "New words"}

    update_draft(gpt=gpt, revision=1, changes=changes, by=gpt.owner, at=LATER)
    again = update_draft(gpt=gpt, revision=1, changes=changes, by=gpt.owner, at=LATER)

    assert again.draft_revision == 2
    assert AuditEvent.objects.filter(action="gpts.draft_updated").count() == 1


def test_a_stale_save_is_refused_with_the_saved_values_of_its_fields() -> None:
    gpt = GPTFactory.create()
    update_draft(gpt=gpt, revision=1, changes={"name": "Theirs", "temperature": "1"}, by=gpt.owner, at=LATER)

    with pytest.raises(Conflict) as conflict:
        update_draft(
            gpt=gpt,
            revision=1,
            changes={"name": "Mine", "temperature": "0.5", "category": "writing"},
            by=gpt.owner,
            at=LATER,
        )

    assert conflict.value.code == "draft_changed"
    assert conflict.value.data == {"revision": 2, "fields": {"name": "Theirs", "temperature": "1.00"}}
    gpt.refresh_from_db()
    assert (gpt.name, gpt.draft_revision) == ("Theirs", 2)


def test_an_invalid_save_changes_nothing() -> None:
    gpt = GPTFactory.create()

    with pytest.raises(InvalidInput):
        update_draft(gpt=gpt, revision=1, changes={"name": "Fine", "category": "no"}, by=gpt.owner, at=LATER)

    gpt.refresh_from_db()
    assert (gpt.name, gpt.draft_revision) == ("Essay coach", 1)


def test_a_quarantined_gpt_is_neither_changed_nor_deleted_nor_frozen() -> None:
    gpt = GPTFactory.create()
    quarantine_gpt(gpt=gpt, at=NOW)

    for attempt in (
        lambda: update_draft(gpt=gpt, revision=1, changes={"name": "Other"}, by=gpt.owner, at=LATER),
        lambda: delete_gpt(gpt=gpt, typed_name=gpt.name, is_under_review=False, by=gpt.owner, at=LATER),
        lambda: freeze_version(gpt=gpt, release_notes="", by=gpt.owner, at=LATER),
    ):
        with pytest.raises(Conflict) as refusal:
            attempt()
        assert refusal.value.code == "gpt_quarantined"

    gpt.refresh_from_db()
    assert (gpt.name, gpt.deleted_at) == ("Essay coach", None)
    assert not gpt.versions.exists()


@pytest.mark.parametrize(
    ("typed", "reviewed", "error"),
    [("essay coach", False, InvalidInput), ("", False, InvalidInput), ("Essay coach", True, Conflict)],
)
def test_deleting_needs_the_name_and_no_open_review(
    typed: str, reviewed: bool, error: type[DomainError]
) -> None:
    gpt = GPTFactory.create()

    with pytest.raises(error):
        delete_gpt(gpt=gpt, typed_name=typed, is_under_review=reviewed, by=gpt.owner, at=LATER)

    gpt.refresh_from_db()
    assert gpt.deleted_at is None


def test_a_deleted_gpt_is_live_for_nobody_and_keeps_its_versions() -> None:
    gpt = GPTFactory.create()
    version = freeze_version(gpt=gpt, release_notes="", by=gpt.owner, at=NOW)
    set_live_version(gpt=gpt, version=version, audience=Audience.LINK, at=NOW)

    delete_gpt(gpt=gpt, typed_name=" Essay coach ", is_under_review=False, by=gpt.owner, at=LATER)

    gpt.refresh_from_db()
    assert gpt.deleted_at == LATER
    assert not LiveVersion.objects.exists()
    assert gpt.versions.count() == 1
    with pytest.raises(NotFound):
        delete_gpt(gpt=gpt, typed_name="Essay coach", is_under_review=False, by=gpt.owner, at=LATER)

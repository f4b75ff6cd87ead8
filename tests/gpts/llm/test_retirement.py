"""A model's last day: who is told, what answers afterwards, and one button for the drafts."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from core.errors import InvalidInput
from core.models import AuditEvent
from gpts.assistants.queries.model_retirement import list_retirements
from gpts.assistants.services.model_retirement import remind_owners, replace_in_drafts, set_retirement
from gpts.assistants.services.versions import freeze_version, set_live_version
from gpts.assistants.states import Audience
from gpts.llm.catalogue import usable_model
from gpts.llm.models import LanguageModel
from tests.support.companies import create_company
from tests.support.factories.gpts import GPTFactory
from tests.support.factories.llm import LanguageModelFactory, ProviderFactory
from tests.support.factories.workspaces import PASSWORD, UserFactory
from tests.support.times import NOW
from workspaces.models import Notification

pytestmark = pytest.mark.django_db
SOON = NOW + timedelta(days=30)


class Stage:
    """A company whose builder has a GPT with a model that is to end."""

    def __init__(self) -> None:
        self.admin, self.builder = (
            UserFactory.create(display_name="Ada"),
            UserFactory.create(display_name="Bo"),
        )
        self.company = create_company(self.admin, builder=self.builder)
        provider = ProviderFactory.create(by=self.admin, workspace=self.company)
        self.old = LanguageModelFactory.create(by=self.admin, provider=provider, name="old", label="Old one")
        self.new = LanguageModelFactory.create(by=self.admin, provider=provider, name="new", label="New one")
        self.gpt = GPTFactory.create(owner=self.builder, workspace=self.company, language_model=self.old)

    def retire(self, at: Any = NOW, day: Any = SOON, replacement: Any = "new") -> LanguageModel:
        other = self.new if replacement == "new" else replacement
        return set_retirement(model=self.old, retired_at=day, replacement=other, by=self.admin, at=at)

    def notes(self) -> int:
        return Notification.objects.filter(user=self.builder, kind="model_retiring").count()


def test_owners_are_told_of_a_day_once() -> None:
    stage = Stage()

    stage.retire()
    stage.retire()

    note = Notification.objects.get(user=stage.builder, kind="model_retiring")
    assert "Old one" in note.title
    assert stage.gpt.name in note.body
    assert note.url == reverse("gpts:build-configure", args=[stage.gpt.slug])
    assert AuditEvent.objects.filter(action="gpts.model_retirement_set").count() == 1


def test_owners_are_reminded_once_two_weeks_before() -> None:
    stage = Stage()
    stage.retire()

    early = remind_owners(at=SOON - timedelta(days=15))
    first = remind_owners(at=SOON - timedelta(days=14))
    again = remind_owners(at=SOON - timedelta(days=13))

    assert (early, first, again, stage.notes()) == (0, 1, 0, 2)


def test_a_moved_day_is_announced_and_reminded_anew() -> None:
    stage = Stage()
    stage.retire()
    remind_owners(at=SOON - timedelta(days=10))

    stage.retire(day=SOON + timedelta(days=60))

    assert remind_owners(at=SOON + timedelta(days=50)) == 1
    assert stage.notes() == 4


def test_the_replacement_answers_for_draft_and_version_from_the_day_on() -> None:
    stage = Stage()
    version = freeze_version(gpt=stage.gpt, release_notes="", by=stage.builder, at=NOW)
    set_live_version(gpt=stage.gpt, version=version, audience=Audience.WORKSPACE, at=NOW)
    assert usable_model(version, stage.company) == stage.old

    # Long past by any clock.
    stage.retire(day=NOW - timedelta(days=200))

    version.refresh_from_db()
    stage.gpt.refresh_from_db()
    assert usable_model(version, stage.company) == stage.new
    assert usable_model(stage.gpt, stage.company) == stage.new
    [entry] = list_retirements(stage.company)
    assert (entry.is_over, [(row.in_draft, row.is_live) for row in entry.affected]) == (True, [(True, True)])


def test_without_a_replacement_the_default_answers() -> None:
    stage = Stage()

    stage.retire(day=NOW - timedelta(days=200), replacement=None)

    stage.gpt.refresh_from_db()
    answering = usable_model(stage.gpt, stage.company)
    assert answering is not None
    assert answering != stage.old


def test_a_model_stays_until_its_day() -> None:
    stage = Stage()

    set_retirement(
        model=stage.old,
        retired_at=NOW + timedelta(days=36_500),
        replacement=stage.new,
        by=stage.admin,
        at=NOW,
    )

    stage.gpt.refresh_from_db()
    assert usable_model(stage.gpt, stage.company) == stage.old


def test_one_button_replaces_it_in_the_drafts_chosen() -> None:
    stage = Stage()
    other = GPTFactory.create(
        owner=stage.builder, workspace=stage.company, language_model=stage.old, name="Other"
    )
    stage.retire()
    client = Client()
    client.login(email=stage.admin.email, password=PASSWORD)
    before = stage.gpt.draft_revision

    listed = client.get(reverse("gpts:workspace-model-list", args=[stage.company.slug])).content.decode()
    client.post(
        reverse("gpts:workspace-model-replace", args=[stage.company.slug, stage.old.pk]),
        {"gpts": [stage.gpt.slug]},
    )

    stage.gpt.refresh_from_db()
    other.refresh_from_db()
    assert "Old one was retired" in listed
    assert stage.gpt.name in listed
    assert (stage.gpt.language_model, stage.gpt.draft_revision) == (stage.new, before + 1)
    assert other.language_model == stage.old
    event = AuditEvent.objects.filter(action="gpts.draft_updated", subject_id=str(stage.gpt.pk)).last()
    assert event is not None
    assert (event.actor_id, event.data["fields"]) == (stage.admin.pk, ["language_model"])


def test_gpts_of_another_workspace_are_not_touched() -> None:
    stage = Stage()
    stage.retire()
    eve = UserFactory.create(display_name="Eve")
    foreign = GPTFactory.create(owner=eve)
    client = Client()
    client.login(email=stage.admin.email, password=PASSWORD)
    before = foreign.draft_revision

    client.post(
        reverse("gpts:workspace-model-replace", args=[stage.company.slug, stage.old.pk]),
        {"gpts": [foreign.slug]},
    )

    foreign.refresh_from_db()
    assert foreign.draft_revision == before


def test_drafts_with_another_model_by_now_stay_as_they_are() -> None:
    stage = Stage()
    stage.retire()
    other = GPTFactory.create(
        owner=stage.builder, workspace=stage.company, language_model=stage.new, name="Other"
    )

    changed = replace_in_drafts(model=stage.old, replacement=stage.new, gpts=[other], by=stage.admin, at=NOW)

    assert changed == 0


def test_a_replacement_that_leads_back_or_is_foreign_is_refused() -> None:
    stage = Stage()
    set_retirement(model=stage.new, retired_at=SOON, replacement=stage.old, by=stage.admin, at=NOW)
    eve = UserFactory.create(display_name="Eve")
    foreign = LanguageModelFactory.create(
        by=eve, provider=ProviderFactory.create(by=eve, workspace=create_company(eve))
    )

    for wrong in (stage.new, stage.old, foreign):
        with pytest.raises(InvalidInput) as refused:
            stage.retire(replacement=wrong)
        assert refused.value.field == "replacement"

    stage.old.refresh_from_db()
    assert (stage.old.retired_at, stage.old.replacement) == (None, None)


def test_the_day_that_was_typed_is_the_day_that_pages_and_notes_name() -> None:
    stage = Stage()
    client = Client()
    assert client.login(email=stage.admin.email, password=PASSWORD)
    place = stage.company.slug

    client.post(
        reverse("gpts:workspace-model-retire", args=[place, stage.old.pk]),
        {"day": "2031-12-31", "replacement": stage.new.pk},
    )

    page = client.get(reverse("gpts:workspace-model-list", args=[place])).content.decode()
    form = client.get(reverse("gpts:workspace-model-change", args=[place, stage.old.pk])).content.decode()
    assert page.count("31 Dec 2031") == 2
    assert "1 Jan 2032" not in page
    assert 'value="2031-12-31"' in form
    note = Notification.objects.get(user=stage.builder, kind="model_retiring")
    assert note.title == "The model Old one ends on 31 Dec 2031"


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
def test_a_day_at_an_end_of_the_calendar_is_refused_by_page_and_service(day: str) -> None:
    stage = Stage()
    client = Client()
    client.login(username=stage.admin.email, password=PASSWORD)

    page = client.post(
        reverse("gpts:workspace-model-retire", args=[stage.company.slug, stage.old.pk]), {"day": day}
    )
    with pytest.raises(InvalidInput) as refusal:
        stage.retire(day=NOW.replace(year=int(day[:4])))

    stage.old.refresh_from_db()
    assert (page.status_code, refusal.value.code, stage.old.retired_at) == (400, "date_invalid", None)

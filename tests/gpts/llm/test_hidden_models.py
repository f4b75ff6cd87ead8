"""Hiding models of the instance from a company: one rule, who may make it, and where it holds."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import reverse

from core.models import AuditEvent
from gpts.assistants.models import GPT
from gpts.llm.models import LanguageModel
from tests.support.api_client import ApiClient
from tests.support.companies import create_company
from tests.support.factories.gpts import GPTFactory
from tests.support.factories.llm import LanguageModelFactory, ProviderFactory
from tests.support.factories.workspaces import MemberFactory, UserFactory
from tests.support.pages import sign_in
from tests.support.times import NOW
from workspaces.models import User, Workspace
from workspaces.queries import read_policy

pytestmark = pytest.mark.django_db


class Stage:
    def __init__(self) -> None:
        self.boss, self.ada, self.max = (UserFactory.create() for _number in range(3))
        self.company: Workspace = create_company(self.boss, builder=self.ada, member=self.max)
        operator = UserFactory.create()
        provider = ProviderFactory.create(by=operator, workspace=None)
        self.wide: LanguageModel = LanguageModelFactory.create(provider=provider, by=operator, label="Wide")
        self.slim: LanguageModel = LanguageModelFactory.create(provider=provider, by=operator, label="Slim")
        self.gpt: GPT = GPTFactory.create(owner=self.ada, workspace=self.company, language_model=self.slim)
        self.user: GPT = GPTFactory.create(owner=self.ada, workspace=self.company, language_model=self.wide)

    def hide(self, by: User, model: LanguageModel, value: str = "1") -> int:
        url = reverse("gpts:workspace-model-hide", args=[self.company.slug, model.pk])
        return sign_in(by).post(url, {"hidden": value}).status_code

    def save(self, gpt: GPT, model: LanguageModel) -> int:
        api = ApiClient(self.ada, self.company, ("gpts:read", "gpts:write"))
        body: dict[str, Any] = {"revision": gpt.draft_revision, "language_model": model.pk}
        return api("PATCH", f"gpts/{gpt.slug}", body).status_code

    def list_offered(self) -> list[int]:
        api = ApiClient(self.ada, self.company, ("gpts:read",))
        return [row["id"] for row in api.get("models").json()["items"]]

    def show_form(self, gpt: GPT) -> str:
        return sign_in(self.ada).get(reverse("gpts:build-configure", args=[gpt.slug])).content.decode()


@pytest.fixture
def stage() -> Stage:
    return Stage()


def test_a_hidden_model_is_offered_and_accepted_nowhere_until_it_is_shown_again(stage: Stage) -> None:
    before = stage.list_offered()
    option = f'<option value="{stage.wide.pk}"'
    assert stage.wide.pk in before and option in stage.show_form(stage.gpt)

    assert stage.hide(stage.boss, stage.wide) == 302
    hidden = read_policy(stage.company.pk)
    again = stage.hide(stage.boss, stage.wide)

    assert (again, read_policy(stage.company.pk)) == (302, hidden)
    assert stage.list_offered() == [pk for pk in before if pk != stage.wide.pk]
    assert option not in stage.show_form(stage.gpt)
    # A GPT that has it keeps it and says so.
    assert "Wide (forbidden by a rule)" in stage.show_form(stage.user)
    assert (stage.save(stage.gpt, stage.wide), stage.save(stage.gpt, stage.slim)) == (403, 200)
    stage.gpt.refresh_from_db()
    assert stage.gpt.language_model == stage.slim
    page = sign_in(stage.boss).get(reverse("gpts:workspace-model-list", args=[stage.company.slug]))
    text = page.content.decode()
    assert (text.count("Show here"), "Hide here" in text, ">Hidden<" in text) == (1, True, True)
    event = AuditEvent.objects.get(action="workspaces.policy_changed", workspace_id=stage.company.pk)
    assert (event.actor_id, event.workspace_id) == (stage.boss.pk, stage.company.pk)

    assert stage.hide(stage.boss, stage.wide, "0") == 302
    assert stage.list_offered() == before
    assert not read_policy(stage.company.pk).policy.rules
    assert stage.save(stage.gpt, stage.wide) == 200


def test_a_retired_model_can_be_shown_again_and_own_models_are_not_hidden(stage: Stage) -> None:
    own = LanguageModelFactory.create(
        provider=ProviderFactory.create(by=stage.boss, workspace=stage.company), by=stage.boss
    )
    stage.hide(stage.boss, stage.wide)
    LanguageModel.objects.filter(pk=stage.wide.pk).update(retired_at=NOW)

    assert stage.hide(stage.boss, stage.wide, "0") == 302
    assert not read_policy(stage.company.pk).policy.rules
    assert stage.hide(stage.boss, own) == 404


def test_others_hide_nothing_and_models_of_others_are_not_found(stage: Stage) -> None:
    rival = UserFactory.create()
    elsewhere = create_company(rival)
    foreign = LanguageModelFactory.create(
        provider=ProviderFactory.create(by=rival, workspace=elsewhere), by=rival
    )
    admin = UserFactory.create()
    MemberFactory.create(workspace=stage.company, user=admin, role="admin", by=stage.boss)

    answers = [stage.hide(user, stage.wide) for user in (stage.ada, stage.max, rival)]

    assert answers == [403, 403, 404]
    assert stage.hide(stage.boss, foreign) == 404
    assert not read_policy(stage.company.pk).policy.rules
    assert not AuditEvent.objects.filter(action="workspaces.policy_changed").exists()
    assert stage.hide(admin, stage.wide) == 302
    # Of this company alone.
    assert not read_policy(elsewhere.pk).policy.rules


def test_a_new_gpt_gets_the_first_model_that_its_builder_may_use(stage: Stage) -> None:
    def create(name: str) -> int | None:
        api = ApiClient(stage.ada, stage.company, ("gpts:read", "gpts:write"))
        answer = api.post("gpts", {"name": name})
        assert answer.status_code == 201
        return GPT.objects.get(slug=answer.json()["slug"]).language_model_id

    offered = stage.list_offered()
    assert create("Before") == offered[0]

    stage.hide(stage.boss, LanguageModel.objects.get(pk=offered[0]))
    assert create("After") == offered[1]

    for pk in offered[1:]:
        stage.hide(stage.boss, LanguageModel.objects.get(pk=pk))
    assert create("Without") is None

"""The API of the model catalogue: admins' models, operators' models, and who is refused."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client

from core.models import AuditEvent
from gpts.llm.catalogue import OPTIONS, list_offered_models
from gpts.llm.models import LanguageModel, ModelProvider
from gpts.llm.states import ProviderKind
from tests.support.companies import create_company
from tests.support.factories.gpts import GPTFactory
from tests.support.factories.llm import ADDRESS, CANARY, LanguageModelFactory, ProviderFactory
from tests.support.factories.workspaces import UserFactory
from tests.support.times import NOW
from workspaces.models import User, Workspace
from workspaces.services.api_keys import create_api_key
from workspaces.services.staff import grant_staff_role, revoke_staff_role
from workspaces.states import ApiScope

pytestmark = pytest.mark.django_db

HOUSE = {"name": "House", "kind": "responses", "base_url": ADDRESS, "key": CANARY}
SMALL = {
    "name": "small-1",
    "label": "Small",
    "kind": "chat",
    "context_window": 64_000,
    "max_output_tokens": 4_000,
    "input_price_micros": 150_000,
    "output_price_micros": 600_000,
    "capabilities": ["file_search", "vision"],
    "features": ["json_mode", "temperature"],
}


class Caller:
    def __init__(self, user: User, place: Workspace, *scopes: str) -> None:
        _key, plain = create_api_key(user=user, workspace=place, name="x", scopes=scopes, by=user, at=NOW)
        self.client = Client(headers={"authorization": f"Bearer {plain}"})

    def ask(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        sent = {} if body is None else {"data": json.dumps(body), "content_type": "application/json"}
        answer = getattr(self.client, method)(f"/api/v1/{path}", **sent)
        return answer.status_code, answer.json() if answer.content else None


def an_operator() -> User:
    user = UserFactory.create(display_name="Otto")
    grant_staff_role(user=user, role="operator", by=None, at=NOW)
    return user


def both_places() -> list[tuple[Caller, str, Workspace | None]]:
    """An admin at their workspace's catalogue and an operator at the instance's."""
    ada, otto = UserFactory.create(), an_operator()
    company = create_company(ada)
    operator = Caller(otto, otto.personal_workspace, ApiScope.OPERATOR_WORK)
    return [
        (Caller(ada, company, ApiScope.ACCOUNT), f"workspaces/{company.slug}", company),
        (operator, "operator", None),
    ]


@pytest.mark.parametrize("which", [0, 1])
def test_provider_and_model_are_added_changed_and_retired(which: int) -> None:
    key, base, place = both_places()[which]

    status, house = key.ask("post", f"{base}/model-providers", HOUSE)
    one = f"{base}/model-providers/{house['id']}"
    added, small = key.ask("post", f"{one}/models", SMALL)
    _status, large = key.ask("post", f"{one}/models", SMALL | {"name": "large-1", "label": "Large"})
    _status, dearer = key.ask("patch", f"{base}/models/{small['id']}", {"output_price_micros": 700_000})
    retired, leaving = key.ask(
        "put",
        f"{base}/models/{small['id']}/retirement",
        {"retired_at": "2031-01-01T00:00:00Z", "replacement": large["id"]},
    )
    _status, read = key.ask("get", one)
    _status, off = key.ask("patch", one, {"is_enabled": False})
    _status, listed = key.ask("get", f"{base}/model-providers")

    assert (status, added, retired) == (201, 201, 200)
    assert small == SMALL | {
        "id": small["id"],
        "dimensions": None,
        "first_token_seconds": None,
        "silence_seconds": None,
        "answer_seconds": None,
        "is_default": True,
        "is_size_assumed": False,
        "options": [
            {"name": option.value, "choice": "automatic", "is_sent": True, "refused_at": None}
            for option in OPTIONS[ProviderKind(house["kind"])]
        ],
        "learned": {},
        "retired_at": None,
        "replacement": None,
    }
    assert dearer["output_price_micros"] == 700_000
    assert (leaving["retired_at"], leaving["replacement"]) == ("2031-01-01T00:00:00Z", large["id"])
    assert [model["name"] for model in read["models"]] == ["small-1", "large-1"]
    assert (read["has_key"], off["is_enabled"]) == (True, False)
    assert [row["name"] for row in listed["items"] if row["kind"] != "offline"] == ["House"]
    assert CANARY not in json.dumps([house, read, off, listed])
    assert ModelProvider.objects.get(pk=house["id"]).workspace == place
    events = AuditEvent.objects.filter(action__startswith="gpts.").order_by("id")
    assert list(events.values_list("action", flat=True)) == [
        "gpts.provider_added",
        "gpts.model_added",
        "gpts.model_added",
        "gpts.model_changed",
        "gpts.model_retirement_set",
        "gpts.provider_changed",
    ]


def test_operators_models_are_offered_everywhere_and_admins_only_in_their_workspace() -> None:
    (admin, base, company), (operator, instance, _none) = both_places()
    assert company is not None
    elsewhere = create_company(UserFactory.create())
    for key, path, name in ((admin, base, "ours"), (operator, instance, "everybodys")):
        _status, house = key.ask("post", f"{path}/model-providers", HOUSE | {"name": name})
        key.ask("post", f"{path}/model-providers/{house['id']}/models", SMALL | {"name": name})

    assert [model.name for model in list_offered_models(company)] == ["ours", "everybodys"]
    assert [model.name for model in list_offered_models(elsewhere)] == ["everybodys"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "x" * 121}, "name"),
        ({"context_window": 0}, "context_window"),
        ({"context_window": 10**30}, "context_window"),
        ({"context_window": 3_000}, "max_output_tokens"),
        ({"input_price_micros": -1}, "input_price_micros"),
        ({"input_price_micros": 10**13}, "input_price_micros"),
        ({"capabilities": ["telepathy"]}, "capabilities.0"),
        ({"capabilities": "vision"}, "capabilities"),
        ({"features": [1]}, "features.0"),
        ({"kind": "oracle"}, "kind"),
        ({"kind": "embedding"}, "dimensions"),
        ({"kind": "embedding", "dimensions": 5_000}, "dimensions"),
    ],
)
def test_a_wrong_model_is_refused_with_its_field(body: dict[str, Any], field: str) -> None:
    key, base, _place = both_places()[1]
    _status, house = key.ask("post", f"{base}/model-providers", HOUSE)

    status, answer = key.ask("post", f"{base}/model-providers/{house['id']}/models", SMALL | body)

    assert (status, answer["error"]["field"]) == (400, field)
    assert not LanguageModel.objects.filter(provider=house["id"]).exists()


def test_a_role_or_a_scope_alone_is_not_enough() -> None:
    ada, otto = UserFactory.create(), an_operator()
    company = create_company(ada)
    left = an_operator()
    once = Caller(left, left.personal_workspace, ApiScope.OPERATOR_WORK)
    revoke_staff_role(user=left, role="operator", by=otto, at=NOW)

    assert once.ask("get", "operator/model-providers")[0] == 404
    assert once.ask("post", "operator/model-providers", HOUSE)[0] == 404
    account = Caller(otto, otto.personal_workspace, ApiScope.ACCOUNT)
    assert account.ask("post", "operator/model-providers", HOUSE)[0] == 403
    admin = Caller(ada, company, ApiScope.ACCOUNT)
    assert admin.ask("post", "operator/model-providers", HOUSE)[0] == 403
    assert not ModelProvider.objects.filter(name="House").exists()


def test_operator_routes_and_workspace_routes_do_not_reach_each_others_models() -> None:
    (admin, base, company), (operator, instance, _none) = both_places()
    ada = User.objects.get(memberships__workspace=company, memberships__role="owner")
    ours = LanguageModelFactory.create(by=ada, provider=ProviderFactory.create(by=ada, workspace=company))
    shared = LanguageModelFactory.create(by=ada, provider=ProviderFactory.create(by=ada, workspace=None))
    GPTFactory.create(owner=ada, workspace=company, language_model=ours)

    for key, path, model in ((operator, instance, ours), (admin, base, shared)):
        for method, tail, body in (
            ("get", "model-providers/{provider}", None),
            ("patch", "model-providers/{provider}", {"is_enabled": False}),
            ("post", "model-providers/{provider}/test", None),
            ("post", "model-providers/{provider}/models", SMALL),
            ("patch", "models/{model}", {"label": "Mine"}),
            ("put", "models/{model}/retirement", {"retired_at": None}),
        ):
            foreign = tail.format(provider=model.provider_id, model=model.pk)
            missing = tail.format(provider=999_999, model=999_999)
            answer = key.ask(method, f"{path}/{foreign}", body)
            assert answer == key.ask(method, f"{path}/{missing}", body)
            assert answer[0] == 404
    # Operators cannot read which GPTs use a model.
    assert operator.ask("get", f"{instance}/models/{shared.pk}/retirement")[0] == 403
    assert set(ModelProvider.objects.values_list("is_enabled", flat=True)) == {True}
    assert not LanguageModel.objects.filter(label="Mine").exists()
    # A replacement must be offered where the model is.
    refused = operator.ask(
        "put",
        f"{instance}/models/{shared.pk}/retirement",
        {"retired_at": "2031-01-01T00:00:00Z", "replacement": ours.pk},
    )
    assert refused[0] == 400
    shared.refresh_from_db()
    assert shared.retired_at is None

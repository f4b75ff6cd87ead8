"""Operators find workspaces, set their kind, seats and quotas, suspend and restore them."""

from __future__ import annotations

from typing import Any

import pytest
from django.core import mail
from django.test import Client

from core.errors import Conflict
from core.models import AuditEvent
from gpts.assistants.models import GPT
from gpts.assistants.services.gpts import create_gpt
from tests.support.api_client import ApiClient
from tests.support.companies import create_company
from tests.support.factories.gpts import GPTFactory
from tests.support.factories.workspaces import (
    PASSWORD,
    MemberFactory,
    OperatorUserFactory,
    UserFactory,
    WorkspaceFactory,
)
from tests.support.jobs import run_enqueued_jobs
from tests.support.pages import sign_in
from tests.support.reauthentication import confirm_identity
from tests.support.times import NOW
from workspaces.models import Member, Workspace
from workspaces.services.leaving import delete_workspace
from workspaces.services.workspace_control import restore_workspace, suspend_workspace

pytestmark = pytest.mark.django_db


def list_names(client: Client, query: str) -> list[str]:
    page = client.get(f"/operator/workspaces?{query}")
    assert page.status_code == 200
    return [tenant.name for tenant in page.context["page"].items]


def list_events(workspace: Workspace) -> list[tuple[str, str, Any]]:
    events = AuditEvent.objects.filter(
        subject_type="workspaces.workspace", subject_id=str(workspace.pk), workspace_id__isnull=True
    )
    return [(event.action, event.reason, event.data) for event in events.order_by("pk")]


def test_the_list_finds_workspaces_by_name_kind_and_state() -> None:
    otto, owner = OperatorUserFactory.create(), UserFactory.create(display_name="Ada")
    acme = WorkspaceFactory.create(owner=owner, name="Acme")
    big = WorkspaceFactory.create(owner=owner, name="Big", kind="enterprise")
    gone = WorkspaceFactory.create(owner=owner, name="Gone")
    delete_workspace(workspace=gone, confirmation="Gone", by=owner, at=NOW)
    suspend_workspace(workspace=big, reason="unpaid", by=otto, at=NOW)
    client = sign_in(otto)

    for query, names in (
        ("", ["Big", "Acme"]),
        ("q=ACM", ["Acme"]),
        ("kind=enterprise", ["Big"]),
        ("kind=personal", ["Ada", "Otto"]),
        ("state=suspended", ["Big"]),
        ("state=active", ["Acme"]),
        ("q=nothing", []),
    ):
        assert list_names(client, query) == names, query
    rows = ApiClient(otto, scopes=["operator:work"]).get("operator/workspaces?q=acme").json()["items"]
    assert [(row["id"], row["members"], row["seats"]) for row in rows] == [(acme.pk, 1, None)]


def test_the_list_has_the_same_number_of_queries_for_every_length(django_assert_num_queries: Any) -> None:
    client, owner = sign_in(OperatorUserFactory.create()), UserFactory.create()
    for _ in range(3):
        WorkspaceFactory.create(owner=owner)
        with django_assert_num_queries(8):
            client.get("/operator/workspaces")


def test_one_workspace_with_its_figures_and_limits() -> None:
    otto, owner = OperatorUserFactory.create(), UserFactory.create(display_name="Ada")
    acme = create_company(owner)
    GPTFactory.create(owner=owner, workspace=acme)
    api = ApiClient(otto, scopes=["operator:work"])

    one = api("PATCH", f"operator/workspaces/{acme.slug}", {"kind": "team", "seats": 5, "gpt_limit": 1})

    assert one.status_code == 200
    assert {key: one.json()[key] for key in ("kind", "seats", "gpt_limit", "gpts", "knowledge_used")} == {
        "kind": "team",
        "seats": 5,
        "gpt_limit": 1,
        "gpts": 1,
        "knowledge_used": 0,
    }
    assert [owner["name"] for owner in one.json()["owners"]] == ["Ada"]
    ((action, _reason, data),) = list_events(acme)
    assert action == "workspaces.workspace_limits_set"
    assert data["changes"]["seats"] == [None, 5] and data["changes"]["gpt_limit"] == [None, 1]
    page = sign_in(otto).get(f"/operator/workspaces/{acme.slug}").content.decode()
    assert "of 5 seats" in page and "changed what" in page


def test_limits_hold_where_they_are_asked() -> None:
    owner = UserFactory.create()
    acme = WorkspaceFactory.create(owner=owner)
    Workspace.objects.filter(pk=acme.pk).update(gpt_limit=1)
    GPTFactory.create(owner=owner, workspace=acme)

    with pytest.raises(Conflict) as refusal:
        create_gpt(workspace=acme, owner=owner, by=owner, at=NOW, name="One more")

    assert (refusal.value.code, refusal.value.data) == ("too_many_gpts", {"limit": 1})
    assert GPT.objects.filter(workspace=acme).count() == 1


@pytest.mark.parametrize(
    ("slug", "body", "status", "code"),
    [
        ("acme", {"seats": -1}, 400, "invalid_input"),
        ("acme", {"kind": "personal"}, 400, "invalid_input"),
        ("ada", {"kind": "team"}, 409, "workspace_personal"),
        ("nobody", {"seats": 1}, 404, "not_found"),
    ],
)
def test_refused_limits_change_nothing(slug: str, body: dict[str, Any], status: int, code: str) -> None:
    owner = UserFactory.create(display_name="Ada")
    acme = WorkspaceFactory.create(owner=owner)
    slugs = {"acme": acme.slug, "ada": owner.personal_workspace.slug, "nobody": "nobody"}
    api = ApiClient(OperatorUserFactory.create(), scopes=["operator:work"])

    answer = api("PATCH", f"operator/workspaces/{slugs[slug]}", body)

    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    assert list_events(acme) == []
    assert not Workspace.objects.filter(seats__isnull=False).exists()


def test_suspending_closes_a_workspace_at_once_and_tells_its_owners(
    django_capture_on_commit_callbacks: Any,
) -> None:
    otto, owner, ada = OperatorUserFactory.create(), UserFactory.create(), UserFactory.create()
    acme = WorkspaceFactory.create(owner=owner, name="Acme")
    MemberFactory.create(workspace=acme, user=ada, by=owner)
    browser, program = sign_in(ada), ApiClient(ada, acme, scopes=["account"])
    operator = confirm_identity(sign_in(otto), otto)
    store = f"/w/{acme.slug}/"
    assert (browser.get(store).status_code, program.get("me").status_code) == (200, 200)

    with django_capture_on_commit_callbacks(execute=True):
        operator.post(f"/operator/workspaces/{acme.slug}/suspend", {"reason": "unpaid bills"})

    assert (browser.get(store).status_code, program.get("me").status_code) == (404, 401)
    run_enqueued_jobs()
    assert [(one.to, one.subject) for one in mail.outbox] == [([owner.email], "Acme was suspended")]
    assert "unpaid bills" in str(mail.outbox[0].body)
    operator.post(f"/operator/workspaces/{acme.slug}/restore", {"reason": "paid"})
    assert (browser.get(store).status_code, program.get("me").status_code) == (200, 200)
    assert [(action, reason) for action, reason, _data in list_events(acme)] == [
        ("workspaces.workspace_suspended", "unpaid bills"),
        ("workspaces.workspace_restored", "paid"),
    ]
    assert Member.objects.filter(workspace=acme).count() == 2


def test_personal_and_deleted_workspaces_are_refused() -> None:
    otto, owner = OperatorUserFactory.create(), UserFactory.create()
    acme = WorkspaceFactory.create(owner=owner, name="Acme")
    delete_workspace(workspace=acme, confirmation="Acme", by=owner, at=NOW)
    for workspace, code in ((owner.personal_workspace, "workspace_personal"), (acme, "workspace_deleted")):
        for act in (suspend_workspace, restore_workspace):
            with pytest.raises(Conflict) as refusal:
                act(workspace=workspace, reason="because", by=otto, at=NOW)
            assert refusal.value.code == code
    assert Workspace.objects.get(pk=acme.pk).suspended_at == NOW
    api = ApiClient(otto, scopes=["operator:work"])
    answer = api.post(f"operator/workspaces/{acme.slug}/restore", {"reason": "x", "password": PASSWORD})
    assert answer.status_code == 409

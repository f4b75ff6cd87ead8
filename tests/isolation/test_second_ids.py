"""Ids of others beside own ones, in path and body; fields that must not be set by a request."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import reverse

from gpts.assistants.models import GPT
from tests.isolation.database_state import ChangeDetector
from tests.isolation.requests import as_person, call
from tests.isolation.world import World
from workspaces.models import ApiKey, User

pytestmark = pytest.mark.django_db
changes = ChangeDetector()


@pytest.mark.parametrize("name", ["gpts:build-knowledge-text", "gpts:build-knowledge-delete"])
def test_a_file_of_another_gpt_under_an_own_gpt(name: str, world: World) -> None:
    changes.start()
    path = reverse(name, args=[world.gpts["rival"].slug, world.file])
    method = "post" if name.endswith("delete") else "get"
    assert getattr(as_person(world, "rival"), method)(path).status_code == 404
    assert changes.list_changed() == []


def test_a_file_of_another_gpt_under_an_own_gpt_by_key(world: World) -> None:
    changes.start()
    own = world.gpts["stranger"].slug
    assert call(world, "stranger", "delete", f"/api/v1/gpts/{own}/knowledge/{world.file}").status_code == 404
    assert changes.list_changed() == []


@pytest.mark.parametrize("act", ["stop", "retry", "edit", "events"])
def test_a_turn_of_another_conversation_under_an_own_one(act: str, world: World) -> None:
    changes.start()
    own, _turn = world.conversations["rival"]
    client = as_person(world, "rival")
    path = f"/c/{own}/turns/{world.turn}/{act}"
    answer = client.get(path) if act == "events" else client.post(path, {"text": "x"})
    assert answer.status_code == 404
    assert changes.list_changed() == []


@pytest.mark.parametrize("act", ["stop", "retry", "edit", "events"])
def test_a_turn_of_another_conversation_under_an_own_one_by_key(act: str, world: World) -> None:
    own, _turn = world.conversations["rival"]
    path = f"/api/v1/conversations/{own}/turns/{world.turn}/{act}"
    answer = call(
        world, "rival", "get" if act == "events" else "post", path, None if act == "events" else {"text": "x"}
    )
    assert answer.status_code == 404


def test_a_member_of_another_company_under_an_own_one(world: World) -> None:
    """The id of the member is from Alpha, the workspace in the URL is Beta."""
    changes.start()
    client = as_person(world, "rival")
    for path, body in (
        (f"/w/{world.beta.slug}/admin/members/{world.builder_seat}/role", {"role": "admin"}),
        (f"/w/{world.beta.slug}/admin/members/{world.builder_seat}/remove", {}),
        (f"/w/{world.beta.slug}/admin/invitations/{world.invitation}/revoke", {}),
    ):
        assert client.post(path, body).status_code == 404, path
    base = f"/api/v1/workspaces/{world.beta.slug}/members/{world.builder_seat}"
    assert call(world, "rival", "patch", base, {"role": "admin"}).status_code == 404
    assert call(world, "rival", "delete", base).status_code == 404
    assert changes.list_changed() == []


def test_an_admin_cannot_invite_or_make_an_owner(world: World) -> None:
    for name, body in (("member-list", {"email": "new@else.test", "role": "owner"}),):
        path = reverse(f"workspaces:{name}", args=[world.alpha.slug])
        answer = as_person(world, "admin").post(path, body)
        assert answer.status_code in (400, 403)
    path = reverse("workspaces:member-role", args=[world.alpha.slug, world.builder_seat])
    assert as_person(world, "admin").post(path, {"role": "owner"}).status_code in (400, 403)


def test_a_payout_of_another_batch_is_not_recorded_under_this_one(world: World) -> None:
    """The page of a batch acts on payouts of that batch only."""
    changes.start()
    path = reverse("payouts:payout-record", args=[world.approved_batch])
    answer = as_person(world, "finance").post(
        path, {"payout": world.payout, "outcome": "failed", "reason": "x"}
    )
    assert answer.status_code in (302, 404)
    assert changes.list_changed() == []


def test_an_event_of_another_payee_is_not_excluded_under_this_one(world: World) -> None:
    """The URL names payee and GPT, to which the event must belong."""
    changes.start()
    other = world.people["second"].pk
    path = reverse("payouts:use-exclude", args=["2026-03", other, world.gpts["second"].pk])
    as_person(world, "finance").post(path, {"event": str(world.event), "reason": "x"})
    assert changes.list_changed() == []


def test_a_gpt_or_key_cannot_be_created_in_another_company(world: World) -> None:
    changes.start()
    answer = as_person(world, "rival").post(
        reverse("gpts:build-new"), {"name": "X", "workspace": world.alpha.slug}
    )
    assert answer.status_code in (400, 404)
    key = {"name": "k", "scopes": ["account"], "workspace": world.alpha.slug}
    assert call(world, "rival", "post", "/api/v1/me/api-keys", key).status_code in (403, 404)
    page = as_person(world, "rival").post(
        reverse("workspaces:api-key-list"),
        {"name": "k", "scopes": ["account"], "workspace": world.alpha.slug},
    )
    assert page.status_code in (400, 404)
    assert changes.list_changed() == []
    assert not ApiKey.objects.filter(user=world.people["rival"], workspace=world.alpha).exists()


PROTECTED_FIELDS: dict[str, Any] = {
    "id": 1,
    "slug": "taken-over",
    "owner": 1,
    "owner_id": 1,
    "workspace": "beta",
    "workspace_id": 1,
    "state": "listed",
    "status": "approved",
    "visibility": "public",
    "audience": "public",
    "live": {"public": 1},
    "live_version": 1,
    "quarantined_at": None,
    "deleted_at": None,
    "conversation_count": 10**6,
    "payout_share": 100,
    "is_quarantined": False,
    "draft_revision": 99,
    "content_hash": "0",
    "icon": "icons/x.webp",
    "created_at": "2020-01-01T00:00:00Z",
    "is_staff": True,
    "is_superuser": True,
    "is_active": True,
    "staff": ["finance"],
    "roles": ["moderator"],
    "email": "taken@over.test",
    "password": "x",
    "user": 1,
    "user_id": 1,
    "scopes": ["finance:work"],
}


def read_row(model: Any, pk: int) -> dict[str, Any]:
    found: dict[str, Any] = model.objects.filter(pk=pk).values().get()
    return found


def test_protected_fields_of_a_draft_are_ignored(world: World) -> None:
    gpt = world.gpts["private"]
    before = read_row(GPT, gpt.pk)
    body = PROTECTED_FIELDS | {"revision": before["draft_revision"], "description": "Only this may change."}
    assert call(world, "owner", "patch", f"/api/v1/gpts/{gpt.slug}", body).status_code in (200, 400)
    form = {key: value for key, value in body.items() if value is not None and not isinstance(value, dict)}
    as_person(world, "owner").post(
        reverse("gpts:build-configure", args=[gpt.slug]), form | {"fields": ",".join(form)}
    )
    after = read_row(GPT, gpt.pk)
    changed = {name for name in before if before[name] != after[name]}
    assert changed <= {"description", "draft_revision", "updated_at"}


def test_protected_fields_of_a_person_are_ignored(world: World) -> None:
    person = world.people["stranger"]
    before = read_row(User, person.pk)
    assert (
        call(world, "stranger", "patch", "/api/v1/me", PROTECTED_FIELDS | {"display_name": "New"}).status_code
        == 200
    )
    as_person(world, "stranger").post(
        reverse("workspaces:settings-profile"),
        {
            "display_name": "New",
            "time_zone": "UTC",
            "is_staff": "1",
            "email": "taken@over.test",
            "is_superuser": "1",
        },
    )
    after = read_row(User, person.pk)
    assert {name for name in before if before[name] != after[name]} == {"display_name"}


OTHER_WORKSPACE = [
    ("get", "/api/v1/gpts/{slug}"), ("delete", "/api/v1/gpts/{slug}"),
    ("get", "/api/v1/gpts/{slug}/versions"),
    ("get", "/api/v1/gpts/{slug}/knowledge"), ("get", "/api/v1/reviews/submissions/{submission}"),
    ("delete", "/api/v1/reviews/submissions/{submission}"), ("post", "/api/v1/gpts/{slug}/submissions"),
    ("get", "/api/v1/conversations/{draft_conversation}"),
    ("delete", "/api/v1/conversations/{draft_conversation}"),
]  # fmt: skip


@pytest.mark.parametrize(("method", "path"), OTHER_WORKSPACE, ids=str)
def test_a_key_of_another_workspace_of_the_same_person(method: str, path: str, world: World) -> None:
    """A key acts in one workspace; its person's objects elsewhere are not found."""
    changes.start()
    where = path.format(**world.ids)
    assert call(world, "owner@alpha", method, where, {} if method == "post" else None).status_code == 404
    assert changes.list_changed() == []


def test_lists_of_a_key_are_limited_to_its_workspace(world: World) -> None:
    for path, row, inside, outside in (
        ("/api/v1/gpts", world.slug, "owner", "owner@alpha"),
        ("/api/v1/conversations", str(world.conversation), "owner@alpha", "owner"),
        ("/api/v1/reviews/submissions", str(world.submission), "owner", "owner@alpha"),
    ):
        assert row not in call(world, outside, "get", path).content.decode(), path
        assert row in call(world, inside, "get", path).content.decode(), path

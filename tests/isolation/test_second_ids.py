"""T04, T05, T07, T15, T25: a foreign id beside one's own, in path and body; fields that nobody may send."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import reverse

from gpts.assistants.models import GPT
from tests.isolation.asking import call_api, sign_in_as
from tests.isolation.fingerprint import Unchanged
from tests.isolation.world import World
from workspaces.models import ApiKey, User

pytestmark = pytest.mark.django_db
unchanged = Unchanged()


@pytest.mark.parametrize("name", ["gpts:build-knowledge-text", "gpts:build-knowledge-delete"])
def test_a_foreign_file_under_one_s_own_gpt(name: str, world: World) -> None:
    """T04, T08"""
    unchanged.start()
    path = reverse(name, args=[world.gpts["rival"].slug, world.file])
    method = "post" if name.endswith("delete") else "get"
    assert getattr(sign_in_as(world, "rival"), method)(path).status_code == 404
    assert unchanged.changed() == []


def test_a_foreign_file_under_one_s_own_gpt_by_key(world: World) -> None:
    unchanged.start()
    own = world.gpts["stranger"].slug
    assert (
        call_api(world, "stranger", "delete", f"/api/v1/gpts/{own}/knowledge/{world.file}").status_code == 404
    )
    assert unchanged.changed() == []


@pytest.mark.parametrize("act", ["stop", "retry", "edit", "events"])
def test_a_foreign_turn_under_one_s_own_conversation(act: str, world: World) -> None:
    """T04, T07"""
    unchanged.start()
    own, _turn = world.conversations["rival"]
    client = sign_in_as(world, "rival")
    path = f"/c/{own}/turns/{world.turn}/{act}"
    answer = client.get(path) if act == "events" else client.post(path, {"text": "x"})
    assert answer.status_code == 404
    assert unchanged.changed() == []


@pytest.mark.parametrize("act", ["stop", "retry", "edit", "events"])
def test_a_foreign_turn_under_one_s_own_conversation_by_key(act: str, world: World) -> None:
    own, _turn = world.conversations["rival"]
    path = f"/api/v1/conversations/{own}/turns/{world.turn}/{act}"
    answer = call_api(
        world, "rival", "get" if act == "events" else "post", path, None if act == "events" else {"text": "x"}
    )
    assert answer.status_code == 404


def test_a_member_of_another_company_under_one_s_own(world: World) -> None:
    """T04, T22: the seat's number comes from Alpha, the address from Beta."""
    unchanged.start()
    client = sign_in_as(world, "rival")
    for path, body in (
        (f"/w/{world.beta.slug}/admin/members/{world.builder_seat}/role", {"role": "admin"}),
        (f"/w/{world.beta.slug}/admin/members/{world.builder_seat}/remove", {}),
        (f"/w/{world.beta.slug}/admin/invitations/{world.invitation}/revoke", {}),
    ):
        assert client.post(path, body).status_code == 404, path
    base = f"/api/v1/workspaces/{world.beta.slug}/members/{world.builder_seat}"
    assert call_api(world, "rival", "patch", base, {"role": "admin"}).status_code == 404
    assert call_api(world, "rival", "delete", base).status_code == 404
    assert unchanged.changed() == []


def test_nobody_invites_or_makes_an_owner_above_themself(world: World) -> None:
    """T22"""
    for name, body in (("member-list", {"email": "new@else.test", "role": "owner"}),):
        path = reverse(f"workspaces:{name}", args=[world.alpha.slug])
        answer = sign_in_as(world, "admin").post(path, body)
        assert answer.status_code in (400, 403)
    seat = reverse("workspaces:member-role", args=[world.alpha.slug, world.builder_seat])
    assert sign_in_as(world, "admin").post(seat, {"role": "owner"}).status_code in (400, 403)


def test_a_payout_of_another_batch_is_not_recorded_under_this_one(world: World) -> None:
    """T04: finance's page of one batch acts on payouts of that batch only."""
    unchanged.start()
    path = reverse("payouts:payout-record", args=[world.approved_batch])
    answer = sign_in_as(world, "finance").post(
        path, {"payout": world.payout, "outcome": "failed", "reason": "x"}
    )
    assert answer.status_code in (302, 404)
    assert unchanged.changed() == []


def test_an_event_of_somebody_else_is_not_excluded_under_this_payee(world: World) -> None:
    """T04: the address names payee and GPT, so an event of others does not belong there."""
    unchanged.start()
    other = world.people["second"].pk
    path = reverse("payouts:use-exclude", args=["2026-03", other, world.gpts["second"].pk])
    sign_in_as(world, "finance").post(path, {"event": str(world.event), "reason": "x"})
    assert unchanged.changed() == []


def test_a_new_gpt_is_not_put_into_a_foreign_company(world: World) -> None:
    """T15"""
    unchanged.start()
    answer = sign_in_as(world, "rival").post(
        reverse("gpts:build-new"), {"name": "X", "workspace": world.alpha.slug}
    )
    assert answer.status_code in (400, 404)
    key = {"name": "k", "scopes": ["account"], "workspace": world.alpha.slug}
    assert call_api(world, "rival", "post", "/api/v1/me/api-keys", key).status_code in (403, 404)
    page = sign_in_as(world, "rival").post(
        reverse("workspaces:api-key-list"),
        {"name": "k", "scopes": ["account"], "workspace": world.alpha.slug},
    )
    assert page.status_code in (400, 404)
    assert unchanged.changed() == []
    assert not ApiKey.objects.filter(user=world.people["rival"], workspace=world.alpha).exists()


POWERS: dict[str, Any] = {
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


def row_of(model: Any, pk: int) -> dict[str, Any]:
    found: dict[str, Any] = model.objects.filter(pk=pk).values().get()
    return found


def test_powers_sent_along_with_a_draft_are_ignored(world: World) -> None:
    """T25"""
    gpt = world.gpts["private"]
    before = row_of(GPT, gpt.pk)
    body = POWERS | {"revision": before["draft_revision"], "description": "Only this may change."}
    assert call_api(world, "owner", "patch", f"/api/v1/gpts/{gpt.slug}", body).status_code in (200, 400)
    form = {key: value for key, value in body.items() if value is not None and not isinstance(value, dict)}
    sign_in_as(world, "owner").post(
        reverse("gpts:build-configure", args=[gpt.slug]), form | {"fields": ",".join(form)}
    )
    after = row_of(GPT, gpt.pk)
    changed = {name for name in before if before[name] != after[name]}
    assert changed <= {"description", "draft_revision", "updated_at"}


def test_powers_sent_along_with_a_person_are_ignored(world: World) -> None:
    """T25"""
    person = world.people["stranger"]
    before = row_of(User, person.pk)
    assert (
        call_api(world, "stranger", "patch", "/api/v1/me", POWERS | {"display_name": "New"}).status_code
        == 200
    )
    sign_in_as(world, "stranger").post(
        reverse("workspaces:settings-profile"),
        {
            "display_name": "New",
            "time_zone": "UTC",
            "is_staff": "1",
            "email": "taken@over.test",
            "is_superuser": "1",
        },
    )
    after = row_of(User, person.pk)
    assert {name for name in before if before[name] != after[name]} == {"display_name"}


OTHER_PLACE = [
    ("get", "/api/v1/gpts/{slug}"), ("delete", "/api/v1/gpts/{slug}"),
    ("get", "/api/v1/gpts/{slug}/versions"),
    ("get", "/api/v1/gpts/{slug}/knowledge"), ("get", "/api/v1/reviews/submissions/{submission}"),
    ("delete", "/api/v1/reviews/submissions/{submission}"), ("post", "/api/v1/gpts/{slug}/submissions"),
    ("get", "/api/v1/conversations/{draft_conversation}"),
    ("delete", "/api/v1/conversations/{draft_conversation}"),
]  # fmt: skip


@pytest.mark.parametrize(("method", "path"), OTHER_PLACE, ids=str)
def test_a_key_of_another_workspace_of_the_same_person(method: str, path: str, world: World) -> None:
    """A key acts in one workspace: what its person has elsewhere is not there."""
    unchanged.start()
    where = path.format(**world.ids)
    assert call_api(world, "owner@alpha", method, where, {} if method == "post" else None).status_code == 404
    assert unchanged.changed() == []


def test_lists_of_a_key_end_at_its_workspace(world: World) -> None:
    for path, foreign in (
        ("/api/v1/gpts", world.slug),
        ("/api/v1/conversations", str(world.draft_conversation)),
        ("/api/v1/reviews/submissions", str(world.submission)),
    ):
        assert foreign not in call_api(world, "owner@alpha", "get", path).content.decode(), path
        assert foreign in call_api(world, "owner", "get", path).content.decode(), path

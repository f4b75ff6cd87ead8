"""Removed members, lower roles, closed accounts and given-up names: access ends with the next request."""

from __future__ import annotations

import pytest
from django.utils import timezone

from core.errors import DomainError
from marketplace.services.builders import upsert_builder_profile
from tests.isolation.requests import as_person, call
from tests.isolation.world import World
from workspaces.models import Member, Workspace
from workspaces.services.leaving import deactivate_user
from workspaces.services.members import remove_member
from workspaces.states import Role

pytestmark = pytest.mark.django_db


def test_a_removed_admin_has_no_access_at_once(world: World) -> None:
    """To pages, to the company's GPT and by a key that is still valid."""
    admin, slug = world.people["admin"], world.alpha.slug
    client = as_person(world, "admin")
    paths = [
        f"/w/{slug}/",
        f"/w/{slug}/admin/members",
        f"/g/{world.alpha_slug}/chat",
        f"/build/{world.alpha_slug}/share",
    ]
    assert [client.get(path).status_code for path in paths] == [200] * 4

    member = Member.objects.get(workspace=world.alpha, user=admin)
    remove_member(member=member, by=world.people["owner"], at=timezone.now())

    assert [client.get(path).status_code for path in paths] == [404] * 4
    assert call(world, "admin", "get", f"/api/v1/workspaces/{slug}/members").status_code == 401


def test_a_lower_role_counts_at_once(world: World) -> None:
    client = as_person(world, "admin")
    Member.objects.filter(workspace=world.alpha, user=world.people["admin"]).update(role=Role.MEMBER)
    assert client.get(f"/w/{world.alpha.slug}/admin/members").status_code == 403
    assert client.post(f"/w/{world.alpha.slug}/admin/settings", {"name": "Taken over"}).status_code == 403
    assert Workspace.objects.get(pk=world.alpha.pk).name == "Alpha"


def test_a_deactivated_account_has_no_access(world: World) -> None:
    """By its session and by its key."""
    client = as_person(world, "moderator")
    assert client.get("/moderation/").status_code == 200
    deactivate_user(user=world.people["moderator"], by=world.people["operator"], at=timezone.now())
    assert client.get("/moderation/").status_code == 404
    assert client.get("/settings/").status_code == 302
    assert call(world, "moderator", "get", "/api/v1/me").status_code == 401
    assert call(world, "moderator", "get", "/api/v1/reviews/queue").status_code == 401


def test_a_given_up_handle_cannot_be_taken_by_another_builder(world: World) -> None:
    now, rival = timezone.now(), world.people["rival"]
    owner = world.people["owner"]
    upsert_builder_profile(user=owner, handle="olga-moved-on", display_name="Olga", by=owner, at=now)
    with pytest.raises(DomainError):
        upsert_builder_profile(user=rival, handle="owner-of-alpha", display_name="Olga", by=rival, at=now)
    answer = as_person(world, "stranger").get("/builders/owner-of-alpha")
    assert answer.status_code in (301, 302, 404)

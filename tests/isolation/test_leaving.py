"""T20, T27, T33: who has left, was closed or gave up a name: at the next request nothing is open any more."""

from __future__ import annotations

import pytest
from django.utils import timezone

from core.errors import DomainError
from marketplace.services.builders import upsert_builder_profile
from tests.isolation.asking import call_api, sign_in_as
from tests.isolation.world import World
from workspaces.models import Member, Workspace
from workspaces.services.leaving import deactivate_user
from workspaces.services.members import remove_member
from workspaces.states import Role

pytestmark = pytest.mark.django_db


def test_a_removed_admin_is_a_stranger_at_once(world: World) -> None:
    """T20: pages, the company's GPT and a key that still lives."""
    admin, place = world.people["admin"], world.alpha.slug
    client = sign_in_as(world, "admin")
    paths = [
        f"/w/{place}/",
        f"/w/{place}/admin/members",
        f"/g/{world.alpha_slug}/chat",
        f"/build/{world.alpha_slug}/share",
    ]
    assert [client.get(path).status_code for path in paths] == [200] * 4

    seat = Member.objects.get(workspace=world.alpha, user=admin)
    remove_member(member=seat, by=world.people["owner"], at=timezone.now())

    assert [client.get(path).status_code for path in paths] == [404] * 4
    assert call_api(world, "admin", "get", f"/api/v1/workspaces/{place}/members").status_code == 401


def test_a_lowered_role_counts_at_once(world: World) -> None:
    client = sign_in_as(world, "admin")
    Member.objects.filter(workspace=world.alpha, user=world.people["admin"]).update(role=Role.MEMBER)
    assert client.get(f"/w/{world.alpha.slug}/admin/members").status_code == 403
    assert client.post(f"/w/{world.alpha.slug}/admin/settings", {"name": "Taken over"}).status_code == 403
    assert Workspace.objects.get(pk=world.alpha.pk).name == "Alpha"


def test_a_closed_account_is_out_everywhere(world: World) -> None:
    """T27: the session and the key of somebody who was deactivated a moment ago."""
    client = sign_in_as(world, "moderator")
    assert client.get("/moderation/").status_code == 200
    deactivate_user(user=world.people["moderator"], by=world.people["operator"], at=timezone.now())
    assert client.get("/moderation/").status_code == 404
    assert client.get("/settings/").status_code == 302
    assert call_api(world, "moderator", "get", "/api/v1/me").status_code == 401
    assert call_api(world, "moderator", "get", "/api/v1/reviews/queue").status_code == 401


def test_a_handle_that_was_given_up_never_leads_to_somebody_else(world: World) -> None:
    """T33"""
    now, rival = timezone.now(), world.people["rival"]
    owner = world.people["owner"]
    upsert_builder_profile(user=owner, handle="olga-moved-on", display_name="Olga", by=owner, at=now)
    with pytest.raises(DomainError):
        upsert_builder_profile(user=rival, handle="owner-of-alpha", display_name="Olga", by=rival, at=now)
    answer = sign_in_as(world, "stranger").get("/builders/owner-of-alpha")
    assert answer.status_code in (301, 302, 404)

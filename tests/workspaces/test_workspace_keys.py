"""The keys that act in a company, as its admins see and revoke them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core.models import AuditEvent
from tests.support.api_client import ApiClient
from tests.support.companies import create_company
from tests.support.factories.workspaces import UserFactory
from tests.support.pages import sign_in
from tests.support.times import NOW
from workspaces.access import find_api_key
from workspaces.models import ApiKey, Notification
from workspaces.queries.identity import get_identity_rules
from workspaces.services.api_keys import create_api_key

pytestmark = pytest.mark.django_db


def test_admins_see_every_key_of_the_company_and_revoke_with_a_notice() -> None:
    boss, ann = UserFactory.create(display_name="Boss"), UserFactory.create(display_name="Ann")
    company = create_company(boss, builder=ann)
    key, plain = create_api_key(user=ann, workspace=company, name="Report", scopes=["chat"], by=ann, at=NOW)
    create_api_key(
        user=ann, workspace=ann.personal_workspace, name="Hidden one", scopes=["chat"], by=ann, at=NOW
    )
    rules = get_identity_rules(company)
    rules.api_key_days = 30
    rules.save()
    base = f"/w/{company.slug}/admin/keys"
    client, api = sign_in(boss), ApiClient(boss, company, ("account",))
    ApiKey.objects.exclude(user=ann).update(created_at=NOW - timedelta(days=40))
    create_api_key(user=boss, workspace=company, name="New", scopes=["account"], by=boss, at=NOW)

    page = client.get(base)
    filtered = client.get(f"{base}?person={ann.pk}")
    refused = [sign_in(ann).get(base).status_code, sign_in(ann).post(f"{base}/{key.pk}/revoke").status_code]

    assert [(row["key"].name, row["has_ended"]) for row in page.context["rows"]] == [
        ("New", True), ("test", True), ("Report", True),
    ]  # fmt: skip
    assert [row["key"].name for row in filtered.context["rows"]] == ["Report"]
    assert b"Hidden one" not in page.content
    assert refused == [403, 403]
    assert ApiKey.objects.get(pk=key.pk).revoked_at is None
    rules.api_key_days = None
    rules.save()
    assert find_api_key(plain, at=NOW) is not None

    listed = api.get(f"workspaces/{company.slug}/api-keys?person={ann.pk}").json()["items"]
    ended = client.post(f"{base}/{key.pk}/revoke")
    again = api("DELETE", f"workspaces/{company.slug}/api-keys/{key.pk}")
    foreign = api("DELETE", f"workspaces/{company.slug}/api-keys/{key.pk + 1}")

    assert [(one["name"], one["user"]["display_name"], one["scopes"]) for one in listed] == [
        ("Report", "Ann", ["chat"])
    ]
    assert (ended.status_code, again.status_code, foreign.status_code) == (302, 204, 404)
    assert find_api_key(plain, at=NOW) is None
    event = AuditEvent.objects.get(action="workspaces.api_key_revoked")
    assert (event.actor_id, event.workspace_id, event.subject_id) == (boss.pk, company.pk, str(key.pk))
    note = Notification.objects.get(user=ann, kind="security.api_key_revoked")
    assert (note.title, f"Report (lg_{key.prefix}…)" in note.body) == (
        "An admin revoked one of your API keys",
        True,
    )

"""What others share with a person: page and API, giving a share up, and groups with too many editors."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from core.errors import Conflict
from core.models import AuditEvent
from gpts.assistants.models import GPT, GPTShare
from gpts.assistants.queries import shares as share_queries
from gpts.assistants.services.shares import set_share
from gpts.assistants.services.versions import set_live_version
from gpts.assistants.states import Audience
from tests.support.api_client import ApiClient
from tests.support.companies import create_company
from tests.support.factories.gpts import GPTFactory, VersionFactory
from tests.support.factories.workspaces import MemberFactory, UserFactory
from tests.support.pages import sign_in
from tests.support.times import NOW
from workspaces.models import Group, GroupMember, Member, User, Workspace
from workspaces.services.groups import add_group_members

pytestmark = pytest.mark.django_db


class Stage:
    def __init__(self) -> None:
        self.owner, self.mia, self.rival = (
            UserFactory.create(display_name=name) for name in ("O", "Mia", "R")
        )
        self.company: Workspace = create_company(self.owner, member=self.mia)
        self.group = Group.objects.create(workspace=self.company, name="Sales", created_at=NOW)
        seat = Member.objects.get(workspace=self.company, user=self.mia)
        GroupMember.objects.create(group=self.group, member=seat)

    def share(self, name: str, right: str, **whom: Any) -> GPTShare:
        gpt = GPTFactory.create(owner=self.owner, workspace=self.company, name=name)
        set_live_version(gpt=gpt, version=VersionFactory.create(gpt=gpt), audience=Audience.SHARED, at=NOW)
        GPT.objects.filter(pk=gpt.pk).update(name=f"{name} draft")
        return set_share(gpt=gpt, right=right, by=self.owner, at=NOW, **whom)


@pytest.fixture
def stage() -> Stage:
    return Stage()


def test_a_person_sees_what_is_shared_and_gives_it_up(stage: Stage) -> None:
    chat = stage.share("Alone", "chat", user=stage.mia)
    stage.share("Grouped", "view", group=stage.group)
    gone = stage.share("Gone", "chat", user=stage.mia)
    GPT.objects.filter(pk=gone.gpt_id).update(deleted_at=NOW)
    api = ApiClient(stage.mia, scopes=["gpts:read", "gpts:write"], workspace=stage.company)
    found = api.get("shares").json()["items"]
    assert [(one["name"], one["right"], one["group"] and one["group"]["name"]) for one in found] == [
        ("Grouped draft", "view", "Sales"), ("Alone", "chat", None),
    ]  # fmt: skip
    assert {(one["workspace"], one["owner"]["display_name"]) for one in found} == {(stage.company.slug, "O")}
    client = sign_in(stage.mia)
    page = client.get("/build/shared").content.decode()
    assert page.count("Give up") == 1
    assert "Grouped draft" in page
    assert "Alone draft" not in page
    assert 'href="/build/shared"' in client.get("/build/").content.decode()
    # Not a group's, not somebody else's; then her own, twice.
    grouped = GPTShare.objects.get(group=stage.group)
    refused = api("DELETE", f"shares/{grouped.pk}")
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "shared_with_group")
    assert "group “Sales”" in client.post(f"/build/shared/{grouped.pk}/leave", follow=True).content.decode()
    rival = ApiClient(stage.rival, scopes=["gpts:read", "gpts:write"])
    assert rival("DELETE", f"shares/{chat.pk}").status_code == 404
    assert rival.get("shares").json()["items"] == []
    assert api("DELETE", f"shares/{2**63}").status_code == 404
    assert GPTShare.objects.count() == 3
    assert api("DELETE", f"shares/{chat.pk}").status_code == 204
    assert api("DELETE", f"shares/{chat.pk}").status_code == 404
    assert client.get(f"/g/{chat.gpt.slug}/chat").status_code == 404
    event = AuditEvent.objects.get(action="gpts.share_left")
    assert (event.actor_id, event.data["changes"]) == (stage.mia.pk, {"right": ["chat", None]})
    assert client.post(f"/build/shared/{chat.pk}/leave").status_code == 404


def test_the_list_pages_by_key_with_a_fixed_number_of_queries(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gpts.studio.web.shared.PAGE_SIZE", 2)
    client, counts = sign_in(stage.mia), []
    for names in (["A"], ["B", "C"]):
        for name in names:
            stage.share(name, "chat", user=stage.mia)
        with CaptureQueriesContext(connection) as queries:
            page = client.get("/build/shared").content.decode()
        counts.append(len(queries))
    assert counts[0] == counts[1]
    assert "cursor=" in page


def test_a_group_does_not_grow_beyond_the_editors_of_a_gpt(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gpts.assistants.services.shares.MAX_EDITORS", 2)
    assert share_queries.MAX_EDITORS == 100
    people: list[User] = [UserFactory.create() for _ in range(3)]
    seats = [
        MemberFactory.create(workspace=stage.company, user=person, role="builder", by=stage.owner)
        for person in people
    ]
    stage.share("Letters", "edit", group=stage.group)
    stage.share("Other", "view", group=stage.group)

    def add(*chosen: Member) -> None:
        add_group_members(group=stage.group, member_ids=[seat.pk for seat in chosen], by=stage.owner, at=NOW)

    add(*seats[:2])  # Mia is no builder and does not count
    with pytest.raises(Conflict, match="may edit “Letters draft”, and a GPT has at most 2 editors") as caught:
        add(seats[2])
    assert caught.value.code == "too_many_editors"
    assert stage.group.members.count() == 3
    GPTShare.objects.filter(right="edit").update(right="view")
    add(seats[2])
    assert stage.group.members.count() == 4

"""The people of the Share page and their API: sharing, rights, new owners, GPTs without an owner."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import reverse
from django.utils.html import escape

from core.errors import Conflict
from core.scope import open_scope
from gpts.assistants.models import GPT, GPTShare, GPTTransfer, LiveVersion
from gpts.assistants.services.shares import set_share
from gpts.assistants.services.versions import freeze_version, set_live_version
from gpts.assistants.states import Audience
from gpts.studio.access import access_gpt_to_update
from gpts.studio.services.sharing import share_draft
from gpts.studio.web.share import find_refusal
from tests.support.api_client import ApiClient
from tests.support.companies import create_company
from tests.support.factories.gpts import GPTFactory
from tests.support.factories.workspaces import MemberFactory, UserFactory
from tests.support.jobs import run_enqueued_jobs
from tests.support.pages import sign_in
from tests.support.times import NOW
from workspaces.access import scope_for
from workspaces.models import Group, Member, User, Workspace
from workspaces.services.policies import set_may_publish

pytestmark = pytest.mark.django_db


class Stage:
    def __init__(self) -> None:
        names = ("boss", "owner", "editor", "member", "rival")
        self.people: dict[str, User] = {
            name: UserFactory.create(display_name=f"{name.title()} Person") for name in names
        }
        self.company: Workspace = create_company(
            self.people["boss"], builder=self.people["owner"], member=self.people["member"]
        )
        MemberFactory.create(
            workspace=self.company, user=self.people["editor"], role="builder", by=self.people["boss"]
        )
        self.other: Workspace = create_company(self.people["rival"])
        self.gpt: GPT = GPTFactory.create(owner=self.people["owner"], workspace=self.company)
        self.foreign: GPT = GPTFactory.create(
            owner=self.people["rival"], workspace=self.other, name="Rival's"
        )
        self.url = reverse("gpts:build-share", args=[self.gpt.slug])

    def post(self, name: str, route: str, *arguments: object, **body: str) -> Any:
        return sign_in(self.people[name]).post(reverse(f"gpts:{route}", args=arguments), body)

    def list_shares(self) -> list[tuple[str, str]]:
        rows = GPTShare.objects.select_related("user", "group").order_by("pk")
        return [(str(row.user or row.group), row.right) for row in rows]


@pytest.fixture
def stage() -> Stage:
    return Stage()


def test_the_owner_finds_people_and_groups_shares_changes_and_ends(stage: Stage) -> None:
    """Without JavaScript: a search by GET, a form for each hit."""
    group = Group.objects.create(workspace=stage.company, name="Person group", created_at=NOW)
    Group.objects.create(workspace=stage.other, name="Person rivals", created_at=NOW)
    owner = sign_in(stage.people["owner"])

    found = owner.get(stage.url, {"who": "person"}).content.decode()

    for shown in ("Person group", "Editor Person", "Member Person", "Boss Person"):
        assert shown in found
    assert "Person rivals" not in found
    assert "Rival Person" not in found
    for who in (f"user:{stage.people['member'].pk}", f"group:{group.pk}", stage.people["editor"].email):
        stage.post("owner", "build-share-add", stage.gpt.slug, who=who, right="chat")
    assert stage.list_shares() == [
        ("Member Person", "chat"),
        ("Person group", "chat"),
        ("Editor Person", "chat"),
    ]
    # Nothing was live, so the draft went live for them.
    live = LiveVersion.objects.get()
    assert (live.audience, live.version.number) == ("shared", 1)
    editor = GPTShare.objects.get(user=stage.people["editor"])
    stage.post("owner", "build-share-change", stage.gpt.slug, editor.pk, right="edit")
    member = GPTShare.objects.get(user=stage.people["member"])
    stage.post("boss", "build-share-change", stage.gpt.slug, member.pk, remove="1")
    assert stage.list_shares() == [("Person group", "chat"), ("Editor Person", "edit")]
    assert "1 editor of at most 100" in owner.get(stage.url).content.decode()


def test_an_unfinished_draft_is_shared_with_editors_but_not_to_chat(stage: Stage) -> None:
    GPT.objects.filter(pk=stage.gpt.pk).update(instructions="")
    key = f"user:{stage.people['editor'].pk}"

    refused = stage.post("owner", "build-share-add", stage.gpt.slug, who=key, right="chat")

    assert refused.status_code == 302
    assert stage.list_shares() == []
    stage.post("owner", "build-share-add", stage.gpt.slug, who=key, right="edit")
    assert stage.list_shares() == [("Editor Person", "edit")]
    assert not LiveVersion.objects.exists()


def test_editors_update_what_is_live_inside_and_decide_nothing_else(stage: Stage) -> None:
    version = freeze_version(gpt=stage.gpt, release_notes="", by=stage.gpt.owner, at=NOW)
    for audience in (Audience.WORKSPACE, Audience.LINK):
        set_live_version(gpt=stage.gpt, version=version, audience=audience, at=NOW)
    set_share(gpt=stage.gpt, right="edit", user=stage.people["editor"], by=stage.gpt.owner, at=NOW)
    share = GPTShare.objects.get()
    GPT.objects.filter(pk=stage.gpt.pk).update(instructions="Changed.")
    editor, slug = stage.people["editor"], stage.gpt.slug

    page = sign_in(editor).get(stage.url).content.decode()
    assert stage.gpt.name in sign_in(editor).get(reverse("gpts:build-list")).content.decode()
    codes = [
        stage.post("editor", "build-audience", slug, audience="workspace").status_code,
        stage.post("editor", "build-audience", slug, audience="link").status_code,
        stage.post("editor", "build-audience", slug, audience="unlisted").status_code,
        stage.post("editor", "build-audience", slug, audience="workspace", stop="1").status_code,
        stage.post("editor", "build-share-add", slug, who="boss", right="edit").status_code,
        stage.post("editor", "build-share-change", slug, share.pk, remove="1").status_code,
        stage.post("editor", "build-transfer", slug, to=editor.email).status_code,
        stage.post("editor", "build-delete", slug, confirmation=stage.gpt.name).status_code,
        stage.post("editor", "build-submit", slug, attested="on").status_code,
        sign_in(editor).get(reverse("gpts:build-insights", args=[slug])).status_code,
    ]

    assert codes == [302, *[403] * 9]
    live = dict(LiveVersion.objects.values_list("audience", "version__number"))
    assert live == {"workspace": 2, "link": 1}
    assert "Add people or groups" not in page
    assert page.count("Update to the draft") == 1
    stage.gpt.refresh_from_db()
    assert (stage.gpt.owner, stage.gpt.deleted_at) == (stage.people["owner"], None)
    assert stage.list_shares() == [("Editor Person", "edit")]


def test_ids_of_others_are_refused_like_unknown_ones(stage: Stage) -> None:
    """T04, T15: a foreign person, group, share or GPT in address or body."""
    group = Group.objects.create(workspace=stage.other, name="Rivals", created_at=NOW)
    theirs = GPTShare.objects.create(
        workspace=stage.other, gpt=stage.foreign, group=group, right="chat", created_at=NOW
    )
    slug, api = stage.gpt.slug, ApiClient(stage.people["owner"], stage.company)
    for who in (
        f"user:{stage.people['rival'].pk}",
        f"group:{group.pk}",
        "group:999999",
        "user:x",
        "user:" + "9" * 30,
        stage.people["rival"].email,
        "nobody@nowhere.test",
        "",
        "\x00",
        "x" * 5_000,
    ):
        assert api("POST", f"gpts/{slug}/shares", {"who": who, "right": "chat"}).status_code == 400
        stage.post("owner", "build-share-add", slug, who=who, right="edit")
    answers = [
        api("PATCH", f"gpts/{slug}/shares/{theirs.pk}", {"right": "edit"}).status_code,
        api("DELETE", f"gpts/{slug}/shares/{theirs.pk}").status_code,
        api("GET", f"gpts/{stage.foreign.slug}/shares").status_code,
        api("PUT", f"gpts/{stage.foreign.slug}/owner", {"to": stage.people["editor"].email}).status_code,
        api("PUT", f"gpts/{slug}/owner", {"to": stage.people["rival"].email}).status_code,
        api("PUT", f"gpts/{slug}/owner", {"to": f"group:{group.pk}"}).status_code,
        stage.post("owner", "build-share-change", slug, theirs.pk, remove="1").status_code,
    ]
    assert answers == [404, 404, 404, 404, 400, 400, 404]
    assert stage.list_shares() == [("Rivals", "chat")]
    assert GPT.objects.get(pk=stage.gpt.pk).owner == stage.people["owner"]


def test_the_api_says_who_has_access_and_changes_it(stage: Stage) -> None:
    api = ApiClient(stage.people["owner"], stage.company)
    editor, slug = stage.people["editor"], stage.gpt.slug

    made = api("POST", f"gpts/{slug}/shares", {"who": editor.email, "right": "view"})
    share = GPTShare.objects.get()
    changed = api("PATCH", f"gpts/{slug}/shares/{share.pk}", {"right": "edit"})
    listed = api.get(f"gpts/{slug}/shares").json()

    whole = {
        "id": share.pk,
        "user": {"id": editor.pk, "display_name": "Editor Person", "email": editor.email},
        "group": None,
        "right": "edit",
    }
    assert (made.status_code, changed.status_code) == (201, 200)
    assert [{**row, "created_at": None} for row in listed["items"]] == [{**whole, "created_at": None}]
    assert ApiClient(editor, stage.company).get(f"gpts/{slug}/shares").status_code == 200
    assert api("PATCH", f"gpts/{slug}/shares/{share.pk}", {"right": "own"}).status_code == 400
    assert api("DELETE", f"gpts/{slug}/shares/{share.pk}").status_code == 204
    assert stage.list_shares() == []
    given = api("PUT", f"gpts/{slug}/owner", {"to": editor.email})
    assert given.json() == {"slug": slug, "owner": whole["user"]}
    assert stage.list_shares() == [("Owner Person", "edit")]


def test_the_company_comes_first_and_rules_say_why_not(stage: Stage) -> None:
    with open_scope(scope_for(stage.people["boss"])):
        set_may_publish(workspace=stage.company, is_allowed=False, by=stage.people["boss"], at=NOW)
    page = sign_in(stage.people["owner"]).get(stage.url).content.decode()

    places = [
        page.index(f'id="{name}"')
        for name in (
            "people-title",
            "audience-shared",
            "audience-unlisted",
            "audience-workspace",
            "audience-link",
            "store-title",
        )
    ]
    assert places == sorted(places)
    assert "Submit for review" not in page
    for audience in (Audience.LINK, Audience.PUBLIC):
        sentence = find_refusal(stage.people["owner"], stage.gpt, audience)
        assert "Ask one of its admins" in sentence
        assert escape(sentence) in page


def test_a_company_finds_its_gpts_without_an_owner_and_gives_them_away(
    stage: Stage, django_capture_on_commit_callbacks: Any
) -> None:
    second = GPTFactory.create(owner=stage.people["owner"], workspace=stage.company, name="Second")
    url = reverse("gpts:orphan-list", args=[stage.company.slug])
    boss = sign_in(stage.people["boss"])
    assert "Every GPT has an owner" in boss.get(url).content.decode()
    Member.objects.filter(user=stage.people["owner"], workspace=stage.company).delete()

    page = boss.get(url).content.decode()

    assert stage.gpt.name in page
    assert "Second" in page
    assert sign_in(stage.people["editor"]).get(url).status_code == 403
    api = ApiClient(stage.people["boss"], stage.company, ("account",))
    rows = api.get(f"workspaces/{stage.company.slug}/orphans").json()["items"]
    assert [(row["slug"], row["is_live"], row["owner"]["id"]) for row in rows] == [
        (second.slug, False, stage.people["owner"].pk),
        (stage.gpt.slug, False, stage.people["owner"].pk),
    ]
    for body in ({}, {"gpt": [stage.gpt.pk]}, {"gpt": [stage.gpt.pk], "to": stage.people["member"].email}):
        boss.post(url, body)
    boss.post(url, {"gpt": [stage.foreign.pk], "to": stage.people["editor"].email})
    assert not GPTTransfer.objects.exclude(gpt_ids=[]).exists()
    with django_capture_on_commit_callbacks(execute=True):
        boss.post(url, {"gpt": [stage.gpt.pk], "to": stage.people["editor"].email})
    run_enqueued_jobs()
    place = f"workspaces/{stage.company.slug}/gpt-transfers"
    with django_capture_on_commit_callbacks(execute=True):
        asked = api("POST", place, {"gpts": [second.slug], "to": stage.people["editor"].email})
    run_enqueued_jobs()
    told = api.get(f"{place}/{asked.json()['id']}").json()

    assert asked.status_code == 202
    assert (told["total"], told["moved"], told["skipped"]) == (1, 1, 0)
    assert told["finished_at"] is not None
    assert set(GPT.objects.filter(workspace=stage.company).values_list("owner", flat=True)) == {
        stage.people["editor"].pk
    }
    assert (
        api("POST", place, {"gpts": [stage.foreign.slug], "to": stage.people["editor"].email}).status_code
        == 400
    )
    assert "Every GPT has an owner" in boss.get(url).content.decode()


def test_an_editor_neither_opens_an_audience_that_ended_nor_chooses_the_address(stage: Stage) -> None:
    editor, audience = stage.people["editor"], Audience.WORKSPACE
    set_share(gpt=stage.gpt, right="edit", user=editor, by=stage.gpt.owner, at=NOW)
    version = freeze_version(gpt=stage.gpt, release_notes="", by=stage.gpt.owner, at=NOW)
    set_live_version(gpt=stage.gpt, version=version, audience=audience, at=NOW)
    GPT.objects.filter(pk=stage.gpt.pk).update(instructions="Changed.", address_settled_at=None)

    with open_scope(scope_for(editor)):
        gpt, only_update = access_gpt_to_update(editor, stage.gpt.slug, audience)
    LiveVersion.objects.all().delete()  # its owner was faster
    assert only_update
    share: dict[str, Any] = {
        "gpt": gpt,
        "audiences": [audience],
        "release_notes": "",
        "by": editor,
        "at": NOW,
    }
    with open_scope(scope_for(editor)), pytest.raises(Conflict) as caught:
        share_draft(**share, only_update=only_update)
    assert caught.value.code == "gpt_not_live"
    assert not LiveVersion.objects.exists()
    assert stage.gpt.versions.count() == 1

    set_live_version(gpt=stage.gpt, version=version, audience=audience, at=NOW)
    GPT.objects.filter(pk=stage.gpt.pk).update(address_settled_at=None)
    stage.post("editor", "build-audience", gpt.slug, audience=audience.value, address="taken-by-editor")
    stage.gpt.refresh_from_db()
    assert (stage.gpt.slug, LiveVersion.objects.get().version.number) == (gpt.slug, 2)
    owner = stage.people["owner"]
    with open_scope(scope_for(owner)):
        assert not access_gpt_to_update(owner, gpt.slug, audience)[1]

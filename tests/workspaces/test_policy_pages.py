"""The page and the API of the sharing policy: form, what-if, two admins, history, effective access."""

from __future__ import annotations

import html
import re
from typing import Any

import pytest
from django.test import Client

from marketplace.services.publishing import save_policy
from tests.support.api_client import ApiClient
from tests.support.factories.gpts import GPTFactory
from tests.support.factories.workspaces import MemberFactory, UserFactory, WorkspaceFactory
from tests.support.pages import sign_in
from tests.support.times import AT
from workspaces.models import Group, GroupMember, Member, PolicyRevision, SharingPolicy, User, Workspace
from workspaces.policy import EVERYONE, Act, Effect, Policy, Rule, Subject, SubjectKind, Target, TargetKind
from workspaces.queries import read_policy
from workspaces.web.company import policy as policy_page

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner() -> User:
    return UserFactory.create(display_name="Ada")


@pytest.fixture
def team(owner: User) -> Workspace:
    return WorkspaceFactory.create(owner=owner)


@pytest.fixture
def ann(owner: User, team: Workspace) -> User:
    ann = UserFactory.create(display_name="Ann")
    MemberFactory.create(workspace=team, user=ann, role="member", by=owner)
    return ann


@pytest.fixture
def interns(team: Workspace, ann: User) -> Group:
    group = Group.objects.create(workspace=team, name="Interns <b>", created_at=AT)
    GroupMember.objects.create(group=group, member=Member.objects.get(workspace=team, user=ann))
    return group


def read(response: Any) -> str:
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", response.content.decode())))


def row(act: str, place: int, who: str, effect: str = "deny", **more: str) -> dict[str, str]:
    values = {"who": who, "effect": effect, **more}
    return {f"{act}-{place}-{name}": value for name, value in values.items()}


def test_a_rule_is_previewed_then_saved_and_read_in_history(
    owner: User, team: Workspace, ann: User, interns: Group
) -> None:
    client, url = sign_in(owner), f"/w/{team.slug}/admin/policy"
    GPTFactory.create(owner=owner, workspace=team)
    page = read(client.get(url))
    assert "Who may use GPTs from outside? Everyone, without exception." in page
    typed = {
        "revision": "0",
        **row("build", 0, f"group:{interns.pk}"),
        **row("use_actions", 0, "everyone", "allow", what="host", text="*.Acme.test"),
        "use_actions-default": "closed",
        **row("export", 0, "person", email=ann.email.upper()),
    }
    preview = read(client.post(url, typed))
    assert "Added The group “Interns <b>” may not create GPTs." in preview
    assert "Actions and their hosts: now only what a rule allows." in preview
    assert "Loses Create GPTs 1 person: Ann Because: The group “Interns <b>” may not create GPTs." in preview
    assert "Loses Actions and their hosts — any other host 2 people: Ada, Ann" in preview
    assert read_policy(team.pk).revision == 0

    one = read(client.post(url, {**typed, "focus_email": ann.email}))
    assert "Effective access: Ann" in one
    assert "Export conversations Yes No Ann may not export conversations." in one
    assert "There is no GPT with this address." in read(client.post(url, {**typed, "focus_gpt": "nowhere"}))
    for group in ("²", "٣", "9" * 20, "0"):
        assert client.post(url, {**typed, "focus_group": group}).status_code == 200

    saved = client.post(url, {**typed, "save": "1", "note": "Interns  first"})
    assert (saved.status_code, saved.headers["Location"]) == (302, url)
    assert read_policy(team.pk).policy == Policy(
        frozenset(
            {
                Rule(Act.BUILD, Subject(SubjectKind.GROUP, str(interns.pk)), Target(), Effect.DENY),
                Rule(Act.USE_ACTIONS, EVERYONE, Target(TargetKind.HOST, "acme.test"), Effect.ALLOW),
                Rule(Act.EXPORT, Subject(SubjectKind.PERSON, str(ann.pk)), Target(), Effect.DENY),
            }
        ),
        frozenset({Act.USE_ACTIONS}),
    )
    page = client.get(url).content.decode()
    assert f'value="{ann.email}"' in page
    assert 'name="use_actions-0-text"' in page
    log = read(client.get(f"{url}/history"))
    assert "Revision 1 Holds now Ada" in log
    assert "Interns first" in log


def test_mistakes_are_marked_and_keep_what_was_typed(owner: User, team: Workspace) -> None:
    client, url = sign_in(owner), f"/w/{team.slug}/admin/policy"
    typed = {
        "revision": "0", "save": "1",
        **row("use_actions", 0, "everyone", "allow", what="host", text="https://acme.test/path"),
        **row("export", 0, "person", email="nobody@else.test"),
        **row("publish", 0, "everyone", what="gpt", text="no-such-gpt"),
        **row("build", 7, "role:builder"),
        **row("build", 8, "role:emperor"),
        **row("use_external", 0, "everyone", what="model:9"),
    }  # fmt: skip
    answer = client.post(url, typed)
    text, raw = read(answer), answer.content.decode()
    assert answer.status_code == 400
    for sentence in (
        "Write a host alone", "No member of this workspace has this e-mail address.", "There is no such GPT",
        "Choose whom the rule is about", "are not about this kind of thing",
    ):  # fmt: skip
        assert sentence in text, sentence
    assert 'value="https://acme.test/path"' in raw
    assert 'value="nobody@else.test"' in raw
    assert PolicyRevision.objects.count() == 0
    twice = {
        "revision": "0",
        "save": "1",
        **row("build", 0, "everyone"),
        **row("build", 1, "everyone", "allow"),
    }
    assert "Two rules allow and forbid the same thing" in read(client.post(url, twice))
    assert PolicyRevision.objects.count() == 0


def test_the_second_admin_sees_what_changed_and_loses_nothing(owner: User, team: Workspace) -> None:
    eve = UserFactory.create(display_name="Eve")
    MemberFactory.create(workspace=team, user=eve, role="admin", by=owner)
    url = f"/w/{team.slug}/admin/policy"
    first, second = sign_in(eve), sign_in(owner)
    assert first.post(url, {"revision": "0", "save": "1", **row("build", 0, "everyone")}).status_code == 302
    mine = {"revision": "0", "save": "1", "note": "Mine", **row("export", 0, "everyone")}
    answer = second.post(url, mine)
    text = read(answer)
    assert answer.status_code == 409
    assert "Somebody else changed the policy while you worked on it Eve" in text
    assert "Added Members of the workspace may not create GPTs." in text
    assert "Added Members of the workspace may not export conversations." in text
    assert [rule.act for rule in read_policy(team.pk).policy.rules] == [Act.BUILD]
    # The page that was shown holds both; saving it again keeps the other's rule.
    menus = re.findall(r'name="([a-z_]+-\d+-who)">(.*?)</select>', answer.content.decode(), re.S)
    again = {name: "everyone" for name, menu in menus if 'value="everyone" selected' in menu}
    effects = {name.replace("-who", "-effect"): "deny" for name in again}
    assert second.post(url, {"revision": "1", "save": "1", **again, **effects}).status_code == 302
    assert {rule.act for rule in read_policy(team.pk).policy.rules} == {Act.BUILD, Act.EXPORT}

    restored = second.post(f"{url}/history/1/restore")
    assert restored.status_code == 302
    assert [rule.act for rule in read_policy(team.pk).policy.rules] == [Act.BUILD]
    assert read_policy(team.pk).revision == 3
    assert second.post(f"{url}/history/99/restore").status_code == 404
    log = read(second.get(f"{url}/history"))
    assert "Revision 3 Holds now" in log
    assert "Restored from revision 1 Removed Members of the workspace may not export conversations." in log


def test_only_those_who_manage_the_policy_open_it(owner: User, team: Workspace, ann: User) -> None:
    url = f"/w/{team.slug}/admin/policy"
    assert [sign_in(ann).get(path).status_code for path in (url, f"{url}/history")] == [403, 403]
    assert sign_in(UserFactory.create()).get(url).status_code == 404
    assert Client().get(url).status_code == 302


def test_the_api_reads_replaces_previews_and_restores(
    owner: User, team: Workspace, ann: User, interns: Group
) -> None:
    api, base = ApiClient(owner, scopes=["account"], workspace=team), f"workspaces/{team.slug}/policy"
    rule = {
        "act": "build", "subject_kind": "group", "subject": str(interns.pk), "target_kind": "any",
        "target": "", "effect": "deny",
    }  # fmt: skip
    assert api("GET", base).json() == {"revision": 0, "closed": [], "rules": []}
    found = api("POST", f"{base}/what-if", {"rules": [rule], "closed": []}).json()
    assert found["changes"] == ["The group “Interns <b>” may not create GPTs."]
    (effect,) = found["effects"]
    assert (effect["people"], effect["is_gain"], effect["after"]["rule"]) == ([ann.pk], False, rule)
    assert api("GET", base).json()["revision"] == 0

    body = {"revision": 0, "rules": [rule], "closed": ["export"], "note": "By API"}
    never_read = api("PUT", base, {**body, "revision": 9})
    assert (never_read.status_code, never_read.json()["error"]["code"]) == (409, "policy_changed")
    assert api("PUT", base, body).json() == {"revision": 1, "closed": ["export"], "rules": [rule]}
    stale = api("PUT", base, {**body, "rules": []})
    assert (stale.status_code, stale.json()["error"]["code"]) == (409, "policy_changed")
    wrong = api("PUT", base, {**body, "revision": 1, "rules": [{**rule, "subject": "999999"}]})
    assert (wrong.status_code, wrong.json()["error"]["code"]) == (400, "unknown_group")
    access = {one["act"]: one for one in api("GET", f"{base}/access?person={ann.pk}").json()}
    assert (access["build"]["allowed"], access["build"]["decision"]["rule"]) == (0, rule)
    assert (access["export"]["allowed"], access["export"]["decision"]["ground"]) == (0, "closed")
    assert (access["use_api"]["allowed"], access["use_api"]["asked"]) == (1, 1)
    assert api("GET", f"{base}/access?person=1234567").status_code == 400
    for focus, people in (
        ({"person": ann.pk}, {ann.pk}), ({"group": interns.pk}, {ann.pk}),
        ({"person": owner.pk}, {owner.pk}), ({"group": 10**9}, set()),
    ):  # fmt: skip
        asked = api("POST", f"{base}/what-if", {"rules": [], "closed": [], **focus}).json()
        assert {person for one in asked["effects"] for person in one["people"]} == people
    assert api("PUT", base, {"revision": 1, "rules": [], "closed": []}).json()["revision"] == 2
    log = api("GET", f"{base}/history").json()
    assert [(one["number"], one["note"]) for one in log["items"]] == [(2, ""), (1, "By API")]
    assert api("POST", f"{base}/history/1/restore", {"revision": 2}).json()["rules"] == [rule]
    assert api("POST", f"{base}/history/1/restore", {"revision": 2}).json()["revision"] == 3  # it holds
    assert api("POST", f"{base}/history/9/restore", {"revision": 3}).status_code == 404
    elsewhere = ApiClient(owner, scopes=["account"], workspace=owner.personal_workspace)
    assert elsewhere("GET", base).status_code == 404


def test_a_what_if_looks_at_one_group_or_gpt(owner: User, team: Workspace, interns: Group) -> None:
    client, url = sign_in(owner), f"/w/{team.slug}/admin/policy"
    one, _two = (GPTFactory.create(owner=owner, workspace=team, name=name) for name in ("One", "Two"))
    typed = {"revision": "0", **row("publish", 0, "everyone"), **row("export", 0, "everyone")}

    def look(**focus: str) -> str:
        return read(client.post(url, {**typed, **focus}))

    assert "Loses Export conversations 2 people: Ada, Ann" in look()
    assert "Loses Export conversations 1 person: Ann Because" in look(focus_group=str(interns.pk))
    assert "No member of this workspace has this e-mail address." in look(focus_email="nobody@else.test")
    assert "Loses Export conversations 2 people: Ada, Ann" in look(focus_group="999999")
    seen = look(focus_gpt=one.slug)
    assert "Loses Publish in the store — One 2 people: Ada, Ann" in seen
    assert "Two" not in seen


def test_what_cannot_be_saved_or_restored_is_said(
    owner: User, team: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    client, url = sign_in(owner), f"/w/{team.slug}/admin/policy"
    typed = {"revision": "0", "save": "1", **row("build", 0, "group:999999")}
    answer = client.post(url, typed)
    assert (answer.status_code, PolicyRevision.objects.count()) == (400, 0)
    assert "This group is not one of this workspace, or was deleted. Choose another." in read(answer)

    def save_after_somebody_else(**change: Any) -> None:
        monkeypatch.undo()
        rules = frozenset({Rule(Act.BUILD, EVERYONE, Target(), Effect.DENY)})
        save_policy(**{**change, "policy": Policy(rules)})
        save_policy(**change)

    monkeypatch.setattr(policy_page, "save_policy", save_after_somebody_else)
    answer = client.post(url, {"revision": "0", "save": "1", **row("export", 0, "everyone")})
    assert (answer.status_code, PolicyRevision.objects.count()) == (409, 1)
    assert "Somebody else changed the policy while you worked on it" in read(answer)
    SharingPolicy.objects.all().delete()
    answer = client.post(f"{url}/history/1/restore")
    assert answer.headers["Location"] == f"{url}/history"
    assert "The sharing rules of this workspace cannot be read" in read(client.get("/settings/"))


def test_a_workspace_that_never_changed_its_policy_has_an_empty_history(owner: User, team: Workspace) -> None:
    assert sign_in(owner).get(f"/w/{team.slug}/admin/policy/history").status_code == 200

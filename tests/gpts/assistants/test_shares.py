"""Shares of GPTs with people and groups: who may do what, in the code and in the database."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.utils import timezone

from core.errors import Conflict, DomainError, Forbidden, InvalidInput, NotFound
from core.models import AuditEvent
from core.scope import Scope, open_scope
from gpts.assistants.access import access_chat, access_gpt
from gpts.assistants.models import GPT, GPTShare, LiveVersion, PastVersion
from gpts.assistants.queries.gpts import list_shared_gpts, list_visible_gpts
from gpts.assistants.queries.shares import list_editors, pick_strongest
from gpts.assistants.rules import GPTAct
from gpts.assistants.services import shares as share_services
from gpts.assistants.services.gpts import update_draft
from gpts.assistants.services.shares import remove_share, set_share
from gpts.assistants.services.versions import freeze_version, set_live_version
from gpts.assistants.states import Audience, ShareRight
from gpts.chat.mentions import list_mentions
from gpts.chat.services.rechecks import RunningAnswer, find_turns_without_access
from gpts.evals.services.prompts import create_prompt
from gpts.knowledge.services.files import upload_knowledge_file
from gpts.studio.services.duplicates import duplicate_gpt
from gpts.studio.services.shares import share_with
from tests.support.companies import create_company
from tests.support.external import limit_external, open_external
from tests.support.factories.gpts import GPTFactory
from tests.support.factories.workspaces import MemberFactory, UserFactory
from tests.support.times import NOW
from tests.support.uploads import make_upload
from workspaces.access import scope_for
from workspaces.models import Group, GroupMember, Guest, Member, PolicyRule, User, Workspace
from workspaces.policy import Act, capability_targets

pytestmark = pytest.mark.django_db

PROMPT = {"prompt": "Say it", "assertions": [{"kind": "contains", "values": ["it"]}]}
ACTS = {
    "C": GPTAct.CHAT,
    "T": GPTAct.TRY,
    "V": GPTAct.VIEW_SETTINGS,
    "E": GPTAct.EDIT,
    "M": GPTAct.MANAGE,
    "I": GPTAct.VIEW_INSIGHTS,
}


class Stage:
    """A company with an invite-only GPT; people are named by their role."""

    def __init__(self) -> None:
        self.people: dict[str, User] = {
            name: UserFactory.create(display_name=name.title())
            for name in ("boss", "owner", "builder", "member", "stranger")
        }
        self.company: Workspace = create_company(
            self.people["boss"], builder=self.people["owner"], member=self.people["member"]
        )
        MemberFactory.create(
            workspace=self.company, user=self.people["builder"], role="builder", by=self.people["boss"]
        )
        self.gpt: GPT = GPTFactory.create(owner=self.people["owner"], workspace=self.company)

    def go_live(self, *audiences: Audience, name: str = "") -> None:
        if name:
            GPT.objects.filter(pk=self.gpt.pk).update(name=name)
        version = freeze_version(gpt=self.gpt, release_notes="", by=self.gpt.owner, at=NOW)
        for audience in audiences:
            set_live_version(gpt=self.gpt, version=version, audience=audience, at=NOW)

    def share(self, right: str, *, user: str = "", group: Group | None = None) -> GPTShare:
        person = self.people[user] if user else None
        return set_share(gpt=self.gpt, right=right, user=person, group=group, by=self.people["owner"], at=NOW)

    def make_group(self, *names: str) -> Group:
        group = Group.objects.create(workspace=self.company, name="Testers", created_at=NOW)
        for name in names:
            place = Member.objects.get(workspace=self.company, user=self.people[name])
            GroupMember.objects.create(group=group, member=place)
        return group

    def list_acts(self, name: str) -> str:
        """Return the letters of what the person may do; the others are refused in whatever way."""
        letters = ""
        for letter, act in ACTS.items():
            try:
                with open_scope(scope_for(self.people[name])):
                    access_gpt(self.people[name], self.gpt.slug, to=act)
            except (Forbidden, NotFound):
                continue
            letters += letter
        return letters


@pytest.fixture
def stage() -> Stage:
    return Stage()


@pytest.mark.parametrize(
    ("right", "builder", "member"),
    [("", "", ""), ("chat", "C", "C"), ("view", "CTV", "CTV"), ("edit", "CTVE", "CTV")],
)
@pytest.mark.parametrize("by_group", [False, True])
def test_a_right_reaches_people_and_groups_and_editing_needs_a_builder(
    stage: Stage, right: str, builder: str, member: str, by_group: bool
) -> None:
    stage.go_live(Audience.SHARED)
    if right and by_group:
        stage.share(right, group=stage.make_group("builder", "member"))
    elif right:
        stage.share(right, user="builder")
        stage.share("view" if right == "edit" else right, user="member")

    acts = {name: stage.list_acts(name) for name in stage.people}

    assert acts == {
        "boss": "TVMI",
        "owner": "CTVEMI",
        "builder": builder,
        "member": member,
        "stranger": "",
    }


def test_the_strongest_right_counts_and_the_narrowest_audience_answers(stage: Stage) -> None:
    stage.go_live(Audience.UNLISTED, Audience.WORKSPACE, name="For all")
    stage.go_live(Audience.SHARED, name="For testers")
    stage.share("chat", user="builder")
    stage.share("edit", group=stage.make_group("builder"))

    answers = {
        name: access_chat(stage.people[name], stage.gpt.slug)[1] for name in ("owner", "builder", "member")
    }

    assert {name: version and version.name for name, version in answers.items()} == {
        "owner": "For testers",
        "builder": "For testers",
        "member": "For all",
    }
    assert stage.list_acts("builder") == "CTVE"
    assert pick_strongest(["view", "edit", "chat"]) == "edit"
    assert pick_strongest([]) == ""


def test_lists_name_what_is_shared_and_not_what_has_only_a_link(stage: Stage) -> None:
    unlisted = GPTFactory.create(owner=stage.people["owner"], workspace=stage.company, name="Unlisted")
    version = freeze_version(gpt=unlisted, release_notes="", by=unlisted.owner, at=NOW)
    set_live_version(gpt=unlisted, version=version, audience=Audience.UNLISTED, at=NOW)
    stage.go_live(Audience.SHARED)
    stage.share("edit", user="builder")

    seen = {}
    for name in ("builder", "member", "stranger"):
        user = stage.people[name]
        with open_scope(scope_for(user)):
            seen[name] = (
                list(list_visible_gpts(user)),
                [found.slug for found in list_mentions(user, "", in_store=[])],
                [(found.pk, vars(found)["is_editable"]) for found in list_shared_gpts(user)],
            )
    assert seen == {
        "builder": ([stage.gpt], [stage.gpt.slug], [(stage.gpt.pk, True)]),
        "member": ([], [], []),
        "stranger": ([], [], []),
    }
    # With the link every member gets it, and nobody else.
    with open_scope(scope_for(stage.people["member"])):
        assert access_chat(stage.people["member"], unlisted.slug)[1] == version
    with open_scope(scope_for(stage.people["stranger"])), pytest.raises(NotFound):
        access_chat(stage.people["stranger"], unlisted.slug)


def test_sharing_is_recorded_once_and_ends(stage: Stage) -> None:
    first = stage.share("chat", user="builder")
    assert stage.share("chat", user="builder") == first
    stage.share("edit", user="builder")
    stage.gpt.refresh_from_db()
    assert stage.gpt.has_shares
    for _again in range(2):
        remove_share(share=first, by=stage.people["owner"], at=NOW)
    assert not GPT.objects.get(pk=stage.gpt.pk).has_shares

    events = AuditEvent.objects.filter(action__startswith="gpts.gpt_").exclude(action="gpts.gpt_created")
    builder = {"with_user": stage.people["builder"].pk}
    assert [(event.action, event.data) for event in events.order_by("pk")] == [
        ("gpts.gpt_shared", builder | {"changes": {"right": [None, "chat"]}}),
        ("gpts.gpt_shared", builder | {"changes": {"right": ["chat", "edit"]}}),
        ("gpts.gpt_unshared", builder | {"changes": {"right": ["edit", None]}}),
    ]


def test_shares_that_are_refused_write_nothing(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    other = create_company(UserFactory.create())
    foreign = Group.objects.create(workspace=other, name="Foreign", created_at=NOW)
    personal = GPTFactory.create(owner=stage.people["owner"])
    owner, events = stage.people["owner"], AuditEvent.objects.count()
    stage.people["gone"] = UserFactory.create()
    MemberFactory.create(workspace=stage.company, user=stage.people["gone"], role="builder", by=owner)
    User.objects.filter(pk=stage.people["gone"].pk).update(is_active=False)
    refused: list[tuple[str, Callable[[], Any], type[DomainError]]] = [
        ("unknown_person", lambda: stage.share("chat", user="stranger"), InvalidInput),
        ("unknown_person", lambda: stage.share("chat", user="gone"), InvalidInput),
        ("is_owner", lambda: stage.share("chat", user="owner"), InvalidInput),
        ("unknown_group", lambda: stage.share("chat", group=foreign), InvalidInput),
        ("unknown_choice", lambda: stage.share("own", user="builder"), InvalidInput),
        ("not_a_builder", lambda: stage.share("edit", user="member"), InvalidInput),
        (
            "personal_workspace",
            lambda: set_share(gpt=personal, right="chat", user=stage.people["builder"], by=owner, at=NOW),
            Forbidden,
        ),
    ]
    for code, share, kind in refused:
        with pytest.raises(kind) as caught:
            share()
        assert caught.value.code == code

    monkeypatch.setattr(share_services, "MAX_EDITORS", 1)
    stage.share("edit", user="builder")
    with pytest.raises(Conflict) as caught:
        stage.share("edit", group=stage.make_group("boss", "builder", "owner", "member"))
    assert caught.value.code == "too_many_editors"
    assert list(GPTShare.objects.values_list("user", "right")) == [(stage.people["builder"].pk, "edit")]
    assert list(list_editors(stage.gpt)) == [stage.people["builder"]]
    assert AuditEvent.objects.filter(action="gpts.gpt_shared").count() == 1
    assert AuditEvent.objects.count() > events


def test_constraints_hold_in_the_database(stage: Stage) -> None:
    group = stage.make_group("builder")
    row = {"workspace": stage.company, "gpt": stage.gpt, "right": "chat", "created_at": NOW}
    GPTShare.objects.create(user=stage.people["builder"], **row)
    GPTShare.objects.create(group=group, **row)
    for wrong in (
        {"user": stage.people["builder"]},
        {"group": group},
        {"user": stage.people["member"], "group": group},
        {},
        {"user": stage.people["member"], "right": "own"},
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            GPTShare.objects.create(**{**row, **wrong})


@pytest.mark.parametrize("how", ["leaves", "is removed", "loses the group", "the group goes"])
def test_access_ends_with_what_gave_it(stage: Stage, how: str) -> None:
    """Without the row, so that it does not come back with the person."""
    stage.go_live(Audience.SHARED)
    group = stage.make_group("builder")
    if how in ("leaves", "is removed"):
        stage.share("edit", user="builder")
    else:
        stage.share("edit", group=group)
    assert stage.list_acts("builder") == "CTVE"
    person = stage.people["builder" if how == "leaves" else "boss"]

    with open_scope(scope_for(person)):
        if how in ("leaves", "is removed"):
            Member.objects.filter(workspace=stage.company, user=stage.people["builder"]).delete()
        elif how == "loses the group":
            GroupMember.objects.filter(group=group).delete()
        else:
            group.delete()

    assert stage.list_acts("builder") == ""
    assert GPTShare.objects.count() == (1 if how == "loses the group" else 0)
    if how in ("leaves", "is removed"):
        Member.objects.create(
            workspace=stage.company, user=stage.people["builder"], role="builder", joined_at=NOW
        )
        assert stage.list_acts("builder") == ""


def test_a_guest_of_no_workspace_gets_nothing_from_a_row_of_theirs(stage: Stage) -> None:
    stage.go_live(Audience.SHARED)
    GPTShare.objects.create(
        workspace=stage.company, gpt=stage.gpt, user=stage.people["stranger"], right="edit", created_at=NOW
    )

    assert stage.list_acts("stranger") == ""


def test_an_editor_works_in_the_whole_draft(stage: Stage) -> None:
    """Through the services, in the editor's own row-level scope."""
    stage.share("edit", user="builder")
    editor = stage.people["builder"]

    with open_scope(scope_for(editor)):
        gpt = access_gpt(editor, stage.gpt.slug, to=GPTAct.EDIT)
        update_draft(gpt=gpt, revision=1, changes={"instructions": "Ask first."}, by=editor, at=NOW)
        upload_knowledge_file(gpt=gpt, upload=make_upload("a.txt", "Rules"), by=editor, at=NOW)
        create_prompt(gpt=gpt, fields=PROMPT, by=editor, at=NOW)
        freeze_version(gpt=gpt, release_notes="By an editor", by=editor, at=NOW)

    stage.gpt.refresh_from_db()
    assert stage.gpt.instructions == "Ask first."
    assert stage.gpt.knowledge_files.get().uploaded_by == editor
    assert stage.gpt.versions.get().created_by == editor


@pytest.mark.parametrize(("right", "copies"), [("chat", False), ("view", True), ("edit", True)])
def test_a_copy_is_made_with_the_right_to_view(stage: Stage, right: str, copies: bool) -> None:
    stage.go_live(Audience.SHARED)
    stage.share(right, user="builder")
    builder = stage.people["builder"]
    with open_scope(scope_for(builder)):
        if not copies:
            with pytest.raises(NotFound):
                access_gpt(builder, stage.gpt.slug, to=GPTAct.VIEW_SETTINGS)
            return
        gpt = access_gpt(builder, stage.gpt.slug, to=GPTAct.VIEW_SETTINGS)
        copy = duplicate_gpt(gpt=gpt, by=builder, at=NOW)
    assert (copy.owner, copy.workspace, copy.instructions) == (
        builder,
        stage.company,
        stage.gpt.instructions,
    )
    assert not copy.shares.exists()


def test_a_copy_needs_a_builder(stage: Stage) -> None:
    stage.share("view", user="member")
    with open_scope(scope_for(stage.people["member"])), pytest.raises(Forbidden) as caught:
        duplicate_gpt(gpt=stage.gpt, by=stage.people["member"], at=NOW)
    assert caught.value.code == "may_not_build"
    assert GPT.objects.count() == 1


# What the database alone lets each person write, without our code. The row of the GPT is not moved, closed or
# given a new address by an editor; shares are the owner's and the admins'.
STATEMENTS = {
    "draft": "UPDATE gpts_gpt SET instructions = 'x' WHERE id = {gpt}",
    "grab": "UPDATE gpts_gpt SET owner_id = {me} WHERE id = {gpt} AND owner_id <> {me}",
    "give": "UPDATE gpts_gpt SET owner_id = {heir} WHERE id = {gpt}",
    "give to a member": "UPDATE gpts_gpt SET owner_id = {third} WHERE id = {gpt}",
    "workspace": "UPDATE gpts_gpt SET workspace_id = {other} WHERE id = {gpt}",
    "address": "UPDATE gpts_gpt SET slug = 'taken' WHERE id = {gpt}",
    "delete": "UPDATE gpts_gpt SET deleted_at = now() WHERE id = {gpt}",
    "live": "UPDATE gpts_liveversion SET since = now() WHERE gpt_id = {gpt} AND audience = 'shared'",
    "live outside": "UPDATE gpts_liveversion SET since = now() WHERE gpt_id = {gpt} AND audience = 'link'",
    "pause": "UPDATE gpts_liveversion SET is_paused = NOT is_paused WHERE gpt_id = {gpt}",
    "move audience": (
        "UPDATE gpts_liveversion SET audience = 'unlisted' WHERE gpt_id = {gpt} AND audience = 'shared'"
    ),
    "add live": (
        "INSERT INTO gpts_liveversion (gpt_id, version_id, audience, since)"
        " SELECT gpt_id, id, 'workspace', now() FROM gpts_version WHERE gpt_id = {gpt}"
    ),
    "end live": "DELETE FROM gpts_liveversion WHERE gpt_id = {gpt}",
    "add past": (
        "INSERT INTO gpts_pastversion (gpt_id, version_id, audience, replaced_at)"
        " SELECT gpt_id, id, 'workspace', now() FROM gpts_version WHERE gpt_id = {gpt}"
    ),
    "add past outside": (
        "INSERT INTO gpts_pastversion (gpt_id, version_id, audience, replaced_at)"
        " SELECT gpt_id, id, 'public', now() FROM gpts_version WHERE gpt_id = {gpt}"
    ),
    "change past": "UPDATE gpts_pastversion SET replaced_at = now() WHERE gpt_id = {gpt}",
    "end past": "DELETE FROM gpts_pastversion WHERE gpt_id = {gpt}",
    "read shares": "SELECT 1 FROM gpts_gptshare WHERE gpt_id = {gpt}",
    "raise right": "UPDATE gpts_gptshare SET \"right\" = 'edit' WHERE gpt_id = {gpt} AND user_id = {me}",
    "add share": (
        'INSERT INTO gpts_gptshare (workspace_id, gpt_id, user_id, "right", created_at)'
        " VALUES ({company}, {gpt}, {third}, 'edit', now())"
    ),
    "wrong workspace": (
        'INSERT INTO gpts_gptshare (workspace_id, gpt_id, user_id, "right", created_at)'
        " VALUES ({other}, {gpt}, {third}, 'edit', now())"
    ),
    "foreign group": (
        'INSERT INTO gpts_gptshare (workspace_id, gpt_id, group_id, "right", created_at)'
        " VALUES ({company}, {gpt}, {foreign_group}, 'edit', now())"
    ),
    "drop others": "DELETE FROM gpts_gptshare WHERE gpt_id = {gpt} AND user_id <> {me}",
    "drop own": "DELETE FROM gpts_gptshare WHERE gpt_id = {gpt} AND user_id = {me}",
}
OWNERS = {
    *("draft", "address", "delete", "live", "live outside", "pause", "move audience", "add live", "end live"),
    *("add past", "add past outside", "change past", "end past", "read shares", "add share", "drop others"),
}
ALLOWED = {
    "owner": OWNERS,
    "boss": OWNERS | {"grab", "give"},
    "editor": {"draft", "live", "add past", "read shares", "drop own"},
    "grouped": {"draft", "live", "add past", "read shares"},
    "demoted": {"read shares", "drop own"},
    "viewer": {"read shares", "drop own"},
    "colleague": {"read shares"},
    "former": set(),
    "stranger": set(),
}


def test_the_database_lets_editors_edit_and_nobody_else(stage: Stage) -> None:
    stage.go_live(Audience.SHARED, Audience.LINK)
    PastVersion.objects.create(
        gpt=stage.gpt, version=stage.gpt.versions.get(), audience=Audience.LINK, replaced_at=NOW
    )
    for name, role in (
        ("editor", "builder"),
        ("grouped", "builder"),
        ("demoted", "builder"),
        ("viewer", "builder"),
        ("colleague", "builder"),
        ("former", "builder"),
    ):
        stage.people[name] = UserFactory.create(display_name=name)
        MemberFactory.create(
            workspace=stage.company, user=stage.people[name], role=role, by=stage.people["boss"]
        )
    for name in ("editor", "demoted", "former"):
        stage.share("edit", user=name)
    stage.share("view", user="viewer")
    stage.share("edit", group=stage.make_group("grouped"))
    Member.objects.filter(user=stage.people["demoted"], workspace=stage.company).update(role="member")
    former_scope = scope_for(stage.people["former"])
    Member.objects.filter(user=stage.people["former"], workspace=stage.company).delete()
    other = create_company(stage.people["stranger"])
    foreign_group = Group.objects.create(workspace=other, name="Foreign", created_at=NOW)

    got: dict[str, set[str]] = {}
    for name in ALLOWED:
        scope = scope_for(stage.people[name])
        if name == "former":  # the workspace is gone from the scope with the next request
            scope = Scope(user_id=former_scope.user_id)
        values = {
            "gpt": stage.gpt.pk,
            "me": stage.people[name].pk,
            "heir": stage.people["builder"].pk,
            "third": stage.people["member"].pk,
            "company": stage.company.pk,
            "other": other.pk,
            "foreign_group": foreign_group.pk,
        }
        got[name] = {label for label, sql in STATEMENTS.items() if _touches_rows(sql.format(**values), scope)}

    assert {
        name: sorted(got[name] ^ allowed) for name, allowed in ALLOWED.items() if got[name] != allowed
    } == {}


def _touches_rows(statement: str, scope: Scope) -> bool:
    try:
        with transaction.atomic():
            with open_scope(scope), connection.cursor() as cursor:
                cursor.execute(statement)
                count = cursor.rowcount
                cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            raise _Undo(count)
    except _Undo as undo:
        return undo.count > 0
    except DatabaseError:
        return False


class _Undo(Exception):
    def __init__(self, count: int) -> None:
        self.count = count


def test_rights_and_audiences_are_those_of_the_documents() -> None:
    assert ShareRight.values == ["chat", "view", "edit"]
    assert Audience.values == ["shared", "unlisted", "workspace", "link", "public"]
    assert LiveVersion._meta.get_field("audience").max_length == 10


def test_a_guest_chats_with_what_names_them_while_they_are_one(stage: Stage) -> None:
    guest = stage.people["stranger"]
    place = Guest.objects.create(
        workspace=stage.company, user=guest, created_at=NOW, expires_at=timezone.now() + timedelta(days=1)
    )
    group = stage.make_group("builder")
    version = freeze_version(gpt=stage.gpt, release_notes="", by=stage.gpt.owner, at=NOW)
    set_live_version(gpt=stage.gpt, version=version, audience=Audience.WORKSPACE, at=NOW)
    stage.share("edit", group=group)
    assert stage.list_acts("stranger") == ""
    with pytest.raises(InvalidInput) as caught:
        stage.share("view", user="stranger")
    assert caught.value.code == "guest_may_chat"
    owner = stage.people["owner"]
    share_with(gpt=stage.gpt, right="chat", user=guest, by=owner, at=NOW)

    def list_seen() -> list[GPT]:
        with open_scope(scope_for(guest)):
            return list(list_visible_gpts(guest))

    answer = RunningAnswer(
        turn_id=uuid4(),
        user_id=guest.pk,
        gpt_id=stage.gpt.pk,
        act=GPTAct.CHAT,
        workspace_ids=(guest.personal_workspace.pk,),
        payer_id=guest.personal_workspace.pk,
    )
    assert (stage.list_acts("stranger"), list_seen()) == ("C", [stage.gpt])
    assert find_turns_without_access([answer], at=NOW) == set()
    with open_scope(scope_for(guest)):
        assert access_chat(guest, stage.gpt.slug)[1] == version
    # A share does not overrule the guest's own company, nor the policy of the workspace that pays.
    own = create_company(UserFactory.create(), member=guest)
    limit_external(own)
    assert find_turns_without_access([answer], at=NOW) == {answer.turn_id}
    open_external(own)
    paid = replace(
        answer,
        turn_id=uuid4(),
        workspace_ids=(guest.personal_workspace.pk, own.pk),
        payer_id=own.pk,
        uses=((Act.USE_CAPABILITY, capability_targets("web_search")),),
    )
    assert find_turns_without_access([answer, paid], at=NOW) == set()
    PolicyRule.objects.create(
        workspace=own, act="use_capability", subject_kind="everyone", target_kind="any", effect="deny"
    )
    assert find_turns_without_access([answer, paid], at=NOW) == {paid.turn_id}
    Guest.objects.filter(pk=place.pk).update(expires_at=timezone.now() - timedelta(seconds=1))
    assert (stage.list_acts("stranger"), list_seen()) == ("", [])
    assert find_turns_without_access([answer], at=NOW) == {answer.turn_id}
    Guest.objects.filter(pk=place.pk).update(expires_at=timezone.now() + timedelta(days=1), ended_at=NOW)
    assert stage.list_acts("stranger") == ""

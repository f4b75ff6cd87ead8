"""The audit log in words: every action has a sentence, names are those of today, links only where allowed."""

from __future__ import annotations

import ast
import asyncio
import csv
import io
import json
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.http import StreamingHttpResponse
from django.test import Client
from django.utils import translation

from core.audit import record
from core.audit_words import Reader, load_words
from core.models import AuditEvent
from gpts.assistants.services.gpts import delete_gpt, update_draft
from gpts.assistants.services.quarantine import quarantine_gpt
from gpts.assistants.services.transfers import transfer_gpt
from gpts.metering.services.budgets.changes import change_budget, create_budget, draft_budget
from payouts.services.payout_accounts import save_payout_account
from tests.support.api_client import create_key, get_bearer_header
from tests.support.factories.gpts import GPTFactory
from tests.support.factories.workspaces import (
    PASSWORD,
    MemberFactory,
    OperatorUserFactory,
    UserFactory,
    WorkspaceFactory,
)
from tests.support.times import AT
from workspaces.audit_filter import AuditFilter
from workspaces.audit_log import AuditEntry, describe_events
from workspaces.erasure import DELETED_NAME
from workspaces.models import Group, User, Workspace
from workspaces.policy import Act, Effect, Policy, Rule, Subject, SubjectKind, Target, TargetKind
from workspaces.services.members import change_role, invite_member
from workspaces.services.policies import replace_policy, set_may_publish
from workspaces.services.sharing import set_golden_pass_rate
from workspaces.services.workspaces import update_workspace
from workspaces.states import Role
from workspaces.web.audit_files import stream_audit_lines

pytestmark = pytest.mark.django_db
APPS = ("workspaces", "gpts", "marketplace", "reviews", "payouts")
CODE = re.compile(r"(?:workspaces|gpts|marketplace|reviews|payouts)\.[a-z]+(?:_[a-z]+)+")


@pytest.fixture
def owner() -> User:
    return UserFactory.create(display_name="Ada", email="ada@demo.test")


@pytest.fixture
def team(owner: User) -> Workspace:
    return WorkspaceFactory.create(owner=owner, name="Acme")


def read(team: Workspace, reader: User, action: str = "") -> list[AuditEntry]:
    events = AuditEvent.objects.filter(workspace_id=team.pk).order_by("id")
    if action:
        events = events.filter(action=action)
    return describe_events(events, Reader(reader, team.pk, team.slug))


def describe(entry: AuditEntry) -> tuple[str, list[tuple[str, str | None, str | None]]]:
    return entry.sentence, [(one.label, one.before, one.after) for one in entry.changes]


# Every action ----------------------------------------------------------------------------------------------


def list_recorded_codes() -> set[str]:
    """Return the codes in the calls of ``record`` and of the private helpers around it."""
    found: set[str] = set()
    for path in (file for app in APPS for file in Path(settings.BASE_DIR, app).rglob("*.py")):
        if "migrations" in path.parts:
            continue
        for call in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(call, ast.Call):
                continue
            name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
            if name not in ("record", "_record", "_record_event", "_audit", "_finish", "_take_out"):
                continue
            values = [*call.args, *(one.value for one in call.keywords if one.arg == "action")]
            texts = [
                node.value for value in values for node in ast.walk(value) if isinstance(node, ast.Constant)
            ]
            found |= {text for text in texts if isinstance(text, str) and CODE.fullmatch(text)}
            if name == "_record" and path.parts[-1] == "members.py":
                found |= {f"workspaces.{text}" for text in texts[:1] if isinstance(text, str)}
    return found


def list_written_codes() -> set[str]:
    """Return all codes in modules that record events; of an f-string each known code that it can make."""
    found: set[str] = set()
    known = set(load_words().actions)
    for path in (file for app in APPS for file in Path(settings.BASE_DIR, app).rglob("*.py")):
        source = path.read_text("utf-8")
        if "migrations" in path.parts or "from core.audit import" not in source:
            continue
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and CODE.fullmatch(node.value):
                found.add(node.value)
            elif isinstance(node, ast.JoinedStr):
                pattern = "".join(
                    re.escape(str(part.value)) if isinstance(part, ast.Constant) else r"\w+"
                    for part in node.values
                )
                found |= {code for code in known if re.fullmatch(pattern, code) and "." in pattern[:16]}
    return found


def test_every_recorded_action_has_words_and_no_other() -> None:
    recorded = list_recorded_codes()
    assert len(recorded) > 80
    known = {code for code in load_words().actions if not code.startswith("test")}
    assert recorded - known == set()
    # Written by functions that take the action, or a part of it, from their callers.
    assert known - recorded - list_written_codes() == set()


def test_every_detail_that_an_action_shows_has_a_label() -> None:
    words = load_words()
    missing = [
        (code, name)
        for code, action in words.actions.items()
        for name in action.details
        if name not in words.fields[code]
    ]
    assert missing == []


def test_an_action_without_words_is_not_recorded(owner: User) -> None:
    before = AuditEvent.objects.count()
    with pytest.raises(ValueError, match="has no sentence"):
        record(action="workspaces.thing_unknown", by=owner, at=AT, subject=owner)
    assert AuditEvent.objects.count() == before


def test_rules_of_a_policy_are_read_with_linked_names(owner: User, team: Workspace) -> None:
    group = Group.objects.create(workspace=team, name="Interns", created_at=AT)
    gpt = GPTFactory.create(owner=owner, workspace=team, name="Harbour")
    everybody = ("everyone", "")
    rules = [
        ("use_external", "deny", ("group", str(group.pk)), ("approval", "unapproved")),
        ("use_external", "allow", ("person", str(owner.pk)), ("gpt", str(gpt.pk))),
        ("use_actions", "deny", ("role", "member"), ("host", "example.com")),
        ("use_external", "allow", everybody, ("gpt", "999999")),
    ]
    policy = Policy(
        frozenset(
            Rule(Act(act), Subject(SubjectKind(kind), who), Target(TargetKind(sort), what), Effect(how))
            for act, how, (kind, who), (sort, what) in rules
        )
    )
    replace_policy(workspace=team, policy=policy, revision=0, by=owner, at=AT)

    (entry,) = read(team, owner, "workspaces.policy_changed")
    changes = {change.label: change for change in entry.changes}
    assert (
        changes["Actions and their hosts"].after == "everyone, without a rule; Member forbidden (example.com)"
    )
    outside = changes["GPTs from outside"]
    assert outside.before == "everyone, without a rule"
    assert set((outside.after or "").split("; ")) == {
        "everyone, without a rule", "Interns forbidden (those that nobody approved)",
        "Ada allowed (Harbour)", "everyone allowed (a deleted or private GPT)",
    }  # fmt: skip
    assert {part.text: part.url for part in outside.after_parts if part.url} == {
        "Interns": f"/w/{team.slug}/admin/groups/{group.pk}",
        "Ada": f"/w/{team.slug}/admin/audit?person={owner.pk}",
        "Harbour": f"/build/{gpt.slug}/versions",
    }
    Group.objects.all().delete()
    (entry,) = read(team, owner, "workspaces.policy_changed")
    assert "a deleted group forbidden" in str(
        next(c.after for c in entry.changes if c.field == "use_external")
    )


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_every_action_reads_as_a_sentence(language: str, owner: User, team: Workspace) -> None:
    """Also without the data that its service writes: events of earlier releases have less."""
    codes = [code for code in load_words().actions if not code.startswith("test")]
    events = [
        AuditEvent(
            action=code, at=AT, actor=owner, is_automated=False, subject_type="gpts.gpt", subject_id="0"
        )
        for code in codes
    ]
    with translation.override(language):
        entries = describe_events(events, Reader(owner, team.pk, team.slug))
    for entry in entries:
        assert "%(" not in entry.sentence, entry.event.action
        assert entry.sentence.endswith("。" if language == "zh-hans" else "."), entry.event.action
        assert entry.label != entry.event.action and entry.area
        if language == "zh-hans":
            assert re.search(r"[\u4e00-\u9fff]{2}", entry.sentence), entry.event.action
            assert re.search(r"[\u4e00-\u9fff]{2}", entry.label), entry.event.action
            rest = re.sub(r"Ada|GPT|API|–", "", entry.sentence)
            assert not re.search(r"[A-Za-z]{3}", rest), (entry.event.action, entry.sentence)


def test_every_field_and_object_is_translated() -> None:
    with translation.override("zh-hans"):
        labels = {str(words.label) for fields in load_words().fields.values() for words in fields.values()}
        labels |= {str(words.missing) for words in load_words().objects.values()}
    labels -= {"GPT", "JSON schema"}
    assert [label for label in labels if not re.search(r"[\u4e00-\u9fff]", label)] == []


# What changed ----------------------------------------------------------------------------------------------


def test_changes_say_from_what_to_what(owner: User, team: Workspace) -> None:
    bob = UserFactory.create(display_name="Bob")
    member = MemberFactory.create(workspace=team, user=bob, role=Role.MEMBER, by=owner)
    change_role(member=member, role="admin", by=owner, at=AT)
    set_golden_pass_rate(workspace=team, rate=90, by=owner, at=AT)
    set_may_publish(workspace=team, is_allowed=False, by=owner, at=AT)
    update_workspace(workspace=team, name="Acme Two", accent="#2b5c86", by=owner, at=AT)
    budget = create_budget(
        budget=draft_budget(
            workspace=team, name="All", subject="workspace", measure="cost_micros", window="month",
            hard_limit=5_000_000, by=owner, at=AT,
        ),
        by=owner, at=AT,
    )  # fmt: skip
    change_budget(budget=budget, name="Everybody", hard_limit=20_000_000, soft_limit=None, by=owner, at=AT)

    assert [describe(entry) for entry in read(team, owner)][-6:] == [
        ("Ada changed the role of Bob.", [("Role", "Member", "Admin")]),
        (
            "Ada changed which share of the tests must pass before a GPT is shared.",
            [("Tests that must pass", "not required", "90%")],
        ),
        ("Ada kept GPTs inside the workspace.", [("GPTs may leave the workspace", "Yes", "No")]),
        (
            "Ada changed the settings of Acme Two.",
            [("Accent colour", "none", "#2b5c86"), ("Name", None, None)],
        ),
        ("Ada set the budget Everybody.", []),
        (
            "Ada changed the budget Everybody.",
            [("Stop at", "$5.00 a month", "$20.00 a month"), ("Name", None, None)],
        ),
    ]


def test_a_draft_names_its_texts_and_shows_its_choices(owner: User, team: Workspace) -> None:
    gpt = GPTFactory.create(workspace=team, owner=owner, name="Desk")
    update_draft(
        gpt=gpt,
        revision=gpt.draft_revision,
        changes={"instructions": "Canary 7319", "category": "education", "temperature": "0.5"},
        by=owner,
        at=AT,
    )
    (entry,) = read(team, owner, "gpts.draft_updated")
    assert describe(entry) == (
        "Ada changed the draft of Desk.",
        [("Category", "Writing", "Education"), ("Temperature", "none", "0.50"), ("Instructions", None, None)],
    )
    assert "7319" not in str(entry.event.data)
    with translation.override("zh-hans"):
        (entry,) = read(team, owner, "gpts.draft_updated")
        assert describe(entry) == (
            "Ada 修改了 Desk 的草稿。",
            [("分类", "写作", "教育"), ("温度", "无", "0.50"), ("指令", None, None)],
        )


def test_events_of_earlier_releases_read_alike(owner: User, team: Workspace) -> None:
    record(
        action="workspaces.member_role_changed", by=owner, at=AT, subject=owner, workspace_id=team.pk,
        data={"before": "member", "after": "admin", "user_id": owner.pk},
    )  # fmt: skip
    (entry,) = read(team, owner, "workspaces.member_role_changed")
    assert describe(entry) == ("Ada changed the role of Ada.", [("Role", "Member", "Admin")])


# Names and links -------------------------------------------------------------------------------------------


def test_names_are_those_of_today_and_go_with_the_account(owner: User, team: Workspace) -> None:
    gpt = GPTFactory.create(workspace=team, owner=owner, name="Desk")
    (entry,) = read(team, owner, "gpts.gpt_created")
    assert [(part.text, part.url) for part in entry.parts] == [
        ("Ada", f"/w/{team.slug}/admin/audit?person={owner.pk}"),
        (" created ", ""),
        ("Desk", f"/build/{gpt.slug}/versions"),
        (".", ""),
    ]
    delete_gpt(gpt=gpt, typed_name="Desk", is_under_review=False, by=owner, at=AT)
    User.objects.filter(pk=owner.pk).update(display_name=DELETED_NAME)
    (entry,) = read(team, owner, "gpts.gpt_created")
    assert [(part.text, part.url) for part in entry.parts] == [
        ("A deleted account", ""), (" created ", ""), ("Desk (deleted)", ""), (".", ""),
    ]  # fmt: skip


def test_spaces_in_chinese_part_scripts_only(owner: User, team: Workspace) -> None:
    GPTFactory.create(workspace=team, owner=owner, name="诗词课")
    User.objects.filter(pk=owner.pk).update(display_name="林美")
    with translation.override("zh-hans"):
        (entry,) = read(team, owner, "gpts.gpt_created")
    assert entry.sentence == "林美创建了诗词课。"


def test_moderators_are_not_named_to_a_workspace(owner: User, team: Workspace) -> None:
    moderator = UserFactory.create(display_name="Mod Secret")
    gpt = GPTFactory.create(workspace=team, owner=owner, name="Desk")
    quarantine_gpt(gpt=gpt, at=AT, by=moderator)
    admin = UserFactory.create(display_name="Admin")
    (entry,) = read(team, admin, "gpts.gpt_quarantined")
    assert entry.sentence == "The moderation of this instance put Desk into quarantine."
    # Its settings are closed to admins in quarantine.
    assert [part.url for part in entry.parts] == ["", "", "", ""]


def test_trying_persons_tells_no_workspace_which_moderator_acted(owner: User, team: Workspace) -> None:
    """Neither by a filter that finds the act, nor by a hash that can be computed for each person."""
    moderator = UserFactory.create(display_name="Mod Secret")
    quarantine_gpt(gpt=GPTFactory.create(workspace=team, owner=owner), at=AT, by=moderator)
    action, base = "gpts.gpt_quarantined", f"/w/{team.slug}/admin/audit"
    client = sign_in(owner)
    key = Client(headers=get_bearer_header(create_key(owner, "account", workspace=team)))
    api = f"/api/v1/workspaces/{team.slug}/audit"

    def count(query: str) -> list[int]:
        export = client.get(f"{base}?format=csv&{query}").content.decode("utf-8-sig")
        return [
            len(client.get(f"{base}?{query}").context["entries"]),
            len(list(csv.DictReader(io.StringIO(export)))),
            len(key.get(f"{api}?{query}").json()["items"]),
        ]

    assert count(f"action={action}") == [1, 1, 1]
    assert count(f"action={action}&person={moderator.pk}") == [0, 0, 0]
    assert count(f"action=gpts.gpt_created&person={owner.pk}") == [1, 1, 1]
    (item,) = key.get(f"{api}?action={action}").json()["items"]
    assert (item["actor"]["id"], item["hash"]) == (None, "")
    export = client.get(f"{base}?format=csv&action={action}").content.decode("utf-8-sig")
    assert AuditEvent.objects.get(action=action).hash not in export


def test_foreign_objects_have_no_names(owner: User, team: Workspace) -> None:
    elsewhere = GPTFactory.create(owner=UserFactory.create(display_name="Eve"), name="Private Desk")
    record(
        action="gpts.gpt_duplicated", by=owner, at=AT, workspace_id=team.pk,
        subject=GPTFactory.create(workspace=team, owner=owner, name="Copy"), data={"from_id": elsewhere.pk},
    )  # fmt: skip
    (entry,) = read(team, owner, "gpts.gpt_duplicated")
    assert entry.sentence == "Ada created Copy as a copy of a deleted or private GPT."


def test_names_take_the_same_number_of_queries_for_any_length(
    owner: User, team: Workspace, django_assert_num_queries: Any
) -> None:
    def add(count: int) -> None:
        for number in range(count):
            person = UserFactory.create(display_name=f"P{number}")
            member = MemberFactory.create(workspace=team, user=person, role=Role.BUILDER, by=owner)
            change_role(member=member, role="admin", by=owner, at=AT)
            GPTFactory.create(workspace=team, owner=person)
            invite_member(workspace=team, email=f"new{person.pk}@demo.test", role="member", by=owner, at=AT)

    add(1)
    for _again in range(2):
        with django_assert_num_queries(7):
            read(team, owner)
        add(3)


def test_payees_are_named_to_operators_who_see_no_payouts(owner: User) -> None:
    operator = OperatorUserFactory.create()
    save_payout_account(
        payee=owner, legal_name="Ada Legal", country="DE", method="manual", iban="", minimum_minor=0,
        by=owner, at=AT,
    )  # fmt: skip
    answer = sign_in(operator).get("/operator/audit?area=money")
    assert [entry.sentence for entry in answer.context["entries"]] == ["Ada saved the payout account of Ada."]
    assert b"Ada Legal" not in answer.content


# Pages, export and API -------------------------------------------------------------------------------------


def sign_in(person: User) -> Client:
    client = Client()
    client.post("/accounts/login/", {"login": person.email, "password": PASSWORD})
    return client


def test_the_page_filters_by_person_kind_days_and_object(owner: User, team: Workspace) -> None:
    bob = UserFactory.create(display_name="Bob")
    stranger = UserFactory.create(display_name="Stranger Secret")
    MemberFactory.create(workspace=team, user=bob, role=Role.ADMIN, by=owner)
    gpt = GPTFactory.create(workspace=team, owner=owner, name="Desk")
    update_workspace(workspace=team, name="A", accent="", by=bob, at=AT + timedelta(days=3))
    client, base = sign_in(owner), f"/w/{team.slug}/admin/audit"

    def ask(query: str) -> list[str]:
        answer = client.get(f"{base}?{query}")
        assert answer.status_code == 200
        return [entry.event.action for entry in answer.context["entries"]]

    assert ask(f"person={bob.pk}") == ["workspaces.workspace_changed"]
    assert ask("area=gpts") == ["gpts.gpt_created"]
    assert ask(f"object=gpts.gpt:{gpt.pk}") == ["gpts.gpt_created"]
    day = (AT + timedelta(days=3)).date()
    assert ask(f"since={day}&until={day}") == ["workspaces.workspace_changed"]
    assert ask(f"until={day - timedelta(days=1)}&area=settings") == ["workspaces.workspace_created"]
    # The filter names nobody whom the log does not name.
    page = client.get(f"{base}?person={stranger.pk}")
    assert page.context["entries"] == [] and b"Stranger Secret" not in page.content
    for wrong in (
        "person=x",
        "area=all",
        "since=2026-13-01",
        "since=0001-01-01",
        "object=auth.user:1",
        "action=a",
    ):
        answer = client.get(f"{base}?{wrong}")
        assert answer.status_code == 400 and len(answer.context["entries"]) > 2, wrong


def test_the_export_is_in_words_and_runs_no_formula(owner: User, team: Workspace) -> None:
    bob = UserFactory.create(display_name="Bob")
    member = MemberFactory.create(workspace=team, user=bob, role=Role.MEMBER, by=owner)
    change_role(member=member, role="admin", by=owner, at=AT)
    User.objects.filter(pk=bob.pk).update(display_name="=cmd|' /C calc'!A0")
    answer = sign_in(owner).get(
        f"/w/{team.slug}/admin/audit?format=csv&action=workspaces.member_role_changed"
    )
    (row,) = csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig")))
    assert (row["who"], row["sentence"], row["changes"]) == (
        "Ada",
        "Ada changed the role of =cmd|' /C calc'!A0.",
        "Role: Member → Admin",
    )
    assert not any((cell or "").startswith(("=", "+", "@")) for cell in row.values())


def test_the_api_gives_codes_and_the_sentence_in_the_readers_language(owner: User, team: Workspace) -> None:
    member = MemberFactory.create(
        workspace=team, user=UserFactory.create(display_name="Bob"), role=Role.MEMBER, by=owner
    )
    change_role(member=member, role="admin", by=owner, at=AT)
    client = Client(headers=get_bearer_header(create_key(owner, "account", workspace=team)))
    path = f"/api/v1/workspaces/{team.slug}/audit?action=workspaces.member_role_changed"
    (item,) = client.get(path, headers={"Accept-Language": "zh-hans"}).json()["items"]
    event = AuditEvent.objects.get(action="workspaces.member_role_changed")
    assert item == {
        "sequence": event.sequence,
        "at": "2026-03-01T12:00:00Z",
        "action": "workspaces.member_role_changed",
        "area": "members",
        "sentence": "Ada 修改了 Bob 的角色。",
        "actor": {"id": owner.pk, "name": "Ada"},
        "is_automated": False,
        "object": {"type": "workspaces.member", "id": str(member.pk), "name": "Bob", "path": ""},
        "changes": [{"field": "role", "label": "角色", "before": "成员", "after": "管理员"}],
        "reason": "",
        "data": {"user_id": member.user_id, "changes": {"role": ["member", "admin"]}},
        "hash": event.hash,
    }
    refused = client.get(f"/api/v1/workspaces/{team.slug}/audit?since=yesterday")
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "date_invalid")


# By object, and as JSON lines -------------------------------------------------------------------------------


def test_the_filter_by_object_finds_what_names_it_too(owner: User, team: Workspace) -> None:
    bob, outsider = UserFactory.create(display_name="Bob"), UserFactory.create(display_name="Mod")
    member = MemberFactory.create(workspace=team, user=bob, role=Role.MEMBER, by=owner)
    change_role(member=member, role="admin", by=owner, at=AT)
    desk, other = (GPTFactory.create(workspace=team, owner=owner, name=name) for name in ("Desk", "Other"))
    quarantine_gpt(gpt=other, by=outsider, at=AT)
    transfer_gpt(gpt=desk, to_user=bob, by=owner, at=AT)
    client, base = sign_in(owner), f"/w/{team.slug}/admin/audit"

    def ask(query: str) -> list[str]:
        return [entry.event.action for entry in client.get(f"{base}?{query}").context["entries"]]

    about_bob = ask(f"object=workspaces.user:{bob.pk}")
    kinds = client.get(f"{base}?kind=gpts.gpt")

    assert about_bob == ["gpts.gpt_transferred", "workspaces.member_role_changed", "workspaces.member_joined"]
    assert dict(kinds.context["kinds"])["gpts.gpt"] == "GPTs"
    assert [name for _key, name in kinds.context["objects"]] == ["Desk", "Other"]
    assert ask("kind=gpts.gpt") == [
        "gpts.gpt_transferred", "gpts.gpt_quarantined", "gpts.gpt_created", "gpts.gpt_created",
    ]  # fmt: skip
    # An object of the kind that was chosen before does not count any more.
    assert ask(f"kind=workspaces.workspace&object=gpts.gpt:{desk.pk}") == ["workspaces.workspace_created"]
    assert client.get(f"{base}?kind=auth.user").status_code == 400
    # Nobody learns by trial which person of the platform acted.
    assert ask(f"object=workspaces.user:{outsider.pk}") == []
    assert ask("object=workspaces.user:x") == []


@pytest.mark.django_db(transaction=True)
def test_json_lines_are_whole_filtered_and_end_with_the_access(
    owner: User, team: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workspaces.web.audit_files.ROWS", 2)
    bob = UserFactory.create(display_name="Bob")
    member = MemberFactory.create(workspace=team, user=bob, role=Role.MEMBER, by=owner)
    for role in ("admin", "builder", "member"):
        change_role(member=member, role=role, by=owner, at=AT)

    every = read_lines(stream_audit_lines(team, AuditFilter(), user=owner))
    roles = read_lines(
        stream_audit_lines(team, AuditFilter(action="workspaces.member_role_changed"), user=owner)
    )
    refused = read_lines(stream_audit_lines(team, AuditFilter(), user=bob))
    operator = OperatorUserFactory.create()
    platform = read_lines(stream_audit_lines(None, AuditFilter(), user=operator))
    no_operator = read_lines(stream_audit_lines(None, AuditFilter(), user=owner))
    answer = sign_in(owner).get(f"/w/{team.slug}/admin/audit?format=jsonl")

    # The note of the download is none of what it had.
    events = AuditEvent.objects.filter(workspace_id=team.pk).order_by("-id")
    events = events.exclude(action="workspaces.audit_exported")
    assert [line["sequence"] for line in every] == [event.sequence for event in events]
    assert [line["sentence"] for line in roles] == ["Ada changed the role of Bob."] * 3
    assert [line["data"]["changes"]["role"][1] for line in roles] == ["member", "builder", "admin"]
    assert refused == no_operator == [{"error": "access_ended"}]
    assert all("workspace" not in line["object"]["type"] or line["sequence"] for line in platform)
    assert answer["Content-Disposition"] == f'attachment; filename="audit-{team.slug}.jsonl"'
    assert answer["Content-Type"] == "application/x-ndjson; charset=utf-8"


def read_lines(response: StreamingHttpResponse) -> list[dict[str, Any]]:
    async def read() -> str:
        return "".join([part.decode() async for part in response])

    return [json.loads(line) for line in asyncio.run(read()).splitlines()]


def test_downloads_of_the_log_are_in_the_log(owner: User, team: Workspace) -> None:
    stranger = UserFactory.create()
    base, query = f"/w/{team.slug}/admin/audit", "action=workspaces.workspace_created&since=2026-01-01"
    key = Client(headers=get_bearer_header(create_key(owner, "account", workspace=team)))
    api = f"/api/v1/workspaces/{team.slug}/audit.jsonl"
    client = sign_in(owner)

    statuses = [
        client.get(f"{base}?format=csv&{query}").status_code,
        client.get(f"{base}?format=jsonl&person={owner.pk}").status_code,
        key.get(f"{api}?{query}").status_code,
    ]
    # A wrong filter, a look at the page and a stranger leave no note.
    client.get(f"{base}?{query}")
    client.get(f"{base}?format=csv&since=x")
    client.head(f"{base}?format=csv")
    assert sign_in(stranger).get(f"{base}?format=csv").status_code == 404

    assert statuses == [200, 200, 200]
    events = AuditEvent.objects.filter(action="workspaces.audit_exported").order_by("pk")
    chosen = {"action": "workspaces.workspace_created", "since": "2026-01-01"}
    before = AuditEvent.objects.filter(workspace_id=team.pk, actor=owner, pk__lt=events[1].pk).count()
    assert list(events.values_list("actor_id", "workspace_id", "data")) == [
        (owner.pk, team.pk, {"format": "csv", "rows": 1, "filter": chosen}),
        (owner.pk, team.pk, {"format": "jsonl", "rows": before, "filter": {"person": owner.pk}}),
        (owner.pk, team.pk, {"format": "jsonl", "rows": 1, "filter": chosen}),
    ]
    entry = read(team, owner, "workspaces.audit_exported")[0]
    assert entry.sentence == "Ada downloaded the audit log as a file."
    assert [(one.label, one.text) for one in entry.details] == [
        ("Rows", "1"), ("Format", "CSV"), ("Filtered by", "Action, From day"),
    ]  # fmt: skip


def test_downloads_by_operators_are_in_the_log_of_the_platform() -> None:
    operator = OperatorUserFactory.create()
    answer = sign_in(operator).get("/operator/audit?format=csv")
    assert answer.status_code == 200
    event = AuditEvent.objects.get(action="workspaces.audit_exported")
    assert (event.actor_id, event.workspace_id) == (operator.pk, None)
    assert event.data["filter"] == {}

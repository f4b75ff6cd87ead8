"""The table of private stores lists what the rule says, for whoever asks, whatever happened to GPTs."""

from __future__ import annotations

import threading
from io import StringIO
from random import Random
from typing import Any

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, ProgrammingError, connection, transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from core.scope import Scope, open_scope, system_scope
from gpts.assistants.models import GPT, GPTShare, LiveVersion, PrivateListing
from gpts.assistants.services.gpts import delete_gpt
from gpts.assistants.services.versions import clear_live_version, set_live_version
from gpts.assistants.states import Audience
from marketplace.queries import (
    get_private_store,
    list_private_listings,
    load_marks,
    page_private_store,
)
from marketplace.services.company_store import EntryDraft, SectionDraft, create_section
from tests.support.companies import create_company
from tests.support.factories.gpts import GPTFactory, VersionFactory
from tests.support.factories.workspaces import UserFactory
from tests.support.servers import servers
from tests.support.times import NOW
from workspaces.models import Group, GroupMember, Member, User, Workspace

pytestmark = pytest.mark.django_db

NAMES = ("Letters", "Straße", "100% Büro", "Reports_2", "Back\\slash", "差旅报销", "Ångström", "Expenses")
TEXTS = ("Answers post.", "Écrit des lettres", "Plans trips, 50%", "整理会议记录", "a_b", "")
SEARCHES = (
    "",
    "let",
    "LETTRES",
    "straße",
    "%",
    "_",
    "\\",
    "报销",
    "ång",
    "post answers",
    "expenses trips",
    "zzz",
)


def find_by_rule(workspace: Workspace, text: str) -> list[int]:
    """Return what the private store lists by its definition, without the table."""
    live = LiveVersion.objects.filter(gpt=OuterRef("pk"), audience=Audience.WORKSPACE)
    for word in text.split():
        live = live.filter(Q(version__name__icontains=word) | Q(version__description__icontains=word))
    found = GPT.objects.filter(
        Exists(live), workspace=workspace, deleted_at__isnull=True, quarantined_at__isnull=True
    )
    return list(found.order_by("-recent_members", "-pk").values_list("pk", flat=True))


def find_by_table(workspace: Workspace, text: str) -> list[int]:
    rows = list_private_listings(workspace.pk, text=text).order_by("-recent_members", "-gpt_id")
    return list(rows.values_list("gpt_id", flat=True))


def make_scope(person: User, companies: list[Workspace]) -> Scope:
    seats = Member.objects.filter(user=person, workspace__in=companies).values_list("workspace_id", "role")
    inside = tuple(sorted(place for place, _role in seats))
    admin = tuple(sorted(place for place, role in seats if role in ("owner", "admin")))
    return Scope(user_id=person.pk, workspace_ids=inside, admin_workspace_ids=admin)


def act_at_random(rng: Random, gpts: list[GPT], companies: list[Workspace]) -> None:
    gpt = rng.choice(gpts)
    version = rng.choice(list(gpt.versions.all()))
    match rng.randrange(9):
        case 0 | 1 | 2:
            audience = rng.choice([Audience.WORKSPACE, Audience.WORKSPACE, *Audience.values])
            LiveVersion.objects.update_or_create(
                gpt=gpt, audience=audience, defaults={"version": version, "since": NOW}
            )
        case 3:
            LiveVersion.objects.filter(gpt=gpt, audience=rng.choice(Audience.values)).delete()
        case 4:
            GPT.objects.filter(pk=gpt.pk).update(quarantined_at=rng.choice([NOW, None]))
        case 5:
            GPT.objects.filter(pk=gpt.pk).update(deleted_at=rng.choice([NOW, None, None]))
        case 6:
            GPT.objects.filter(pk=gpt.pk).update(recent_members=rng.randrange(4))
        case 7:
            GPT.objects.filter(pk=gpt.pk).update(workspace=rng.choice(companies))
        case 8:
            reason = rng.choice(["", "Ask first."])
            GPT.objects.filter(pk=gpt.pk).update(blocked_at=NOW if reason else None, block_reason=reason)


@pytest.mark.parametrize("seed", range(2))
def test_the_table_lists_what_the_rule_says_for_everybody(seed: int) -> None:
    rng = Random(seed)
    people = [UserFactory.create() for _number in range(6)]
    companies = [
        create_company(people[0], admin=people[1], builder=people[2], member=people[3]),
        create_company(people[4], member=people[1], builder=people[3]),
    ]
    with system_scope("tests"):
        gpts = []
        for number in range(10):
            owner = rng.choice([people[0], people[1], people[4]])
            place = companies[1] if owner == people[4] else companies[0]
            gpt = GPTFactory.create(owner=owner, workspace=place, name=f"{rng.choice(NAMES)} {number}")
            for _version in range(2):
                GPT.objects.filter(pk=gpt.pk).update(description=rng.choice(TEXTS), name=rng.choice(NAMES))
                gpt.refresh_from_db()
                VersionFactory.create(gpt=gpt)
            gpts.append(gpt)
        for gpt in rng.sample(gpts, 4):
            seat = rng.choice(list(Member.objects.filter(workspace=gpt.workspace)))
            group = Group.objects.create(workspace=gpt.workspace, name=f"G{gpt.pk}", created_at=NOW)
            GroupMember.objects.create(group=group, member=seat)
            whom: dict[str, Any] = rng.choice([{"user": seat.user}, {"group": group}])
            GPTShare.objects.create(
                gpt=gpt, workspace=gpt.workspace, right="chat", created_by=gpt.owner, created_at=NOW, **whom
            )
    for _round in range(4):
        with system_scope("tests"):
            for _act in range(12):
                act_at_random(rng, gpts, companies)
            for company in companies:
                assert find_by_table(company, "") == find_by_rule(company, "")
        for person in people:
            with open_scope(make_scope(person, companies)) as scope:
                for company in companies:
                    for text in SEARCHES:
                        fast = find_by_table(company, text)
                        if company.pk in scope.workspace_ids:
                            assert fast == find_by_rule(company, text), (text, person.pk)
                        else:
                            assert fast == []


def test_the_rows_follow_the_services_in_the_scope_of_who_acts() -> None:
    owner, editor = UserFactory.create(), UserFactory.create()
    company = create_company(owner, builder=editor)
    gpt = GPTFactory.create(owner=owner, workspace=company, name="Letters")
    first = VersionFactory.create(gpt=gpt)
    mine = make_scope(owner, [company])

    def read() -> list[tuple[str, str]]:
        with system_scope("tests"):
            return list(PrivateListing.objects.values_list("name", "text"))

    with open_scope(mine):
        set_live_version(gpt=gpt, version=first, audience=Audience.WORKSPACE, at=NOW, by=owner)
    listed = read()
    with open_scope(mine):
        clear_live_version(gpt=gpt, audience=Audience.WORKSPACE, at=NOW, by=owner)
    cleared = read()
    with open_scope(mine):
        set_live_version(gpt=gpt, version=first, audience=Audience.WORKSPACE, at=NOW, by=owner)
    with open_scope(Scope(user_id=UserFactory.create().pk, staff=frozenset({"moderator"}))):
        GPT.objects.filter(pk=gpt.pk).update(quarantined_at=NOW)
    held = read()
    with open_scope(Scope(user_id=UserFactory.create().pk, staff=frozenset({"operator"}))):
        GPT.objects.filter(pk=gpt.pk).update(quarantined_at=None)
    released = read()
    with open_scope(mine):
        delete_gpt(gpt=gpt, typed_name=gpt.name, is_under_review=False, by=owner, at=NOW)

    name = first.name
    assert listed == released == [(name, f"{name}\n{first.description}".upper())]
    assert cleared == held == read() == []


def test_an_editor_updates_the_row_and_adds_none() -> None:
    owner, editor = UserFactory.create(), UserFactory.create()
    company = create_company(owner, builder=editor)
    gpt = GPTFactory.create(owner=owner, workspace=company, name="Letters")
    with system_scope("tests"):
        version = VersionFactory.create(gpt=gpt)
        GPTShare.objects.create(
            gpt=gpt, workspace=company, user=editor, right="edit", created_by=owner, created_at=NOW
        )
        set_live_version(gpt=gpt, version=version, audience=Audience.WORKSPACE, at=NOW, by=owner)
        GPT.objects.filter(pk=gpt.pk).update(name="Post")
        gpt.refresh_from_db()
        newer = VersionFactory.create(gpt=gpt)
    with open_scope(make_scope(editor, [company])):
        LiveVersion.objects.filter(gpt=gpt, audience=Audience.WORKSPACE).update(version=newer)
        assert PrivateListing.objects.filter(gpt=gpt).delete()[0] == 0
    with system_scope("tests"):
        assert list(PrivateListing.objects.values_list("name", flat=True)) == ["Post"]
        PrivateListing.objects.all().delete()
    row = {
        "gpt": gpt, "workspace": company, "recent_members": 0, "since": NOW, "name": "X", "description": "",
        "icon": "", "category": "other", "text": "X",
    }  # fmt: skip
    with open_scope(make_scope(editor, [company])), pytest.raises(ProgrammingError), transaction.atomic():
        PrivateListing.objects.create(**row)


def test_a_row_is_of_the_gpts_own_workspace_and_the_only_one() -> None:
    owner, other = UserFactory.create(), UserFactory.create()
    company, foreign = create_company(owner), create_company(other, admin=owner)
    gpt = GPTFactory.create(owner=owner, workspace=company)
    row = {
        "gpt": gpt, "recent_members": 0, "since": NOW, "name": "X", "description": "", "icon": "",
        "category": "other", "text": "X",
    }  # fmt: skip
    with open_scope(make_scope(owner, [company, foreign])):
        with pytest.raises(ProgrammingError), transaction.atomic():
            PrivateListing.objects.create(workspace=foreign, **row)
        PrivateListing.objects.create(workspace=company, **row)
        with pytest.raises(IntegrityError), transaction.atomic():
            PrivateListing.objects.create(workspace=company, **row)
        with pytest.raises(ProgrammingError), transaction.atomic():
            PrivateListing.objects.update(workspace=foreign)


def test_marks_of_the_sections_are_those_of_the_query() -> None:
    owner, member = UserFactory.create(), UserFactory.create()
    company = create_company(owner, member=member)
    gpts = []
    with system_scope("tests"):
        for number in range(3):
            gpt = GPTFactory.create(owner=owner, workspace=company, name=f"GPT {number}")
            set_live_version(
                gpt=gpt, version=VersionFactory.create(gpt=gpt), audience=Audience.WORKSPACE, at=NOW
            )
            gpts.append(gpt)
    for kind, chosen in (("required", gpts[:1]), ("recommended", gpts[:2])):
        draft = SectionDraft(
            title=kind, entries=[EntryDraft(gpt.slug, "Why") for gpt in chosen], group_id=None
        )
        create_section(workspace=company, kind=kind, draft=draft, by=owner, at=timezone.now())
    store = get_private_store(company, member, at=NOW)
    assert dict(store.marks) == load_marks(company, member)
    by_section = page_private_store(company, member, marks=store.marks)[1]
    assert by_section == page_private_store(company, member)[1]
    assert [card.mark for card in by_section] == ["", "recommended", "required"]


def list_company_gpt() -> GPT:
    """Return a GPT that its company's private store lists."""
    with system_scope("tests"):
        owner = UserFactory.create()
        gpt = GPTFactory.create(owner=owner, workspace=create_company(owner), name="Letters")
        set_live_version(gpt=gpt, version=VersionFactory.create(gpt=gpt), audience=Audience.WORKSPACE, at=NOW)
    return gpt


def test_a_gpt_that_is_taken_back_while_it_is_released_is_not_listed(transactional_db: None) -> None:
    gpt = list_company_gpt()
    with system_scope("tests"):
        GPT.objects.filter(pk=gpt.pk).update(quarantined_at=NOW)
    taken_back, released = threading.Event(), threading.Event()

    def take_back() -> None:
        with system_scope("tests"), transaction.atomic():
            clear_live_version(gpt=gpt, audience=Audience.WORKSPACE, at=NOW)
            taken_back.set()
            # The other one waits for the end of this, which is what is tested.
            released.wait(2)
        connection.close()

    def release() -> None:
        taken_back.wait(60)
        with system_scope("tests"):
            GPT.objects.filter(pk=gpt.pk).update(quarantined_at=None)
        released.set()
        connection.close()

    threads = [threading.Thread(target=act) for act in (take_back, release)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert released.is_set()
    with system_scope("tests"):
        assert not PrivateListing.objects.exists()


def test_the_command_finds_and_repairs_what_triggers_missed(transactional_db: None) -> None:
    listed, hidden, changed = (list_company_gpt() for _number in range(3))
    with system_scope("tests"):
        kept = list(PrivateListing.objects.order_by("gpt").values())
    call_command("verify_private_stores", stdout=StringIO())
    with psycopg.connect(
        **servers.postgres.superuser(str(connection.settings_dict["NAME"])), autocommit=True
    ) as admin:
        admin.execute("SET session_replication_role = replica")
        admin.execute("DELETE FROM gpts_privatelisting WHERE gpt_id = %s", [hidden.pk])
        admin.execute("UPDATE gpts_privatelisting SET name = 'Old' WHERE gpt_id = %s", [changed.pk])
        admin.execute("UPDATE gpts_gpt SET quarantined_at = now() WHERE id = %s", [listed.pk])

    with pytest.raises(CommandError, match=r"3 GPTs are listed wrongly .* Run the command with --repair"):
        call_command("verify_private_stores")
    said = StringIO()
    call_command("verify_private_stores", "--repair", stdout=said)

    assert said.getvalue().startswith("3 GPTs were listed wrongly")
    with system_scope("tests"):
        rows = PrivateListing.objects.order_by("gpt").values()
        found = [{**row, "id": 0} for row in rows]
    assert found == [{**row, "id": 0} for row in kept if row["gpt_id"] != listed.pk]
    call_command("verify_private_stores", stdout=StringIO())

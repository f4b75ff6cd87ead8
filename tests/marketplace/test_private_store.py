"""The private store: its order, sections, who sees what, its administration by page and API."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from core.errors import DomainError
from core.models import AuditEvent
from core.scope import system_scope
from gpts.assistants.models import GPT, LiveVersion
from gpts.assistants.services.versions import clear_live_version, set_live_version
from gpts.assistants.states import Audience
from gpts.chat.services.recent_members import count_recent_members
from gpts.chat.services.turns import finish_turn, start_first_turn
from marketplace.models import ClosedOnboarding, StoreSection, StoreSectionEntry
from marketplace.queries import list_private_listings, page_private_store
from marketplace.queries.private_store import ORDER
from marketplace.services.company_store import EntryDraft, SectionDraft, change_section, create_section
from tests.support.api_client import ApiClient
from tests.support.companies import create_company
from tests.support.external import limit_external
from tests.support.factories.gpts import GPTFactory, VersionFactory
from tests.support.factories.workspaces import UserFactory
from tests.support.pages import sign_in
from tests.support.times import NOW
from workspaces.models import Group, GroupMember, Member, User, Workspace

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner() -> User:
    return UserFactory.create(display_name="Olga")


@pytest.fixture
def member() -> User:
    return UserFactory.create(display_name="Mia")


@pytest.fixture
def company(owner: User, member: User) -> Workspace:
    return create_company(owner, member=member)


@pytest.fixture
def make(owner: User, company: Workspace) -> Callable[..., GPT]:
    def make_gpt(name: str, **fields: Any) -> GPT:
        with system_scope("tests"):
            gpt = GPTFactory.create(owner=owner, workspace=company, name=name, **fields)
            version = VersionFactory.create(gpt=gpt)
            set_live_version(gpt=gpt, version=version, audience=Audience.WORKSPACE, at=NOW)
        return gpt

    return make_gpt


def make_section(
    company: Workspace, by: User, kind: str, title: str, *gpts: GPT, group: Group | None = None
) -> StoreSection:
    entries = [EntryDraft(gpt.slug, f"Why {gpt.name}") for gpt in gpts]
    draft = SectionDraft(title=title, entries=entries, group_id=None if group is None else group.pk)
    return create_section(workspace=company, kind=kind, draft=draft, by=by, at=timezone.now())


def put_in_group(company: Workspace, *people: User, name: str = "Sales") -> Group:
    group = Group.objects.create(workspace=company, name=name, created_at=NOW)
    for person in people:
        seat = Member.objects.get(workspace=company, user=person)
        GroupMember.objects.create(group=group, member=seat)
    return group


def read_titles(client: Client, company: Workspace, query: str = "") -> list[str]:
    page = client.get(f"/w/{company.slug}/{query}").content.decode()
    return re.findall(r'class="section__title" id="[^"]*">([^<]*)<', page)


def test_the_order_is_by_members_who_used_it_lately(
    company: Workspace, owner: User, member: User, make: Callable[..., GPT]
) -> None:
    once, twice, old, outside = make("Once"), make("Twice"), make("Old"), make("Outside")
    stranger = UserFactory.create()

    def use(gpt: GPT, person: User, workspace: Workspace, *, days: int = 1) -> None:
        at = NOW - timedelta(days=days)
        version = gpt.versions.get()
        turn = start_first_turn(gpt=gpt, version=version, workspace=workspace, text="Q", by=person, at=at)
        finish_turn(
            turn_id=turn.pk, text="A", input_tokens=1, output_tokens=1, model=None, at=at, citations=[]
        )

    for _time in range(3):
        use(once, member, company)  # one person, however often
    use(twice, member, company)
    use(twice, owner, company)
    use(old, member, company, days=29)
    use(outside, stranger, stranger.personal_workspace)
    assert count_recent_members(at=NOW) == 2
    assert count_recent_members(at=NOW) == 0
    assert [card.name for card in page_private_store(company, member)[1]] == [
        "Twice",
        "Once",
        "Outside",
        "Old",
    ]
    assert count_recent_members(at=NOW + timedelta(days=30)) == 2
    assert set(GPT.objects.values_list("recent_members", flat=True)) == {0}


def test_pages_by_key_search_by_all_words_and_leave_out_what_is_not_live(
    company: Workspace, member: User, make: Callable[..., GPT], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("marketplace.queries.private_store.PAGE_SIZE", 2)
    gpts = [make(f"Letter {number}", description="Answers post") for number in range(3)]
    gone = make("Letter gone")
    with system_scope("tests"):
        clear_live_version(gpt=gone, audience=Audience.WORKSPACE, at=NOW)
    first, cards = page_private_store(company, member)
    second, rest = page_private_store(company, member, cursor=first.next_cursor)
    assert [card.name for card in (*cards, *rest)] == [gpt.name for gpt in reversed(gpts)]
    assert second.next_cursor == ""
    found = {
        text: page_private_store(company, member, text=text)[1] for text in ("post 1", "letter", "post gone")
    }
    assert [len(cards) for cards in found.values()] == [1, 2, 0]


def test_the_list_reads_its_index_and_few_queries(
    company: Workspace, member: User, owner: User, make: Callable[..., GPT]
) -> None:
    gpt = make("First")
    for kind in ("shelf", "category"):
        make_section(company, owner, kind, kind, gpt)
    client, counts = sign_in(member), []
    for _time in range(2):
        with CaptureQueriesContext(connection) as queries:
            client.get(f"/w/{company.slug}/")
        counts.append(len(queries))
        for number in range(3):
            make_section(company, owner, "shelf", f"Shelf {number}", make(f"More {number}"))
    assert counts[0] == counts[1]
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("SET LOCAL enable_sort = off")
        plan = list_private_listings(company.pk).order_by(*ORDER)[:25].explain()
        search = list_private_listings(company.pk, text="letter post").order_by(*ORDER)[:25].explain()
        sections = StoreSection.objects.filter(workspace=company).order_by("position", "id").explain()
    assert "gpts_privatelisting_order" in plan
    # The words are matched in the workspace's own GPTs alone, in the order of the list.
    assert "gpts_privatelisting_order" in search
    assert "Seq Scan" not in search
    assert "marketplace_storesection_order" in sections


def test_sections_are_shown_to_those_whom_they_are_for(
    company: Workspace, owner: User, member: User, make: Callable[..., GPT]
) -> None:
    gpt = make("Expenses")
    group = put_in_group(company, member)
    for kind, title in (("category", "Money"), ("shelf", "This month"), ("recommended", "Try it"),
                        ("required", "Do this first")):  # fmt: skip
        make_section(company, owner, kind, title, gpt)
    make_section(company, owner, "pack", "For sales", gpt, group=group)
    make_section(company, owner, "onboarding", "Welcome", gpt)
    make_section(company, owner, "shelf", "Empty")
    mine, theirs = sign_in(member), sign_in(owner)
    Member.objects.filter(user=owner).update(joined_at=timezone.now() - timedelta(days=31))
    Member.objects.filter(user=member).update(joined_at=timezone.now() - timedelta(days=29))
    everybodys = ["Do this first", "Try it", "This month", "Money", "All GPTs"]
    whole = ["Welcome", "Do this first", "Try it", "For sales", "This month", "Money", "All GPTs"]
    assert read_titles(mine, company) == whole
    assert read_titles(theirs, company) == everybodys
    page = mine.get(f"/w/{company.slug}/").content.decode()
    assert page.count("Why Expenses") == 6
    assert "First those that most different colleagues used in the last 28 days." in page
    assert read_titles(mine, company, "?q=expenses") == []

    closed = mine.post(f"/w/{company.slug}/onboarding/close")
    assert closed.headers["Location"] == f"/w/{company.slug}/"
    mine.post(f"/w/{company.slug}/onboarding/close")
    assert ClosedOnboarding.objects.get().user == member
    assert read_titles(mine, company) == whole[1:]
    # What is for a group goes with it, and a GPT that is not live any more stands nowhere.
    group.delete()
    assert "For sales" not in read_titles(mine, company)
    with system_scope("tests"):
        LiveVersion.objects.filter(gpt=gpt).delete()
    assert read_titles(mine, company) == ["All GPTs"]


def test_bad_sections_are_refused_and_nothing_is_written(
    company: Workspace, owner: User, make: Callable[..., GPT]
) -> None:
    gpt, foreign = make("Mine"), GPTFactory.create()
    section = make_section(company, owner, "shelf", "Shelf", gpt)
    make_section(company, owner, "onboarding", "Welcome", gpt)
    other = create_company(UserFactory.create())
    elsewhere = Group.objects.create(workspace=other, name="Elsewhere", created_at=NOW)
    good = EntryDraft(gpt.slug)
    bad: dict[str, tuple[str, SectionDraft]] = {
        "unknown_kind": ("fly", SectionDraft("T", ())),
        "second_onboarding": ("onboarding", SectionDraft("T", ())),
        "group_not_allowed": ("shelf", SectionDraft("T", (), group_id=elsewhere.pk)),
        "unknown_group": ("pack", SectionDraft("T", (), group_id=elsewhere.pk)),
        "entry_twice": ("shelf", SectionDraft("T", (good, good))),
        "unknown_gpt": ("shelf", SectionDraft("T", (good, EntryDraft(foreign.slug)))),
        "too_many_entries": ("shelf", SectionDraft("T", [EntryDraft(str(n)) for n in range(51)])),
        "required": ("shelf", SectionDraft("  ", (good,))),
        "too_long": ("shelf", SectionDraft("T" * 81, (good,))),
    }
    events = AuditEvent.objects.count()
    for code, (kind, draft) in bad.items():
        with pytest.raises(DomainError) as refused:
            create_section(workspace=company, kind=kind, draft=draft, by=owner, at=NOW)
        assert refused.value.code == code
    with pytest.raises(DomainError):
        change_section(section=section, draft=SectionDraft("New", (good, good)), by=owner, at=NOW)
    section.refresh_from_db()
    assert (section.title, StoreSection.objects.count(), StoreSectionEntry.objects.count()) == ("Shelf", 2, 2)
    assert AuditEvent.objects.count() == events


@pytest.mark.parametrize(
    ("kind", "title", "has_group"), [("fly", "T", False), ("shelf", "", False), ("shelf", "T", True)]
)
def test_the_database_holds_what_a_section_is(
    company: Workspace, kind: str, title: str, has_group: bool
) -> None:
    group = put_in_group(company) if has_group else None
    with pytest.raises(IntegrityError), transaction.atomic():
        StoreSection.objects.create(
            workspace=company, kind=kind, title=title, group=group, position=0, created_at=NOW
        )


def test_the_database_holds_one_onboarding_and_each_gpt_and_closing_once(
    company: Workspace, owner: User, make: Callable[..., GPT]
) -> None:
    section = make_section(company, owner, "onboarding", "Welcome", make("One"))
    entry = section.entries.get()
    ClosedOnboarding.objects.create(workspace=company, user=owner, closed_at=NOW)
    same = {"workspace": company, "section": section}
    for create in (
        lambda: StoreSection.objects.create(
            workspace=company, kind="onboarding", title="T", position=1, created_at=NOW
        ),
        lambda: StoreSectionEntry.objects.create(**same, gpt=entry.gpt, position=1),
        lambda: StoreSectionEntry.objects.create(**same, gpt=make("Two"), position=0),
        lambda: ClosedOnboarding.objects.create(workspace=company, user=owner, closed_at=NOW),
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            create()


def test_an_admin_arranges_the_store_by_page(
    company: Workspace, owner: User, member: User, make: Callable[..., GPT]
) -> None:
    first, second = make("First"), make("Second")
    client, url = sign_in(owner), f"/w/{company.slug}/admin/store"
    assert client.post(url, {"kind": "shelf", "title": ""}).status_code == 400
    made = client.post(url, {"kind": "shelf", "title": "This month"})
    section = StoreSection.objects.get()
    assert made.headers["Location"] == f"{url}/{section.pk}"
    saved = client.post(
        f"{url}/{section.pk}",
        {"title": "June", "text": "Ours", "place": "1", "gpt": [second.slug, "", first.slug],
         "reason": ["It is new", "left out", ""]},
    )  # fmt: skip
    assert saved.status_code == 302
    section.refresh_from_db()
    entries = list(section.entries.order_by("position").values_list("gpt_id", "reason"))
    assert (section.title, section.text, entries) == (
        "June", "Ours", [(second.pk, "It is new"), (first.pk, "")],
    )  # fmt: skip
    event = AuditEvent.objects.latest("id")
    assert (event.action, event.data["changes"]["gpts"]) == (
        "marketplace.section_changed", [[], [second.pk, first.pk]],
    )  # fmt: skip
    typed = client.post(
        f"{url}/{section.pk}", {"title": "July", "gpt": [first.slug, first.slug], "reason": ["Kept", ""]}
    )
    assert (typed.status_code, 'value="Kept"' in typed.content.decode()) == (400, True)
    assert 'value="July"' in typed.content.decode()
    assert "June" in client.get(url).content.decode()
    assert client.post(f"{url}/{section.pk}/delete").status_code == 302
    assert not StoreSection.objects.exists()
    assert sign_in(member).get(url).status_code == 403


def test_a_saved_section_keeps_its_place_and_what_is_not_live_now(
    company: Workspace, owner: User, make: Callable[..., GPT]
) -> None:
    """Deleted sections leave gaps in the positions, and a paused GPT comes back to where it stood."""
    gpts = [make("Kept"), make("Paused")]
    sections = [
        make_section(company, owner, "shelf", title, *gpts) for title in ("One", "Two", "Three", "Four")
    ]
    client, url = sign_in(owner), f"/w/{company.slug}/admin/store"
    assert client.post(f"{url}/{sections[1].pk}/delete").status_code == 302
    gpts[1].live_versions.all().delete()
    third = f"{url}/{sections[2].pk}"
    assert f'<option value="{gpts[1].slug}" selected>' in client.get(third).content.decode()

    saved = client.post(
        third,
        {"title": "Three", "place": "3", "gpt": [one.slug for one in gpts], "reason": ["", "Back soon"]},
    )

    assert saved.status_code == 302
    titles = StoreSection.objects.order_by("position").values_list("title", flat=True)
    assert list(titles) == ["One", "Three", "Four"]
    entries = sections[2].entries.order_by("position").values_list("gpt_id", "reason")
    assert list(entries) == [(gpts[0].pk, ""), (gpts[1].pk, "Back soon")]


def test_the_api_does_the_same(
    company: Workspace, owner: User, member: User, make: Callable[..., GPT]
) -> None:
    gpt, other = make("First"), make("Second")
    api = ApiClient(owner, company, scopes=("account", "store:read"))
    path = f"workspaces/{company.slug}/store"
    made = api.post(f"{path}/sections", {"kind": "pack", "title": "A", "entries": [{"gpt": gpt.slug}]})
    card = {
        "slug": gpt.slug, "name": "First", "tagline": made.json()["entries"][0]["tagline"],
        "builder_name": "Olga", "conversations": None, "reason": "", "mark": "",
    }  # fmt: skip
    expected = {
        "id": StoreSection.objects.get().pk, "kind": "pack", "title": "A", "text": "", "group": None,
        "place": 1, "entries": [card],
    }  # fmt: skip
    assert (made.status_code, made.json()) == (201, expected)
    assert api.get(f"{path}/sections").json() == [expected]
    bad = api.put(f"{path}/sections/{expected['id']}", {"title": "B", "entries": [{"gpt": "no-such"}]})
    assert (bad.status_code, bad.json()["error"]["code"]) == (400, "unknown_gpt")
    changed = api.put(
        f"{path}/sections/{expected['id']}", {"title": "B", "entries": [{"gpt": other.slug, "reason": "R"}]}
    )
    assert [(one["slug"], one["reason"]) for one in changed.json()["entries"]] == [(other.slug, "R")]
    theirs = ApiClient(member, company, scopes=("account", "store:read"))
    assert theirs.get(f"{path}/sections").status_code == 403
    assert [one["name"] for one in theirs.get(f"{path}?q=first").json()["items"]] == ["First"]
    assert api("DELETE", f"{path}/sections/{expected['id']}").status_code == 204
    assert api.get(f"{path}/sections").json() == []


def test_a_company_gpt_has_an_about_page_for_its_members(
    company: Workspace, owner: User, member: User, make: Callable[..., GPT]
) -> None:
    gpt = make("Expenses", description="Checks receipts.", starters=["May I claim this?"])
    page = sign_in(member).get(f"/g/{gpt.slug}").content.decode()
    for words in (
        "Checks receipts.",
        "May I claim this?",
        company.name,
        "Start chat",
        "never used for training",
    ):
        assert words in page
    assert f"/g/{gpt.slug}/chat?text=May%20I%20claim%20this%3F" in page
    for stranger in (Client(), sign_in(UserFactory.create())):
        assert stranger.get(f"/g/{gpt.slug}").status_code == 404
    draft = GPTFactory.create(owner=owner, workspace=company)
    assert sign_in(owner).get(f"/g/{draft.slug}").status_code == 404


def test_the_store_leads_to_the_public_one_where_that_is_allowed(company: Workspace, member: User) -> None:
    link = '<a class="button button--quiet" href="/">'
    client = sign_in(member)
    assert link in client.get(f"/w/{company.slug}/").content.decode()
    limit_external(company)
    assert link not in client.get(f"/w/{company.slug}/").content.decode()

"""Fields that name a person or a GPT of a company: suggestions, what a text names, and whom it never does."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from core.errors import InvalidInput
from gpts.assistants.models import GPT, GPTTransfer
from gpts.assistants.queries.gpts import list_gpts_of
from gpts.assistants.queries.picks import pick_gpts
from gpts.chat.models.retention import LegalHold, RetentionRule
from gpts.metering.models import Budget
from tests.support.companies import create_company
from tests.support.factories.gpts import GPTFactory
from tests.support.factories.workspaces import MemberFactory, UserFactory
from tests.support.pages import sign_in
from tests.support.times import NOW
from workspaces.models import Member, User, Workspace
from workspaces.queries import pick_builders, pick_members, pick_new_owners

pytestmark = pytest.mark.django_db

REASON = "A dispute about an offer of March."


class Stage:
    def __init__(self) -> None:
        self.boss = self.add_user("Boss")
        self.ada, self.lin = self.add_user("Ada Lovelace"), self.add_user("林娜")
        self.company: Workspace = create_company(self.boss, builder=self.ada, member=self.lin)
        self.eve = self.add_user("Eve Elsewhere")
        self.elsewhere: Workspace = create_company(self.eve)
        self.gpt = GPTFactory.create(owner=self.ada, workspace=self.company, name="Travel desk")
        self.foreign = GPTFactory.create(owner=self.eve, workspace=self.elsewhere, name="Travel abroad")

    @staticmethod
    def add_user(name: str) -> User:
        return UserFactory.create(display_name=name)

    def add_member(self, name: str, role: str = "builder") -> User:
        user = self.add_user(name)
        MemberFactory.create(workspace=self.company, user=user, role=role, by=self.boss)
        return user

    def suggest(self, kind: str, use: str, text: str, user: User | None = None) -> list[str]:
        answer = sign_in(user or self.boss).get(self.url(kind), {"for": use, "q": text})
        assert answer.status_code == 200, answer.status_code
        return [unescape(one) for one in re.findall(r'data-value="([^"]*)"', answer.content.decode())]

    def url(self, kind: str) -> str:
        name = {"people": "workspaces:people-search", "gpts": "gpts:gpt-search"}[kind]
        return reverse(name, args=[self.company.slug])

    def admin(self, tail: str) -> str:
        return f"/w/{self.company.slug}/admin/{tail}"


@pytest.fixture
def stage() -> Stage:
    return Stage()


def name(user: User) -> str:
    return f"{user.display_name} · {user.email}"


def test_suggestions_begin_with_what_begins_so_and_stay_inside(stage: Stage) -> None:
    nevada = stage.add_member("Nevada Smith")
    deleted = GPTFactory.create(owner=stage.ada, workspace=stage.company, name="Travel of old")
    GPT.objects.filter(pk=deleted.pk).update(deleted_at=NOW)
    travel, old = f"Travel desk · {stage.gpt.slug}", f"Travel of old · {deleted.slug}"

    assert stage.suggest("people", "budget", "ada") == [name(stage.ada), name(nevada)]
    assert stage.suggest("people", "hold", stage.lin.email.upper()) == [name(stage.lin)]
    assert stage.suggest("people", "gpts", "林") == []
    assert stage.suggest("people", "workspace", "林") == [name(stage.lin)]
    assert stage.suggest("people", "workspace", "boss") == []
    for text in ("eve", "", "  ", "%", "_", "a" * 1_000):
        assert stage.suggest("people", "budget", text) == []
    assert stage.suggest("gpts", "rule", "TRAVEL") == [travel]
    assert stage.suggest("gpts", "hold", "travel") == [travel, old]
    # What was chosen can be changed by typing on.
    assert stage.suggest("people", "budget", name(stage.ada)[:-1]) == [name(stage.ada)]


@pytest.mark.parametrize("kind", ["people", "gpts"])
def test_only_who_may_open_the_page_of_a_field_searches_for_it(stage: Stage, kind: str) -> None:
    uses = {"people": ("budget", "hold", "gpts", "workspace"), "gpts": ("budget", "rule", "hold")}
    admin = stage.add_member("Second", "admin")
    answers = {
        use: [
            sign_in(user).get(stage.url(kind), {"for": use, "q": "travel"}).status_code
            for user in (stage.boss, admin, stage.ada, stage.lin, stage.eve)
        ]
        for use in (*uses[kind], "nothing", "")
    }

    expected = {use: [200, 200, 403, 403, 404] for use in uses[kind]}
    if kind == "people":
        expected["workspace"] = [200, 403, 403, 403, 404]
    assert answers == expected | {use: [404, 404, 403, 403, 404] for use in ("nothing", "")}


def test_the_new_owner_of_a_gpt_is_searched_by_those_who_may_give_it_away(stage: Stage) -> None:
    other = stage.add_member("Adam Builder")
    url = reverse("gpts:build-heirs", args=[stage.gpt.slug])

    found = sign_in(stage.ada).get(url, {"q": "ada"}).content.decode()

    assert re.findall(r'data-value="([^"]*)"', found) == [name(other)]
    assert sign_in(other).get(url, {"q": "ada"}).status_code in (403, 404)
    assert sign_in(stage.eve).get(url, {"q": "ada"}).status_code == 404
    own = GPTFactory.create(owner=stage.ada, workspace=stage.ada.personal_workspace)
    own_url = reverse("gpts:build-heirs", args=[own.slug])
    assert sign_in(stage.ada).get(own_url, {"q": "ada"}).status_code == 404


def test_a_text_names_one_row_or_is_answered_with_the_matches(stage: Stage) -> None:
    people = pick_members(stage.company)
    twin = stage.add_member("ada lovelace")
    for text in (name(stage.lin), stage.lin.email.upper(), "林娜", f"  {stage.lin.email} "):
        assert people.resolve(text) == stage.lin
    assert people.resolve(name(twin)) == twin
    gpts = pick_gpts(list_gpts_of(stage.company))
    for text in ("travel DESK", stage.gpt.slug, f"https://here.test/g/{stage.gpt.slug}/"):
        assert gpts.resolve(text) == stage.gpt

    refused = {}
    for text in (
        "Ada Lovelace",
        "boss@",
        "nobody",
        stage.eve.email,
        "",
        "\x00",
        "x" * 400,
    ):
        with pytest.raises(InvalidInput) as caught:
            people.resolve(text, field="to")
        assert caught.value.field == "to"
        refused[text[:12]] = (caught.value.code, str(caught.value.message))
    nothing = (
        "unknown_choice",
        "Nobody here who could be chosen has this name or e-mail address.",
    )
    assert refused.pop("Ada Lovelace") == (
        "ambiguous_choice",
        f"This does not name one exactly. Write one of these: {name(stage.ada)}, {name(twin)}.",
    )
    refused.pop("boss@")
    assert set(refused.values()) == {nothing}
    with pytest.raises(InvalidInput) as caught:
        pick_builders(stage.company).resolve(stage.lin.email)
    assert caught.value.code == "unknown_choice"


def test_more_matches_than_shown_are_cut(stage: Stage) -> None:
    for number in range(14):
        stage.add_member(f"Same Name {number:02}")

    found = stage.suggest("people", "gpts", "same")

    assert [one.partition(" · ")[0] for one in found] == [f"Same Name {number:02}" for number in range(12)]


def test_forms_keep_what_was_typed_and_take_nobody_from_elsewhere(stage: Stage) -> None:
    client = sign_in(stage.boss)
    lin = Member.objects.get(workspace=stage.company, user=stage.lin)
    budget = {"name": "One", "measure": "turns", "window": "month", "hard_limit": "3"}
    # The page of GPTs without an owner has a form only if there are any.
    Member.objects.filter(workspace=stage.company, user=stage.ada).delete()
    table = {"act": "transfer", "gpt": [stage.gpt.slug], "confirmed": "1"}
    tried: list[tuple[str, dict[str, Any], str]] = [
        ("budgets/new", budget | {"whose": "person"}, "user"),
        ("budgets/new", budget | {"whose": "gpt"}, "gpt"),
        ("retention", {"days": "30"}, "gpt"),
        ("retention/holds", {"reason": REASON}, "gpt"),
        ("retention/holds", {"reason": REASON}, "email"),
        ("gpts/orphans", {"gpt": [stage.gpt.pk]}, "to"),
        ("gpts/batch", table, "to"),
        (f"members/{lin.pk}/remove", {}, "successor"),
    ]
    for path, body, field in tried:
        foreign = stage.foreign.slug if field == "gpt" else stage.eve.email
        for text in (foreign, "No & such"):
            answer = client.post(stage.admin(path), body | {field: text})
            page = unescape(answer.content.decode())
            assert (path, answer.status_code, f'value="{text}"' in page) == (path, 400, True)
    assert not (
        Budget.objects.exists()
        or RetentionRule.objects.exists()
        or LegalHold.objects.exists()
        or GPTTransfer.objects.exists()
    )
    assert Member.objects.filter(pk=lin.pk).exists()


def test_forms_take_what_the_suggestions_write(stage: Stage) -> None:
    client = sign_in(stage.boss)
    travel = f"Travel desk · {stage.gpt.slug}"
    budget = {"name": "One", "measure": "turns", "window": "month", "hard_limit": "3"}
    for path, body in [
        ("budgets/new", budget | {"whose": "person", "user": name(stage.lin)}),
        ("retention", {"days": "30", "gpt": travel}),
        ("retention/holds", {"reason": REASON, "gpt": travel, "email": ""}),
        ("retention/holds", {"reason": REASON, "gpt": "", "email": name(stage.lin)}),
    ]:
        assert (path, client.post(stage.admin(path), body).status_code) == (path, 302)

    assert Budget.objects.get().user == stage.lin
    assert RetentionRule.objects.get().gpt == stage.gpt
    held = LegalHold.objects.order_by("pk")
    assert [(one.gpt, one.person) for one in held] == [(stage.gpt, None), (None, stage.lin)]
    share = sign_in(stage.ada)
    heir = stage.add_member("Heir")
    transfer = reverse("gpts:build-transfer", args=[stage.gpt.slug])
    for text in ("Hei & r", "Heir"):  # anybody can take the name
        wrong = share.post(transfer, {"to": text})
        assert (wrong.status_code, f'value="{text}"' in unescape(wrong.content.decode())) == (400, True)
    assert f"Did you mean: {name(heir)}?" in unescape(wrong.content.decode())
    assert GPT.objects.get(pk=stage.gpt.pk).owner == stage.ada
    share.post(transfer, {"to": name(heir)})
    assert GPT.objects.get(pk=stage.gpt.pk).owner == heir


def test_a_name_with_the_address_of_another_row_names_itself(stage: Stage) -> None:
    people, gpts = pick_members(stage.company), pick_gpts(list_gpts_of(stage.company))
    sly = stage.add_member(f"Sly · {stage.lin.email}")
    path = GPTFactory.create(owner=stage.ada, workspace=stage.company, name=f"Trips/{stage.gpt.slug}")

    assert people.resolve(sly.display_name) == sly
    assert people.resolve(name(sly)) == sly
    assert people.resolve(name(stage.lin)) == stage.lin
    assert gpts.resolve(path.name) == path


def test_the_longest_label_fits_its_field(stage: Stage) -> None:
    long = UserFactory.create(
        display_name="N" * 80, email=f"{'a' * 64}@{'b' * 60}.{'c' * 60}.{'d' * 60}.test"
    )
    MemberFactory.create(workspace=stage.company, user=long, role="member", by=stage.boss)

    assert stage.suggest("people", "budget", name(long)[:-1]) == [name(long)]
    assert pick_members(stage.company).resolve(name(long)) == long


def test_who_can_own_things_is_named_by_an_address(stage: Stage) -> None:
    """Otherwise a builder with somebody's name gets what was meant for them."""
    namesake = stage.add_member("Grace Hopper")
    stage.add_member("Grace Hopper the real", "member")
    for pick in (pick_builders(stage.company), pick_new_owners(stage.company, stage.boss)):
        with pytest.raises(InvalidInput) as caught:
            pick.resolve("Grace Hopper")
        assert caught.value.code == "ambiguous_choice"
        assert name(namesake) in str(caught.value.message)
        assert pick.resolve(name(namesake)) == namesake


def test_a_workspace_is_handed_over_where_somebody_is_there(stage: Stage) -> None:
    alone = create_company(stage.boss)
    client = sign_in(stage.boss)

    def has_form(workspace: Workspace) -> bool:
        return 'id="hand-over"' in client.get(f"/w/{workspace.slug}/admin/settings").content.decode()

    assert (has_form(stage.company), has_form(alone)) == (True, False)


@pytest.mark.parametrize("kind", ["workspaces_member", "gpts_gpt"])
def test_a_search_reads_its_own_tenant_by_an_index(stage: Stage, kind: str) -> None:
    pick: Any = (
        pick_members(stage.company) if kind == "workspaces_member" else pick_gpts(list_gpts_of(stage.company))
    )
    with CaptureQueriesContext(connection) as asked:
        pick.search("ada")
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("EXPLAIN " + asked.captured_queries[-1]["sql"].replace("%", "%%"), [])
        plan = "\n".join(line for (line,) in cursor.fetchall())

    assert re.search(rf"Index.* on {kind}.*\n +Index Cond: [^\n]*workspace_id = ", plan), plan

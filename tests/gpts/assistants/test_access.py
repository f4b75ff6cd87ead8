"""Access to GPTs: every pair of person and act."""

from __future__ import annotations

from itertools import product
from uuid import uuid4

import pytest
from django.contrib.auth.models import AnonymousUser

from core.errors import Forbidden, NotFound
from core.scope import open_scope
from gpts.assistants.access import access_chat, access_gpt, access_version
from gpts.assistants.models import GPT
from gpts.assistants.queries.gpts import (
    find_gpt_with_live_versions,
    list_live_by_audience,
    list_own_gpts,
    list_visible_gpts,
)
from gpts.assistants.queries.served import list_served_versions
from gpts.assistants.rules import GPTAct
from gpts.assistants.services.gpts import delete_gpt
from gpts.assistants.services.quarantine import quarantine_gpt
from gpts.assistants.services.versions import freeze_version, set_live_version
from gpts.assistants.states import OPEN_AUDIENCES, Audience
from gpts.chat.mentions import list_mentions
from gpts.knowledge.access import access_knowledge_file, access_page_job
from gpts.knowledge.services.files import add_knowledge_file
from tests.support.companies import create_company
from tests.support.factories.gpts import GPTFactory
from tests.support.factories.workspaces import UserFactory
from tests.support.times import NOW
from tests.support.uploads import make_upload
from workspaces.access import personal_workspace, scope_for, scope_for_api_key
from workspaces.models import Member, ProtectedName, User, Workspace
from workspaces.services.api_keys import create_api_key
from workspaces.states import NameProtection

pytestmark = pytest.mark.django_db

C, V, E, M = GPTAct.CHAT, GPTAct.VIEW_SETTINGS, GPTAct.EDIT, GPTAct.MANAGE


@pytest.fixture
def people() -> dict[str, User]:
    return {
        name: UserFactory.create(display_name=name.title())
        for name in ("owner", "boss", "admin", "builder", "member", "stranger")
    }


@pytest.fixture
def company(people: dict[str, User]) -> Workspace:
    company = create_company(
        people["boss"], admin=people["admin"], builder=people["owner"], member=people["member"]
    )
    Member.objects.create(workspace=company, user=people["builder"], role="builder", joined_at=NOW)
    return company


@pytest.fixture
def gpt(people: dict[str, User], company: Workspace) -> GPT:
    return GPTFactory.create(owner=people["owner"], workspace=company)


def make_live(gpt: GPT, audience: Audience) -> None:
    version = freeze_version(gpt=gpt, release_notes="", by=gpt.owner, at=NOW)
    set_live_version(gpt=gpt, version=version, audience=audience, at=NOW)


def get_granted_acts(people: dict[str, User], gpt: GPT) -> dict[str, str]:
    """Return letters of the acts by person: upper case granted, lower case forbidden, a dot for 404."""
    granted = {}
    for name, user in people.items():
        letters = ""
        for act, letter in ((C, "C"), (V, "V"), (E, "E"), (M, "M")):
            try:
                with open_scope(scope_for(user)):
                    assert access_gpt(user, gpt.slug, to=act) == gpt
                letters += letter
            except Forbidden:
                letters += letter.lower()
            except NotFound:
                letters += "."
        granted[name] = letters
    return granted


@pytest.mark.parametrize(
    ("audience", "expected"),
    [
        (None, {"member": "....", "builder": "....", "stranger": "....", "boss": ".VeM", "admin": ".VeM"}),
        (
            Audience.WORKSPACE,
            {"member": "C...", "builder": "C...", "stranger": "....", "boss": "CVeM", "admin": "CVeM"},
        ),
        (
            Audience.LINK,
            {"member": "C...", "builder": "C...", "stranger": "C...", "boss": "CVeM", "admin": "CVeM"},
        ),
        (
            Audience.PUBLIC,
            {"member": "C...", "builder": "C...", "stranger": "C...", "boss": "CVeM", "admin": "CVeM"},
        ),
    ],
)
def test_acts_by_person_and_audience(
    people: dict[str, User], gpt: GPT, audience: Audience | None, expected: dict[str, str]
) -> None:
    if audience:
        make_live(gpt, audience)

    assert get_granted_acts(people, gpt) == {"owner": "CVEM", **expected}


def test_a_quarantined_gpt_is_shown_to_its_owner_alone(people: dict[str, User], gpt: GPT) -> None:
    make_live(gpt, Audience.PUBLIC)
    quarantine_gpt(gpt=gpt, at=NOW)

    got = get_granted_acts(people, gpt)

    assert got.pop("owner") == ".Vem"
    assert set(got.values()) == {"...."}


def test_the_draft_is_tried_by_people_who_see_it_unless_it_is_quarantined(
    people: dict[str, User], gpt: GPT
) -> None:
    assert access_gpt(people["owner"], gpt.slug, to=GPTAct.TRY) == gpt
    assert access_gpt(people["admin"], gpt.slug, to=GPTAct.TRY) == gpt
    for name in ("member", "builder", "stranger"):
        with pytest.raises(NotFound):
            access_gpt(people[name], gpt.slug, to=GPTAct.TRY)

    quarantine_gpt(gpt=gpt, at=NOW)

    with pytest.raises(Forbidden) as refusal:
        access_gpt(people["owner"], gpt.slug, to=GPTAct.TRY)
    assert refusal.value.code == "gpt_quarantined"
    with pytest.raises(NotFound):
        access_gpt(people["admin"], gpt.slug, to=GPTAct.TRY)


def test_a_deleted_gpt_and_an_unknown_slug_look_the_same(people: dict[str, User], gpt: GPT) -> None:
    delete_gpt(gpt=gpt, typed_name=gpt.name, is_under_review=False, by=gpt.owner, at=NOW)

    errors = set()
    for slug in (gpt.slug, "no-such-gpt", "x" * 5000, "nul\x00"):
        with pytest.raises(NotFound) as refusal:
            access_gpt(people["owner"], slug, to=V)
        errors.add((refusal.value.code, str(refusal.value.message)))
    assert len(errors) == 1


def test_visitors_without_an_account_get_nothing(gpt: GPT) -> None:
    make_live(gpt, Audience.PUBLIC)

    with pytest.raises(NotFound):
        access_gpt(AnonymousUser(), gpt.slug, to=C)


def test_an_owner_who_leaves_the_company_loses_access_at_once(
    people: dict[str, User], company: Workspace, gpt: GPT
) -> None:
    make_live(gpt, Audience.WORKSPACE)
    Member.objects.filter(workspace=company, user=people["owner"]).delete()

    assert get_granted_acts(people, gpt)["owner"] == "...."
    assert not list_own_gpts(people["owner"]).exists()


def test_an_owner_without_the_builder_role_reads_but_does_not_edit(
    people: dict[str, User], company: Workspace, gpt: GPT
) -> None:
    Member.objects.filter(workspace=company, user=people["owner"]).update(role="member")

    assert get_granted_acts(people, gpt)["owner"] == "CVem"


def test_a_closed_account_gets_nothing(people: dict[str, User], gpt: GPT) -> None:
    make_live(gpt, Audience.PUBLIC)
    User.objects.filter(pk=people["stranger"].pk).update(is_active=False)
    people["stranger"].refresh_from_db()

    assert get_granted_acts(people, gpt)["stranger"] == "...."


def test_a_suspended_workspace_serves_nobody(people: dict[str, User], company: Workspace, gpt: GPT) -> None:
    make_live(gpt, Audience.PUBLIC)
    Workspace.objects.filter(pk=company.pk).update(suspended_at=NOW)

    assert set(get_granted_acts(people, gpt).values()) == {"...."}


def test_a_key_of_one_workspace_does_not_reach_the_other(people: dict[str, User], gpt: GPT) -> None:
    owner = people["owner"]
    own = owner.memberships.exclude(workspace=gpt.workspace).get().workspace
    key, _plain = create_api_key(
        user=owner, workspace=own, name="k", scopes=["gpts:read"], expires_at=None, by=owner, at=NOW
    )

    with open_scope(scope_for_api_key(key)), pytest.raises(NotFound):
        access_gpt(owner, gpt.slug, to=V)


def test_a_version_or_file_of_another_gpt_is_not_found(people: dict[str, User], gpt: GPT) -> None:
    other = GPTFactory.create(owner=people["stranger"])
    freeze_version(gpt=other, release_notes="", by=other.owner, at=NOW)
    file = add_knowledge_file(gpt=other, upload=make_upload("a.txt", "Secret"), by=other.owner, at=NOW)

    with open_scope(scope_for(people["owner"])):
        for number in (1, 0, -1, 2**40):
            with pytest.raises(NotFound):
                access_version(people["owner"], gpt, number)
        for identifier in (file.pk, 0, 2**70):
            with pytest.raises(NotFound):
                access_knowledge_file(people["owner"], gpt, identifier)
        with pytest.raises(NotFound):
            access_version(people["owner"], other, 1)
        with pytest.raises(NotFound):
            access_knowledge_file(people["owner"], other, file.pk)


def test_jobs_of_web_pages_are_not_found_by_outsiders_or_under_unknown_ids(
    people: dict[str, User], gpt: GPT
) -> None:
    codes = {}
    for name in ("owner", "stranger"):
        with open_scope(scope_for(people[name])), pytest.raises(NotFound) as caught:
            access_page_job(people[name], gpt, uuid4())
        codes[name] = caught.value.code

    assert codes == {"owner": "file_not_found", "stranger": "gpt_not_found"}


def test_visible_gpts_are_live_for_the_person(people: dict[str, User], gpt: GPT) -> None:
    make_live(gpt, Audience.WORKSPACE)
    public = GPTFactory.create(owner=people["stranger"])
    make_live(public, Audience.PUBLIC)
    linked = GPTFactory.create(owner=people["stranger"], name="Linked")
    make_live(linked, Audience.LINK)

    assert set(list_visible_gpts(people["member"])) == {gpt, public}
    assert set(list_visible_gpts(people["stranger"])) == {public, linked}


def test_the_draft_of_a_quarantined_gpt_does_not_run_and_says_why(gpt: GPT) -> None:
    quarantine_gpt(gpt=gpt, at=NOW)

    with pytest.raises(Forbidden) as refusal:
        access_chat(gpt.owner, gpt.slug, is_draft=True)

    assert refusal.value.code == "gpt_quarantined"


@pytest.mark.parametrize("is_personal", [False, True])
def test_one_gpts_live_versions_follow_the_rule_of_all_lists(
    people: dict[str, User], company: Workspace, is_personal: bool
) -> None:
    """A turn of a chat reads them another way, which is quicker: both must say the same."""
    owner = people["owner"]
    workspace = personal_workspace(owner) if is_personal else company
    gpt = GPTFactory.create(owner=owner, workspace=workspace)
    for audience in Audience:
        make_live(gpt, audience)
    served_outside = set()
    for is_suspended, is_active, keeps_inside, is_prohibited in product([False, True], repeat=4):
        owner.publishing_suspended_at = NOW if is_suspended else None
        owner.is_active = is_active
        owner.save()
        Workspace.objects.filter(pk=workspace.pk).update(keeps_inside=keeps_inside)
        ProtectedName.objects.filter(name=gpt.name).delete()
        if is_prohibited:
            ProtectedName.objects.create(name=gpt.name, kind=NameProtection.PROHIBITED)

        served = set(list_served_versions().filter(gpt=gpt).values_list("audience", flat=True))
        fetched = GPT.objects.get(pk=gpt.pk)
        _gpt, by_slug = find_gpt_with_live_versions(gpt.slug)

        assert set(by_slug or {}) == set(list_live_by_audience(fetched)) == served
        served_outside.add(frozenset(served & set(OPEN_AUDIENCES)))

    assert served_outside == {frozenset(), frozenset({Audience.PUBLIC}), frozenset(OPEN_AUDIENCES)}


def test_a_key_of_one_workspace_lists_no_gpts_of_another(people: dict[str, User], company: Workspace) -> None:
    """The key's scope counts, not all memberships of its person."""
    boss = people["boss"]
    inside = GPTFactory.create(owner=boss, workspace=company, name="Inside")
    make_live(inside, Audience.WORKSPACE)
    personal = personal_workspace(boss)
    key, _plain = create_api_key(
        user=boss, workspace=personal, name="k", scopes=["gpts:read"], expires_at=None, by=boss, at=NOW
    )

    with open_scope(scope_for(boss)):
        assert inside in list_visible_gpts(boss)
        assert inside in list_own_gpts(boss)
        assert [mention.slug for mention in list_mentions(boss, "", in_store=[])] == [inside.slug]
    with open_scope(scope_for_api_key(key)):
        assert inside not in list_visible_gpts(boss)
        assert inside not in list_own_gpts(boss)
        assert list_mentions(boss, "", in_store=[]) == []

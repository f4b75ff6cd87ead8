"""The public store for members of a company that limits GPTs from outside: marked, and explained on About."""

from __future__ import annotations

import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from core.scope import open_scope, system_scope
from gpts.assistants.external import build_usable_filter
from gpts.assistants.models import GPT
from marketplace.models import Listing
from marketplace.queries import get_external_rules
from tests.support.api_client import ApiClient
from tests.support.companies import create_company
from tests.support.external import limit_external, open_external
from tests.support.factories.workspaces import UserFactory
from tests.support.marketplace import make_listing
from tests.support.pages import sign_in
from workspaces.access import scope_for
from workspaces.models import User, Workspace

pytestmark = pytest.mark.django_db

MARK = "Not allowed in your company"


@pytest.fixture
def member() -> User:
    return UserFactory.create(display_name="Mia")


@pytest.fixture
def company(member: User) -> Workspace:
    return create_company(UserFactory.create(display_name="Owner"), member=member)


def read_marks(client: Client, url: str) -> dict[str, bool]:
    """Return by the names of the page's cards whether they are marked as refused."""
    page = client.get(url).content.decode()
    cards = re.findall(
        r'<article class="listing-card.*?</article>|<li class="listing-row">.*?</li>', page, re.S
    )
    return {re.search(r'_link" href="[^"]*">([^<]*)<', card)[1]: MARK in card for card in cards}  # type: ignore[index]


def test_cards_are_marked_for_the_members_alone_and_visitors_keep_their_cache(
    member: User, company: Workspace
) -> None:
    refused, allowed = make_listing(name="Harbour refused"), make_listing(name="Harbour allowed")
    # A public GPT of the company itself comes from inside.
    own = make_listing(name="Harbour own", owner=company.members.get(role="owner").user, workspace=company)
    stranger = sign_in(UserFactory.create())
    mine, visitor = sign_in(member), Client()
    urls = ["/", "/search?q=harbour", f"/categories/{refused.category}", "/leaderboards"]
    names = {refused.name, allowed.name, own.name}

    def see(client: Client) -> dict[str, bool]:
        found: dict[str, bool] = {}
        for url in urls:
            marks = read_marks(client, url)
            assert set(marks) <= names
            assert all(found.get(name, mark) == mark for name, mark in marks.items()), url
            found |= marks
        return found

    unmarked = dict.fromkeys(names, False)
    assert [see(one) for one in (visitor, stranger, mine)] == [unmarked] * 3
    limit_external(company, effect="allow", gpt_id=allowed.gpt_id)
    assert see(mine) == unmarked | {refused.name: True}
    assert [see(one) for one in (visitor, stranger)] == [unmarked] * 2
    page = mine.get("/").content.decode()
    assert f"{company.name} decides which GPTs of the public store its members may use." in page
    limit_external(company)
    assert see(mine) == {refused.name: True, allowed.name: True, own.name: False}
    assert f"{company.name} does not allow GPTs of the public store." in mine.get("/").content.decode()
    open_external(company)
    assert see(mine) == unmarked


def test_about_says_why_and_offers_no_start(member: User, company: Workspace) -> None:
    listing = make_listing(name="Harbour")
    mine, url = sign_in(member), f"/g/{listing.slug}"
    assert "Start chat" in mine.get(url).content.decode()
    limit_external(company)
    page = mine.get(url).content.decode()
    assert "Start chat" not in page
    assert 'name="text"' not in page
    assert f"The sharing policy of {company.name} does not allow this." in page
    assert "Ask one of its admins." in page
    assert mine.post(f"{url}/ask", {"text": "Hello"}).status_code == 403
    assert "Start chat" in Client().get(url).content.decode()


def test_the_api_and_suggestions_follow(member: User, company: Workspace) -> None:
    refused, allowed = make_listing(name="Harbour refused"), make_listing(name="Harbour allowed")
    limit_external(company, effect="allow", gpt_id=allowed.gpt_id)
    api = ApiClient(member, scopes=("store:read",))
    found = api.get("store/listings/?q=harbour").json()["items"]
    assert {one["name"]: one["is_allowed"] for one in found} == {refused.name: False, allowed.name: True}
    about = {one.name: api.get(f"store/listings/{one.slug}/").json()["refusal"] for one in (refused, allowed)}
    assert about[allowed.name] == ""
    assert company.name in about[refused.name]
    suggested = api.get("store/suggestions/?q=harb").json()["items"]
    page = sign_in(member).get("/search/suggestions?q=harb", headers={"HX-Request": "true"}).content.decode()
    assert [one["name"] for one in suggested] == [allowed.name]
    assert (allowed.name in page, refused.name in page) == (True, False)


def test_people_whose_rules_differ_share_no_fragment(member: User, company: Workspace) -> None:
    other = UserFactory.create()
    second = create_company(UserFactory.create(), member=other)
    limit_external(company)
    limit_external(second)
    keys = {
        person.pk: rules.build_key()
        for person in (member, other)
        if (rules := get_external_rules(User.objects.get(pk=person.pk))) is not None
    }
    assert len(set(keys.values())) == 2
    open_external(second)
    assert get_external_rules(User.objects.get(pk=other.pk)) is None


def test_one_query_decides_about_any_number_of_gpts(member: User, company: Workspace) -> None:
    listings = [make_listing(name=f"Harbour {number}") for number in range(4)]
    limit_external(company, effect="allow", gpt_id=listings[0].gpt_id)
    person = User.objects.get(pk=member.pk)
    with open_scope(scope_for(person)):
        with CaptureQueriesContext(connection) as queries:
            usable = list(GPT.objects.filter(build_usable_filter(person)).values_list("pk", flat=True))
        assert usable == [listings[0].gpt_id]
        # The roles, the policies, what was approved, and the GPTs themselves.
        assert len(queries) == 4
        rules = get_external_rules(person)
        assert rules is not None
        for few in (listings[:1], listings):
            cards = Listing.objects.filter(pk__in=[one.pk for one in few])
            with CaptureQueriesContext(connection) as queries:
                rules.find_refused(list(cards))  # type: ignore[arg-type]
            assert len(queries) == 2
    with system_scope("tests"):
        free = UserFactory.create()
    with open_scope(scope_for(free)), CaptureQueriesContext(connection) as queries:
        assert not build_usable_filter(free)
    assert len(queries) == 1

"""The exact name of a private GPT changes nothing that anybody outside of its workspace can read."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from gpts.assistants.models import GPT
from gpts.assistants.services.versions import set_live_version
from gpts.assistants.states import Audience
from gpts.llm.services.providers import ensure_offline_provider
from marketplace.services.builders import upsert_builder_profile
from marketplace.services.listings import delist_listing
from marketplace.services.ratings import rate_listing
from marketplace.services.scores import compute_scores
from tests.support.api_client import create_key, get_bearer_header
from tests.support.companies import create_company
from tests.support.factories.workspaces import UserFactory
from tests.support.marketplace import NOW, make_finished_turn, make_gpt, make_listing, make_version
from tests.support.pages import sign_in
from workspaces.models import User

pytestmark = pytest.mark.django_db

NAME = "Zibeline Quorvex"
ABSENT = "Brimtallow Sexton"
PAGES = (
    "/", "/search?q={q}", "/search?q={start}", "/search?q={q}&category=writing", "/categories/writing",
    "/categories/writing?sort=new", "/leaderboards", "/builders/olga-builds",
)  # fmt: skip
# Suggestions while somebody types, and lists with counts, for people with an account.
PAGES_OF_PEOPLE = ("/c/mentions?q={q}", "/c/mentions?q={start}", "/c/?q={q}")
API = (
    "store/listings/?q={q}", "store/listings/?q={start}", "store/listings/?category=writing",
    "store/categories/", "store/leaderboards/", "store/builders/olga-builds/", "gpts", "mentions?q={q}",
    "mentions?q={start}", "conversations?q={q}",
)  # fmt: skip


class Reader:
    """A visitor, or a person of another workspace in the browser and by an API key."""

    def __init__(self, user: User | None) -> None:
        self.client = Client() if user is None else sign_in(user)
        self.headers = (
            {} if user is None else get_bearer_header(create_key(user, "store:read", "gpts:read", "chat"))
        )
        self.pages = PAGES if user is None else (*PAGES, *PAGES_OF_PEOPLE)

    def read(self, name: str) -> dict[str, str]:
        """Every answer by its address, without tokens and with the asked name replaced."""
        cache.clear()
        answers = {}
        for path in self.pages:
            url = self._fill(path, name)
            answers[path] = self._clean(self.client.get(url), name)
            answers[f"{path} (typing)"] = self._clean(
                self.client.get(url, headers={"HX-Request": "true"}), name
            )
        for path in API if self.headers else ():
            answer = self.client.get(f"/api/v1/{self._fill(path, name)}", headers=self.headers)
            answers[path] = self._clean(answer, name)
        return answers

    def count_queries(self, name: str) -> dict[str, int]:
        """How much work the database has with a search: what a clock could tell apart."""
        counts = {}
        for path in [page for page in self.pages if "{" in page]:
            with CaptureQueriesContext(connection) as queries:
                self.client.get(self._fill(path, name))
            counts[path] = len(queries)
        return counts

    def _fill(self, path: str, name: str) -> str:
        return path.format(q=name.replace(" ", "+"), start=name[:5])

    def _clean(self, answer: Any, name: str) -> str:
        assert answer.status_code == 200, answer.request["PATH_INFO"]
        text = answer.content.decode()
        text = re.sub(r'nonce="[^"]*"|\b[A-Za-z0-9]{64}\b|[0-9a-f-]{36}|\b[0-9a-f]{32}\b', "*", text)
        for asked in (name, name.replace(" ", "+"), name.replace(" ", "%20"), name[:5]):
            text = text.replace(asked, "ASKED")
        return text


def arrange_store() -> User:
    ensure_offline_provider(at=NOW)
    olga = UserFactory.create(display_name="Olga")
    upsert_builder_profile(user=olga, handle="olga-builds", display_name="Olga", by=olga, at=NOW)
    for name in ("Essay coach", "Letter desk"):
        make_listing(name=name, owner=olga, category="writing")
    compute_scores(at=NOW)
    return olga


def make_private_gpt(owner: User) -> GPT:
    """A GPT inside the owner's company, live there, used and as popular as can be."""
    company = create_company(owner, member=UserFactory.create(display_name="Colleague"))
    gpt = make_gpt(
        name=NAME, description=f"{NAME} for us alone.", owner=owner, workspace=company, category="writing"
    )
    set_live_version(gpt=gpt, version=make_version(gpt), audience=Audience.WORKSPACE, at=NOW)
    GPT.objects.filter(pk=gpt.pk).update(conversation_count=5_000)
    return gpt


@pytest.mark.parametrize("who", ["visitor", "other tenant"])
def test_a_private_gpt_changes_no_answer_no_count_and_no_total(who: str) -> None:
    olga = arrange_store()
    rival = UserFactory.create(display_name="Rival")
    create_company(rival)
    reader = Reader(None if who == "visitor" else rival)
    before = reader.read(NAME)
    work_before = reader.count_queries(NAME)

    make_private_gpt(olga)
    compute_scores(at=NOW)

    after = reader.read(NAME)
    changed = [path for path, answer in after.items() if answer != before[path]]
    assert changed == []
    absent = reader.read(ABSENT)
    assert absent == after
    assert [path for path, answer in absent.items() if "Zibeline" in answer] == []
    assert reader.count_queries(NAME) == work_before == reader.count_queries(ABSENT)


def test_ratings_of_a_listing_that_went_private_leave_every_total() -> None:
    """A GPT that was rated in the store and is withdrawn counts in no average, rank or builder's figure."""
    olga = arrange_store()
    listing = make_listing(name=NAME, owner=olga, category="writing")
    for number in range(6):
        fan = UserFactory.create(display_name=f"Fan {number}")
        make_finished_turn(fan, listing)
        rate_listing(listing=listing, stars=5, text="", by=fan, at=NOW)
    compute_scores(at=NOW)
    rival = Reader(UserFactory.create(display_name="Rival"))
    assert "Zibeline" in "".join(rival.read(ABSENT).values())

    delist_listing(listing=listing, by=None, at=NOW, reason="Made private.")
    compute_scores(at=NOW)

    answers = rival.read(ABSENT)
    assert [path for path, answer in answers.items() if "Zibeline" in answer] == []
    assert answers == rival.read(NAME)

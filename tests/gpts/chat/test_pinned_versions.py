"""The version that a company approved answers its people, and nothing else of the GPT's workspace."""

from __future__ import annotations

import json
import time

import httpx2
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from core.errors import Forbidden
from core.scope import open_scope, system_scope
from gpts.assistants.access import access_chat, pin_version
from gpts.assistants.models import GPT, Adoption, PastVersion
from gpts.assistants.services.adoptions import block_gpt, withdraw_adoption
from gpts.assistants.services.versions import freeze_version, set_live_version
from gpts.assistants.states import Audience
from gpts.chat.models import Conversation, Turn
from gpts.knowledge.models import KnowledgeFile
from tests.fakes.openai_server import ModelServer
from tests.support.api_client import create_key, get_bearer_header
from tests.support.chat import configure_model, create_public_gpt
from tests.support.companies import create_company
from tests.support.external import allow_approved, approve
from tests.support.factories.gpts import GPTFactory
from tests.support.factories.workspaces import UserFactory
from tests.support.retrieval import add_document
from tests.support.services import WebService
from tests.support.times import NOW
from tests.support.web_client import MakeWebClient, read_events
from workspaces.access import scope_for
from workspaces.models import Group, GroupMember, Member, User, Workspace

pytestmark = pytest.mark.django_db

REFUSED = (403, "external_not_allowed")
# Two rounds of re-checking, and room for a busy machine.
AT_ONCE = 10.0


def arrange() -> tuple[User, Workspace]:
    with system_scope("tests"):
        member = UserFactory.create(display_name="Mia")
        company = create_company(UserFactory.create(display_name="Owner"), member=member)
    allow_approved(company)
    return member, company


def publish(gpt: GPT, **draft: object) -> None:
    """Change the draft, freeze it and let it go live in the store."""
    with system_scope("tests"):
        GPT.objects.filter(pk=gpt.pk).update(**draft)
        gpt.refresh_from_db()
        version = freeze_version(gpt=gpt, release_notes="", by=gpt.owner, at=NOW)
        set_live_version(gpt=gpt, version=version, audience=Audience.PUBLIC, at=NOW)


def count_rows() -> tuple[int, int]:
    with system_scope("tests"):
        return Turn.objects.count(), Conversation.objects.count()


def test_the_approved_version_answers_whatever_workspace_pays(
    make_web_client: MakeWebClient, model_server: ModelServer, server: WebService
) -> None:
    member, company = arrange()
    model = configure_model(model_server.url, "normal:3")
    gpt = create_public_gpt(model, name="Outside", instructions="FIRST instructions.", starters=["First?"])
    with system_scope("tests"):
        # The second version has another file, and the workspace has a GPT with a third.
        secret = GPTFactory.create(owner=gpt.owner, workspace=gpt.workspace, name="Secret")
        add_document(gpt, "first.md", [("Harbour", "The harbour fee is FIRSTFEE coins a day.")])
    publish(gpt, instructions="SECOND instructions.")
    with system_scope("tests"):
        KnowledgeFile.objects.filter(gpt=gpt).update(removed_at=NOW)
        add_document(gpt, "third.md", [("Harbour", "The harbour fee is THIRDFEE coins a day.")])
        add_document(secret, "secret.md", [("Harbour", "The harbour fee is SECRETFEE coins a day.")])
    approve(company, gpt, 2)
    publish(gpt, instructions="THIRD instructions.", starters=["Third?"])

    def ask(url: str, **fields: str) -> tuple[str, dict[str, str]]:
        model_server.state.requests.clear()
        with browser.ask(url, "What is the harbour fee?", **fields) as response:
            assert response.status_code == 200, response.read()
            events = list(read_events(response))
        assert events[-1].data["state"] == "finished"
        sent = json.dumps([one["body"] for one in model_server.state.requests])
        found = [word for word in ("FIRST", "SECOND", "THIRD", "FEE", "SECRET") if word in sent]
        return " ".join(found), events[0].data

    browser = make_web_client(member)
    place = {"workspace": company.slug}
    # Version 2: its instructions, and the file that it had.
    pinned = "FIRST SECOND FEE"
    words, begun = ask(f"/g/{gpt.slug}/chat/turns", **place)
    assert words == pinned
    page = browser.http.get(f"/g/{gpt.slug}/chat?workspace={company.slug}").text
    assert "First?" in page
    assert "Third?" not in page
    assert ask(f"/c/{begun['conversation']}/turns")[0] == pinned
    assert ask(f"/c/{begun['conversation']}/turns/{begun['turn']}/retry")[0] == pinned
    # The same when the person's own workspace pays: nobody approved what the store has now.
    own = {"workspace": member.personal_workspace.slug}
    assert ask(f"/g/{gpt.slug}/chat/turns", **own)[0] == pinned
    # By "@", and by a key of the company.
    other = create_public_gpt(model, name="Other", instructions="Others.")
    approve(company, other)
    words, _mentioned = ask(f"/g/{other.slug}/chat/turns", gpt=gpt.slug, **place)
    assert words == pinned
    key = create_key(member, "chat", workspace=company)
    model_server.state.requests.clear()
    answer = httpx2.post(
        f"{server.url}/api/v1/gpts/{gpt.slug}/conversations",
        json={"text": "What is the harbour fee?", "stream": False},
        headers=get_bearer_header(key),
        timeout=30,
    )
    assert answer.status_code in (200, 201), answer.text
    sent = json.dumps([one["body"] for one in model_server.state.requests])
    assert ("SECOND" in sent, "THIRD" in sent) == (True, False)

    # The admins move the pin: a conversation that has begun follows.
    approve(company, gpt, 3)
    assert ask(f"/c/{begun['conversation']}/turns")[0] == "THIRD FEE"


def test_a_version_that_was_taken_back_answers_nobody(
    make_web_client: MakeWebClient, model_server: ModelServer
) -> None:
    member, company = arrange()
    gpt = create_public_gpt(configure_model(model_server.url, "normal:3"), instructions="FIRST.")
    approve(company, gpt)
    publish(gpt, instructions="SECOND.")
    browser, url = make_web_client(member), f"/g/{gpt.slug}/chat/turns"
    with browser.ask(url, "Hello", workspace=company.slug) as response:
        begun = next(iter(read_events(response))).data
    with system_scope("tests"):
        PastVersion.objects.filter(gpt=gpt).delete()  # as a withdrawal does
    before = count_rows()
    with browser.ask(url, "Hello", workspace=company.slug) as response:
        error = json.loads(response.read())["error"]
        assert (response.status_code, error["code"]) == REFUSED
        assert "was taken back" in error["message"]
    assert browser.refused(f"/c/{begun['conversation']}/turns", "More") == REFUSED
    assert "was taken back" in browser.http.get(f"/c/{begun['conversation']}").text
    with system_scope("tests"):
        GPT.objects.filter(pk=gpt.pk).update(quarantined_at=timezone.now())
    assert browser.refused(f"/c/{begun['conversation']}/turns", "More")[0] in (403, 404)
    assert count_rows() == before


@pytest.mark.parametrize("how", ["withdraw", "block", "expire", "group"])
def test_a_running_answer_stops_when_the_approval_ends(
    how: str, make_web_client: MakeWebClient, model_server: ModelServer
) -> None:
    member, company = arrange()
    gpt = create_public_gpt(configure_model(model_server.url, "normal:4000:40"))
    with system_scope("tests"):
        group = Group.objects.create(workspace=company, name="Sailors", created_at=NOW)
        seat = Member.objects.get(workspace=company, user=member)
        GroupMember.objects.create(group=group, member=seat)
    adoption = approve(company, gpt, groups=[group])
    owner = company.members.get(role="owner").user

    def end() -> None:
        with system_scope("tests"):
            if how == "withdraw":
                withdraw_adoption(adoption=adoption, by=owner, at=timezone.now())
            elif how == "block":
                block_gpt(workspace=company, gpt=gpt, note="Leaks.", by=owner, at=timezone.now())
            elif how == "expire":
                Adoption.objects.update(expires_at=timezone.now())
            else:
                GroupMember.objects.all().delete()

    browser, found, ended_at = make_web_client(member), [], 0.0
    url = f"/g/{gpt.slug}/chat/turns"
    with browser.ask(url, "Long", workspace=company.slug) as response:
        for event in read_events(response):
            found.append(event)
            if event.name == "delta" and not ended_at:
                end()
                ended_at = time.monotonic()
    assert time.monotonic() - ended_at < AT_ONCE
    assert (found[-1].data["state"], found[-1].data["code"]) == ("failed", "access_ended")
    assert browser.refused(url, "Again") == REFUSED


def test_the_lowest_pin_answers_when_no_company_that_approved_pays() -> None:
    member, company = arrange()
    with system_scope("tests"):
        second, third = (create_company(UserFactory.create(), member=member) for _ in range(2))
    gpt = create_public_gpt(instructions="FIRST.")
    publish(gpt, instructions="SECOND.")
    publish(gpt, instructions="THIRD.")
    payers = {"home": member.personal_workspace, "company": company, "second": second, "third": third}

    counts: set[int] = set()

    def find() -> dict[str, int]:
        numbers = {}
        for name, payer in payers.items():
            person = User.objects.get(pk=member.pk)
            with open_scope(scope_for(person)), CaptureQueriesContext(connection) as queries:
                given = access_chat(person, gpt.slug)
                before = len(queries)
                version, _relation = pin_version(person, *given, payer_id=payer.pk)
                counts.add(len(queries) - before)
            assert version is not None
            numbers[name] = version.number
        return numbers

    approve(company, gpt, 3)
    assert (set(find().values()), counts) == ({3}, {2})  # with the roles, which a request keeps
    with system_scope("tests"):
        Adoption.objects.update(version=gpt.versions.get(number=2))
    assert set(find().values()) == {2}
    approve(second, gpt, 3)
    assert find() == {"home": 2, "company": 2, "second": 3, "third": 2}
    # Taken back by its owner: refused in the name of the company whose pin it is.
    with system_scope("tests"):
        PastVersion.objects.filter(version__number=2).delete()
    with pytest.raises(Forbidden, match=f"{company.name} approved a version of this GPT that was taken back"):
        find()

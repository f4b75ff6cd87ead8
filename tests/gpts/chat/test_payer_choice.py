"""Which workspace a new conversation counts for: the default, the choice in the composer and in the API."""

from __future__ import annotations

import json
import re

import httpx2
import pytest
from django.test import Client
from django.utils import timezone

from core.scope import open_scope, system_scope
from gpts.assistants.services.versions import set_live_version
from gpts.assistants.states import Audience
from gpts.chat.models import Attachment, Conversation, Turn
from gpts.chat.queries.payers import list_payers
from gpts.metering.models import UsageEvent
from tests.fakes.openai_server import ModelServer
from tests.support.api_client import create_key, get_bearer_header
from tests.support.budgets import create_monthly_budget, record_answers
from tests.support.chat import configure_model, create_conversation, create_public_gpt
from tests.support.companies import create_company
from tests.support.factories.gpts import GPTFactory, VersionFactory
from tests.support.factories.workspaces import UserFactory
from tests.support.pages import sign_in
from tests.support.services import WebService
from tests.support.times import NOW
from tests.support.uploads import make_upload
from tests.support.web_client import MakeWebClient
from workspaces.access import scope_for
from workspaces.models import User, Workspace
from workspaces.states import WorkspaceKind

pytestmark = pytest.mark.django_db


def create_enterprise(member: User, name: str = "Acme") -> Workspace:
    with system_scope("tests"):
        company = create_company(UserFactory.create(display_name="Owner"), member=member)
        Workspace.objects.filter(pk=company.pk).update(name=name, kind=WorkspaceKind.ENTERPRISE)
        company.refresh_from_db()
    return company


def list_names(person: User, gpt: object) -> list[str]:
    person = User.objects.get(pk=person.pk)  # without cached roles
    with open_scope(scope_for(person)):
        return [one.shown_name for one in list_payers(person, gpt)]  # type: ignore[arg-type]


def test_the_default_is_the_gpts_workspace_then_the_only_enterprise_then_the_personal_one() -> None:
    ann, public = UserFactory.create(), create_public_gpt()
    assert list_names(ann, public) == ["Personal"]
    with system_scope("tests"):
        team = create_company(UserFactory.create(), member=ann)
        Workspace.objects.filter(pk=team.pk).update(name="Team")
    assert list_names(ann, public) == ["Personal", "Team"]

    bob = UserFactory.create()
    acme = create_enterprise(bob)
    with system_scope("tests"):
        own = GPTFactory.create(owner=bob)
        inside = GPTFactory.create(owner=acme.members.get(role="owner").user, workspace=acme)
    assert list_names(bob, public) == ["Acme", "Personal"]
    # A GPT of one's own, and one of the company, whose answers have the company's knowledge.
    assert list_names(bob, own) == ["Personal", "Acme"]
    assert list_names(bob, inside) == ["Acme"]
    create_enterprise(bob, name="Second")
    assert list_names(bob, public) == ["Personal", "Acme", "Second"]


def test_the_chosen_workspace_holds_the_conversation_and_its_budgets_pay(
    make_web_client: MakeWebClient, model_server: ModelServer
) -> None:
    ann = UserFactory.create()
    acme = create_enterprise(ann)
    gpt = create_public_gpt(configure_model(model_server.url, "normal:3"))
    with system_scope("tests"):
        owner = acme.members.get(role="owner").user
        inside = GPTFactory.create(owner=owner, workspace=acme, language_model=gpt.language_model)
        version = VersionFactory.create(gpt=inside)
        set_live_version(gpt=inside, version=version, audience=Audience.WORKSPACE, at=NOW)
        foreign = create_company(UserFactory.create())
    browser, url = make_web_client(ann), f"/g/{gpt.slug}/chat/turns"

    def start(url: str, **fields: str) -> tuple[int, str]:
        with browser.ask(url, "Hello", **fields) as response:
            body = response.read()
            code = "" if response.status_code == 200 else json.loads(body)["error"]["code"]
            return response.status_code, code

    personal = ann.personal_workspace
    assert start(url, workspace=personal.slug) == (200, "")
    assert start(url, workspace=acme.slug) == (200, "")
    assert start(url) == (200, "")
    with system_scope("tests"):
        turns = Turn.objects.order_by("started_at").values_list("workspace_id", flat=True)
        used = UsageEvent.objects.order_by("occurred_at").values_list("workspace_id", flat=True)
        assert list(turns) == list(used) == [personal.pk, acme.pk, acme.pk]

        before = Conversation.objects.count()
    assert start(url, workspace=foreign.slug) == (400, "workspace_unknown")
    assert start(url, workspace="no-such") == (400, "workspace_unknown")
    assert start(f"/g/{inside.slug}/chat/turns", workspace=personal.slug) == (400, "workspace_fixed")
    with system_scope("tests"):
        # A budget of the company refuses the chats that count for it, and no others.
        create_monthly_budget(acme, owner, hard_limit=1)
        record_answers(ann, acme, gpt, at=timezone.now())
    assert start(url, workspace=acme.slug) == (429, "budget_exceeded")
    with system_scope("tests"):
        assert Conversation.objects.count() == before
    assert start(url, workspace=personal.slug) == (200, "")


def read_choice(client: Client, url: str) -> tuple[list[str], str]:
    """Return the names of the menu, and the slug of the chosen workspace."""
    page = client.get(url).content.decode()
    menu = re.search(r'name="workspace">(.*?)</select>', page, re.S)
    if menu is None:
        said = re.search(r'composer__payer">\s*(.*?)\s*</span>', page, re.S)
        return ([said[1]] if said else []), ""
    chosen = re.search(r'value="([-\w]+)" selected', menu[1])
    return re.findall(r">\s*(Counts for [^<]*?)\s*</option>", menu[1]), chosen[1] if chosen else ""


def test_the_composer_offers_the_choice_and_links_carry_it() -> None:
    ann, single = UserFactory.create(), UserFactory.create()
    acme, gpt = create_enterprise(ann), create_public_gpt()
    personal = ann.personal_workspace
    client, url = sign_in(ann), f"/g/{gpt.slug}/chat"

    names = ["Counts for Acme", "Counts for Personal"]
    assert read_choice(client, url) == (names, acme.slug)
    assert read_choice(client, f"{url}?workspace={personal.slug}") == (names, personal.slug)
    assert read_choice(client, f"{url}?workspace=no-such") == (names, acme.slug)
    # People with one workspace have nothing to tell apart.
    assert read_choice(sign_in(single), url) == ([], "")

    page = client.get(f"{url}?workspace={personal.slug}").content.decode()
    assert f"turns?key={re.search(r'turns.key=(.{32})', page)[1]}&amp;workspace={personal.slug}" in page  # type: ignore[index]
    assert f"/c/new?gpt={gpt.slug}&workspace={personal.slug}" in page
    picker = client.get(f"/c/new?workspace={acme.slug}&gpt={gpt.slug}").content.decode()
    assert f'href="{url}?workspace={acme.slug}"' in picker
    assert f'href="{url}"' in client.get(f"/c/new?workspace=no-such&gpt={gpt.slug}").content.decode()

    conversation = create_conversation(ann, gpt=gpt)
    assert read_choice(client, f"/c/{conversation.pk}") == (["Counts for Personal"], "")


def test_a_file_is_stored_for_the_chosen_workspace() -> None:
    ann = UserFactory.create()
    acme, gpt = create_enterprise(ann), create_public_gpt()
    client, url = sign_in(ann), f"/g/{gpt.slug}/chat/attachments"
    chosen = {"personal": ann.personal_workspace.slug, "default": ""}
    answers = {
        name: client.post(url, {"file": make_upload("a.txt", b"text"), "workspace": slug}).json()["workspace"]
        for name, slug in chosen.items()
    }
    assert answers == {"personal": ann.personal_workspace.slug, "default": acme.slug}
    refused = client.post(url, {"file": make_upload("a.txt", b"text"), "workspace": "no-such"})
    assert refused.status_code == 400
    assert Attachment.objects.count() == 2


def test_a_key_pays_from_its_own_workspace_only(server: WebService, model_server: ModelServer) -> None:
    ann = UserFactory.create()
    acme = create_enterprise(ann)
    gpt = create_public_gpt(configure_model(model_server.url, "normal:3"))
    headers = get_bearer_header(create_key(ann, "chat", workspace=acme))

    def start(slug: str) -> tuple[int, str]:
        body = {"text": "Hello", "workspace": slug}
        answer = httpx2.post(
            f"{server.url}/api/v1/gpts/{gpt.slug}/conversations", json=body, headers=headers, trust_env=False
        )
        return answer.status_code, answer.json().get("error", {}).get("code", "")

    assert start(ann.personal_workspace.slug) == (400, "workspace_fixed")
    assert start("no-such") == (400, "workspace_fixed")
    with system_scope("tests"):
        assert not Conversation.objects.exists()
    assert start(acme.slug) == (201, "")
    with system_scope("tests"):
        assert Conversation.objects.get().workspace_id == acme.pk

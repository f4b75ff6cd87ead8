"""The sharing policy where things happen: models, files, exports, keys, and answers that run."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from core.errors import Forbidden
from gpts.assistants.models import GPT
from gpts.assistants.services.gpts import update_draft
from gpts.chat.models import Conversation, Turn
from gpts.chat.services.model_choice import choose_model
from gpts.chat.services.policy_checks import find_refused
from gpts.knowledge.models import KnowledgeFile
from gpts.knowledge.services.files import add_knowledge_file
from marketplace.services.publishing import save_policy
from tests.fakes.openai_server import ModelServer
from tests.support.api_client import ApiClient
from tests.support.chat import configure_model, create_conversation, create_public_gpt
from tests.support.companies import create_company
from tests.support.cut_answers import a_company_gpt, assert_cut, read_until_cut
from tests.support.factories.gpts import GPTFactory
from tests.support.factories.workspaces import UserFactory
from tests.support.pages import sign_in
from tests.support.times import NOW
from tests.support.uploads import make_upload
from tests.support.web_client import MakeWebClient
from workspaces.models import User, Workspace
from workspaces.policy import Act
from workspaces.queries import read_policy
from workspaces.services.policies import parse_policy

pytestmark = pytest.mark.django_db


def forbid(
    workspace: Workspace, by: User, *denied: tuple[Act, str, str], subject: User | None = None
) -> None:
    """Make these the rules of a workspace: an act with the kind and value of its target."""
    rules = [
        {
            "act": act.value, "effect": "deny", "target_kind": kind, "target": value,
            "subject_kind": "everyone" if subject is None else "person",
            "subject": "" if subject is None else str(subject.pk),
        }
        for act, kind, value in denied
    ]  # fmt: skip
    save_policy(
        workspace=workspace,
        policy=parse_policy(rules, []),
        revision=read_policy(workspace.pk).revision,
        by=by,
        at=timezone.now(),
    )


def test_a_denied_model_stops_the_running_answer_and_the_next(
    make_web_client: MakeWebClient, model_server: ModelServer
) -> None:
    gpt, owner, colleague = a_company_gpt(model_server.url)
    browser = make_web_client(colleague)
    model = str(gpt.language_model_id)

    last, said, seconds = read_until_cut(
        browser, gpt, lambda: forbid(gpt.workspace, owner, (Act.USE_MODEL, "model", model), subject=colleague)
    )

    assert_cut(last, said, seconds, model_server)
    status, error = browser.refused(f"/g/{gpt.slug}/chat/turns", "Again")[:2]
    assert (status, Turn.objects.count()) == (403, 1)
    assert "policy_refuses" in str(error)


@pytest.fixture
def owner() -> User:
    return UserFactory.create(display_name="Owner")


@pytest.fixture
def company(owner: User) -> Workspace:
    return create_company(owner)


@pytest.fixture
def gpt(owner: User, company: Workspace) -> GPT:
    return GPTFactory.create(owner=owner, workspace=company)


def test_drafts_take_no_denied_model_or_capability(owner: User, company: Workspace, gpt: GPT) -> None:
    model = configure_model("https://models.example/v1")
    forbid(
        company, owner, (Act.USE_MODEL, "provider", str(model.provider_id)), (Act.USE_CAPABILITY, "any", "")
    )
    for changes in ({"language_model": model.pk}, {"capabilities": ["web_search"]}):
        with pytest.raises(Forbidden, match="policy_refuses"):
            update_draft(gpt=gpt, revision=gpt.draft_revision, changes=changes, by=owner, at=NOW)
    after = GPT.objects.get(pk=gpt.pk)
    assert (after.language_model_id, after.capabilities) == (gpt.language_model_id, gpt.capabilities)
    # Other changes of the draft go on.
    update_draft(gpt=gpt, revision=after.draft_revision, changes={"name": "Renamed"}, by=owner, at=NOW)


def test_who_may_not_build_makes_no_gpt(owner: User, company: Workspace) -> None:
    forbid(company, owner, (Act.BUILD, "any", ""))
    with pytest.raises(Forbidden, match="policy_refuses"):
        GPTFactory.create(owner=owner, workspace=company)
    GPTFactory.create(owner=owner)
    assert not GPT.objects.filter(workspace=company).exists()


def test_files_are_not_uploaded_by_page_nor_api(
    owner: User, company: Workspace, gpt: GPT, own_media: Any
) -> None:
    forbid(company, owner, (Act.UPLOAD_KNOWLEDGE, "any", ""))
    page = sign_in(owner).post(f"/build/{gpt.slug}/knowledge", {"files": make_upload("a.txt", "Hello")})
    answer = ApiClient(owner, company).upload(f"gpts/{gpt.slug}/knowledge", "a.txt", "Hello")
    assert page.status_code in (302, 400, 403)
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "policy_refuses")
    with pytest.raises(Forbidden):
        add_knowledge_file(gpt=gpt, upload=make_upload("a.txt", "Hello"), by=owner, at=NOW)
    assert KnowledgeFile.objects.count() == 0


def test_conversations_are_exported_only_where_it_is_allowed(owner: User, company: Workspace) -> None:
    gpt = create_public_gpt()
    here, home = create_conversation(owner, gpt=gpt), create_conversation(owner, gpt=gpt)
    Conversation.objects.filter(pk=here.pk).update(workspace=company)
    client = sign_in(owner)

    def statuses(client: Client) -> list[int]:
        return [
            client.get(f"/c/{one.pk}/export.{kind}").status_code
            for one in (here, home)
            for kind in ("md", "json")
        ]

    assert statuses(client) == [200] * 4
    forbid(company, owner, (Act.EXPORT, "any", ""))
    assert statuses(client) == [403, 403, 200, 200]
    api = ApiClient(owner, scopes=["chat"], workspace=company)
    for path in (f"conversations/{here.pk}/export", "conversations/export"):
        answer = api("GET", path)
        assert (answer.status_code, answer.json()["error"]["code"]) == (403, "policy_refuses"), path


def test_keys_of_the_workspace_stop_and_return(owner: User, company: Workspace) -> None:
    inside = ApiClient(owner, scopes=["account"], workspace=company)
    home = ApiClient(owner, scopes=["account"])
    forbid(company, owner, (Act.USE_API, "any", ""))
    assert [api("GET", "me").status_code for api in (inside, home)] == [401, 200]
    streams = {(owner.pk, company.pk, ((Act.USE_API, ()),)), (owner.pk, owner.personal_workspace.pk, ())}
    assert find_refused(streams) == {(owner.pk, company.pk, ((Act.USE_API, ()),))}
    forbid(company, owner)
    assert inside("GET", "me").status_code == 200
    assert find_refused(streams) == set()


def test_only_allowed_models_are_chosen_and_offered(owner: User, company: Workspace) -> None:
    others = [configure_model("https://models.example/v1", name) for name in ("small-9", "great-9")]
    gpt = create_public_gpt(others[0], model_choice="any")
    chat = create_conversation(owner, gpt=gpt)
    Conversation.objects.update(workspace=company)
    chat.refresh_from_db()
    client = sign_in(owner)
    assert "great-9" in client.get(f"/c/{chat.pk}").content.decode()
    forbid(company, owner, (Act.USE_MODEL, "model", str(others[1].pk)))
    assert "great-9" not in client.get(f"/c/{chat.pk}").content.decode()
    with pytest.raises(Forbidden, match="policy_refuses"):
        choose_model(conversation=chat, chosen=str(others[1].pk))
    chat.refresh_from_db()
    assert chat.language_model_id is None

"""Every act in a conversation checks again that its person belongs to the workspace that pays."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from core.errors import LimitUnreadable
from core.ids import uuid7
from core.scope import NOBODY, Scope, open_scope, system_scope
from gpts.assistants.models import GPT
from gpts.assistants.services.versions import set_live_version
from gpts.assistants.states import Audience
from gpts.chat.models import Attachment, Conversation, SharedConversation, Turn, TurnFeedback
from gpts.chat.services.feedback import give_feedback
from gpts.chat.services.share_links import create_share_link
from gpts.chat.services.turns import finish_turn, start_first_turn
from gpts.metering.models import BudgetReservation, UsageEvent
from gpts.metering.services.budgets import BudgetExceeded, reserve
from tests.fakes.openai_server import ModelServer
from tests.support.api_client import ApiClient
from tests.support.budgets import create_monthly_budget, record_answers
from tests.support.chat import configure_model
from tests.support.companies import create_company
from tests.support.factories.gpts import GPTFactory, VersionFactory
from tests.support.factories.workspaces import UserFactory
from tests.support.pages import sign_in
from tests.support.times import NOW
from tests.support.uploads import make_upload
from tests.support.web_client import MakeWebClient
from workspaces.models import Member, User, Workspace
from workspaces.services.members import remove_member


def create_company_chat(url: str = "") -> tuple[GPT, Workspace, User, Conversation]:
    """A company's GPT that is public too, a member, and their conversation, which the company pays."""
    with system_scope("tests"):
        owner, member = UserFactory.create(display_name="Owner"), UserFactory.create(display_name="Member")
        company = create_company(owner, member=member)
        fields: dict[str, Any] = {"language_model": configure_model(url, "normal:5")} if url else {}
        gpt = GPTFactory.create(owner=owner, workspace=company, **fields)
        version = VersionFactory.create(gpt=gpt)
        for audience in (Audience.WORKSPACE, Audience.PUBLIC):
            set_live_version(gpt=gpt, version=version, audience=audience, at=NOW)
        turn = start_first_turn(
            gpt=gpt, version=version, workspace=company, text="Question", by=member, at=NOW
        )
        finish_turn(
            turn_id=turn.pk, text="Answer", input_tokens=1, output_tokens=1, model=None, at=NOW, citations=[]
        )
    return gpt, company, member, turn.conversation


def leave(company: Workspace, member: User, *, way: str = "removed") -> None:
    with system_scope("tests"):
        if way == "suspended":
            Workspace.objects.filter(pk=company.pk).update(suspended_at=NOW)
            return
        seat = Member.objects.select_related("workspace", "user").get(workspace=company, user=member)
        remove_member(member=seat, by=member, at=timezone.now())


def test_a_removed_member_starts_no_turn_in_an_old_conversation(
    make_web_client: MakeWebClient, model_server: ModelServer
) -> None:
    """As a member their budget refuses, and leaving must not lift it; no company pays for who left."""
    gpt, company, member, conversation = create_company_chat(model_server.url)
    with system_scope("tests"):
        create_monthly_budget(company, gpt.owner, hard_limit=1)
        record_answers(member, company, gpt, at=timezone.now())
        turn = conversation.turns.get()
    browser, base = make_web_client(member), f"/c/{conversation.pk}/turns"
    addresses = [base, f"{base}/{turn.pk}/retry", f"{base}/{turn.pk}/edit"]
    assert [browser.refused(address, "More") for address in addresses] == [(429, "budget_exceeded")] * 3

    leave(company, member)

    assert [browser.refused(address, "More") for address in addresses] == [(403, "workspace_left")] * 3
    page = browser.http.get(f"/c/{conversation.pk}")
    assert (page.status_code, "a workspace that you have left" in page.text) == (200, True)
    with system_scope("tests"):
        assert (Turn.objects.count(), UsageEvent.objects.count()) == (1, 1)
        assert not BudgetReservation.objects.exists()
    assert model_server.state.requests == []

    # A new conversation with the public version is the person's own, in their own workspace.
    browser.say(f"/g/{gpt.slug}/chat/turns", "On my own")
    with system_scope("tests"):
        newest = Turn.objects.latest("started_at")
        assert newest.workspace_id == member.personal_workspace.pk


@pytest.mark.django_db
@pytest.mark.parametrize("way", ["removed", "suspended"])
def test_a_removed_member_adds_nothing_to_an_old_conversation(way: str) -> None:
    """No file, feedback, link, branch or version; what is their own can still be read and taken back."""
    _gpt, company, member, conversation = create_company_chat()
    turn, client = conversation.turns.get(), sign_in(member)
    give_feedback(turn=turn, is_positive=True, by=member, at=NOW)
    leave(company, member, way=way)

    base = f"/c/{conversation.pk}"
    answers = {
        "file": client.post(f"{base}/attachments", {"file": make_upload("a.txt", b"text")}),
        "feedback": client.post(f"{base}/turns/{turn.pk}/feedback", {"thumb": "down"}),
        "link": client.post(f"{base}/share/make"),
        "branch": client.post(f"{base}/turns/{turn.pk}/show"),
        "version": client.post(f"{base}/continue", {"version": "1"}),
    }

    statuses = {name: answer.status_code for name, answer in answers.items()}
    assert statuses == dict.fromkeys(answers, 403)
    assert not Attachment.objects.exists()
    assert not SharedConversation.objects.exists()
    assert TurnFeedback.objects.get().is_positive is True

    assert client.get(base).status_code == 200
    assert client.post(f"{base}/turns/{turn.pk}/feedback", {"thumb": "none"}).status_code == 302
    assert not TurnFeedback.objects.exists()
    assert client.post(f"{base}/delete").status_code == 302


@pytest.mark.django_db
def test_the_api_refuses_the_same_to_a_key_of_a_suspended_workspace() -> None:
    _gpt, company, member, conversation = create_company_chat()
    api = ApiClient(member, company, scopes=("chat",))
    assert api.get(f"conversations/{conversation.pk}").status_code == 200
    leave(company, member, way="suspended")
    assert api.get(f"conversations/{conversation.pk}").status_code == 401
    assert api.put(f"conversations/{conversation.pk}/share", {}).status_code == 401
    assert not SharedConversation.objects.exists()


@pytest.mark.django_db
def test_a_link_goes_with_the_membership_of_who_made_it() -> None:
    gpt, company, member, conversation = create_company_chat()
    share = create_share_link(conversation=conversation, by=member, at=NOW)
    colleague = sign_in(gpt.owner)
    assert colleague.get(f"/s/{share.token}").status_code == 200
    leave(company, member)
    assert colleague.get(f"/s/{share.token}").status_code == 410
    assert Client().get(f"/s/{share.token}").status_code in (302, 410)


@pytest.mark.django_db
def test_budgets_that_cannot_be_read_refuse() -> None:
    """Hidden by row-level security they look as if there were none."""
    gpt, company, member, _conversation = create_company_chat()
    create_monthly_budget(company, gpt.owner, hard_limit=1)

    def try_to_reserve(scope: Scope) -> None:
        with open_scope(scope):
            reserve(
                user=member,
                workspace_id=company.pk,
                gpt=gpt,
                turn_id=uuid7(NOW),
                estimated_tokens=1,
                estimated_micros=1,
                at=NOW,
            )

    for scope in (
        NOBODY,
        Scope(user_id=member.pk),
        Scope(user_id=member.pk, workspace_ids=(company.pk + 1,)),
    ):
        with pytest.raises(LimitUnreadable):
            try_to_reserve(scope)
    assert not BudgetReservation.objects.exists()
    inside = Scope(user_id=member.pk, workspace_ids=(company.pk,))
    try_to_reserve(inside)
    with pytest.raises(BudgetExceeded):
        try_to_reserve(inside)

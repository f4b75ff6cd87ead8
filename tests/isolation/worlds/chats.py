"""Conversations of the owner and of others."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.utils import timezone

from gpts.assistants.models import GPT
from gpts.assistants.queries.gpts import find_live_version
from gpts.chat.models import ContentAccess, ContentAccessRule, Conversation, LegalHold, RetentionRule, Turn
from gpts.chat.services.turns import delete_conversation, finish_turn, start_conversation, start_turn
from gpts.chat.states import MessageRole
from gpts.knowledge.models import Passage
from gpts.llm.models import LanguageModel

SECRET_QUESTION = "what does mirelbane cost in the winter"
SECRET_ANSWER = "The answer names velvetgrommet and nothing else."


def talk(
    person: Any, gpt: GPT, place: Any, *, is_draft: bool = False, says: str = SECRET_ANSWER
) -> tuple[Conversation, Turn]:
    """Create a conversation with one question and its answer."""
    now = timezone.now() - timedelta(hours=2)
    version = None if is_draft else find_live_version(person, gpt)
    conversation = start_conversation(gpt=gpt, version=version, workspace=place, by=person, at=now)
    return conversation, _answer(person, conversation, SECRET_QUESTION, says)


def _answer(person: Any, conversation: Conversation, question: str, says: str = SECRET_ANSWER) -> Turn:
    now = timezone.now() - timedelta(hours=1)
    turn, _new = start_turn(conversation=conversation, text=question, by=person, at=now)
    finish_turn(
        turn_id=turn.pk,
        text=says,
        input_tokens=12,
        output_tokens=7,
        model=LanguageModel.objects.first(),
        at=now + timedelta(seconds=2),
    )
    return turn


def _cite(turn: Turn, gpt: GPT) -> None:
    """Add a citation of the private GPT's secret passage to the answer."""
    passage = Passage.objects.get(document__files__gpt=gpt)
    source = {"number": 1, "passage_id": passage.pk, "file": "handbook.txt", "heading": "", "page": None}
    turn.messages.filter(role=MessageRole.ASSISTANT).update(citations=[source])


def build(world: Any) -> None:
    people, alpha = world.people, world.gpts["alpha"]
    own, turn = talk(people["owner"], alpha, world.alpha)
    draft_talk, cited_turn = talk(
        people["owner"], world.gpts["private"], people["owner"].personal_workspace, is_draft=True
    )
    _cite(cited_turn, world.gpts["private"])
    # A second answer, so that the first can no longer be edited.
    _answer(people["owner"], own, "And in the summer?")
    gone, _turn = talk(people["owner"], alpha, world.alpha)
    delete_conversation(conversation=gone, at=timezone.now())
    others = {
        name: talk(people[name], world.gpts[gpt], place, is_draft=is_draft)
        for name, gpt, place, is_draft in (
            ("member", "alpha", world.alpha, False),
            ("admin", "alpha", world.alpha, False),
            ("stranger", "stranger", people["stranger"].personal_workspace, True),
            ("rival", "rival", people["rival"].personal_workspace, True),
        )
    }
    _open_content(world, others["member"][0])
    world.ids |= {
        "cited_turn": cited_turn.pk,
        "conversation": own.pk, "turn": turn.pk, "draft_conversation": draft_talk.pk, "deleted": gone.pk,
        "conversations": {name: (talked.pk, answered.pk) for name, (talked, answered) in others.items()},
    }  # fmt: skip


def _open_content(world: Any, conversation: Conversation) -> None:
    """Let the owner and the admin read the member's conversations, and wait with another request."""
    now, people = timezone.now(), world.people
    ContentAccessRule.objects.create(workspace=world.alpha, is_allowed=True, changed_at=now)
    asked = ContentAccess.objects.create(
        workspace=world.alpha, person=people["member"], requested_by=people["builder"], requested_at=now,
        reason="A complaint about an answer.",
    )  # fmt: skip
    opened = ContentAccess.objects.create(
        workspace=world.alpha, person=people["member"], requested_by=people["owner"], requested_at=now,
        reason="A complaint about an answer.", state="opened", decided_by=people["admin"], decided_at=now,
        ends_at=now + timedelta(days=30),
    )  # fmt: skip
    rule = RetentionRule.objects.create(
        workspace=world.alpha, days=3_650, proposed_by=people["owner"], proposed_at=now, counted_at=now,
        conversation_count=0, held_count=0,
    )  # fmt: skip
    hold = LegalHold.objects.create(
        workspace=world.alpha, person=people["builder"], reason="A dispute about an offer.", started_at=now,
        started_by=people["owner"],
    )  # fmt: skip
    world.ids |= {
        "retention_rule": rule.pk, "legal_hold": hold.pk,
        "content_asked": asked.pk, "content_opened": opened.pk, "opened_conversation": conversation.pk,
    }  # fmt: skip

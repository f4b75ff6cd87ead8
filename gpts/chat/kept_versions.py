"""Which version answers a conversation: the one it began with while that may serve, else the live one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from core.errors import DomainError
from gpts.assistants.access import recheck_chat
from gpts.assistants.differences import LABELS
from gpts.assistants.models import GPT, LiveVersion, PastVersion, Version
from gpts.assistants.rules import GPTRelation, is_owner
from gpts.assistants.states import Audience, Category
from gpts.chat.models import Conversation
from gpts.llm.states import Capability

# What everybody reads on the page of a GPT; instructions are nobody's but its maker's.
PUBLIC_FIELDS = ("name", "description", "category", "starters", "capabilities")


@dataclass(frozen=True)
class Kept:
    """What answers the next message of a conversation, and what its person has to know about that.

    `version` is None for a draft and when nothing may answer. `offered` is a newer live version;
    with `is_moved` the conversation's own one may not serve any more and `version` takes its place;
    with `is_over` none may.
    """

    version: Version | None
    offered: Version | None = None
    is_moved: bool = False
    is_over: bool = False


@dataclass(frozen=True)
class Change:
    """One public field that differs."""

    field: str
    label: Any
    before: str
    after: str


def kept_version(conversation: Conversation, live: Version | None, relation: GPTRelation) -> Kept:
    """Decide as of now; ``live`` and ``relation`` come from recheck_chat. No query while they agree."""
    own = conversation.version
    if own is None or (live is not None and live.pk == own.pk):
        return Kept(own)
    if may_serve(own, conversation.gpt, relation):
        return Kept(own, offered=live)
    if live is None:
        return Kept(None, is_over=True)
    return Kept(live, is_moved=True)


def kept_state(user: Any, conversation: Conversation) -> Kept:
    """Return the same for a page: is_over also when the person may not chat with the GPT any more."""
    try:
        live, relation = recheck_chat(user, conversation.gpt, is_draft=conversation.version_id is None)
    except DomainError:
        return Kept(None, is_over=True)
    return kept_version(conversation, live, relation)


def may_serve(version: Version, gpt: GPT, relation: GPTRelation) -> bool:
    """Whether a version that is not this person's live one still serves those who began with it."""
    reach = _reach(gpt, relation)
    here = {"version": version, "audience__in": reach}
    return LiveVersion.objects.filter(**here).exists() or PastVersion.objects.filter(**here).exists()


def _reach(gpt: GPT, relation: GPTRelation) -> list[str]:
    """The audiences that are served now and that the person belongs to."""
    inside = relation.role != "" or is_owner(gpt, relation)
    return sorted(
        audience for audience in relation.audiences if inside or audience != str(Audience.WORKSPACE)
    )


def public_changes(before: Version, after: Version) -> list[Change]:
    """What a chat user may see of the difference between two versions."""
    return [
        Change(
            field, LABELS[field], _shown(field, getattr(before, field)), _shown(field, getattr(after, field))
        )
        for field in PUBLIC_FIELDS
        if getattr(before, field) != getattr(after, field)
    ]


def _shown(field: str, value: Any) -> str:
    if field == "category" and value in Category.values:
        return str(Category(value).label)
    if field == "capabilities":
        return ", ".join(str(Capability(name).label) for name in value if name in Capability.values)
    return " · ".join(value) if isinstance(value, list) else str(value)


def release_notes_between(before: Version, after: Version) -> list[Version]:
    """Versions newer than ``before`` up to ``after`` that have served somebody, newest first."""
    served = PastVersion.objects.filter(gpt_id=after.gpt_id).values("version")
    return list(
        Version.objects.filter(gpt_id=after.gpt_id, number__gt=before.number, number__lt=after.number)
        .filter(pk__in=served)
        .order_by("-number")
        .only("number", "release_notes", "created_at", "gpt_id")
    )

"""Fetch and authorise in one call, or raise: the only way to a GPT that a person may touch."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from core.errors import DomainError, Forbidden, NotFound
from gpts.models import GPT, Conversation, KnowledgeFile, Passage, Turn, Version
from gpts.queries.gpts import (
    find_gpt,
    find_gpt_live,
    get_standing,
    standing_and_version,
)
from gpts.queries.knowledge import cited_passage, knowledge_file
from gpts.rules import GPTAct, Standing, may
from gpts.states import MessageRole

__all__ = [
    "GPTAct",
    "access_chat",
    "access_cited_passage",
    "access_conversation",
    "access_gpt",
    "access_knowledge_file",
    "access_turn",
    "access_version",
    "recheck_chat",
]


def access_gpt(user: Any, slug: str, *, to: GPTAct) -> GPT:
    """Return the GPT that ``user`` may ``to``.

    NotFound when there is none or the person may not even see it, Forbidden (code ``gpt_forbidden``, or
    ``gpt_quarantined``) when they see it but may not do this.
    """
    gpt = find_gpt(slug)
    if gpt is None or not user.is_authenticated:
        raise _missing()
    standing = get_standing(user, gpt)
    if may(to, gpt, standing):
        return gpt
    if to is not GPTAct.CHAT and may(GPTAct.VIEW_SETTINGS, gpt, standing):
        raise _refused(gpt)
    raise _missing()


def access_chat(user: Any, slug: str, *, is_draft: bool = False) -> tuple[GPT, Version | None, Standing]:
    """Return a GPT that ``user`` may chat with, what answers (None: the draft), and their standing."""
    gpt, live = find_gpt_live(slug)
    if gpt is None or not user.is_authenticated:
        raise _missing()
    version, standing = _may_go_on(gpt, *standing_and_version(user, gpt, live), is_draft=is_draft)
    return gpt, version, standing


def recheck_chat(user: Any, gpt: GPT, *, is_draft: bool) -> tuple[Version | None, Standing]:
    """The same for a GPT at hand: the right to its next answer is looked at anew each time."""
    return _may_go_on(gpt, *standing_and_version(user, gpt), is_draft=is_draft)


def _may_go_on(
    gpt: GPT, standing: Standing, version: Version | None, *, is_draft: bool
) -> tuple[Version | None, Standing]:
    if not may(GPTAct.VIEW_SETTINGS if is_draft else GPTAct.CHAT, gpt, standing):
        raise _missing()
    if gpt.quarantined_at is not None:
        raise _refused(gpt)
    return (None if is_draft else version), standing


def access_version(user: Any, gpt: GPT, number: int) -> Version:
    """Return one frozen version of a GPT whose settings ``user`` may view."""
    if not may(GPTAct.VIEW_SETTINGS, gpt, get_standing(user, gpt)):
        raise _missing()
    # A number from a URL can exceed what the column holds.
    version = gpt.versions.filter(number=number).first() if 0 < number < 2**31 else None
    if version is None:
        raise NotFound(_("This GPT has no such version."), code="version_not_found")
    return version


def access_knowledge_file(user: Any, gpt: GPT, identifier: int, *, with_kept: bool = False) -> KnowledgeFile:
    """Return one file of the draft of a GPT whose settings ``user`` may view.

    ``with_kept`` takes files that were removed from it as well, which frozen versions still answer from.
    """
    if not may(GPTAct.VIEW_SETTINGS, gpt, get_standing(user, gpt)):
        raise _missing()
    found = knowledge_file(gpt, identifier, with_kept=with_kept)
    if found is None:
        raise NotFound(_("This GPT has no such file."), code="file_not_found")
    return found


def access_conversation(
    user: Any, identifier: UUID, *, is_deleted: bool = False, workspace_id: int | None = None
) -> Conversation:
    """Return the person's own conversation; NotFound for anybody else's, also to admins and staff.

    A key sees those of its own workspace only: ``workspace_id``.
    """
    place = {} if workspace_id is None else {"workspace_id": workspace_id}
    found = (
        Conversation.objects.select_related(
            "gpt__workspace", "gpt__language_model__provider", "version__language_model__provider"
        )
        .filter(pk=identifier, user_id=user.pk, deleted_at__isnull=not is_deleted, **place)
        .first()
        if user.is_authenticated
        else None
    )
    if found is None:
        raise NotFound(_("There is no such conversation."), code="conversation_not_found")
    return found


def access_turn(conversation: Conversation, identifier: UUID) -> Turn:
    """Return a turn of a conversation that was authorised; NotFound for any other conversation's."""
    turn = Turn.objects.filter(conversation=conversation, pk=identifier).first()
    if turn is None:
        raise NotFound(_("There is no such answer."), code="turn_not_found")
    turn.conversation = conversation
    if turn.gpt_id == conversation.gpt_id:
        turn.gpt = conversation.gpt
    return turn


def access_cited_passage(user: Any, turn: Turn, number: int) -> Passage:
    """Return the passage behind a citation number of an authorised turn, with the file's ``file_name``.

    NotFound when the answer does not cite it, when it is no longer there, or when the person may not chat
    with its GPT any more.
    """
    _may_go_on_reading(user, turn)
    answer = turn.messages.filter(role=MessageRole.ASSISTANT).first()
    cited = {source["number"]: source["passage_id"] for source in (answer.citations if answer else ())}
    found = cited_passage(turn.gpt, cited[number]) if number in cited else None
    if found is None:
        raise _no_passage()
    passage, name = found
    passage.file_name = name  # type: ignore[attr-defined]  # by which this GPT holds the document
    return passage


def _may_go_on_reading(user: Any, turn: Turn) -> None:
    try:
        recheck_chat(user, turn.gpt, is_draft=turn.version_id is None)
    except DomainError:
        raise _no_passage() from None


def _no_passage() -> NotFound:
    return NotFound(_("This passage is not there any more, or it is not for you."), code="passage_not_found")


def _missing() -> NotFound:
    return NotFound(_("There is no such GPT."), code="gpt_not_found")


def _refused(gpt: GPT) -> Forbidden:
    if gpt.quarantined_at is not None:
        return Forbidden(
            _("This GPT is quarantined by moderation. You can read its settings, but not change or run it."),
            code="gpt_quarantined",
        )
    return Forbidden(_("You may look at this GPT, but only its owner may do this."), code="gpt_forbidden")

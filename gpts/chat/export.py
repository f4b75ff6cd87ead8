"""Export of conversations: as JSON in a documented format, and as Markdown to read.

The JSON format (`"format": "loggia.conversation/1"`): id, title, gpt {slug, name}, version (number, or null
for a draft), workspace, created_at, updated_at, and `turns`: all, in the order in which they were asked. A
turn has id, parent (the turn before it; null for the first), position, is_shown (whether the page shows it;
the others are branches beside it), state, question, answer (Markdown), thinking (what the model thought
before it answered), finish_reason ("length" for an answer that the model's limit cut), citations, files
{name, media_type, size, role}, gpt, gpt_name and version (who answered), model, input_tokens, output_tokens,
cost_micros, feedback, started_at and ended_at. Times are UTC in ISO 8601; cost is in millionths of
`currency`.
"""

from __future__ import annotations

import json
import re
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from core.pagination import paginate
from gpts.chat.models import Conversation, Turn
from gpts.chat.queries.attachments import get_attachments_by_turn
from gpts.chat.queries.conversations import list_conversations
from gpts.chat.queries.feedback import get_feedback_by_turn
from gpts.chat.states import MessageRole
from gpts.knowledge.places import describe_place
from workspaces.acts import check_policy
from workspaces.models import User
from workspaces.policy import Act
from workspaces.queries import load_policies

FORMAT = "loggia.conversation/1"
_UNSAFE_CHARACTERS = re.compile(r"[^\w\u3400-\u9fff-]+", re.UNICODE)


def build_export(conversation: Conversation) -> dict[str, Any]:
    """Return a conversation with all turns of all branches; always five queries."""
    turns: list[Any] = list(
        Turn.objects.filter(conversation=conversation)
        .select_related("gpt", "version")
        .prefetch_related("messages")
        .order_by("id")
    )
    files, thumbs = get_attachments_by_turn(turns), get_feedback_by_turn(turns)
    behaviour = conversation.version or conversation.gpt
    return {
        "format": FORMAT,
        "id": str(conversation.pk),
        "title": conversation.title,
        "gpt": {"slug": conversation.gpt.slug, "name": behaviour.name},
        "version": conversation.version.number if conversation.version else None,
        "workspace": conversation.workspace.name,
        "currency": settings.PAYOUT_CURRENCY,
        "created_at": conversation.created_at.isoformat(),
        "updated_at": conversation.updated_at.isoformat(),
        "turns": [_build_turn(turn, files.get(turn.pk, []), thumbs.get(turn.pk)) for turn in turns],
    }


def _build_turn(turn: Any, files: list[Any], thumb: Any) -> dict[str, Any]:
    by_role = {message.role: message for message in turn.messages.all()}
    question, answer = by_role.get(MessageRole.USER), by_role.get(MessageRole.ASSISTANT)
    return {
        "id": str(turn.pk),
        "parent": str(turn.parent_id) if turn.parent_id else None,
        "position": turn.position,
        "is_shown": turn.is_shown,
        "state": turn.state,
        "question": question.content if question else "",
        "answer": answer.content if answer else "",
        "thinking": answer.thinking if answer else "",
        "finish_reason": turn.finish_reason,
        "citations": answer.citations if answer else [],
        "files": [
            {"name": file.name, "media_type": file.media_type, "size": file.size, "role": file.role}
            for file in files
        ],
        "gpt": turn.gpt.slug,
        "gpt_name": (turn.version or turn.gpt).name,
        "version": turn.version.number if turn.version else None,
        "model": turn.model_name,
        "input_tokens": turn.input_tokens,
        "output_tokens": turn.output_tokens,
        "cost_micros": turn.cost_micros,
        "feedback": None
        if thumb is None
        else {"thumb": "up" if thumb.is_positive else "down", "reason": thumb.reason},
        "started_at": turn.started_at.isoformat(),
        "ended_at": turn.ended_at.isoformat() if turn.ended_at else None,
    }


def build_markdown(conversation: Conversation) -> str:
    """Return the shown turns as Markdown; questions and answers are not escaped."""
    whole = build_export(conversation)
    lines = [f"# {_join_lines(whole['title'] or whole['gpt']['name'])}", ""]
    lines += [f"{_join_lines(whole['gpt']['name'])} · {whole['created_at'][:16].replace('T', ' ')} UTC", ""]
    for turn in (turn for turn in whole["turns"] if turn["is_shown"]):
        lines += [
            "---",
            "",
            f"**{_('You')}** · {turn['started_at'][:16].replace('T', ' ')}",
            "",
            turn["question"],
            "",
        ]
        own = [file["name"] for file in turn["files"] if file["role"] == MessageRole.USER]
        if own:
            lines += [_("Files") + ": " + _(", ").join(map(_join_lines, own)), ""]
        model = f" · {_join_lines(turn['model'])}" if turn["model"] else ""
        lines += [f"**{_join_lines(turn['gpt_name'])}**{model}", "", turn["answer"], ""]
        lines += [
            f"[{source['number']}] {_join_lines(_describe_source(source))}" for source in turn["citations"]
        ]
        lines += [""] if turn["citations"] else []
    return "\n".join(lines)


def _describe_source(source: dict[str, Any]) -> str:
    rows = source.get("rows")
    place = describe_place(
        source.get("heading", ""), source.get("page"), (rows[0], rows[1]) if rows else None
    )
    return " · ".join(part for part in (source.get("file", ""), place) if part)


def _join_lines(text: str) -> str:
    return " ".join(text.split())


def check_export(user: User, workspace_id: int) -> None:
    """Raise Forbidden (``policy_refuses``) when the workspace lets the person export no conversation."""
    check_policy(user.pk, Act.EXPORT, workspace_id=workspace_id)


def export_page(
    user: User, *, cursor: str = "", size: int = 20, workspace_id: int | None = None
) -> tuple[list[str], str]:
    """Return a page of conversations, newest first, each as a line of JSON, and the next page's cursor.

    Without deleted and temporary ones and previews of drafts, and without those of workspaces whose policy
    lets the person export none.
    """
    refused = [
        found.workspace_id
        for found in load_policies(user.pk).workspaces
        if not found.judge(Act.EXPORT).decide().is_allowed
    ]
    rows = list_conversations(user).select_related("gpt", "version", "workspace")
    if refused:
        rows = rows.exclude(workspace__in=refused)
    if workspace_id is not None:
        rows = rows.filter(workspace_id=workspace_id)
    page = paginate(rows, order=("-updated_at", "-id"), cursor=cursor, size=size)
    lines = [json.dumps(build_export(conversation), ensure_ascii=False) + "\n" for conversation in page.items]
    return lines, page.next_cursor


def build_file_name(conversation: Conversation, kind: str) -> str:
    """Return a download name from title and date, without characters that could form a path."""
    words = (
        _UNSAFE_CHARACTERS.sub("-", conversation.title or conversation.gpt.name).strip("-")[:60].strip("-")
    )
    return f"{words or 'conversation'}-{conversation.created_at:%Y-%m-%d}.{kind}"

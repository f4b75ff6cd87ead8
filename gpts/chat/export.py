"""Conversations taken away: as JSON of a documented shape, and as Markdown to read.

The shape of JSON (`"format": "loggia.conversation/1"`): id, title, gpt {slug, name}, version (number, or
null for a draft), workspace, created_at, updated_at, and `turns`: all, in the order in which they were
asked. A turn has id, parent (the turn before it; null for the first), position, is_shown (whether it
stands on the path that the page shows; the others are its branches), state, question, answer (Markdown),
citations, files {name, media_type, size, role}, gpt, gpt_name and version (who answered), model,
input_tokens, output_tokens, cost_micros, feedback, started_at and ended_at. Times are UTC in ISO 8601; cost
is in millionths of `currency`.
"""

from __future__ import annotations

import json
import re
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from core.pagination import paginate
from gpts.chat.models import Conversation, Turn
from gpts.chat.queries.attachments import attachments_of
from gpts.chat.queries.conversations import conversations_of
from gpts.chat.queries.feedback import feedback_of
from gpts.chat.states import MessageRole

FORMAT = "loggia.conversation/1"
_UNSAFE = re.compile(r"[^\w\u3400-\u9fff-]+", re.UNICODE)


def as_dict(conversation: Conversation) -> dict[str, Any]:
    """Return a conversation with everything that was ever asked in it; five queries however long it is."""
    turns: list[Any] = list(
        Turn.objects.filter(conversation=conversation)
        .select_related("gpt", "version")
        .prefetch_related("messages")
        .order_by("id")
    )
    files, thumbs = attachments_of(turns), feedback_of(turns)
    shown = conversation.version or conversation.gpt
    return {
        "format": FORMAT,
        "id": str(conversation.pk),
        "title": conversation.title,
        "gpt": {"slug": conversation.gpt.slug, "name": shown.name},
        "version": conversation.version.number if conversation.version else None,
        "workspace": conversation.workspace.name,
        "currency": settings.PAYOUT_CURRENCY,
        "created_at": conversation.created_at.isoformat(),
        "updated_at": conversation.updated_at.isoformat(),
        "turns": [_turn(turn, files.get(turn.pk, []), thumbs.get(turn.pk)) for turn in turns],
    }


def _turn(turn: Any, files: list[Any], thumb: Any) -> dict[str, Any]:
    said = {message.role: message for message in turn.messages.all()}
    question, answer = said.get(MessageRole.USER), said.get(MessageRole.ASSISTANT)
    return {
        "id": str(turn.pk),
        "parent": str(turn.parent_id) if turn.parent_id else None,
        "position": turn.position,
        "is_shown": turn.is_shown,
        "state": turn.state,
        "question": question.content if question else "",
        "answer": answer.content if answer else "",
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


def as_markdown(conversation: Conversation) -> str:
    """Return the shown path to read; what a question or an answer says stands as it was written."""
    whole = as_dict(conversation)
    lines = [f"# {_line(whole['title'] or whole['gpt']['name'])}", ""]
    lines += [f"{_line(whole['gpt']['name'])} · {whole['created_at'][:16].replace('T', ' ')} UTC", ""]
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
            lines += [_("Files") + ": " + ", ".join(map(_line, own)), ""]
        model = f" · {_line(turn['model'])}" if turn["model"] else ""
        lines += [f"**{_line(turn['gpt_name'])}**{model}", "", turn["answer"], ""]
        lines += [f"[{source['number']}] {_line(_source(source))}" for source in turn["citations"]]
        lines += [""] if turn["citations"] else []
    return "\n".join(lines)


def _source(source: dict[str, Any]) -> str:
    page = f"p. {source['page']}" if source.get("page") else ""
    return " · ".join(part for part in (source.get("file", ""), source.get("heading", ""), page) if part)


def _line(text: str) -> str:
    return " ".join(text.split())


def some_lines(
    user: Any, *, cursor: str = "", size: int = 20, workspace_id: int | None = None
) -> tuple[list[str], str]:
    """Return conversations as one JSON line each, the latest first, and the cursor of the next ones.

    Deleted and temporary ones are not among them.
    """
    rows = conversations_of(user).select_related("gpt", "version", "workspace")
    if workspace_id is not None:
        rows = rows.filter(workspace_id=workspace_id)
    page = paginate(rows, order=("-updated_at", "-id"), cursor=cursor, size=size)
    lines = [json.dumps(as_dict(conversation), ensure_ascii=False) + "\n" for conversation in page.items]
    return lines, page.next_cursor


def file_name(conversation: Conversation, kind: str) -> str:
    """Return a name for the download: words of the title, the day, nothing that a path could be made of."""
    words = _UNSAFE.sub("-", conversation.title or conversation.gpt.name).strip("-")[:60].strip("-")
    return f"{words or 'conversation'}-{conversation.created_at:%Y-%m-%d}.{kind}"

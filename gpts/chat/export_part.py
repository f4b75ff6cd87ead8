"""Rules about conversations in the export of a workspace. Conversations themselves are their people's."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from gpts.chat.models import ContentAccess, ContentAccessRule, LegalHold, RetentionRule
from workspaces.exports import ExportPart, Table, columns, of_workspace

PART = ExportPart(
    steps=(
        Table(
            "retention/rules.jsonl",
            _("How long conversations are kept"),
            of_workspace(RetentionRule),
            columns(
                "id",
                "gpt_id",
                "days",
                "proposed_at",
                "conversation_count",
                "held_count",
                "counted_at",
                "saved_at",
                "ended_at",
                people=("proposed_by",),
            ),
        ),
        Table(
            "retention/legal_holds.jsonl",
            _("Legal holds"),
            of_workspace(LegalHold),
            columns(
                "id",
                "gpt_id",
                "reason",
                "started_at",
                "ended_at",
                people=("person", "started_by", "ended_by"),
            ),
        ),
        Table(
            "content_access/rule.jsonl",
            _("Whether two people may open somebody's conversations"),
            of_workspace(ContentAccessRule),
            columns("is_allowed", "changed_at", people=("changed_by",)),
        ),
        Table(
            "content_access/requests.jsonl",
            _("When somebody's conversations were opened and by whom, without what they said"),
            of_workspace(ContentAccess),
            columns(
                "id",
                "since",
                "until",
                "state",
                "requested_at",
                "decided_at",
                "ends_at",
                people=("person", "requested_by", "decided_by"),
            ),
        ),
    )
)

"""GPTs with their drafts and versions, shares and approvals in the export of a workspace."""

from __future__ import annotations

from typing import Any

from django.db.models import OuterRef, QuerySet, Subquery
from django.utils.translation import gettext_lazy as _

from gpts.assistants.models import (
    GPT,
    Adoption,
    AdoptionRequest,
    GPTShare,
    GPTTransfer,
    LiveVersion,
    PastVersion,
    PublishingRule,
    PublishRequest,
    Version,
)
from gpts.assistants.states import Audience
from workspaces.exports import ExportPart, Files, Table, columns, of_workspace
from workspaces.models import Workspace

_BEHAVIOUR = (
    "name", "description", "instructions", "starters", "category", "icon", "capabilities", "temperature",
    "seed", "output_format", "output_schema", "parallel_tool_calls", "model_choice", "allowed_models",
    "answers_only_from_knowledge", "no_answer_text",
)  # fmt: skip


def _list_gpts(workspace: Workspace) -> QuerySet[GPT]:
    return GPT.objects.filter(workspace=workspace, deleted_at__isnull=True)


def _list_versions(workspace: Workspace) -> QuerySet[Version]:
    return Version.objects.filter(gpt__workspace=workspace, gpt__deleted_at__isnull=True)


def _of_gpts(model: Any) -> Any:
    def find(workspace: Workspace) -> QuerySet[Any]:
        return model.objects.filter(gpt__workspace=workspace, gpt__deleted_at__isnull=True)

    return find


def _with_public_name(model: Any) -> Any:
    """Return rows about GPTs of others: those are named as outsiders see them, which may be not at all."""
    live = LiveVersion.objects.filter(
        gpt=OuterRef("gpt_id"), audience__in=(Audience.PUBLIC, Audience.LINK)
    ).order_by("-audience")

    def find(workspace: Workspace) -> QuerySet[Any]:
        rows = model.objects.filter(workspace=workspace)
        return rows.annotate(public_name=Subquery(live.values("version__name")[:1]))

    return find


PART = ExportPart(
    steps=(
        Table(
            "gpts/gpts.jsonl",
            _("GPTs with their drafts; deleted ones are not among them"),
            _list_gpts,
            columns(
                "id",
                "slug",
                "former_slug",
                *_BEHAVIOUR,
                "draft_revision",
                "recent_answers",
                "recent_cost_micros",
                "last_used_date",
                "created_at",
                "updated_at",
                "quarantined_at",
                "blocked_at",
                "block_reason",
                people=("owner",),
                model="language_model__name",
            ),
        ),
        Table(
            "gpts/versions.jsonl",
            _("All frozen versions of these GPTs"),
            _list_versions,
            columns(
                "id",
                "gpt_id",
                "number",
                *_BEHAVIOUR,
                "model_name",
                "knowledge_hashes",
                "content_hash",
                "release_notes",
                "created_at",
                people=("created_by",),
            ),
        ),
        Table(
            "gpts/live_versions.csv",
            _("Which version is live for whom"),
            _of_gpts(LiveVersion),
            columns("gpt_id", "version_id", "audience", "since", "is_paused", number="version__number"),
        ),
        Table(
            "gpts/past_versions.csv",
            _("Which versions were live before"),
            _of_gpts(PastVersion),
            columns("gpt_id", "version_id", "audience", "replaced_at", number="version__number"),
        ),
        Table(
            "gpts/shares.csv",
            _("People and groups that GPTs are shared with"),
            _of_gpts(GPTShare),
            columns(
                "gpt_id",
                "right",
                "group_id",
                "created_at",
                people=("user", "created_by"),
                group="group__name",
            ),
        ),
        Table(
            "gpts/transfers.jsonl",
            _("GPTs that were given to another owner"),
            of_workspace(GPTTransfer),
            columns(
                "requested_at",
                "finished_at",
                "gpt_ids",
                "owner_ids",
                "moved_ids",
                "skipped_ids",
                people=("to_user", "requested_by"),
            ),
        ),
        Files(
            "gpts/icons",
            _("Icons of drafts, under the names that the files above give"),
            lambda workspace: _list_gpts(workspace).exclude(icon=""),
            key="icon",
            columns=("icon",),
            name=lambda icon: f"gpts/{icon}",
        ),
        Files(
            "gpts/icons",
            _("Icons of versions"),
            lambda workspace: _list_versions(workspace).exclude(icon=""),
            key="icon",
            columns=("icon",),
            name=lambda icon: f"gpts/{icon}",
        ),
        Table(
            "approvals/publishing_rule.jsonl",
            _("When sharing a GPT needs another person"),
            of_workspace(PublishingRule),
            columns("need", "changed_at"),
        ),
        Table(
            "approvals/publishing_requests.jsonl",
            _("Requests to share a version, with what was decided"),
            of_workspace(PublishRequest),
            columns(
                "gpt_id",
                "version_id",
                "audience",
                "note",
                "state",
                "requested_at",
                "answer",
                "decided_at",
                people=("requested_by", "decided_by"),
            ),
        ),
        Table(
            "approvals/external_gpts.jsonl",
            _("GPTs from outside that were approved or blocked"),
            _with_public_name(Adoption),
            columns(
                "gpt_id",
                "version_id",
                "state",
                "is_for_everyone",
                "group_ids",
                "note",
                "decided_at",
                "expires_at",
                "recertify_at",
                "public_name",
                people=("decided_by",),
            ),
        ),
        Table(
            "approvals/external_gpt_requests.jsonl",
            _("Requests for GPTs from outside"),
            _with_public_name(AdoptionRequest),
            columns(
                "gpt_id",
                "reason",
                "state",
                "requested_at",
                "answer",
                "decided_at",
                "public_name",
                people=("requested_by", "decided_by"),
            ),
        ),
    )
)

"""Create, change and delete GPTs. The columns of a GPT are its draft."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from core.audit import record
from core.errors import Conflict, Forbidden, InvalidInput, NotFound
from core.text import make_slug
from gpts.assistants.models import GPT, LiveVersion
from gpts.assistants.queries.gpts import find_default_model
from gpts.assistants.services.drafts import clean_draft
from gpts.llm.models import LanguageModel
from workspaces.acts import Act, check_act, check_policy
from workspaces.models import Member, User, Workspace
from workspaces.policy import capability_targets, model_targets
from workspaces.services.locks import lock_workspaces
from workspaces.states import BUILDER_ROLES

SLUG_ATTEMPTS = 5
# Settings of a draft whose values the audit log keeps: choices, no texts of people.
SETTINGS_IN_LOG = frozenset({
    "category", "language_model", "capabilities", "temperature", "seed", "output_format",
    "parallel_tool_calls", "model_choice", "answers_only_from_knowledge",
})  # fmt: skip


@transaction.atomic
def create_gpt(*, workspace: Workspace, owner: User, by: User, at: datetime, **draft: Any) -> GPT:
    """Create a GPT with its draft. ``name`` is required; without a model it gets the workspace's default.

    Writes the row and one audit event. Raises InvalidInput naming the field, Forbidden when ``owner``
    may not build in ``workspace``. The slug is made from the name and never reused.
    """
    check_act(owner, Act.BUILD, workspace_id=workspace.pk)
    if not Member.objects.filter(workspace=workspace, user=owner, role__in=BUILDER_ROLES).exists():
        raise Forbidden(
            _("You may not build in this workspace. Ask an admin for the builder role."),
            code="may_not_build",
        )
    draft.setdefault("name", "")
    fields = clean_draft(draft, workspace=workspace, current=None)
    _check_policy(fields, (), workspace_id=workspace.pk, by=by)
    if "language_model" not in draft:
        fields["language_model"] = find_default_model(workspace, user_id=owner.pk)
    check_gpt_limit(workspace)
    gpt = _insert(GPT(workspace=workspace, owner=owner, created_at=at, updated_at=at, **fields))
    record(
        action="gpts.gpt_created",
        by=by,
        at=at,
        subject=gpt,
        workspace_id=workspace.pk,
        data={"owner_id": owner.pk},
    )
    return gpt


def _check_policy(
    fields: Mapping[str, Any], capabilities: Collection[str], *, workspace_id: int, by: User
) -> None:
    """Raise Forbidden (``policy_refuses``) for a model or a new capability that ``by`` may not use there."""
    model = fields.get("language_model")
    if model is not None:
        targets = model_targets(model.pk, model.provider_id)
        check_policy(by.pk, Act.USE_MODEL, workspace_id=workspace_id, targets=targets)
    for capability in set(fields.get("capabilities", ())) - set(capabilities):
        targets = capability_targets(capability)
        check_policy(by.pk, Act.USE_CAPABILITY, workspace_id=workspace_id, targets=targets)


def check_gpt_limit(workspace: Workspace) -> None:
    """Raise Conflict (``too_many_gpts``) when the workspace has as many GPTs as its operator allows."""
    limit = Workspace.objects.filter(pk=workspace.pk).values_list("gpt_limit", flat=True).first()
    if limit is None:
        return
    lock_workspaces([workspace.pk])  # so that the count below holds
    if GPT.objects.filter(workspace=workspace, deleted_at__isnull=True).count() >= limit:
        raise Conflict(
            ngettext_lazy(
                "This workspace may have %(count)d GPT. Delete one, or ask the operator for more.",
                "This workspace may have %(count)d GPTs. Delete one, or ask the operator for more.",
                "count",
            )
            % {"count": limit},
            code="too_many_gpts",
            data={"limit": limit},
        )


def _insert(gpt: GPT) -> GPT:
    for _attempt in range(SLUG_ATTEMPTS):
        gpt.slug = make_slug(gpt.name)
        try:
            with transaction.atomic():
                gpt.save(force_insert=True)
        except IntegrityError:
            continue
        return gpt
    raise Conflict(_("No free address was found for this name. Try again."), code="no_free_slug")


@transaction.atomic
def update_draft(*, gpt: GPT, revision: int, changes: Mapping[str, Any], by: User, at: datetime) -> GPT:
    """Save ``changes`` to the draft that was read at ``revision``; return it with its new revision.

    Values that are already saved change nothing, so repeating a save is harmless. Raises InvalidInput
    naming the fields, or Conflict (``draft_changed``) whose data has the current ``revision`` and, under
    ``fields``, the saved value of each field that differs from what was sent. Errors write nothing.
    """
    fresh = lock_gpt(gpt)
    cleaned = clean_draft(changes, workspace=fresh.workspace, current=fresh)
    changed = [field for field, value in cleaned.items() if getattr(fresh, field) != value]
    if not changed:
        return fresh
    _check_policy(
        {field: cleaned[field] for field in changed},
        fresh.capabilities,
        workspace_id=fresh.workspace_id,
        by=by,
    )
    if revision != fresh.draft_revision:
        raise Conflict(
            _("This draft was changed elsewhere since you opened it. Compare and choose what to keep."),
            code="draft_changed",
            data={
                "revision": fresh.draft_revision,
                "fields": {field: serialize_draft_field(fresh, field) for field in changed},
            },
        )
    changes = {
        field: (serialize_draft_field(fresh, field), _serialize_value(cleaned[field]))
        for field in changed
        if field in SETTINGS_IN_LOG
    }
    for field in changed:
        setattr(fresh, field, cleaned[field])
    fresh.draft_revision += 1
    fresh.updated_at = at
    fresh.save(update_fields=[*changed, "draft_revision", "updated_at"])
    record(
        action="gpts.draft_updated",
        by=by,
        at=at,
        subject=fresh,
        workspace_id=fresh.workspace_id,
        data={"fields": sorted(changed), "revision": fresh.draft_revision},
        changes=changes,
    )
    return fresh


@transaction.atomic
def delete_gpt(*, gpt: GPT, typed_name: str, is_under_review: bool, by: User, at: datetime) -> None:
    """Soft-delete a GPT: it is live for nobody and in no list; rows, usage and slug stay.

    ``typed_name`` must equal the name. The caller knows of open submissions and cases (``is_under_review``)
    and delists the GPT in the same transaction. Raises Conflict while reviewed or quarantined, so that
    evidence stays, and NotFound when already deleted.
    """
    fresh = lock_gpt(gpt, allow_quarantined=True)
    if fresh.quarantined_at is not None:
        raise Conflict(
            _("“%(name)s” is quarantined and cannot be deleted until moderation is done.")
            % {"name": fresh.name},
            code="gpt_quarantined",
        )
    if is_under_review:
        raise Conflict(
            _("“%(name)s” is under review. Withdraw the submission first.") % {"name": fresh.name},
            code="under_review",
        )
    if typed_name.strip() != fresh.name:
        raise InvalidInput(
            _("Type the name exactly as it stands: %(name)s") % {"name": fresh.name},
            code="name_mismatch",
            field="typed_name",
        )
    LiveVersion.objects.filter(gpt=fresh).delete()
    fresh.deleted_at = at
    fresh.save(update_fields=["deleted_at"])
    record(
        action="gpts.gpt_deleted",
        by=by,
        at=at,
        subject=fresh,
        workspace_id=fresh.workspace_id,
    )


def lock_gpt(gpt: GPT, *, allow_quarantined: bool = False) -> GPT:
    """Lock the row and return it fresh.

    Raises NotFound when it was deleted meanwhile, Conflict when it is quarantined and not allowed to be.
    """
    fresh = (
        GPT.objects.select_for_update(of=("self",))
        .select_related("workspace", "language_model")
        .filter(pk=gpt.pk, deleted_at__isnull=True)
        .first()
    )
    if fresh is None:
        raise NotFound(_("There is no such GPT."), code="gpt_not_found")
    if not allow_quarantined:
        check_not_quarantined(fresh)
    return fresh


def check_not_quarantined(gpt: GPT) -> None:
    if gpt.quarantined_at is not None:
        raise Conflict(
            _("This GPT is quarantined by moderation and cannot be changed."), code="gpt_quarantined"
        )


def serialize_draft_field(gpt: GPT, field: str) -> Any:
    """Return a draft field as JSON: the model by id, temperature and schema as text."""
    value = getattr(gpt, field)
    if field == "output_schema" and value is not None:
        return json.dumps(value, ensure_ascii=False, indent=2)
    return _serialize_value(value)


def _serialize_value(value: Any) -> Any:
    if isinstance(value, LanguageModel):
        return value.pk
    return str(value) if isinstance(value, Decimal) else value

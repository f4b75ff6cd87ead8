"""Freezing versions, making them live for an audience, and restoring them."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from core.audit import record
from core.errors import Conflict, Forbidden, InvalidInput
from core.text import clean_block
from gpts.assistants.models import GPT, LiveVersion, PastVersion, Version
from gpts.assistants.queries.gpts import gpt_workspace_scope
from gpts.assistants.services.gpts import lock_gpt
from gpts.assistants.states import Audience, OutputFormat
from workspaces.models import SharingPolicy

RELEASE_NOTES_LENGTH = 2_000
BEHAVIOUR_FIELDS = (
    "name",
    "description",
    "instructions",
    "starters",
    "category",
    "icon",
    "language_model",
    "capabilities",
    "temperature",
    "seed",
    "output_format",
    "output_schema",
    "parallel_tool_calls",
    "model_choice",
    "allowed_models",
    "answers_only_from_knowledge",
    "no_answer_text",
)


def build_content(source: GPT | Version, *, knowledge_hashes: list[str]) -> dict[str, Any]:
    """Return everything that shapes how a GPT looks and answers, as canonical plain data.

    A model counts by its name, not its row: the same model behind a replaced provider row is the same.
    """
    model_name = source.model_name if isinstance(source, Version) else get_draft_model_name(source)
    temperature = source.temperature
    return {
        "schema": 2,
        "name": source.name,
        "description": source.description,
        "instructions": source.instructions,
        "starters": list(source.starters),
        "category": source.category,
        "icon": source.icon,
        "model": model_name,
        "capabilities": sorted(source.capabilities),
        "temperature": None if temperature is None else f"{temperature:.2f}",
        "seed": source.seed,
        "output_format": source.output_format,
        "output_schema": source.output_schema,
        "parallel_tool_calls": source.parallel_tool_calls,
        "model_choice": source.model_choice,
        "allowed_models": sorted(source.allowed_models),
        "answers_only_from_knowledge": source.answers_only_from_knowledge,
        "no_answer_text": source.no_answer_text,
        "knowledge": sorted(knowledge_hashes),
    }


def hash_content(content: dict[str, Any]) -> str:
    """Return the SHA-256 of the canonical JSON: sorted keys, no spaces, UTF-8."""
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()


def get_draft_model_name(gpt: GPT) -> str:
    return "" if gpt.language_model is None else gpt.language_model.name


def list_draft_knowledge_hashes(gpt: GPT) -> list[str]:
    """Return the hashes of the draft's readable files, sorted."""
    with gpt_workspace_scope(gpt):
        return sorted(gpt.knowledge_files.in_draft().readable().values_list("content_hash", flat=True))


def compute_draft_hash(gpt: GPT) -> str:
    """Return the content hash that freezing the draft now would give."""
    return hash_content(build_content(gpt, knowledge_hashes=list_draft_knowledge_hashes(gpt)))


@transaction.atomic
def freeze_version(*, gpt: GPT, release_notes: str, by: Any, at: datetime) -> Version:
    """Snapshot the draft. When nothing changed since the newest version, that one is returned and
    nothing is written; so a double click makes one version.

    Writes the version and an audit event. Raises InvalidInput for over-long notes, Conflict while
    quarantined, NotFound when deleted.
    """
    fresh = lock_gpt(gpt)
    notes = clean_block(release_notes, max_length=RELEASE_NOTES_LENGTH, field="release_notes", required=False)
    knowledge = list_draft_knowledge_hashes(fresh)
    content_hash = hash_content(build_content(fresh, knowledge_hashes=knowledge))
    newest = Version.objects.filter(gpt=fresh).order_by("-number").first()
    if newest is not None and newest.content_hash == content_hash:
        return newest
    version = Version.objects.create(
        gpt=fresh,
        number=1 if newest is None else newest.number + 1,
        model_name=get_draft_model_name(fresh),
        knowledge_hashes=knowledge,
        content_hash=content_hash,
        release_notes=notes,
        created_by=by,
        created_at=at,
        **{field: getattr(fresh, field) for field in BEHAVIOUR_FIELDS},
    )
    record(
        action="gpts.version_frozen",
        by=by,
        at=at,
        subject=version,
        workspace_id=fresh.workspace_id,
        data={"gpt_id": fresh.pk, "number": version.number, "content_hash": content_hash},
    )
    return version


@transaction.atomic
def set_live_version(
    *, gpt: GPT, version: Version, audience: str, at: datetime, by: Any = None
) -> LiveVersion:
    """Make ``version`` the one that serves ``audience``; the same again changes nothing.

    Writes the row and an audit event. Raises InvalidInput for a foreign version or unknown audience,
    NotFound when the GPT is deleted, Forbidden for a link out of a workspace that keeps its GPTs inside
    (for the public store, submitting has asked that). A quarantined one may be set and serves when released.
    """
    fresh = lock_gpt(gpt, quarantined=True)
    if version.gpt_id != fresh.pk:
        raise InvalidInput(_("This version belongs to another GPT."), code="foreign_version", field="version")
    _check_audience(audience)
    _check_link_allowed(fresh, audience)
    live = LiveVersion.objects.select_related("version").filter(gpt=fresh, audience=audience).first()
    if live is not None and live.version_id == version.pk:
        return live
    _record_past_version(
        gpt=fresh, audience=audience, old=None if live is None else live.version, new=version, at=at
    )
    live, _created = LiveVersion.objects.update_or_create(
        gpt=fresh, audience=audience, defaults={"version": version, "since": at}
    )
    record(
        action="gpts.version_went_live",
        by=by,
        at=at,
        subject=version,
        workspace_id=fresh.workspace_id,
        data={"gpt_id": fresh.pk, "number": version.number, "audience": str(audience)},
    )
    return live


@transaction.atomic
def clear_live_version(*, gpt: GPT, audience: str, at: datetime, by: Any = None) -> bool:
    """Stop serving ``audience``. Returns whether something was live; nothing is written otherwise."""
    _check_audience(audience)
    live = LiveVersion.objects.select_for_update().filter(gpt=gpt, audience=audience).first()
    if live is None:
        return False
    live.delete()
    _delete_past_versions(gpt=gpt, audience=audience)
    record(
        action="gpts.version_left",
        by=by,
        at=at,
        subject=gpt,
        workspace_id=gpt.workspace_id,
        data={"version_id": live.version_id, "audience": str(audience)},
    )
    return True


@transaction.atomic
def restore_version(*, gpt: GPT, version: Version, revision: int, by: Any, at: datetime) -> GPT:
    """Make the draft what ``version`` was, its knowledge files included.

    ``revision`` is the draft that the person saw; Conflict (``draft_changed``) when it moved on since,
    so that a colleague's fresh edit is not thrown away unseen. Restoring what already stands is a no-op.
    """
    fresh = lock_gpt(gpt)
    if version.gpt_id != fresh.pk:
        raise InvalidInput(_("This version belongs to another GPT."), code="foreign_version", field="version")
    if compute_draft_hash(fresh) == version.content_hash:
        return fresh
    if revision != fresh.draft_revision:
        raise Conflict(
            _("The draft changed since you opened this page. Look at it, then restore again."),
            code="draft_changed",
            data={"revision": fresh.draft_revision},
        )
    for field in BEHAVIOUR_FIELDS:
        setattr(fresh, field, getattr(version, field))
    fresh.draft_revision += 1
    fresh.updated_at = at
    fresh.save(update_fields=[*BEHAVIOUR_FIELDS, "draft_revision", "updated_at"])
    with gpt_workspace_scope(fresh):
        files = fresh.knowledge_files.filter(erased_at__isnull=True)
        files.filter(content_hash__in=version.knowledge_hashes).update(removed_at=None)
        files.exclude(content_hash__in=version.knowledge_hashes).filter(removed_at__isnull=True).update(
            removed_at=at
        )
    record(
        action="gpts.version_restored",
        by=by,
        at=at,
        subject=version,
        workspace_id=fresh.workspace_id,
        data={"gpt_id": fresh.pk, "number": version.number, "revision": fresh.draft_revision},
    )
    return fresh


def check_ready(gpt: GPT) -> None:
    """Raise InvalidInput when the draft lacks what people need before they click.

    ``data["errors"]`` maps each field to what is missing.
    """
    errors = {}
    if not gpt.description:
        errors["description"] = _("Say in a line or two what it does.")
    if not gpt.instructions:
        errors["instructions"] = _("Write the instructions that it follows.")
    if gpt.output_format == OutputFormat.JSON_SCHEMA and not gpt.output_schema:
        errors["output_schema"] = _("Write the JSON schema of its answers, or choose another answer format.")
    if errors:
        field, message = next(iter(errors.items()))
        raise InvalidInput(
            message,
            code="not_ready",
            field=field,
            data={"errors": {name: str(text) for name, text in errors.items()}},
        )


def _check_audience(audience: str) -> None:
    if audience not in Audience.values:
        raise InvalidInput(_("Choose who it is for."), code="unknown_choice", field="audience")


def _check_link_allowed(gpt: GPT, audience: str) -> None:
    if audience != Audience.LINK:
        return
    if SharingPolicy.objects.filter(workspace_id=gpt.workspace_id, may_publish=False).exists():
        raise Forbidden(
            _("This workspace keeps its GPTs inside. Ask one of its admins to allow publishing."),
            code="publishing_not_allowed",
        )


def _record_past_version(*, gpt: GPT, audience: str, old: Version | None, new: Version, at: datetime) -> None:
    """Call it when ``new`` goes live for ``audience`` in place of ``old``, in that transaction.

    A newer version leaves the old one to its conversations. An older one that comes back means that what
    was made after it is taken back, for those conversations too.
    """
    past = PastVersion.objects.filter(gpt=gpt, audience=audience)
    past.filter(version__number__gte=new.number).delete()
    if old is not None and old.number < new.number:
        PastVersion.objects.get_or_create(
            version=old, audience=audience, defaults={"gpt": gpt, "replaced_at": at}
        )


def _delete_past_versions(*, gpt: GPT, audience: str) -> None:
    """Call it when ``audience`` is served no longer: what served it before does not either."""
    PastVersion.objects.filter(gpt=gpt, audience=audience).delete()

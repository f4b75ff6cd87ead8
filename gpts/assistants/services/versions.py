"""Freeze a version, make it live for an audience, stop serving an audience, restore a version."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from core.audit import record
from core.errors import Conflict, InvalidInput
from core.text import clean_block
from gpts.assistants.content import (
    BEHAVIOUR_FIELDS,
    build_content,
    compute_draft_hash,
    get_draft_model_name,
    hash_content,
    list_draft_knowledge_hashes,
)
from gpts.assistants.models import GPT, LiveVersion, PastVersion, PublishRequest, Version
from gpts.assistants.queries.gpts import gpt_workspace_scope
from gpts.assistants.queries.served import find_refused
from gpts.assistants.services.addresses import settle_address
from gpts.assistants.services.gpts import lock_gpt
from gpts.assistants.states import (
    OPEN_AUDIENCES,
    Audience,
    OutputFormat,
    PublishAction,
    PublishState,
    move_publish_request,
)
from workspaces.acts import Act, check_act, check_workspace_open
from workspaces.models import User
from workspaces.names import check_public_name, find_resemblances
from workspaces.policy import gpt_targets
from workspaces.queries import is_active_member

RELEASE_NOTES_LENGTH = 2_000
ACT_BY_AUDIENCE = {
    # Each share was allowed by itself (services.shares); an update for the people it names is building.
    Audience.SHARED: Act.BUILD,
    Audience.UNLISTED: Act.SHARE_INSIDE,
    Audience.WORKSPACE: Act.SHARE_INSIDE,
    Audience.LINK: Act.SHARE_BY_LINK,
    Audience.PUBLIC: Act.PUBLISH,
}


@transaction.atomic
def freeze_version(*, gpt: GPT, release_notes: str, by: User, at: datetime) -> Version:
    """Snapshot the draft as a new version, or return the newest version when nothing changed since.

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
    *, gpt: GPT, version: Version, audience: str, at: datetime, by: User | None = None
) -> LiveVersion:
    """Make ``version`` live for ``audience`` in place of the version that is; idempotent.

    Writes the row and an audit event; the first one makes the GPT's address final. Raises InvalidInput for
    another GPT's version or an unknown audience, NotFound when the GPT is deleted, Forbidden as
    check_owner_may_serve does: approvals and restored listings end here too. Allowed in quarantine: it takes
    effect on release.
    """
    fresh = lock_gpt(gpt, allow_quarantined=True)
    if version.gpt_id != fresh.pk:
        raise InvalidInput(_("This version belongs to another GPT."), code="foreign_version", field="version")
    _check_audience(audience)
    check_owner_may_serve(fresh, audience)
    _check_name(fresh, version, audience)
    live = LiveVersion.objects.select_related("version").filter(gpt=fresh, audience=audience).first()
    if live is not None and live.version_id == version.pk:
        if live.is_paused:
            live.is_paused = False
            live.save(update_fields=["is_paused"])
        return live
    before = None if live is None else live.version.number
    _record_past_version(
        gpt=fresh, audience=audience, old=None if live is None else live.version, new=version, at=at
    )
    if fresh.address_settled_at is None:
        settle_address(gpt=fresh, at=at)
    live, _created = LiveVersion.objects.update_or_create(
        gpt=fresh, audience=audience, defaults={"version": version, "since": at, "is_paused": False}
    )
    record(
        action="gpts.version_went_live",
        by=by,
        at=at,
        subject=version,
        workspace_id=fresh.workspace_id,
        data={"gpt_id": fresh.pk, "number": version.number, "audience": str(audience)},
        changes={"live_version": (before, version.number)},
    )
    return live


@transaction.atomic
def pause_refused_links(*, workspace_ids: Collection[int]) -> int:
    """Pause live links that a rule now refuses to the GPT's owner, resume those allowed again; count both.

    Idempotent. The caller has authorised the change of the rules, or runs a job.
    """
    rows = LiveVersion.objects.filter(gpt__workspace__in=workspace_ids, audience=Audience.LINK)
    live = {row.gpt_id: row for row in rows.select_related("gpt")}
    refused = find_refused([row.gpt for row in live.values()], Act.SHARE_BY_LINK)
    paused = rows.filter(is_paused=False, gpt__in=refused).update(is_paused=True)
    return paused + rows.filter(is_paused=True, gpt__in=set(live) - refused).update(is_paused=False)


@transaction.atomic
def clear_live_version(*, gpt: GPT, audience: str, at: datetime, by: User | None = None) -> bool:
    """Stop serving ``audience``. Return whether a version was live; otherwise nothing is written.

    Requests of others than the owner to approve a version for it end: they were about keeping it up to date.
    """
    _check_audience(audience)
    # Before its live version, as everywhere: what the private store lists is read from both by a trigger.
    GPT.objects.select_for_update(of=("self",)).filter(pk=gpt.pk).first()
    live = LiveVersion.objects.select_for_update().filter(gpt=gpt, audience=audience).first()
    if live is None:
        return False
    live.delete()
    _delete_past_versions(gpt=gpt, audience=audience)
    waiting = PublishRequest.objects.filter(gpt=gpt, audience=audience, state=PublishState.OPEN)
    waiting.exclude(requested_by=gpt.owner_id).update(
        state=move_publish_request(PublishState.OPEN, PublishAction.SUPERSEDE), decided_by=by, decided_at=at
    )
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
def restore_version(*, gpt: GPT, version: Version, revision: int, by: User, at: datetime) -> GPT:
    """Set the draft to the content of ``version``, including its knowledge files; idempotent.

    ``revision`` is the draft's revision that the person saw. Raises Conflict (``draft_changed``) when the
    draft was saved since, so that a colleague's edit is not overwritten unseen.
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
    """Raise InvalidInput when the draft is not ready to be published.

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


def check_owner_may_serve(gpt: GPT, audience: str) -> None:
    """Raise Forbidden when the state of the GPT's owner or workspace does not allow this audience.

    Asked before sharing and submitting, and again when a version goes live. A company answers for its own
    GPTs after an owner has left; ``list_served_versions`` follows the same rule.
    """
    act = ACT_BY_AUDIENCE[Audience(audience)]
    if gpt.workspace.person_id is None and not is_active_member(gpt.owner_id, gpt.workspace_id):
        if gpt.owner.is_active:
            check_act(gpt.owner, act)  # a suspended builder's GPTs stay inside
        check_workspace_open(act, gpt.workspace_id, targets=gpt_targets(gpt.pk))
        return
    check_act(gpt.owner, act, workspace_id=gpt.workspace_id, targets=gpt_targets(gpt.pk))


def _check_name(gpt: GPT, version: Version, audience: str) -> None:
    """Raise InvalidInput for a protected name outside the workspace.

    The store has a moderator who judged the name, and the link of what stands there under the same name may
    show it too; a name that a decision prohibited is refused in any case.
    """
    if audience not in OPEN_AUDIENCES:
        return
    listed = LiveVersion.objects.filter(gpt=gpt, audience=Audience.PUBLIC, version__name=version.name)
    if audience == Audience.PUBLIC or listed.exists():
        found = find_resemblances(version.name, holder_id=gpt.owner_id)
        if all(one.why != "prohibited" for one in found):
            return
    check_public_name(version.name, holder_id=gpt.owner_id, field="name")


def _record_past_version(*, gpt: GPT, audience: str, old: Version | None, new: Version, at: datetime) -> None:
    """Update the past versions when ``new`` goes live for ``audience`` in place of ``old``.

    Conversations continue with the version that a newer one replaced. When an older version goes live again,
    versions newer than it are withdrawn from their conversations too.
    """
    past = PastVersion.objects.filter(gpt=gpt, audience=audience)
    past.filter(version__number__gte=new.number).delete()
    if old is not None and old.number < new.number:
        PastVersion.objects.get_or_create(
            version=old, audience=audience, defaults={"gpt": gpt, "replaced_at": at}
        )


def _delete_past_versions(*, gpt: GPT, audience: str) -> None:
    """Withdraw past versions from their conversations, when ``audience`` is no longer served."""
    PastVersion.objects.filter(gpt=gpt, audience=audience).delete()

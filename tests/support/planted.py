"""A workspace with a canary in every text of every table that belongs to it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import connection

import gpts.models as gpts
import marketplace.models as store
import reviews.models as moderation
from tests.support.canaries import MARK, plant
from tests.support.factories.metering import UsageEventFactory
from tests.support.factories.workspaces import UserFactory
from tests.support.times import AT
from workspaces.models import (
    DomainClaim,
    Group,
    GroupMember,
    Guest,
    IdentityConnection,
    IdentityLink,
    IdentityRules,
    Invitation,
    InviteLink,
    Member,
    PolicyRevision,
    PolicyRule,
    ProtectedName,
    ProvedDomain,
    ScimGroup,
    ScimGroupMember,
    ScimToken,
    ScimUser,
    User,
    Workspace,
    WorkspaceExport,
)


def save_file(folder: str) -> str:
    return default_storage.save(f"{folder}/{uuid4()}", ContentFile(f"bytes of {MARK}".encode()))


def plant_workspace(workspace: Workspace, owner: User) -> None:
    """Fill every table that belongs to a workspace."""
    here: dict[str, Any] = {"workspace": workspace}
    provider = plant(gpts.ModelProvider, **here, kind="chat_completions")
    model = plant(
        gpts.LanguageModel, provider=provider, kind="chat", input_price_micros=0, output_price_micros=0
    )
    look: dict[str, Any] = {"language_model": model, "icon": save_file("icons"), "category": "other"}
    plant(gpts.FailedCall, model_id=model.pk)
    gpt = plant(gpts.GPT, **here, **look, owner=owner, blocked_at=AT)
    version = plant(gpts.Version, gpt=gpt, created_by=owner, **look)
    plant(gpts.LiveVersion, gpt=gpt, version=version, audience="public")
    plant(gpts.PrivateListing, gpt=gpt, workspace=workspace)
    plant(
        gpts.PublishRequest, **here, gpt=gpt, version=version, audience="workspace", requested_by=owner,
        state="sent_back", decided_by=UserFactory.create(), decided_at=AT,
    )  # fmt: skip
    plant_chat(gpt, version, workspace, owner)
    document = plant(gpts.Document, **here, storage_key=save_file("documents"), state="ready", progress=100)
    plant(gpts.KnowledgeFile, **here, gpt=gpt, document=document, uploaded_by=owner)
    plant(gpts.Passage, **here, document=document)
    segment = plant(gpts.IndexSegment, **here, document=document)
    plant(gpts.IndexShelf, **here, segment=segment, key="c10")
    prompt = plant(gpts.GoldenPrompt, **here, gpt=gpt)
    run = plant(
        gpts.GoldenRun, **here, gpt=gpt, started_by=owner, kind="golden", state="finished", ended_at=AT
    )
    plant(gpts.GoldenResult, **here, run=run, prompt=prompt)
    message = plant(gpts.BuilderMessage, **here, gpt=gpt, user=owner)
    plant(gpts.BuilderChange, **here, gpt=gpt, user=owner, message=message)
    plant(gpts.Budget, **here, subject="cost_centre", measure="cost_micros", hard_limit=5, window="month")
    UsageEventFactory.create(gpt=gpt, user=owner, model_name=f"{MARK}-model")
    listing = plant(
        store.Listing, gpt=gpt, version=version, publisher=owner, **here, state="listed", category="other",
        popularity=0,
    )  # fmt: skip
    plant(store.ListingScore, listing=listing, **dict.fromkeys(("rating_count", "rating_sum"), 0))
    plant(store.ListingRelease, listing=listing)
    plant(store.SearchTerm, listing_count=0)
    first_day = AT.date() + timedelta(days=7 * store.Shelf.objects.count())
    shelf = plant(
        store.Shelf, title="A week", title_zh="", starts_on=first_day, ends_on=first_day + timedelta(days=7)
    )
    plant(store.ShelfEntry, shelf=shelf, listing=listing)
    plant_moderation(gpt, version, owner)
    group = plant(Group, **here)
    section = plant(store.StoreSection, **here, kind="pack", group=group)
    plant(store.StoreSectionEntry, **here, section=section, gpt=gpt)
    plant(store.ClosedOnboarding, **here, user=owner)
    plant(gpts.Adoption, **here, gpt=gpt, state="blocked", group_ids=[])
    plant(gpts.AdoptionRequest, **here, gpt=gpt, requested_by=owner)
    Member.objects.filter(**here).update(cost_centre=f"{MARK} centre")
    member = Member.objects.filter(**here).first()
    plant(GroupMember, group=group, member=member)
    everything: dict[str, str] = {"target_kind": "any", "target_value": "", "effect": "deny"}
    plant(PolicyRule, **here, **everything, subject_kind="group", group=group)
    plant(PolicyRevision, **here, created_by=owner)
    plant(Invitation, **here, invited_by=owner, role="member", accepted_at=AT)
    plant(InviteLink, **here, created_by=owner, role="member")
    plant(Guest, **here, user=owner, invited_by=owner)
    plant(ScimToken, **here, created_by=owner)
    person = plant(ScimUser, **here, user=owner)
    plant(ScimGroupMember, **here, group=plant(ScimGroup, **here, group=group), person=person)
    connection = plant(IdentityConnection, **here)
    plant(IdentityLink, **here, connection=connection, user=owner)
    plant(IdentityRules, **here, default_role="member")
    plant(ProvedDomain, **here)
    plant(DomainClaim, **here, created_by=owner)
    plant(
        WorkspaceExport, **here, requested_by=owner, state="ready", storage_key=save_file("exports"), size=1,
        ended_at=AT, expires_at=AT,
    )  # fmt: skip
    Member.objects.filter(**here, user=owner).update(gpt_filters=[f"{MARK} filter"])


def plant_chat(gpt: Any, version: Any, workspace: Workspace, person: User) -> None:
    by: dict[str, Any] = {"user": person, "workspace": workspace}
    conversation = plant(gpts.Conversation, **by, gpt=gpt, version=version)
    turn = plant(
        gpts.Turn, **by, conversation=conversation, gpt=gpt, version=version, state="finished", ended_at=AT
    )
    plant(gpts.Message, **by, turn=turn, role="user")
    plant(gpts.ContentAccess, workspace=workspace, person=person, requested_by=UserFactory.create())
    plant(gpts.LegalHold, workspace=workspace, person=person, started_by=UserFactory.create(), ended_at=AT)
    plant(gpts.TurnFeedback, **by, turn=turn, gpt=gpt, version=version)
    plant(gpts.SharedConversation, **by, conversation=conversation, gpt=gpt, version=version)
    first = plant(
        gpts.Attachment, **by, conversation=conversation, turn=turn, storage_key=save_file("attachments")
    )
    plant(
        gpts.Attachment,
        **by,
        conversation=conversation,
        turn=turn,
        storage_key=first.storage_key,
        copy_of=first,
    )
    plant(gpts.Attachment, **by, storage_key=save_file("attachments"))
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO gpts_turnwords (turn_id, user_id, conversation_id, search)"
            " VALUES (%s, %s, %s, to_tsvector('simple', %s))",
            [turn.pk, person.pk, conversation.pk, f"{MARK}99"],
        )


def plant_moderation(gpt: Any, version: Any, owner: User) -> None:
    submission = plant(moderation.Submission, gpt=gpt, version=version, submitted_by=owner, state="rejected")
    case = plant(
        moderation.Case, kind="pre_listing", subject_type="version", subject_id="1", gpt=gpt, builder=owner,
        submission=submission, queue="listings", state="closed", closed_at=AT,
    )  # fmt: skip
    plant(moderation.Check, version=version)
    plant(moderation.Fingerprint, version=version, gpt=gpt, owner=owner, hashes=[1])
    decision = plant(
        moderation.Decision, case=case, outcome="approve", source="automation", round=1, content_hash=""
    )
    effect = plant(
        moderation.Enforcement, decision=decision, gpt=gpt, builder=owner, kind="publish_version",
        state="executed", executed_at=AT, failure="",
    )  # fmt: skip
    plant(moderation.Escalation, case=case, moderator=UserFactory.create())
    plant(ProtectedName, enforcement_id=effect.pk, kind="prohibited")
    plant(ProtectedName, kind="verified", holder=owner)
    plant(moderation.Report, case=case, reporter=None, source="visitor", reporter_name="",
          reporter_email="v@x.test", explanation="By a visitor.")  # fmt: skip
    plant(moderation.Notice, case=case, decision=decision, recipient=owner, delivery="sent", sent_at=AT)

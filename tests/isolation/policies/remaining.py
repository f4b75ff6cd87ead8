"""Rows of tables that the world of the isolation tests leaves empty, so that every policy is tried on one."""

from __future__ import annotations

from datetime import date, timedelta

from django.utils import timezone

from core.ids import uuid7
from core.models import InstanceSetting
from gpts.assistants.models import PastVersion, Version
from gpts.chat.models import Attachment, AttachmentVectors, Turn, TurnFeedback
from gpts.chat.models.turn_words import TurnWords
from gpts.insights.models import InsightBucket, InsightCohort, InsightPart, InsightReach, InsightState
from gpts.knowledge.models import Passage
from gpts.knowledge.models.search_index import PassageVector
from gpts.knowledge.retrieval.vector_blocks import pack_vectors
from gpts.llm.models import SemanticSearch
from gpts.metering.models import (
    Budget,
    BudgetReservation,
    BudgetUse,
    PriceCeiling,
    UsageDay,
    UsageDayState,
    UsageEvent,
    UsageVoid,
)
from marketplace.models import (
    ClosedOnboarding,
    FormerHandle,
    Listing,
    ListingVector,
    Rating,
    Shelf,
    ShelfEntry,
    StoreSection,
    StoreSectionEntry,
)
from marketplace.services.listings import delist_listing, publish_listing
from reviews.models import Appeal, DailyStat, Decision, Escalation, Standing, Strike
from tests.isolation.world import World
from workspaces.models import (
    Group,
    GroupMember,
    Guest,
    IdentityConnection,
    IdentityLink,
    IdentityRules,
    InviteLink,
    Member,
    OutboundJob,
    OutgoingMail,
    PolicyRule,
    ProvedDomain,
    ScimGroup,
    ScimGroupMember,
    ScimUser,
)


def build(world: World) -> None:
    """Create them in the open system scope."""
    _in_workspaces(world)
    _in_chats(world)
    _in_insights(world)
    _in_reviews(world)


def _in_workspaces(world: World) -> None:
    now = timezone.now()
    InstanceSetting.objects.create(key="chat_deleted_days", value=30, changed_at=now)
    group = Group.objects.create(workspace=world.alpha, name="Walkers", created_at=now)
    seat = Member.objects.get(workspace=world.alpha, user=world.people["owner"])
    _add_identity(world, group)
    PolicyRule.objects.create(
        workspace=world.alpha,
        act="build",
        subject_kind="group",
        group=group,
        target_kind="any",
        effect="deny",
    )
    PriceCeiling.objects.create(
        workspace=world.alpha, input_price_micros=10**9, output_price_micros=10**9, updated_at=now
    )
    GroupMember.objects.create(group=group, member=seat)
    owner = world.people["owner"]
    StoreSectionEntry.objects.create(
        workspace=world.alpha,
        section=StoreSection.objects.get(workspace=world.alpha),
        gpt=world.gpts["alpha"],
        position=0,
    )
    ClosedOnboarding.objects.create(workspace=world.alpha, user=owner, closed_at=now)
    InviteLink.objects.create(
        workspace=world.alpha, role="member", token_hash="0" * 64, created_by=owner, created_at=now,
        expires_at=now,
    )  # fmt: skip
    Guest.objects.create(
        workspace=world.alpha, user=world.people["reader"], invited_by=owner, created_at=now, expires_at=now
    )
    OutboundJob.objects.create(
        kind="gpts.page", workspace=world.alpha, subject_id=world.gpts["alpha"].pk, address="https://a.example/",
        state="failed", error_code="refused", error="It was refused.", requested_by=world.people["owner"],
        created_at=now, started_at=now, ended_at=now,
    )  # fmt: skip
    OutgoingMail.objects.create(sealed="sealed", created_at=now)
    SemanticSearch.objects.create(id=1, changed_at=now)
    listing = Listing.objects.get(gpt=world.gpts["listed"])
    shelf = Shelf.objects.create(
        title="Walks", starts_on=date(2026, 1, 1), ends_on=date(2026, 2, 1), created_at=now
    )
    ShelfEntry.objects.create(shelf=shelf, listing=listing, position=1, reason="Good walks.")
    ListingVector.objects.create(listing=listing, version_id=listing.version_id, recipe=1, code=bytes(384))
    gone = publish_listing(
        gpt=world.gpts["alpha"], version=world.gpts["alpha"].versions.get(), by=None, at=now
    )
    delist_listing(listing=gone, by=None, at=now, reason="")
    for rated, hidden_at in ((listing, None), (gone, now)):
        Rating.objects.create(
            listing=rated, user=world.people["owner"], author_name="Olga", stars=5, version_number=1,
            created_at=now, updated_at=now, hidden_at=hidden_at,
        )  # fmt: skip
    FormerHandle.objects.create(handle="once-olga", user=world.people["owner"], given_up_at=now)


def _in_chats(world: World) -> None:
    owner, now = world.people["owner"], timezone.now()
    turn = Turn.objects.get(pk=world.turn)
    TurnFeedback.objects.get_or_create(
        turn=turn,
        defaults={
            "user": owner,
            "workspace_id": turn.workspace_id,
            "gpt_id": turn.gpt_id,
            "version_id": turn.version_id,
            "created_at": now,
            "is_positive": True,
        },
    )
    TurnWords.objects.create(turn=turn, user=owner, conversation_id=turn.conversation_id, search="walk")
    version = Version.objects.filter(gpt=world.gpts["private"]).earliest("number")
    PastVersion.objects.create(gpt=world.gpts["private"], version=version, audience="public", replaced_at=now)
    budget = Budget.objects.get(pk=world.budget)
    use = BudgetUse.objects.get(budget=budget, user=owner)
    BudgetReservation.objects.create(
        turn_id=uuid7(now), user=owner, budget=budget, use=use, amount=1, created_at=now
    )
    event = UsageEvent.objects.filter(payee_id=owner.pk).latest("event_id")
    UsageVoid.objects.create(
        event_id=event.event_id, occurred_at=event.occurred_at, reason="A test.", made_at=now
    )
    UsageDay.objects.create(
        workspace_id=world.alpha.pk,
        day=now.date(),
        user_id=owner.pk,
        gpt_id=event.gpt_id,
        model_name="offline",
        answers=1,
        input_tokens=1,
        output_tokens=1,
        cost_micros=1,
    )
    UsageDayState.objects.get_or_create(singleton=True)
    passage = Passage.objects.filter(document__files__gpt=world.gpts["private"]).earliest("pk")
    PassageVector.objects.create(
        workspace_id=passage.workspace_id,
        document_id=passage.document_id,
        passage=passage,
        model_id=world.catalogue_model,
        code="101",
        vector=[1.0, -1.0, 1.0],
    )
    pack_vectors(passage.document_id, world.catalogue_model, 3)
    attachment = Attachment.objects.filter(user=owner).earliest("created_at")
    AttachmentVectors.objects.create(
        attachment=attachment, user=owner, workspace_id=attachment.workspace_id, dimensions=3, pieces=1,
        model_id=world.catalogue_model, vectors=b"abc",
    )  # fmt: skip


def _in_insights(world: World) -> None:
    gpt, now, day = world.gpts["alpha"], timezone.now(), date(2026, 1, 5)
    bucket = InsightBucket.objects.create(
        gpt=gpt, series="use", start_date=day, end_date=day + timedelta(days=1), people=5
    )
    InsightPart.objects.create(gpt=gpt, bucket=bucket, kind="version", key="1", people=5)
    InsightCohort.objects.create(gpt=gpt, week=day, offset=1, size=5)
    InsightReach.objects.create(gpt=gpt, days=7, end_date=day, people=5)
    InsightState.objects.create(gpt=gpt, read_until=day, computed_at=now)


def _in_reviews(world: World) -> None:
    owner, now = world.people["owner"], timezone.now()
    decision = Decision.objects.get(pk=world.decision)
    Escalation.objects.create(
        case=decision.case, moderator=world.people["moderator2"], reason="Unsure.", escalated_at=now
    )
    Appeal.objects.create(
        decision=decision, party="owner", appellant=owner, case=decision.case, text="No.", filed_at=now
    )
    Standing.objects.get_or_create(user=owner)
    Strike.objects.create(user=owner, decision=decision, given_at=now, expires_at=now + timedelta(days=9))
    DailyStat.objects.create(day=date(2026, 1, 1), figure="reports", value=1, filled_at=now)


def _add_identity(world: World, group: Group) -> None:
    """What Alpha's identity provider sent, its connection and the rules of identity."""
    now, owner = timezone.now(), world.people["owner"]
    person = ScimUser.objects.create(
        workspace=world.alpha,
        user=owner,
        user_name=owner.email,
        email=owner.email,
        created_at=now,
        changed_at=now,
    )
    kept = ScimGroup.objects.create(workspace=world.alpha, group=group, created_at=now, changed_at=now)
    ScimGroupMember.objects.create(workspace=world.alpha, group=kept, person=person)
    connection = IdentityConnection.objects.create(
        workspace=world.alpha,
        kind="oidc",
        name="Alpha",
        issuer="https://id.alpha.example",
        created_at=now,
        updated_at=now,
    )
    IdentityLink.objects.create(
        workspace=world.alpha, connection=connection, user=owner, subject="1", created_at=now
    )
    ProvedDomain.objects.create(workspace=world.alpha, domain="alpha.example", proved_at=now)
    IdentityRules.objects.create(workspace=world.alpha, updated_at=now)

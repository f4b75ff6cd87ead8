"""Choices of a GPT: categories, audiences, answer formats."""

from __future__ import annotations

from collections.abc import Mapping

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from core.errors import IllegalTransition


class Category(TextChoices):
    WRITING = "writing", _("Writing")
    PRODUCTIVITY = "productivity", _("Productivity")
    RESEARCH = "research-analysis", _("Research & Analysis")
    PROGRAMMING = "programming", _("Programming")
    EDUCATION = "education", _("Education")
    LIFESTYLE = "lifestyle", _("Lifestyle")
    OTHER = "other", _("Other")


class Audience(TextChoices):
    """Who a version is live for; a GPT has at most one live version for each audience.

    SHARED are the people and groups of its shares; UNLISTED the members of its workspace, who find it by its
    address only.
    """

    SHARED = "shared", _("People and groups you choose")
    UNLISTED = "unlisted", _("Anyone in the workspace with the link")
    WORKSPACE = "workspace", _("Everyone in the workspace")
    LINK = "link", _("Anyone with the link")
    PUBLIC = "public", _("The public store")


# Audiences of members of the GPT's workspace, and those that anybody may belong to.
MEMBER_AUDIENCES = (Audience.WORKSPACE, Audience.UNLISTED)
OPEN_AUDIENCES = (Audience.PUBLIC, Audience.LINK)
# Which live version answers a person who belongs to several audiences: the narrowest one's.
AUDIENCE_ORDER = (Audience.SHARED, *MEMBER_AUDIENCES, *OPEN_AUDIENCES)


class ShareRight(TextChoices):
    """What a share lets people do; each right includes those before it."""

    CHAT = "chat", _("Can chat")
    VIEW = "view", _("Can view settings")
    EDIT = "edit", _("Can edit")


class RequestState(TextChoices):
    """Of a request for a GPT from outside."""

    OPEN = "open", _("Waiting for an admin")
    APPROVED = "approved", _("Approved")
    REFUSED = "refused", _("Refused")
    WITHDRAWN = "withdrawn", _("Taken back")


class AdoptionState(TextChoices):
    """What a company decided about a GPT from outside."""

    APPROVED = "approved", _("Approved")
    EXPIRED = "expired", _("Expired")
    BLOCKED = "blocked", _("Blocked")
    WITHDRAWN = "withdrawn", _("Withdrawn")


# Acts on an adoption, with the states from which they lead ("" is none yet) and the state that they make.
# Approving again renews it: its end, its groups, its version. A block is lifted by withdrawing it.
ADOPTION_ACTS: Mapping[str, tuple[frozenset[str], AdoptionState]] = {
    "approve": (
        frozenset({"", AdoptionState.APPROVED, AdoptionState.EXPIRED, AdoptionState.WITHDRAWN}),
        AdoptionState.APPROVED,
    ),
    "block": (
        frozenset({"", AdoptionState.APPROVED, AdoptionState.EXPIRED, AdoptionState.WITHDRAWN}),
        AdoptionState.BLOCKED,
    ),
    "withdraw": (
        frozenset({AdoptionState.APPROVED, AdoptionState.EXPIRED, AdoptionState.BLOCKED}),
        AdoptionState.WITHDRAWN,
    ),
    "expire": (frozenset({AdoptionState.APPROVED}), AdoptionState.EXPIRED),
}


class ApprovalNeed(TextChoices):
    """When a company wants another person to look at a GPT before it is shared."""

    NONE = "none", _("Nobody: who may share, shares at once")
    OUTSIDE = "outside", _("Another person, before it leaves the company")
    COMPANY = "company", _("Another person, before the whole company gets it or it leaves")


# Sharing with single people and groups never needs one: the path to the company begins there.
AUDIENCES_TO_APPROVE: Mapping[str, tuple[Audience, ...]] = {
    ApprovalNeed.NONE: (),
    ApprovalNeed.OUTSIDE: OPEN_AUDIENCES,
    ApprovalNeed.COMPANY: (*MEMBER_AUDIENCES, *OPEN_AUDIENCES),
}


class PublishState(TextChoices):
    """Of a request that one version may be shared with an audience."""

    OPEN = "open", _("Waiting for approval")
    APPROVED = "approved", _("Approved")
    SENT_BACK = "sent_back", _("Sent back")
    WITHDRAWN = "withdrawn", _("Taken back")
    SUPERSEDED = "superseded", _("Replaced by a newer request")


class PublishAction(TextChoices):
    APPROVE = "approve"
    SEND_BACK = "send_back"
    WITHDRAW = "withdraw"
    SUPERSEDE = "supersede"


PUBLISH_MOVES: Mapping[str, PublishState] = {
    PublishAction.APPROVE: PublishState.APPROVED,
    PublishAction.SEND_BACK: PublishState.SENT_BACK,
    PublishAction.WITHDRAW: PublishState.WITHDRAWN,
    PublishAction.SUPERSEDE: PublishState.SUPERSEDED,
}


def move_publish_request(state: str, action: str) -> PublishState:
    """Return the state after ``action``; IllegalTransition (``already_answered``) unless it is open."""
    if state != PublishState.OPEN:
        raise IllegalTransition(
            _("This request was answered already."), code="already_answered", data={"state": str(state)}
        )
    return PUBLISH_MOVES[PublishAction(action)]


class OutputFormat(TextChoices):
    TEXT = "text", _("Text")
    JSON = "json", _("JSON")
    JSON_SCHEMA = "json_schema", _("JSON that follows a schema")

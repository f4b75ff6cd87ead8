"""Break-glass access to conversations of an enterprise workspace.

Two people with the permission OPEN_CONTENT, neither of them the person concerned: one asks with a reason, the
other opens or refuses. The person is told at once, the access closes by itself, and each conversation that is
read is an audit event. An owner switches it on or off; members are told when it becomes possible.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from core.audit import record
from core.dates import check_date
from core.errors import Conflict, Forbidden, InvalidInput
from core.jobs import enqueue_on_commit
from core.links import absolute_url
from core.scope import Scope, open_scope
from gpts.chat.models import ContentAccess, ContentAccessRule, Conversation
from gpts.chat.models.content_access import REASON_LENGTH
from gpts.chat.queries.content_access import is_content_access_allowed, is_open
from gpts.chat.states import ContentAccessState
from workspaces.mail_text import MailText
from workspaces.models import Member, Notification, User, Workspace
from workspaces.queries import find_user, is_member_now
from workspaces.services.locks import lock_workspaces
from workspaces.services.mails import enqueue_mail
from workspaces.services.notifications import notify
from workspaces.states import WorkspaceKind

OPEN_FOR = timedelta(hours=24)
# A request that nobody answered by then is closed by the next one who looks.
WAITS_FOR = timedelta(days=7)
LEAST_REASON = 20
OPENED_KIND, ALLOWED_KIND = "gpts.content_opened", "gpts.content_access_allowed"
MEMBERS_PAGE = "/settings/content-access"


@transaction.atomic
def set_content_access(*, workspace: Workspace, is_allowed: bool, by: User, at: datetime) -> None:
    """Let two people open conversations of ``workspace``, or nobody. Idempotent. Audited.

    The caller has authorised an owner. Switching it off closes what is open. When it is switched on, a job
    tells every member. Raises Conflict (``enterprise_only``).
    """
    _require_enterprise(workspace)
    rule, _created = ContentAccessRule.objects.select_for_update().get_or_create(
        workspace=workspace, defaults={"changed_at": at}
    )
    if rule.is_allowed == is_allowed:
        return
    rule.is_allowed, rule.changed_at, rule.changed_by = is_allowed, at, by
    rule.save()
    record(
        action="gpts.content_access_rule_set",
        by=by,
        at=at,
        subject=("workspaces.workspace", str(workspace.pk)),
        workspace_id=workspace.pk,
        changes={"content_access": (not is_allowed, is_allowed)},
    )
    if is_allowed:
        enqueue_on_commit("gpts.announce_content_access", workspace_id=workspace.pk, since=at.isoformat())
        return
    for access in _lock(ContentAccess.objects.filter(workspace=workspace, state__in=_UNFINISHED)):
        if is_unfinished(access, at=at):
            _close(access, by=by, at=at)


_UNFINISHED = (ContentAccessState.REQUESTED, ContentAccessState.OPENED)


@transaction.atomic
def request_content_access(
    *,
    workspace: Workspace,
    email: str,
    reason: str,
    since: date | None = None,
    until: date | None = None,
    by: User,
    at: datetime,
) -> ContentAccess:
    """Ask another person to open the conversations of the account ``email``; returns the request. Audited.

    Also of people who have left. Raises Conflict (``enterprise_only``, ``content_access_off``,
    ``already_requested``), Forbidden (``own_content``) and InvalidInput.
    """
    _require_enterprise(workspace)
    lock_workspaces([workspace.pk])
    _require_allowed(workspace)
    reason = _clean_reason(reason)
    for field, day in (("since", since), ("until", until)):
        if day is not None:
            check_date(day, field=field)
    if since is not None and until is not None and until < since:
        raise InvalidInput(_("The end lies before the beginning."), code="range_invalid", field="until")
    person = find_person_of(workspace, email)
    if person.pk == by.pk:
        raise Forbidden(_("You read your own conversations without this."), code="own_content", field="email")
    waiting = _lock(
        ContentAccess.objects.filter(workspace=workspace, person=person, state=ContentAccessState.REQUESTED)
    )
    for earlier in waiting:
        if at - earlier.requested_at < WAITS_FOR:
            raise Conflict(
                _("There is a request for this person already. Answer or withdraw it first."),
                code="already_requested",
                field="email",
            )
        _close(earlier, by=None, at=at)
    access = ContentAccess.objects.create(
        workspace=workspace,
        person=person,
        reason=reason,
        since=since,
        until=until,
        requested_by=by,
        requested_at=at,
    )
    _record("gpts.content_access_requested", access, by=by, at=at)
    return access


@transaction.atomic
def answer_content_access(
    *, access: ContentAccess, is_approved: bool, by: User, at: datetime
) -> ContentAccess:
    """Open the conversations for 24 hours to both people, or refuse. Audited; the person is told.

    Raises Forbidden (``own_request``, ``own_content``) and Conflict (``already_answered``,
    ``content_access_off``, ``request_too_old``).
    """
    access = _lock_one(access)
    if by.pk == access.person_id:
        raise Forbidden(_("Somebody else must answer this, as it is about you."), code="own_content")
    if by.pk == access.requested_by_id:
        raise Forbidden(
            _("Another person must answer your request: it takes two to open conversations."),
            code="own_request",
        )
    if access.state != ContentAccessState.REQUESTED:
        raise Conflict(_("This request was answered already."), code="already_answered")
    if at - access.requested_at >= WAITS_FOR:
        raise Conflict(_("This request is too old. Ask again."), code="request_too_old")
    if is_approved:
        _require_allowed(access.workspace)
    access.decided_by, access.decided_at = by, at
    access.state = ContentAccessState.OPENED if is_approved else ContentAccessState.REFUSED
    access.ends_at = at + OPEN_FOR if is_approved else None
    access.save()
    verb = "opened" if is_approved else "refused"
    _record(f"gpts.content_access_{verb}", access, by=by, at=at)
    if is_approved:
        _tell_person(access, at=at)
    return access


@transaction.atomic
def close_content_access(*, access: ContentAccess, by: User, at: datetime) -> ContentAccess:
    """Withdraw a request, or end an open access before its time. Idempotent. Audited."""
    access = _lock_one(access)
    if is_unfinished(access, at=at):
        _close(access, by=by, at=at)
    return access


def is_unfinished(access: ContentAccess, *, at: datetime) -> bool:
    """Return whether a request waits, or conversations are open now: their time may be over already."""
    return access.state == ContentAccessState.REQUESTED or is_open(access, at=at)


def record_reading(*, access: ContentAccess, conversation_id: UUID, by: User, at: datetime) -> None:
    """Write into the audit log that a conversation is read; call it before its content is shown."""
    _record("gpts.content_read", access, by=by, at=at, conversation_id=str(conversation_id))


def announce_content_access(*, workspace_id: int, since: datetime, at: datetime) -> int | None:
    """Tell the members of a workspace that conversations can be opened now; returns how many were told.

    None when that was stopped meanwhile. In the system scope. Whoever was told since is left out, so that a
    repeated job tells nobody twice.
    """
    if not is_content_access_allowed(workspace_id):
        return None
    told = Notification.objects.filter(kind=ALLOWED_KIND, created_at__gte=since, url=_page_of(workspace_id))
    members = Member.objects.filter(workspace_id=workspace_id, user__is_active=True).select_related(
        "user", "workspace"
    )
    count = 0
    for member in members.exclude(user__in=told.values("user")).order_by("pk").iterator(chunk_size=500):
        with translation.override(member.user.language or settings.LANGUAGE_CODE):
            notify(
                user=member.user,
                kind=ALLOWED_KIND,
                title=gettext("%(company)s can open conversations from now on")
                % {"company": member.workspace.name},
                body=gettext(
                    "Two people of the company together, with a reason. You are told each time, and see"
                    " there who it was and why."
                ),
                url=_page_of(workspace_id),
                at=at,
            )
        count += 1
    return count


def _page_of(workspace_id: int) -> str:
    return f"{MEMBERS_PAGE}#workspace-{workspace_id}"


def _tell_person(access: ContentAccess, *, at: datetime) -> None:
    person = access.person
    with translation.override(person.language or settings.LANGUAGE_CODE):
        title = gettext("Your conversations at %(company)s were opened") % {"company": access.workspace.name}
        who = gettext("%(first)s asked for it and %(second)s agreed. They gave this reason:") % {
            "first": access.requested_by.display_name,
            "second": access.decided_by.display_name if access.decided_by else "",
        }
        body = f"{who}\n\n{access.reason}"
        notify(user=person, kind=OPENED_KIND, title=title, body=body, url=MEMBERS_PAGE, at=at)
        if person.is_active:
            link = absolute_url(MEMBERS_PAGE)
            text = MailText(title, (who, access.reason), link=link, label=gettext("Look at it"))
            enqueue_mail(to=person.email, text=text)


def _close(access: ContentAccess, *, by: User | None, at: datetime) -> None:
    is_request = access.state == ContentAccessState.REQUESTED
    access.state = ContentAccessState.WITHDRAWN if is_request else ContentAccessState.ENDED
    if access.ends_at is not None:
        access.ends_at = min(access.ends_at, at)
    access.save(update_fields=["state", "ends_at"])
    verb = "withdrawn" if is_request else "closed"
    _record(f"gpts.content_access_{verb}", access, by=by, at=at)


def _lock(rows: Any) -> list[ContentAccess]:
    return list(
        rows.select_for_update(of=("self",))
        .select_related("workspace", "person", "requested_by", "decided_by")
        .order_by("pk")
    )


def _lock_one(access: ContentAccess) -> ContentAccess:
    return _lock(ContentAccess.objects.filter(pk=access.pk))[0]


def _require_enterprise(workspace: Workspace) -> None:
    if workspace.kind != WorkspaceKind.ENTERPRISE:
        raise Conflict(
            _("Only an enterprise workspace can open conversations of its members."), code="enterprise_only"
        )


def _require_allowed(workspace: Workspace) -> None:
    if not is_content_access_allowed(workspace.pk):
        raise Conflict(
            _("An owner must first allow that two people open conversations."), code="content_access_off"
        )


def _clean_reason(reason: str) -> str:
    reason = " ".join(reason.split())
    if len(reason) < LEAST_REASON:
        raise InvalidInput(
            _("Give a reason of at least %(count)d characters: the person will read it.")
            % {"count": LEAST_REASON},
            code="reason_too_short",
            field="reason",
        )
    if len(reason) > REASON_LENGTH:
        raise InvalidInput(
            _("Use at most %(count)d characters.") % {"count": REASON_LENGTH},
            code="reason_too_long",
            field="reason",
        )
    return reason


def find_person_of(workspace: Workspace, email: str) -> User:
    """Return the member or former member; the same error for everybody else, so that no account is found."""
    person = find_user(email) if len(email) <= 254 else None
    if person is not None and not is_member_now(person.pk, workspace.pk):
        with open_scope(Scope(user_id=person.pk, workspace_ids=(workspace.pk,))):
            has_chatted = Conversation.objects.filter(user=person, workspace=workspace).exists()
        person = person if has_chatted else None
    if person is None:
        raise InvalidInput(
            _("Nobody with this address is a member or has chatted here."), code="not_a_member", field="email"
        )
    return person


def _record(action: str, access: ContentAccess, *, by: User | None, at: datetime, **data: object) -> None:
    # Without the reason, which may say things about the person: the log is never erased.
    record(
        action=action,
        by=by,
        at=at,
        subject=access,
        workspace_id=access.workspace_id,
        data={"user_id": access.person_id, **data},
    )

"""Accounts: created and changed. leaving.py ends them."""

from __future__ import annotations

from datetime import datetime

from allauth.account.models import EmailAddress
from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _

from core.audit import record
from core.dates import get_time_zones
from core.errors import Conflict, InvalidInput
from core.scope import Scope, open_scope
from core.text import clean_line
from workspaces.access import open_admin_scope
from workspaces.models import Member, SharingPolicy, User, Workspace
from workspaces.names import check_public_name
from workspaces.services.security_notices import SecurityEvent, notify_security
from workspaces.services.slugs import build_slug, unused_slug
from workspaces.states import Role, Theme, WorkspaceKind

NAME_LENGTH = 80


def create_user(
    *,
    email: str,
    display_name: str,
    at: datetime,
    password: str | None = None,
    by: User | None = None,
    language: str = "",
    time_zone: str = "UTC",
    is_email_verified: bool = False,
) -> User:
    """Create an account with its personal workspace and sharing policy. Audited.

    ``by`` is None when people sign up themselves.
    Without a password the person signs in by other means or resets it. Raises InvalidInput, or Conflict
    when the address is taken.
    """
    email = clean_email(email)
    # A confirmed address is one account's, also where it is not the one that they sign in with.
    # allauth stores addresses in lower case, and has an index for exactly that.
    confirmed = EmailAddress.objects.filter(email=email, verified=True).values_list("user_id")
    if User.objects.filter(email=email).values_list("pk").union(confirmed).exists():
        raise Conflict(
            _("There is already an account with this e-mail address."), code="email_taken", field="email"
        )
    user = User(
        email=email,
        display_name=clean_display_name(display_name),
        language=_clean_language(language),
        time_zone=_clean_time_zone(time_zone),
    )
    if password is None:
        user.set_unusable_password()
    else:
        _check_password(password, user)
        user.set_password(password)
    with transaction.atomic():
        user.save()
        if is_email_verified:
            EmailAddress.objects.create(user=user, email=email, verified=True, primary=True)
        # Nobody else sees the new row yet: nothing to lock, and nothing to look for.
        _add_personal_workspace(user, by=by or user, at=at)
    return user


def complete_account(*, user: User, at: datetime, by: User | None = None) -> Workspace:
    """Create the personal workspace and sharing policy of a saved account. Idempotent. Audited."""
    with transaction.atomic():
        User.objects.select_for_update().get(pk=user.pk)
        existing = Workspace.objects.filter(person=user).first()
        return existing or _add_personal_workspace(user, by=by or user, at=at)


def _add_personal_workspace(user: User, *, by: User, at: datetime) -> Workspace:
    # With its id known beforehand, one scope serves for the workspace and for what is put into it. The
    # caller's transaction is for this alone.
    identifier, slug = _reserve_workspace(user.display_name)
    with open_admin_scope(identifier, user_id=user.pk, savepoint=False):
        workspace = Workspace.objects.create(
            pk=identifier,
            kind=WorkspaceKind.PERSONAL,
            slug=slug,
            name=user.display_name,
            person=user,
            created_at=at,
        )
        Member.objects.create(workspace=workspace, user=user, role=Role.OWNER, joined_at=at)
        SharingPolicy.objects.create(workspace=workspace, updated_at=at)
        if by == user:
            record(action="workspaces.user_created", by=user, at=at, subject=user)
    if by != user:
        with open_scope(Scope(user_id=by.pk)):
            record(action="workspaces.user_created", by=by, at=at, subject=user)
    return workspace


def _reserve_workspace(name: str) -> tuple[int, str]:
    """Return an id and a free slug for a new workspace."""
    slug = build_slug(name)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT nextval(pg_get_serial_sequence('workspaces_workspace', 'id')),"
            " EXISTS(SELECT FROM workspaces_workspace WHERE slug = %s)",
            [slug],
        )
        identifier, is_taken = cursor.fetchone()
    return int(identifier), unused_slug(name) if is_taken else slug


def has_verified_address(user: User) -> bool:
    """Whether the person has confirmed the address of their account."""
    return EmailAddress.objects.filter(user=user, email__iexact=user.email, verified=True).exists()


def update_profile(
    *, user: User, display_name: str, language: str, time_zone: str, by: User, at: datetime
) -> User:
    """Change a person's profile; the personal workspace takes over the name. Audited."""
    values = {
        "display_name": clean_display_name(display_name, user=user),
        "language": _clean_language(language),
        "time_zone": _clean_time_zone(time_zone),
    }
    changed = [name for name, value in values.items() if getattr(user, name) != value]
    if not changed:
        return user
    # Names are not kept in the log.
    changes = {name: (getattr(user, name), values[name]) for name in changed if name != "display_name"}
    with transaction.atomic():
        for name in changed:
            setattr(user, name, values[name])
        user.save(update_fields=changed)
        if "display_name" in changed:
            Workspace.objects.filter(person=user).update(name=user.display_name)
        record(
            action="workspaces.user_profile_changed",
            by=by,
            at=at,
            subject=user,
            data={"fields": changed},
            changes=changes,
        )
    return user


def set_theme(*, user: User, theme: str, by: User, at: datetime) -> User:
    """Set the theme of pages for this person; not audited."""
    if theme not in Theme.values:
        raise InvalidInput(_("Choose light, dark or as the device."), code="theme_invalid", field="theme")
    user.theme = theme
    user.save(update_fields=["theme"])
    return user


def set_edit_mails(*, user: User, is_wanted: bool, by: User, at: datetime) -> User:
    """Switch mails about other people's edits on or off for this person; not audited."""
    user.mails_edit_notices = is_wanted
    user.save(update_fields=["mails_edit_notices"])
    return user


def set_language(*, user: User, language: str, by: User, at: datetime) -> User:
    """Set the language of pages and mails for this person; not audited."""
    user.language = _clean_language(language)
    user.save(update_fields=["language"])
    return user


def clean_display_name(display_name: str, *, user: User | None = None) -> str:
    """Return a name that a person may show to others; the name that ``user`` has already is kept."""
    name = clean_line(display_name, max_length=NAME_LENGTH, field="display_name")
    if user is None or name != user.display_name:
        holder_id = None if user is None else user.pk
        check_public_name(name, holder_id=holder_id, field="display_name", is_person=True)
    return name


def note_email_change(*, user: User, former: str, by: User, at: datetime) -> None:
    """Keep the former primary address for notices, and tell both. Audited without the addresses."""
    User.objects.filter(pk=user.pk).update(former_email=former, email_changed_at=at)
    user.former_email, user.email_changed_at = former, at
    # allauth mails the former address itself.
    notify_security(user=user, event=SecurityEvent.EMAIL_CHANGED, at=at, addresses=[user.email])
    record(action="workspaces.email_changed", by=by, at=at, subject=user)


def clean_email(email: str) -> str:
    """Return an address in small letters; raises InvalidInput for one that is incomplete."""
    email = clean_line(email, max_length=254, field="email").strip().lower()
    try:
        validate_email(email)
    except ValidationError as error:
        raise InvalidInput(
            _("Enter a complete e-mail address, such as name@example.org."),
            code="email_invalid",
            field="email",
        ) from error
    return email


def _check_password(password: str, user: User) -> None:
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise InvalidInput(" ".join(error.messages), code="password_weak", field="password") from error


def _clean_language(language: str) -> str:
    if language and language not in dict(settings.LANGUAGES):
        raise InvalidInput(_("Choose one of the languages."), code="language_unknown", field="language")
    return language


def _clean_time_zone(time_zone: str) -> str:
    if time_zone not in get_time_zones():
        raise InvalidInput(
            _("Choose a time zone from the list."), code="time_zone_unknown", field="time_zone"
        )
    return time_zone

"""Builder profiles, and their copies in listings."""

from __future__ import annotations

import re
from datetime import datetime
from urllib.parse import urlsplit

from django.db import IntegrityError, connection, transaction
from django.utils.translation import gettext_lazy as _

from core import audit
from core.errors import Conflict, InvalidInput
from core.text import clean_block, clean_line, skeleton
from marketplace.models import BuilderProfile, FormerHandle, Listing
from marketplace.models.builders import BIO_LENGTH, HANDLE_PATTERN
from marketplace.page_cache import invalidate_store
from workspaces.erasure import is_retired
from workspaces.models import User

# Words that suggest the instance itself or one of its pages; look-alikes are refused as well.
RESERVED_HANDLES = frozenset(
    [
        "about",
        "accounts",
        "admin",
        "administrator",
        "api",
        "build",
        "builder",
        "builders",
        "categories",
        "category",
        "chat",
        "contact",
        "dev",
        "earnings",
        "finance",
        "gpt",
        "gpts",
        "healthz",
        "help",
        "leaderboards",
        "legal",
        "loggia",
        "login",
        "logout",
        "mail",
        "me",
        "metrics",
        "moderation",
        "moderator",
        "new",
        "news",
        "null",
        "official",
        "openai",
        "operator",
        "owner",
        "password",
        "privacy",
        "readyz",
        "root",
        "search",
        "security",
        "settings",
        "signup",
        "staff",
        "static",
        "status",
        "store",
        "support",
        "system",
        "team",
        "terms",
        "undefined",
        "user",
        "users",
        "verified",
        "webmaster",
        "www",
    ]
)
_HANDLE_LOCK = 0x10661C
_RESERVED_SKELETONS = frozenset(skeleton(word) for word in RESERVED_HANDLES)


@transaction.atomic
def upsert_builder_profile(
    *,
    user: User,
    handle: str,
    display_name: str,
    bio: str = "",
    website: str = "",
    by: User | None,
    at: datetime,
    verified_name: bool | None = None,
) -> BuilderProfile:
    """Create or change a person's public profile and its copies in listings.

    A changed name or website loses its verification. ``verified_name`` sets or clears that of the name;
    only staff services and demo data pass it. Raises InvalidInput for a malformed or reserved handle,
    Conflict for one that somebody else has or had.
    """
    with connection.cursor() as cursor:
        # Serialise changes: a handle that is being given up must not be taken before it is recorded.
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_HANDLE_LOCK])
    profile = BuilderProfile.objects.select_for_update().filter(user=user).first()
    is_new = profile is None
    profile = profile or BuilderProfile(user=user, created_at=at)
    name = clean_line(display_name, max_length=80, field="display_name")
    address = clean_website(website)
    if not is_new and name != profile.display_name:
        profile.verified_name_at = None
    if address != profile.website:
        profile.verified_website_at = None
    if verified_name is not None:
        profile.verified_name_at = (profile.verified_name_at or at) if verified_name else None
    profile.handle = _take_handle(profile, clean_handle(handle, keeps=profile.handle), at=at)
    profile.display_name = name
    profile.bio = clean_block(bio, max_length=BIO_LENGTH, field="bio", required=False)
    profile.website = address
    profile.updated_at = at
    try:
        with transaction.atomic():
            profile.save()
    except IntegrityError as error:
        if "marketplace_builder_handle" not in str(error):
            raise
        raise _build_taken_error() from error
    Listing.objects.filter(publisher=user).update(
        builder_handle=profile.handle, builder_name=profile.display_name, builder_verified=profile.is_verified
    )
    invalidate_store()
    audit.record(
        action="marketplace.builder_profile_made" if is_new else "marketplace.builder_profile_changed",
        by=by,
        at=at,
        subject=profile,
    )
    return profile


def _take_handle(profile: BuilderProfile, handle: str, *, at: datetime) -> str:
    """Return ``handle``, after recording the one that it replaces as a former handle."""
    taken = FormerHandle.objects.filter(handle=handle.lower()).exclude(user_id=profile.user_id)
    if is_retired("handle", handle) or taken.exists():
        raise _build_taken_error()
    if profile.handle and profile.handle.lower() != handle.lower():
        FormerHandle.objects.get_or_create(
            handle=profile.handle.lower(), defaults={"user_id": profile.user_id, "given_up_at": at}
        )
    return handle


def _build_taken_error() -> Conflict:
    return Conflict(_("This handle is taken. Choose another."), code="handle_taken", field="handle")


def clean_handle(value: str, *, keeps: str = "") -> str:
    """Return a valid handle; the person's current handle ``keeps`` is always accepted."""
    handle = clean_line(value, max_length=30, field="handle").removeprefix("@")
    if keeps and handle.lower() == keeps.lower():
        return handle
    if not re.fullmatch(HANDLE_PATTERN, handle):
        raise InvalidInput(
            _("Use 3 to 30 letters, digits, hyphens or underscores; begin and end with a letter or digit."),
            code="handle_invalid",
            field="handle",
        )
    if skeleton(handle) in _RESERVED_SKELETONS:
        raise InvalidInput(
            _("This handle is reserved. Choose another."), code="handle_reserved", field="handle"
        )
    return handle


def clean_website(value: str) -> str:
    """Return an https URL with a public-looking host, or an empty string."""
    address = clean_line(value, max_length=200, field="website", required=False)
    if not address:
        return ""
    try:
        parts = urlsplit(address)
        is_valid = (
            parts.scheme == "https"
            and "." in (parts.hostname or "")
            and not parts.username
            and not parts.password
            and parts.port in (None, 443)
            and not re.search(r"[\s\\<>\"']", address)
        )
    except ValueError:
        is_valid = False
    if not is_valid:
        raise InvalidInput(
            _("Give a whole address that begins with https://, for example https://example.org."),
            code="website_invalid",
            field="website",
        )
    return address

"""The address of a GPT: provisional until it is chosen or the GPT is first shared, then for good."""

from __future__ import annotations

import re
from datetime import datetime

from django.db import IntegrityError, connection, transaction
from django.utils.text import slugify
from django.utils.translation import gettext_lazy as _

from core.audit import record
from core.errors import Conflict, DomainError, InvalidInput
from core.rate_limits import Limit, require_within
from gpts.assistants.models import GPT
from gpts.assistants.services.gpts import lock_gpt
from workspaces.erasure import is_retired, retire_name
from workspaces.models import User
from workspaces.names import check_public_name

# The kind of workspaces.models.RetiredName for addresses that must not lead to another GPT.
ADDRESS = "gpt-address"
SHORTEST, LONGEST = 3, 60
SUGGESTIONS = 5
# Words of our own addresses, and those that would say nothing or lie about who speaks.
RESERVED = frozenset({
    "about", "account", "accounts", "admin", "api", "build", "builders", "categories", "chat", "draft",
    "earnings", "embed", "finance", "gpt", "gpts", "help", "import", "leaderboards", "loggia", "moderation",
    "new", "new-gpt", "operator", "preview", "privacy", "report", "rules", "search", "settings", "static",
    "store", "support", "terms", "test", "version", "versions",
})  # fmt: skip
_FORM = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
# Checks while somebody types: each holds the lock below for a moment, and says which addresses are taken.
CHECKS = Limit("gpt-address-check", 120, 60)
# Serialises choices: an address that is being given up must not be taken before it is recorded.
_LOCK = 7_215_093


@transaction.atomic
def choose_address(*, gpt: GPT, address: str, by: User, at: datetime) -> GPT:
    """Give a GPT its address for good; the provisional one keeps leading to it. Return the GPT anew.

    Raises Conflict ``address_settled`` once it was chosen or the GPT was shared (the same address again is
    harmless), Conflict ``address_taken`` when another GPT has or had it, InvalidInput ``address_form``,
    ``address_length`` or ``address_reserved``, and ``name_protected``; then nothing is written. Audited.
    """
    fresh = lock_gpt(gpt)
    if fresh.address_settled_at is not None:
        if address.strip().lower() == fresh.slug:
            return fresh
        raise Conflict(
            _("This GPT has its address for good: people may have its link already."),
            code="address_settled",
            field="address",
        )
    _take_address(fresh, address)
    fresh.address_settled_at = at
    fresh.save(update_fields=["address_settled_at"])
    record(action="gpts.address_chosen", by=by, at=at, subject=fresh, workspace_id=fresh.workspace_id)
    return fresh


def settle_address(*, gpt: GPT, at: datetime) -> None:
    """Keep the address that the GPT has, because it is being shared. Idempotent."""
    GPT.objects.filter(pk=gpt.pk, address_settled_at__isnull=True).update(address_settled_at=at)


def find_address_problem(*, gpt: GPT, address: str) -> DomainError | None:
    """Return why a GPT whose address is provisional could not take ``address`` now, None if it could."""
    try:
        # Tried and taken back: row-level security hides other tenants' rows, the unique index sees them.
        with transaction.atomic():
            _take_address(lock_gpt(gpt), address)
            transaction.set_rollback(True)
    except DomainError as problem:
        return problem
    return None


def check_address(*, gpt: GPT, address: str, by: User, at: datetime) -> DomainError | None:
    """Return find_address_problem for somebody who types. Raises RateLimited beyond CHECKS."""
    require_within(CHECKS, by.pk, at=at)
    return find_address_problem(gpt=gpt, address=address)


def suggest_address(gpt: GPT) -> str:
    """Return a free address made from the name; the provisional one if the name gives none."""
    base = slugify(gpt.name)[: LONGEST - 3].strip("-")
    for number in range(1, SUGGESTIONS + 1):
        candidate = base if number == 1 else f"{base}-{number}"
        problem = find_address_problem(gpt=gpt, address=candidate)
        if problem is None:
            return candidate
        if problem.code != "address_taken":
            break
    return gpt.slug


def _take_address(gpt: GPT, address: str) -> None:
    chosen = _clean_address(address, gpt)
    if chosen == gpt.slug:
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
    if is_retired(ADDRESS, chosen):
        raise _build_taken_error()
    gpt.former_slug, gpt.slug = gpt.slug, chosen
    try:
        with transaction.atomic():
            gpt.save(update_fields=["slug", "former_slug"])
    except IntegrityError:
        raise _build_taken_error() from None
    retire_name(ADDRESS, gpt.former_slug)


def _clean_address(address: str, gpt: GPT) -> str:
    chosen = address.strip().lower()
    if not SHORTEST <= len(chosen) <= LONGEST:
        raise InvalidInput(
            _("An address has %(least)d to %(most)d characters.") % {"least": SHORTEST, "most": LONGEST},
            code="address_length",
            field="address",
        )
    if not _FORM.fullmatch(chosen) or chosen.replace("-", "").isdigit():
        raise InvalidInput(
            _("Use the letters a to z, digits, and single hyphens between words; at least one letter."),
            code="address_form",
            field="address",
        )
    if chosen in RESERVED or chosen.startswith("deleted-"):
        raise InvalidInput(
            _("This word is kept for Loggia's own pages. Choose another address."),
            code="address_reserved",
            field="address",
        )
    if chosen != gpt.slug:
        check_public_name(chosen.replace("-", " "), holder_id=gpt.owner_id, field="address")
    return chosen


def _build_taken_error() -> Conflict:
    return Conflict(
        _("Another GPT has this address. Choose another one."), code="address_taken", field="address"
    )

"""Who writes the store: builders their profile, people their ratings, moderation the rest."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import migrations

from core.migration_operations import (
    ANYBODY,
    IS_SIGNED_IN,
    NOBODY,
    KeepTenant,
    MakeSight,
    SetRowPolicies,
    has_staff_role,
    in_administered_workspaces,
    in_own_workspaces,
    is_person,
)

OWN = is_person("user_id")
MODERATOR, OPERATOR = has_staff_role("moderator"), has_staff_role("operator")
STAFF = f"{MODERATOR} OR {OPERATOR}"
PUBLISHER = f"{is_person('publisher_id')} OR {in_administered_workspaces('workspace_id')} OR {MODERATOR}"


def let_public_read(table: str, condition: str) -> migrations.RunSQL:
    """The public reader selects some columns only (0002). A constant condition leaves its searches as they
    are: PostgreSQL must not search by words before it has checked any other one."""
    role = settings.DATABASE_ROLES["public"]
    return migrations.RunSQL(
        f'CREATE POLICY "{table}_public" ON "{table}" FOR SELECT TO "{role}" USING ({condition})',
        f'DROP POLICY "{table}_public" ON "{table}"',
    )


class Migration(migrations.Migration):
    dependencies: ClassVar = [
        ("core", "0006_audit_policies"),
        ("gpts", "0012_row_policies"),
        ("marketplace", "0003_search"),
    ]

    operations: ClassVar = [
        MakeSight("marketplace_listing"),
        # Profiles and given up handles: public; written by their person and by staff.
        SetRowPolicies(
            "marketplace_builderprofile",
            read=ANYBODY,
            add=f"{OWN} OR {STAFF}",
            change=f"{OWN} OR {STAFF}",
            remove=NOBODY,
        ),
        SetRowPolicies(
            "marketplace_formerhandle",
            read=f"{IS_SIGNED_IN} OR {STAFF}",
            add=f"{OWN} OR {STAFF}",
            change=NOBODY,
            remove=NOBODY,
        ),
        # A listing: everybody while it is in the store, afterwards its publisher, its workspace and staff.
        SetRowPolicies(
            "marketplace_listing",
            read=f"state = 'listed' OR {is_person('publisher_id')} OR {in_own_workspaces('workspace_id')}"
            f" OR {STAFF} OR {has_staff_role('finance')}",
            add=MODERATOR,
            change=PUBLISHER,
            remove=NOBODY,
            refers={"gpt_id": "gpts_gpt", "version_id": "gpts_version"},
        ),
        let_public_read("marketplace_listing", ANYBODY),
        KeepTenant("marketplace_listing", "workspace_id", "publisher_id"),
        SetRowPolicies(
            "marketplace_listingscore", read=ANYBODY, add=MODERATOR, change=MODERATOR, remove=NOBODY
        ),
        SetRowPolicies(
            "marketplace_listingrelease", read=ANYBODY, add=MODERATOR, change=NOBODY, remove=NOBODY
        ),
        # A rating: everybody unless moderation hid it; written by its person.
        SetRowPolicies(
            "marketplace_rating",
            read=f"hidden_at IS NULL OR {OWN} OR {MODERATOR}",
            add=OWN,
            change=f"{OWN} OR {MODERATOR}",
            remove=OWN,
            refers={"listing_id": "marketplace_listing"},
        ),
        SetRowPolicies("marketplace_shelf", read=ANYBODY, add=STAFF, change=STAFF, remove=STAFF),
        SetRowPolicies("marketplace_shelfentry", read=ANYBODY, add=STAFF, change=STAFF, remove=STAFF),
        SetRowPolicies(
            "marketplace_searchterm", read=ANYBODY, add=MODERATOR, change=MODERATOR, remove=NOBODY
        ),
    ]

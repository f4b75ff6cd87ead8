"""Who reads and writes submissions, cases, decisions, reports, notices, appeals and people's records."""

from __future__ import annotations

from typing import ClassVar

from django.db import migrations

from core.migration_operations import (
    ANYBODY,
    IS_SIGNED_IN,
    NOBODY,
    SEARCH_PATH,
    SetRowPolicies,
    has_staff_role,
    is_person,
)

MODERATOR, OPERATOR, FINANCE = map(has_staff_role, ("moderator", "operator", "finance"))
AUTHOR = f"{is_person('submitted_by_id')} OR gpts_gpt_is_writable(gpt_id)"
ABOUT_ME = is_person("builder_id")
# Of a decision, what concerns its builder; the case says who that is.
CASE = f"""
CREATE FUNCTION reviews_case_is_about_me(key uuid) RETURNS boolean
LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = {SEARCH_PATH} AS $$
BEGIN
  RETURN EXISTS (SELECT 1 FROM reviews_case c WHERE c.id = key AND c.builder_id = loggia_user_id());
END $$;

CREATE FUNCTION reviews_report_is_mine(about uuid) RETURNS boolean
LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = {SEARCH_PATH} AS $$
BEGIN
  RETURN EXISTS (SELECT 1 FROM reviews_report r WHERE r.case_id = about AND r.reporter_id = loggia_user_id());
END $$;

CREATE FUNCTION reviews_version_is_mine(key bigint) RETURNS boolean
LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = {SEARCH_PATH} AS $$
BEGIN
  RETURN EXISTS (SELECT 1 FROM gpts_version v WHERE v.id = key AND gpts_gpt_is_writable(v.gpt_id));
END $$;
"""  # noqa: S608 - a constant
DROP_CASE = """
DROP FUNCTION reviews_version_is_mine(bigint);
DROP FUNCTION reviews_report_is_mine(uuid);
DROP FUNCTION reviews_case_is_about_me(uuid);
"""
OLD = "reviews.migrations.0003_isolation"


def set_for_moderators(table: str, *, read: str = "", remove: str = NOBODY) -> SetRowPolicies:
    """Rows that moderation writes; ``read`` says who else sees them."""
    return SetRowPolicies(
        table,
        read=f"{MODERATOR} OR {read}" if read else MODERATOR,
        add=MODERATOR,
        change=MODERATOR,
        remove=remove,
        instead_of=OLD if table in ("reviews_report", "reviews_notice") else "",
    )


class Migration(migrations.Migration):
    dependencies: ClassVar = [
        ("core", "0006_audit_policies"),
        ("gpts", "0012_row_policies"),
        ("marketplace", "0004_row_policies"),
        ("reviews", "0005_first_policies"),
    ]

    operations: ClassVar = [
        migrations.RunSQL(CASE, DROP_CASE),
        # A submission: who submitted it and who may edit the GPT.
        SetRowPolicies(
            "reviews_submission",
            read=f"{MODERATOR} OR {AUTHOR}",
            add=f"{is_person('submitted_by_id')} AND gpts_gpt_is_writable(gpt_id)",
            change=f"{MODERATOR} OR {AUTHOR}",
            remove=NOBODY,
            refers={"version_id": "gpts_version"},
        ),
        # Results of checks: moderation, and the authors of the version.
        set_for_moderators("reviews_check", read="reviews_version_is_mine(version_id)"),
        set_for_moderators("reviews_fingerprint", read=is_person("owner_id")),
        # Cases, decisions and what they do: moderation; read by the builder they are about, and by whoever
        # reported. Finance reads enforcements, as some hold payouts.
        set_for_moderators("reviews_case", read=f"{ABOUT_ME} OR reviews_report_is_mine(id)"),
        set_for_moderators("reviews_claim", remove=MODERATOR),
        set_for_moderators(
            "reviews_decision", read="reviews_case_is_about_me(case_id) OR reviews_report_is_mine(case_id)"
        ),
        set_for_moderators("reviews_enforcement", read=f"{ABOUT_ME} OR {FINANCE}"),
        set_for_moderators("reviews_report", read=is_person("reporter_id")),
        set_for_moderators("reviews_notice", read=is_person("recipient_id")),
        set_for_moderators("reviews_appeal", read=is_person("appellant_id")),
        # Records of people: their own.
        set_for_moderators("reviews_standing", read=is_person("user_id")),
        set_for_moderators("reviews_strike", read=is_person("user_id")),
        # The rules and figures of the store: everybody; written by operators and by the worker.
        SetRowPolicies("reviews_policy", read=ANYBODY, add=OPERATOR, change=OPERATOR, remove=NOBODY),
        SetRowPolicies("reviews_policyversion", read=ANYBODY, add=OPERATOR, change=NOBODY, remove=NOBODY),
        SetRowPolicies(
            "reviews_protectedname",
            read=f"{IS_SIGNED_IN} OR {MODERATOR}",
            add=MODERATOR,
            change=MODERATOR,
            remove=MODERATOR,
        ),
        SetRowPolicies("reviews_dailystat", read=ANYBODY, add=NOBODY, change=NOBODY, remove=NOBODY),
    ]

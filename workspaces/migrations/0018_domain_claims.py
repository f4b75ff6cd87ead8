"""Domains that workspaces claim and prove themselves, and how people at them become members."""

from __future__ import annotations

from typing import ClassVar

import django.db.models.deletion
import django.db.models.functions.text
from django.conf import settings
from django.db import migrations, models

from core.migration_operations import (
    NOBODY,
    SEARCH_PATH,
    KeepTenant,
    SetRowPolicies,
    in_administered_workspaces,
    in_own_workspaces,
)

ADMIN = in_administered_workspaces("workspace_id")
# The function below writes the setting: people at a domain learn whose it is before they are members there.
ASKED = "(SELECT NULLIF(current_setting('loggia.asked_domain', true), '')) = domain"
DOOR = f"""
CREATE FUNCTION workspaces_home_of_domain(asked varchar) RETURNS SETOF bigint
LANGUAGE plpgsql SET search_path = {SEARCH_PATH} AS $$
BEGIN
  PERFORM set_config('loggia.asked_domain', asked, true);
  RETURN QUERY SELECT p.workspace_id FROM workspaces_proveddomain p
    JOIN workspaces_workspace w ON w.id = p.workspace_id AND w.suspended_at IS NULL
   WHERE p.domain = asked AND w.domain_joining <> 'off';
  PERFORM set_config('loggia.asked_domain', '', true);
END $$;
"""  # noqa: S608 - a constant
MEMBERS = in_own_workspaces("workspace_id")
OUTCOMES = ["never", "found", "missing", "unreachable", "of_another"]
JOININGS = ["off", "offer", "sign_up"]


def set_policies(read: str, remove: str) -> str:
    """Return the statements that say who reads and removes proved domains, besides systems."""
    return "; ".join(
        f"ALTER POLICY workspaces_proveddomain_{command} ON workspaces_proveddomain"
        f" USING ((SELECT loggia_is_system()) OR ({condition}))"
        for command, condition in (("select", read), ("delete", remove))
    )


class Migration(migrations.Migration):
    dependencies: ClassVar = [("workspaces", "0017_gpt_table")]

    operations: ClassVar = [
        migrations.CreateModel(
            name="DomainClaim",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("domain", models.CharField(max_length=253)),
                ("token", models.CharField(max_length=40)),
                ("created_at", models.DateTimeField()),
                ("checked_at", models.DateTimeField(blank=True, null=True)),
                (
                    "outcome",
                    models.CharField(
                        choices=[
                            ("never", "Not looked at yet"),
                            ("found", "The record is there"),
                            ("missing", "The record is not there"),
                            ("unreachable", "The name servers did not answer"),
                            ("of_another", "The record is there, but another workspace has this domain"),
                        ],
                        db_default="never",
                        default="never",
                        max_length=12,
                    ),
                ),
                ("failing_since", models.DateTimeField(blank=True, null=True)),
                (
                    "created_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "workspace",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="domain_claims",
                        to="workspaces.workspace",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=["workspace", "domain"], name="workspaces_domainclaim_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(domain=django.db.models.functions.text.Lower("domain")),
                        name="workspaces_domainclaim_lower",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(outcome__in=OUTCOMES), name="workspaces_domainclaim_outcome"
                    ),
                ],
            },
        ),
        migrations.AddField(
            model_name="workspace",
            name="domain_joining",
            field=models.CharField(
                choices=[
                    ("off", "By invitation only"),
                    ("offer", "They are offered to join"),
                    ("sign_up", "They are members once they have confirmed their address"),
                ],
                db_default="off",
                default="off",
                max_length=8,
            ),
        ),
        migrations.AddConstraint(
            model_name="workspace",
            constraint=models.CheckConstraint(
                condition=models.Q(domain_joining__in=JOININGS), name="workspaces_workspace_joining"
            ),
        ),
        SetRowPolicies("workspaces_domainclaim", read=ADMIN, add=ADMIN, change=ADMIN, remove=ADMIN),
        KeepTenant("workspaces_domainclaim", "workspace_id"),
        # Only a job and the operator prove a domain; its admins may give it up.
        migrations.RunSQL(set_policies(f"{MEMBERS} OR ({ASKED})", ADMIN), set_policies(MEMBERS, NOBODY)),
        migrations.RunSQL(DOOR, "DROP FUNCTION workspaces_home_of_domain(varchar)"),
    ]

"""Usage events, partitioned by month, and budgets."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.core import validators
from django.db import migrations, models
from django.db.models import F, Q

from core.migration_operations import automatic_id

# Django knows no partitioned tables. A periodic job adds the months to come.
USAGE = """
CREATE FUNCTION loggia_uuid7_time(identifier uuid) RETURNS timestamptz
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT to_timestamp(('x' || translate(left(identifier::text, 13), '-', ''))::bit(48)::bigint / 1000.0)
$$;

CREATE TABLE gpts_usageevent (
  event_id uuid NOT NULL,
  kind varchar(10) NOT NULL DEFAULT 'turn',
  workspace_id bigint NOT NULL,
  user_id bigint NOT NULL,
  gpt_id bigint NOT NULL,
  gpt_workspace_id bigint NOT NULL,
  version_id bigint,
  payee_id bigint NOT NULL,
  conversation_id uuid NOT NULL,
  occurred_at timestamptz NOT NULL,
  received_at timestamptz NOT NULL,
  input_tokens bigint NOT NULL CHECK (input_tokens >= 0),
  output_tokens bigint NOT NULL CHECK (output_tokens >= 0),
  cost_micros bigint NOT NULL CHECK (cost_micros >= 0),
  model_name varchar(120) NOT NULL,
  price_version varchar(40) NOT NULL,
  is_paid_user boolean NOT NULL,
  is_regeneration boolean NOT NULL,
  outcome varchar(12) NOT NULL CHECK (outcome IN ('finished', 'stopped')),
  source varchar(10) NOT NULL,
  payload_hash varchar(64) NOT NULL,
  xact xid8 NOT NULL DEFAULT pg_current_xact_id(),
  PRIMARY KEY (event_id, occurred_at),
  -- The key is unique within a partition only, so an id must not be able to stand in two months.
  CONSTRAINT gpts_usageevent_month CHECK (
    date_trunc('month', loggia_uuid7_time(event_id) AT TIME ZONE 'UTC')
    = date_trunc('month', occurred_at AT TIME ZONE 'UTC'))
) PARTITION BY RANGE (occurred_at);

CREATE INDEX gpts_usageevent_time ON gpts_usageevent USING brin (occurred_at);
CREATE INDEX gpts_usageevent_xact ON gpts_usageevent (xact);
CREATE INDEX gpts_usageevent_payee ON gpts_usageevent (payee_id, occurred_at);
CREATE INDEX gpts_usageevent_gpt ON gpts_usageevent (gpt_id, occurred_at);
CREATE INDEX gpts_usageevent_user ON gpts_usageevent (user_id, gpt_id, occurred_at);
CREATE INDEX gpts_usageevent_workspace ON gpts_usageevent (workspace_id, occurred_at);

CREATE FUNCTION loggia_add_usage_partitions(first date, months integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE month date; name text; made integer := 0;
BEGIN
  IF months NOT BETWEEN 1 AND 240 THEN RAISE EXCEPTION 'months must lie between 1 and 240'; END IF;
  FOR step IN 0 .. months - 1 LOOP
    month := (date_trunc('month', first) + make_interval(months => step))::date;
    name := 'gpts_usageevent_' || to_char(month, 'YYYY_MM');
    IF to_regclass('public.' || name) IS NULL THEN
      EXECUTE format('CREATE TABLE %%I PARTITION OF gpts_usageevent FOR VALUES FROM (%%L) TO (%%L)', name,
        to_char(month, 'YYYY-MM-DD') || ' 00:00:00+00',
        to_char(month + interval '1 month', 'YYYY-MM-DD') || ' 00:00:00+00');
      -- Rows are reached through the parent, whose policies hold; the parts stay closed.
      EXECUTE format('REVOKE ALL ON %%I FROM "%(app)s", "%(worker)s"', name);
      made := made + 1;
    END IF;
  END LOOP;
  RETURN made;
END $$;
SELECT loggia_add_usage_partitions('2025-01-01', 48);
"""

DROP_USAGE = """
DROP TABLE gpts_usageevent;
DROP FUNCTION loggia_add_usage_partitions(date, integer);
DROP FUNCTION loggia_uuid7_time(uuid);
"""

OF_NOBODY = Q(user__isnull=True, group__isnull=True, gpt__isnull=True)


class Migration(migrations.Migration):
    dependencies: ClassVar = [("gpts", "0003_chat")]

    operations: ClassVar = [
        migrations.RunSQL(USAGE % settings.DATABASE_ROLES, DROP_USAGE),
        migrations.CreateModel(
            name="UsageEvent",
            fields=[
                ("event_id", models.UUIDField(primary_key=True, serialize=False)),
                ("kind", models.CharField(default="turn", max_length=10)),
                ("workspace_id", models.BigIntegerField()),
                ("user_id", models.BigIntegerField()),
                ("gpt_id", models.BigIntegerField()),
                ("gpt_workspace_id", models.BigIntegerField()),
                ("version_id", models.BigIntegerField(null=True)),
                ("payee_id", models.BigIntegerField()),
                ("conversation_id", models.UUIDField()),
                ("occurred_at", models.DateTimeField()),
                ("received_at", models.DateTimeField()),
                ("input_tokens", models.BigIntegerField()),
                ("output_tokens", models.BigIntegerField()),
                ("cost_micros", models.BigIntegerField()),
                ("model_name", models.CharField(max_length=120)),
                ("price_version", models.CharField(blank=True, max_length=40)),
                ("is_paid_user", models.BooleanField()),
                ("is_regeneration", models.BooleanField(default=False)),
                ("outcome", models.CharField(max_length=12)),
                (
                    "source",
                    models.CharField(
                        choices=[("web", "Web"), ("api", "API"), ("import", "Import"), ("seed", "Demo data")],
                        max_length=10,
                    ),
                ),
                ("payload_hash", models.CharField(max_length=64)),
            ],
            options={
                "db_table": "gpts_usageevent",
                "managed": False,
            },
        ),
        migrations.CreateModel(
            name="UsageVoid",
            fields=[
                automatic_id(),
                ("event_id", models.UUIDField(unique=True)),
                ("occurred_at", models.DateTimeField()),
                ("reason", models.CharField(max_length=60)),
                ("made_by_id", models.BigIntegerField(null=True)),
                ("made_at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="Budget",
            fields=[
                automatic_id(),
                ("name", models.CharField(max_length=60, verbose_name="name")),
                (
                    "subject",
                    models.CharField(
                        choices=[
                            ("person", "People"),
                            ("group", "A group"),
                            ("gpt", "A GPT"),
                            ("workspace", "The whole workspace"),
                        ],
                        max_length=10,
                    ),
                ),
                ("is_each", models.BooleanField(default=False)),
                (
                    "measure",
                    models.CharField(
                        choices=[("cost_micros", "Cost"), ("tokens", "Tokens"), ("turns", "Answers")],
                        max_length=12,
                    ),
                ),
                (
                    "window",
                    models.CharField(
                        choices=[("minute", "Minute"), ("hour", "Hour"), ("day", "Day"), ("month", "Month")],
                        max_length=8,
                    ),
                ),
                (
                    "soft_limit",
                    models.BigIntegerField(
                        blank=True, null=True, validators=[validators.MinValueValidator(1)]
                    ),
                ),
                (
                    "hard_limit",
                    models.BigIntegerField(
                        blank=True, null=True, validators=[validators.MinValueValidator(1)]
                    ),
                ),
                ("is_enabled", models.BooleanField(default=True)),
                ("created_at", models.DateTimeField()),
                ("updated_at", models.DateTimeField()),
                (
                    "created_by",
                    models.ForeignKey(
                        null=True, on_delete=models.SET_NULL, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "gpt",
                    models.ForeignKey(null=True, on_delete=models.PROTECT, related_name="+", to="gpts.gpt"),
                ),
                (
                    "group",
                    models.ForeignKey(
                        null=True, on_delete=models.CASCADE, related_name="+", to="workspaces.group"
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        null=True, on_delete=models.CASCADE, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "workspace",
                    models.ForeignKey(
                        on_delete=models.CASCADE, related_name="budgets", to="workspaces.workspace"
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=Q(is_enabled=True), fields=["workspace"], name="gpts_budget_enabled"
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=Q(OF_NOBODY, subject="person", is_each=True)
                        | Q(
                            subject="person",
                            is_each=False,
                            user__isnull=False,
                            group__isnull=True,
                            gpt__isnull=True,
                        )
                        | Q(subject="group", user__isnull=True, group__isnull=False, gpt__isnull=True)
                        | Q(subject="gpt", user__isnull=True, group__isnull=True, gpt__isnull=False)
                        | Q(OF_NOBODY, subject="workspace", is_each=False),
                        name="gpts_budget_subject",
                    ),
                    models.CheckConstraint(
                        condition=Q(soft_limit__isnull=False) | Q(hard_limit__isnull=False),
                        name="gpts_budget_some_limit",
                    ),
                    models.CheckConstraint(
                        condition=(Q(soft_limit__isnull=True) | Q(soft_limit__gt=0))
                        & (Q(hard_limit__isnull=True) | Q(hard_limit__gt=0)),
                        name="gpts_budget_positive",
                    ),
                    models.CheckConstraint(
                        condition=Q(soft_limit__isnull=True)
                        | Q(hard_limit__isnull=True)
                        | Q(soft_limit__lte=F("hard_limit")),
                        name="gpts_budget_order",
                    ),
                    models.CheckConstraint(
                        condition=Q(measure__in=["cost_micros", "tokens", "turns"]),
                        name="gpts_budget_measure",
                    ),
                    models.CheckConstraint(
                        condition=Q(window__in=["minute", "hour", "day", "month"]),
                        name="gpts_budget_window",
                    ),
                    models.UniqueConstraint(fields=("workspace", "name"), name="gpts_budget_name"),
                ],
            },
        ),
        migrations.CreateModel(
            name="BudgetUse",
            fields=[
                automatic_id(),
                ("window_start", models.DateTimeField()),
                ("used", models.BigIntegerField(default=0)),
                ("reserved", models.BigIntegerField(default=0)),
                ("warned_at", models.DateTimeField(null=True)),
                (
                    "budget",
                    models.ForeignKey(on_delete=models.CASCADE, related_name="uses", to="gpts.budget"),
                ),
                (
                    "user",
                    models.ForeignKey(
                        null=True, on_delete=models.CASCADE, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "workspace",
                    models.ForeignKey(on_delete=models.CASCADE, related_name="+", to="workspaces.workspace"),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("budget", "window_start", "user"),
                        name="gpts_budgetuse_once",
                        nulls_distinct=False,
                    ),
                    models.CheckConstraint(
                        condition=Q(reserved__gte=0, used__gte=0), name="gpts_budgetuse_positive"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="BudgetReservation",
            fields=[
                automatic_id(),
                ("turn_id", models.UUIDField()),
                ("amount", models.BigIntegerField()),
                ("created_at", models.DateTimeField()),
                ("budget", models.ForeignKey(on_delete=models.CASCADE, related_name="+", to="gpts.budget")),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=models.CASCADE, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                ("use", models.ForeignKey(on_delete=models.CASCADE, related_name="+", to="gpts.budgetuse")),
            ],
            options={
                "indexes": [
                    models.Index(fields=["created_at"], name="gpts_budgetreservation_time"),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("turn_id", "budget"), name="gpts_budgetreservation_once"),
                    models.CheckConstraint(condition=Q(amount__gte=0), name="gpts_budgetreservation_amount"),
                ],
            },
        ),
    ]

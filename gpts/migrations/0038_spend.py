"""Budgets of cost centres, and percentages of a limit that admins are told of once in a window."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import migrations, models
from django.db.models import Q

NOTHING = {"user__isnull": True, "group__isnull": True, "gpt__isnull": True}
NONE = Q(**NOTHING, cost_centre="")
SUBJECT = (
    Q(NONE, subject="person", is_each=True)
    | Q(
        subject="person",
        is_each=False,
        user__isnull=False,
        group__isnull=True,
        gpt__isnull=True,
        cost_centre="",
    )
    | Q(subject="group", user__isnull=True, group__isnull=False, gpt__isnull=True, cost_centre="")
    | Q(subject="gpt", user__isnull=True, group__isnull=True, gpt__isnull=False, cost_centre="")
    | Q(~Q(cost_centre=""), subject="cost_centre", is_each=False, **NOTHING)
    | Q(NONE, subject="workspace", is_each=False)
)
SHARED = Q(thresholds=[]) | Q(is_each=False, user__isnull=True)


class Migration(migrations.Migration):
    dependencies: ClassVar = [("gpts", "0037_retention")]

    operations: ClassVar = [
        migrations.RemoveConstraint(model_name="budget", name="gpts_budget_subject"),
        migrations.AddField(
            model_name="budget",
            name="cost_centre",
            field=models.CharField(blank=True, db_default="", default="", max_length=20),
        ),
        migrations.AddField(
            model_name="budget",
            name="thresholds",
            field=ArrayField(
                base_field=models.PositiveSmallIntegerField(),
                blank=True,
                db_default=[],
                default=list,
                size=None,
            ),
        ),
        migrations.AddField(
            model_name="budgetuse",
            name="told_percent",
            field=models.PositiveSmallIntegerField(db_default=0, default=0),
        ),
        migrations.AlterField(
            model_name="budget",
            name="subject",
            field=models.CharField(
                choices=[
                    ("person", "People"),
                    ("group", "A group"),
                    ("gpt", "A GPT"),
                    ("cost_centre", "A cost centre"),
                    ("workspace", "The whole workspace"),
                ],
                max_length=12,
            ),
        ),
        migrations.AddConstraint(
            model_name="budget",
            constraint=models.CheckConstraint(condition=SUBJECT, name="gpts_budget_subject"),
        ),
        migrations.AddConstraint(
            model_name="budget",
            constraint=models.CheckConstraint(
                condition=Q(thresholds__contained_by=list(range(1, 101))) & SHARED,
                name="gpts_budget_thresholds",
            ),
        ),
    ]

"""Tables of moderation."""

import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import core.ids


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("gpts", "0003_knowledgefile_removed_at"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Policy",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("code", models.SlugField(max_length=40, unique=True)),
                ("dsa_category", models.CharField(max_length=80)),
                ("position", models.PositiveSmallIntegerField(default=0)),
                ("retired_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "verbose_name_plural": "policies",
            },
        ),
        migrations.CreateModel(
            name="Case",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=core.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("pre_listing", "Submission"),
                            ("report", "Reports"),
                            ("appeal", "Appeal"),
                            ("proactive", "Own initiative"),
                            ("second_approval", "Second approval"),
                        ],
                        max_length=20,
                    ),
                ),
                (
                    "subject_type",
                    models.CharField(
                        choices=[
                            ("version", "Version"),
                            ("listing", "Listing"),
                            ("builder", "Builder"),
                            ("rating", "Rating"),
                            ("conversation", "Shared conversation"),
                        ],
                        max_length=20,
                    ),
                ),
                ("subject_id", models.CharField(max_length=40)),
                (
                    "queue",
                    models.CharField(
                        choices=[
                            ("listings", "Submissions"),
                            ("reports", "Reports"),
                            ("appeals", "Appeals"),
                            ("approvals", "Second approvals"),
                        ],
                        max_length=20,
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("open", "Being prepared"),
                            ("queued", "Waiting"),
                            ("claimed", "Claimed"),
                            ("escalated", "Escalated"),
                            ("decided", "Decided"),
                            ("awaiting_second", "Waiting for a second person"),
                            ("closed", "Closed"),
                        ],
                        default="open",
                        max_length=20,
                    ),
                ),
                (
                    "tier",
                    models.PositiveSmallIntegerField(
                        choices=[
                            (0, "Child safety or imminent harm"),
                            (1, "Legal or trusted flagger"),
                            (2, "Malware, phishing, theft of credentials"),
                            (3, "Appeal near its due time"),
                            (4, "Normal"),
                        ],
                        default=4,
                    ),
                ),
                ("risk", models.PositiveIntegerField(default=0)),
                ("round", models.PositiveSmallIntegerField(default=1)),
                ("row_version", models.PositiveIntegerField(default=1)),
                ("content_hash", models.CharField(blank=True, max_length=64)),
                ("note", models.TextField(blank=True)),
                ("opened_at", models.DateTimeField()),
                ("due_at", models.DateTimeField()),
                ("closed_at", models.DateTimeField(blank=True, null=True)),
                (
                    "builder",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="cases_about",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "gpt",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="cases",
                        to="gpts.gpt",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="DailyStat",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("day", models.DateField()),
                ("figure", models.CharField(max_length=40)),
                ("label", models.CharField(blank=True, max_length=40)),
                ("value", models.BigIntegerField()),
                ("filled_at", models.DateTimeField()),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("day", "figure", "label"), name="reviews_dailystat_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="Decision",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=core.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("round", models.PositiveSmallIntegerField()),
                (
                    "outcome",
                    models.CharField(
                        choices=[
                            ("approve", "Approve and publish"),
                            ("request_changes", "Ask for changes"),
                            ("reject", "Reject"),
                            ("no_violation", "No violation"),
                            ("warn", "Warn the builder"),
                            ("delist", "Take out of the store"),
                            ("quarantine", "Quarantine"),
                            ("suspend_builder", "Suspend the builder"),
                            ("uphold", "Uphold the decision"),
                            ("overturn", "Overturn the decision"),
                            ("confirm", "Confirm"),
                            ("send_back", "Send back"),
                        ],
                        max_length=20,
                    ),
                ),
                (
                    "policy_versions",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.BigIntegerField(), blank=True, default=list, size=None
                    ),
                ),
                ("reasoning", models.TextField(blank=True)),
                ("private_note", models.TextField(blank=True)),
                (
                    "source",
                    models.CharField(
                        choices=[
                            ("automation", "Automated"),
                            ("moderator", "Moderator"),
                            ("legal", "Legal order"),
                            ("workspace_admin", "Workspace admin"),
                        ],
                        max_length=20,
                    ),
                ),
                ("content_hash", models.CharField(blank=True, max_length=64)),
                ("claim_token", models.UUIDField(blank=True, null=True)),
                ("decided_at", models.DateTimeField()),
                (
                    "case",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="decisions",
                        to="reviews.case",
                    ),
                ),
                (
                    "decider",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="decisions",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "override_of",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="overrides",
                        to="reviews.decision",
                    ),
                ),
            ],
        ),
        migrations.AddField(
            model_name="case",
            name="origin",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="follow_ups",
                to="reviews.decision",
            ),
        ),
        migrations.CreateModel(
            name="Appeal",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=core.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "party",
                    models.CharField(choices=[("owner", "Owner"), ("reporter", "Reporter")], max_length=10),
                ),
                ("text", models.TextField(max_length=4000)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("filed", "Filed"),
                            ("upheld", "Decision upheld"),
                            ("overturned", "Decision overturned"),
                            ("partly", "Partly overturned"),
                        ],
                        default="filed",
                        max_length=12,
                    ),
                ),
                ("filed_at", models.DateTimeField()),
                ("answered_at", models.DateTimeField(blank=True, null=True)),
                (
                    "appellant",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="appeals",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "case",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="appeals", to="reviews.case"
                    ),
                ),
                (
                    "decision",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="appeals",
                        to="reviews.decision",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Enforcement",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=core.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("publish_version", "Publish the version"),
                            ("reject_version", "Refuse the version"),
                            ("delist", "Take out of the store"),
                            ("quarantine", "Quarantine"),
                            ("warn", "Warning"),
                            ("suspend_builder", "Suspend the builder"),
                            ("hold_payout", "Hold payouts"),
                            ("prohibit_name", "Prohibit the name"),
                        ],
                        max_length=20,
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("planned", "Planned"),
                            ("held", "Held for a second person"),
                            ("executed", "In force"),
                            ("failed", "Failed"),
                            ("reversed", "Reversed"),
                            ("cancelled", "Cancelled"),
                        ],
                        default="planned",
                        max_length=12,
                    ),
                ),
                ("undo", models.JSONField(blank=True, default=dict)),
                ("failure", models.CharField(blank=True, max_length=80)),
                ("planned_at", models.DateTimeField()),
                ("executed_at", models.DateTimeField(blank=True, null=True)),
                ("reversed_at", models.DateTimeField(blank=True, null=True)),
                (
                    "builder",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="enforcements",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "decision",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="enforcements",
                        to="reviews.decision",
                    ),
                ),
                (
                    "gpt",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="enforcements",
                        to="gpts.gpt",
                    ),
                ),
                (
                    "released_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "version",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="gpts.version",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Fingerprint",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "hashes",
                    django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), size=None),
                ),
                (
                    "gpt",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="gpts.gpt"
                    ),
                ),
                (
                    "owner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "version",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="fingerprint",
                        to="gpts.version",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="PolicyVersion",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("number", models.PositiveSmallIntegerField()),
                ("title_en", models.CharField(max_length=120)),
                ("title_zh", models.CharField(max_length=120)),
                ("text_en", models.TextField()),
                ("text_zh", models.TextField()),
                ("severity", models.PositiveSmallIntegerField()),
                (
                    "allowed_outcomes",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(
                            choices=[
                                ("approve", "Approve and publish"),
                                ("request_changes", "Ask for changes"),
                                ("reject", "Reject"),
                                ("no_violation", "No violation"),
                                ("warn", "Warn the builder"),
                                ("delist", "Take out of the store"),
                                ("quarantine", "Quarantine"),
                                ("suspend_builder", "Suspend the builder"),
                                ("uphold", "Uphold the decision"),
                                ("overturn", "Overturn the decision"),
                                ("confirm", "Confirm"),
                                ("send_back", "Send back"),
                            ],
                            max_length=20,
                        ),
                        size=None,
                    ),
                ),
                ("effective_from", models.DateTimeField()),
                (
                    "policy",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="versions",
                        to="reviews.policy",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="ProtectedName",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=80, unique=True)),
                ("is_reserved_mark", models.BooleanField(default=True)),
                (
                    "enforcement",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="reviews.enforcement",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Report",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=core.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("reporter_name", models.CharField(blank=True, max_length=80)),
                ("reporter_email", models.EmailField(blank=True, max_length=254)),
                (
                    "source",
                    models.CharField(
                        choices=[
                            ("user", "Signed-in person"),
                            ("visitor", "Visitor"),
                            ("trusted_flagger", "Trusted flagger"),
                            ("system", "Automated"),
                        ],
                        max_length=20,
                    ),
                ),
                (
                    "category",
                    models.CharField(
                        choices=[
                            ("child_safety", "Sexual content about children"),
                            ("imminent_harm", "Danger to life, self-harm, violence"),
                            ("illegal", "Something else that is illegal"),
                            ("malware", "Malware, phishing or theft of data"),
                            ("impersonation", "Pretends to be somebody else"),
                            ("copyright", "Uses my work or brand without permission"),
                            ("copy", "A copy of another GPT"),
                            ("privacy", "Collects or reveals personal data"),
                            ("hate", "Hate or harassment"),
                            ("sexual", "Sexual content"),
                            ("misleading", "Misleading or fraud"),
                            ("spam", "Spam or broken"),
                        ],
                        max_length=20,
                    ),
                ),
                ("subcategory", models.CharField(blank=True, max_length=60)),
                ("explanation", models.TextField(max_length=4000)),
                ("url", models.CharField(blank=True, max_length=300)),
                ("is_good_faith", models.BooleanField()),
                ("locale", models.CharField(max_length=10)),
                ("evidence", models.JSONField(default=dict)),
                ("weight", models.PositiveSmallIntegerField(default=1000)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("received", "Received"),
                            ("attached", "Being looked at"),
                            ("answered", "Answered"),
                            ("invalid", "Not valid"),
                        ],
                        default="received",
                        max_length=12,
                    ),
                ),
                ("text_hash", models.CharField(max_length=64)),
                ("address_hash", models.CharField(blank=True, max_length=64)),
                ("created_at", models.DateTimeField()),
                (
                    "case",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="reports", to="reviews.case"
                    ),
                ),
                (
                    "reporter",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="reports",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Notice",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=core.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("receipt", "Receipt"),
                            ("statement_of_reasons", "Statement of reasons"),
                            ("approval", "Approval"),
                            ("outcome", "Outcome for the reporter"),
                            ("warning", "Warning"),
                        ],
                        max_length=24,
                    ),
                ),
                ("email", models.EmailField(max_length=254)),
                ("language", models.CharField(max_length=10)),
                ("subject", models.CharField(max_length=200)),
                ("body", models.TextField()),
                ("facts", models.JSONField(blank=True, default=dict)),
                (
                    "delivery",
                    models.CharField(
                        choices=[
                            ("waiting", "Waiting to be sent"),
                            ("sent", "Sent"),
                            ("failed", "Could not be sent"),
                        ],
                        default="waiting",
                        max_length=10,
                    ),
                ),
                ("created_at", models.DateTimeField()),
                ("sent_at", models.DateTimeField(blank=True, null=True)),
                (
                    "case",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="notices", to="reviews.case"
                    ),
                ),
                (
                    "decision",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="notices",
                        to="reviews.decision",
                    ),
                ),
                (
                    "recipient",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="notices",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "report",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="notices",
                        to="reviews.report",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Standing",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("reports_upheld", models.PositiveIntegerField(default=0)),
                ("reports_rejected", models.PositiveIntegerField(default=0)),
                ("is_trusted_flagger", models.BooleanField(default=False)),
                ("reporting_suspended_until", models.DateTimeField(blank=True, null=True)),
                (
                    "builder_state",
                    models.CharField(
                        choices=[
                            ("normal", "In good standing"),
                            ("warned", "Warned"),
                            ("restricted", "Restricted"),
                            ("suspended", "Suspended"),
                        ],
                        default="normal",
                        max_length=12,
                    ),
                ),
                (
                    "user",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="standing",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Strike",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("given_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField()),
                ("removed_at", models.DateTimeField(blank=True, null=True)),
                (
                    "decision",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="strike",
                        to="reviews.decision",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="strikes",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Submission",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=core.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("submitted", "Submitted"),
                            ("checking", "Being checked"),
                            ("in_review", "In review"),
                            ("approved", "Approved"),
                            ("live", "Live"),
                            ("superseded", "Replaced by a newer version"),
                            ("changes_requested", "Changes requested"),
                            ("rejected", "Rejected"),
                            ("withdrawn", "Withdrawn"),
                            ("quarantined", "Quarantined"),
                            ("removed", "Removed"),
                        ],
                        default="submitted",
                        max_length=20,
                    ),
                ),
                ("note", models.TextField(blank=True, max_length=2000)),
                ("attested_at", models.DateTimeField()),
                ("submitted_at", models.DateTimeField()),
                ("checks_started_at", models.DateTimeField(blank=True, null=True)),
                ("closed_at", models.DateTimeField(blank=True, null=True)),
                (
                    "gpt",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="submissions", to="gpts.gpt"
                    ),
                ),
                (
                    "submitted_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="submissions",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "version",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="submissions",
                        to="gpts.version",
                    ),
                ),
            ],
        ),
        migrations.AddField(
            model_name="case",
            name="submission",
            field=models.OneToOneField(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="case",
                to="reviews.submission",
            ),
        ),
        migrations.CreateModel(
            name="Check",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("checker", models.CharField(max_length=30)),
                ("checker_version", models.PositiveSmallIntegerField()),
                (
                    "outcome",
                    models.CharField(
                        choices=[("passed", "Passed"), ("flagged", "Flagged"), ("errored", "Could not run")],
                        max_length=10,
                    ),
                ),
                ("score", models.PositiveSmallIntegerField(default=0)),
                ("evidence", models.JSONField(blank=True, default=list)),
                ("failure", models.CharField(blank=True, max_length=120)),
                ("input_hash", models.CharField(max_length=64)),
                ("attempts", models.PositiveSmallIntegerField(default=1)),
                ("ran_at", models.DateTimeField()),
                (
                    "version",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="checks", to="gpts.version"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("version", "checker", "checker_version"), name="reviews_check_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("score__lte", 100)), name="reviews_check_score"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("outcome__in", ["passed", "flagged", "errored"])),
                        name="reviews_check_outcome",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Claim",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("token", models.UUIDField(unique=True)),
                ("acquired_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField()),
                (
                    "case",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE, related_name="claim", to="reviews.case"
                    ),
                ),
                (
                    "moderator",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="claims",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["moderator", "expires_at"], name="reviews_claim_moderator")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("expires_at__gt", models.F("acquired_at"))),
                        name="reviews_claim_lease",
                    )
                ],
            },
        ),
        migrations.AddIndex(
            model_name="decision",
            index=models.Index(fields=["-decided_at", "-id"], name="reviews_decision_log"),
        ),
        migrations.AddConstraint(
            model_name="decision",
            constraint=models.UniqueConstraint(fields=("case", "round"), name="reviews_decision_round"),
        ),
        migrations.AddConstraint(
            model_name="decision",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        (
                            "outcome__in",
                            ("request_changes", "reject", "warn", "delist", "quarantine", "suspend_builder"),
                        ),
                        _negated=True,
                    ),
                    models.Q(models.Q(("reasoning", ""), _negated=True), ("policy_versions__len__gte", 1)),
                    _connector="OR",
                ),
                name="reviews_decision_reasons",
            ),
        ),
        migrations.AddConstraint(
            model_name="decision",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("decider__isnull", True), ("source", "automation")),
                    models.Q(models.Q(("source", "automation"), _negated=True), ("decider__isnull", False)),
                    _connector="OR",
                ),
                name="reviews_decision_decider",
            ),
        ),
        migrations.AddConstraint(
            model_name="appeal",
            constraint=models.UniqueConstraint(
                condition=models.Q(("party", "owner")), fields=("decision",), name="reviews_appeal_owner_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="appeal",
            constraint=models.UniqueConstraint(
                condition=models.Q(("party", "reporter")),
                fields=("decision", "appellant"),
                name="reviews_appeal_reporter_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="appeal",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("answered_at__isnull", True), ("state", "filed")),
                    models.Q(models.Q(("state", "filed"), _negated=True), ("answered_at__isnull", False)),
                    _connector="OR",
                ),
                name="reviews_appeal_answered",
            ),
        ),
        migrations.AddIndex(
            model_name="enforcement",
            index=models.Index(fields=["builder", "kind", "state"], name="reviews_enforcement_builder"),
        ),
        migrations.AddConstraint(
            model_name="enforcement",
            constraint=models.UniqueConstraint(fields=("decision", "kind"), name="reviews_enforcement_once"),
        ),
        migrations.AddConstraint(
            model_name="enforcement",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("executed_at__isnull", False), ("state__in", ("executed", "reversed"))),
                    models.Q(
                        ("executed_at__isnull", True),
                        ("state__in", ("planned", "held", "failed", "cancelled")),
                    ),
                    _connector="OR",
                ),
                name="reviews_enforcement_executed",
            ),
        ),
        migrations.AddConstraint(
            model_name="enforcement",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("reversed_at__isnull", False), ("state", "reversed")),
                    models.Q(models.Q(("state", "reversed"), _negated=True), ("reversed_at__isnull", True)),
                    _connector="OR",
                ),
                name="reviews_enforcement_reversed",
            ),
        ),
        migrations.AddIndex(
            model_name="fingerprint",
            index=django.contrib.postgres.indexes.GinIndex(
                fields=["hashes"], name="reviews_fingerprint_hashes"
            ),
        ),
        migrations.AddConstraint(
            model_name="policyversion",
            constraint=models.UniqueConstraint(
                fields=("policy", "number"), name="reviews_policyversion_number"
            ),
        ),
        migrations.AddConstraint(
            model_name="policyversion",
            constraint=models.CheckConstraint(
                condition=models.Q(("severity__gte", 1), ("severity__lte", 5)),
                name="reviews_policyversion_severity",
            ),
        ),
        migrations.AddIndex(
            model_name="report",
            index=models.Index(fields=["reporter", "created_at"], name="reviews_report_by_person"),
        ),
        migrations.AddIndex(
            model_name="report",
            index=models.Index(fields=["address_hash", "created_at"], name="reviews_report_by_address"),
        ),
        migrations.AddConstraint(
            model_name="report",
            constraint=models.UniqueConstraint(
                condition=models.Q(("reporter__isnull", False)),
                fields=("case", "reporter"),
                name="reviews_report_reporter",
            ),
        ),
        migrations.AddConstraint(
            model_name="report",
            constraint=models.UniqueConstraint(
                condition=models.Q(
                    ("reporter__isnull", True), models.Q(("reporter_email", ""), _negated=True)
                ),
                fields=("case", "reporter_email"),
                name="reviews_report_email",
            ),
        ),
        migrations.AddConstraint(
            model_name="report",
            constraint=models.CheckConstraint(
                condition=models.Q(("source", "system"), ("is_good_faith", True), _connector="OR"),
                name="reviews_report_good_faith",
            ),
        ),
        migrations.AddConstraint(
            model_name="report",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("source", "system"),
                    ("reporter__isnull", False),
                    models.Q(("reporter_email", ""), _negated=True),
                    _connector="OR",
                ),
                name="reviews_report_somebody",
            ),
        ),
        migrations.AddIndex(
            model_name="notice",
            index=models.Index(
                condition=models.Q(("delivery", "waiting")),
                fields=["created_at"],
                name="reviews_notice_waiting",
            ),
        ),
        migrations.AddConstraint(
            model_name="notice",
            constraint=models.UniqueConstraint(
                condition=models.Q(("decision__isnull", False)),
                fields=("decision", "email", "kind"),
                name="reviews_notice_decision_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="notice",
            constraint=models.UniqueConstraint(
                condition=models.Q(("decision__isnull", True), ("report__isnull", False)),
                fields=("report", "kind"),
                name="reviews_notice_receipt_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="notice",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("delivery", "sent"), ("sent_at__isnull", False)),
                    models.Q(models.Q(("delivery", "sent"), _negated=True), ("sent_at__isnull", True)),
                    _connector="OR",
                ),
                name="reviews_notice_sent",
            ),
        ),
        migrations.AddConstraint(
            model_name="standing",
            constraint=models.CheckConstraint(
                condition=models.Q(("builder_state__in", ["normal", "warned", "restricted", "suspended"])),
                name="reviews_standing_state",
            ),
        ),
        migrations.AddIndex(
            model_name="strike",
            index=models.Index(fields=["user", "expires_at"], name="reviews_strike_user"),
        ),
        migrations.AddIndex(
            model_name="submission",
            index=models.Index(fields=["gpt", "-id"], name="reviews_submission_gpt"),
        ),
        migrations.AddIndex(
            model_name="submission",
            index=models.Index(fields=["state", "submitted_at"], name="reviews_submission_state_idx"),
        ),
        migrations.AddConstraint(
            model_name="submission",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state__in", ("submitted", "checking", "in_review"))),
                fields=("gpt",),
                name="reviews_submission_one_open",
            ),
        ),
        migrations.AddConstraint(
            model_name="submission",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "state__in",
                        [
                            "submitted",
                            "checking",
                            "in_review",
                            "approved",
                            "live",
                            "superseded",
                            "changes_requested",
                            "rejected",
                            "withdrawn",
                            "quarantined",
                            "removed",
                        ],
                    )
                ),
                name="reviews_submission_state",
            ),
        ),
        migrations.AddIndex(
            model_name="case",
            index=models.Index(
                condition=models.Q(("state", "closed"), _negated=True),
                fields=["tier", "-risk", "opened_at", "id"],
                name="reviews_case_queue",
            ),
        ),
        migrations.AddIndex(
            model_name="case",
            index=models.Index(fields=["gpt", "-opened_at"], name="reviews_case_gpt"),
        ),
        migrations.AddIndex(
            model_name="case",
            index=models.Index(fields=["builder", "-opened_at"], name="reviews_case_builder"),
        ),
        migrations.AddConstraint(
            model_name="case",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state", "closed"), _negated=True),
                fields=("subject_type", "subject_id", "kind"),
                name="reviews_case_one_open",
            ),
        ),
        migrations.AddConstraint(
            model_name="case",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("closed_at__isnull", False), ("state", "closed")),
                    models.Q(models.Q(("state", "closed"), _negated=True), ("closed_at__isnull", True)),
                    _connector="OR",
                ),
                name="reviews_case_closed",
            ),
        ),
        migrations.AddConstraint(
            model_name="case",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "state__in",
                        ["open", "queued", "claimed", "escalated", "decided", "awaiting_second", "closed"],
                    )
                ),
                name="reviews_case_state",
            ),
        ),
        migrations.AddConstraint(
            model_name="case",
            constraint=models.CheckConstraint(
                condition=models.Q(("risk__lte", 1000)), name="reviews_case_risk"
            ),
        ),
    ]

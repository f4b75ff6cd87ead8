"""Golden prompts, their runs and results."""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from core.ids import uuid7
from gpts.assistants.models.gpts import GPT, Version
from gpts.evals.states import ExpectedOutcome, GoldenKind, GoldenResultState, GoldenRunState
from workspaces.models import ApiKey, Workspace

PROMPT_NAME_LENGTH = 80
TAG_LENGTH = 40


class GoldenPrompt(models.Model):
    """A question to a GPT, and the assertions that a good answer fulfils.

    ``history`` lists earlier messages as {"role", "content"}, oldest first; ``assertions`` are as
    gpts.evals.assertions.clean_assertions returns them. Prompts belong to the GPT, not to a version, so they
    are not part of the content hash.
    """

    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="+")
    gpt = models.ForeignKey(GPT, on_delete=models.CASCADE, related_name="golden_prompts")
    position = models.PositiveIntegerField()
    name = models.CharField(max_length=PROMPT_NAME_LENGTH)
    prompt = models.TextField()
    history = models.JSONField(default=list, blank=True)
    tags = ArrayField(models.CharField(max_length=TAG_LENGTH), default=list, blank=True)
    expected = models.CharField(
        max_length=10, choices=ExpectedOutcome.choices, default=ExpectedOutcome.NONE, blank=True
    )
    assertions = models.JSONField(default=list, blank=True)
    # Sampling seed for the model. None: the GPT's seed, else a fixed one.
    seed = models.BigIntegerField(null=True, blank=True)
    is_enabled = models.BooleanField(default=True)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["gpt", "position"],
                name="gpts_goldenprompt_position",
                deferrable=models.Deferrable.DEFERRED,
            ),
        ]

    def __str__(self) -> str:
        return self.name


class GoldenRun(models.Model):
    """All enabled prompts (or the leak probes), each asked once of one snapshot of a GPT.

    ``behaviour`` is the snapshot (gpts.evals.services.snapshots), so that the draft may change meanwhile;
    ``content_hash`` is its hash. ``cost_micros`` is the cost of all calls, judges included; no creator is
    paid for it. ``metrics`` are as gpts.evals.metrics returns them; leak runs have a ``score`` (0 to 100).
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="+")
    gpt = models.ForeignKey(GPT, on_delete=models.CASCADE, related_name="golden_runs")
    version = models.ForeignKey(Version, on_delete=models.PROTECT, null=True, related_name="+")
    content_hash = models.CharField(max_length=64)
    behaviour = models.JSONField(default=dict)
    kind = models.CharField(max_length=10, choices=GoldenKind.choices, default=GoldenKind.GOLDEN)
    state = models.CharField(max_length=12, choices=GoldenRunState.choices, default=GoldenRunState.WAITING)
    started_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    # The key with which a program started the run; the run ends when it is revoked.
    api_key = models.ForeignKey(ApiKey, on_delete=models.SET_NULL, null=True, related_name="+")
    language = models.CharField(max_length=10, default="en")
    model_name = models.CharField(max_length=120, blank=True)
    total_count = models.PositiveIntegerField(default=0)
    passed_count = models.PositiveIntegerField(default=0)
    failed_count = models.PositiveIntegerField(default=0)
    unjudged_count = models.PositiveIntegerField(default=0)
    error_count = models.PositiveIntegerField(default=0)
    input_tokens = models.PositiveBigIntegerField(default=0)
    output_tokens = models.PositiveBigIntegerField(default=0)
    cost_micros = models.BigIntegerField(default=0)
    metrics = models.JSONField(default=dict, blank=True)
    score = models.PositiveSmallIntegerField(null=True)
    baseline = models.ForeignKey("self", on_delete=models.SET_NULL, null=True, related_name="+")
    error_code = models.CharField(max_length=40, blank=True)
    created_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["gpt", "kind"],
                condition=Q(state__in=[GoldenRunState.WAITING, GoldenRunState.RUNNING]),
                name="gpts_goldenrun_one_active",
            ),
            models.CheckConstraint(
                condition=Q(state__in=[GoldenRunState.WAITING, GoldenRunState.RUNNING], ended_at__isnull=True)
                | (
                    ~Q(state__in=[GoldenRunState.WAITING, GoldenRunState.RUNNING]) & Q(ended_at__isnull=False)
                ),
                name="gpts_goldenrun_ended",
            ),
            models.CheckConstraint(
                condition=Q(score__isnull=True) | Q(score__lte=100, kind=GoldenKind.LEAK),
                name="gpts_goldenrun_score",
            ),
        ]
        indexes = [
            models.Index(fields=["gpt", "kind", "-created_at", "-id"], name="gpts_goldenrun_recent"),
            models.Index(
                fields=["created_at"],
                condition=Q(state__in=[GoldenRunState.WAITING, GoldenRunState.RUNNING]),
                name="gpts_goldenrun_active",
            ),
        ]

    def __str__(self) -> str:
        return str(self.id)


class GoldenResult(models.Model):
    """One prompt in one run.

    ``snapshot`` is the prompt as it was when the run started, ``verdicts`` lists Verdict.as_json(),
    ``citations`` are as in Message, ``tool_calls`` lists {"name", "arguments"}.
    """

    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="+")
    run = models.ForeignKey(GoldenRun, on_delete=models.CASCADE, related_name="results")
    # None once the prompt was deleted; the snapshot stays.
    prompt = models.ForeignKey(GoldenPrompt, on_delete=models.SET_NULL, null=True, related_name="results")
    position = models.PositiveIntegerField()
    snapshot = models.JSONField(default=dict)
    state = models.CharField(
        max_length=12, choices=GoldenResultState.choices, default=GoldenResultState.WAITING
    )
    answer = models.TextField(blank=True)
    outcome = models.CharField(max_length=10, blank=True)
    verdicts = models.JSONField(default=list, blank=True)
    citations = models.JSONField(default=list, blank=True)
    tool_calls = models.JSONField(default=list, blank=True)
    model_name = models.CharField(max_length=120, blank=True)
    input_tokens = models.PositiveIntegerField(default=0)
    output_tokens = models.PositiveIntegerField(default=0)
    cost_micros = models.BigIntegerField(default=0)
    latency_ms = models.PositiveIntegerField(null=True)
    error_code = models.CharField(max_length=40, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    # New with each attempt: a worker that lost its claim to another must not write the result.
    claim = models.UUIDField(null=True)
    not_before = models.DateTimeField(null=True)
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["run", "position"], name="gpts_goldenresult_position"),
        ]
        indexes = [
            models.Index(fields=["prompt", "-id"], name="gpts_goldenresult_prompt"),
            models.Index(
                fields=["started_at"],
                condition=Q(state=GoldenResultState.RUNNING),
                name="gpts_goldenresult_running",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.run_id}#{self.position}"

"""Serializers of golden prompts, runs and results. Each lists its keys: nothing else leaves by the API."""

from __future__ import annotations

from typing import Any, ClassVar

from rest_framework import serializers

from gpts.evals.metrics import Comparison
from gpts.evals.models import GoldenPrompt, GoldenResult, GoldenRun
from gpts.evals.states import ExpectedOutcome, GoldenKind
from gpts.evals.verdicts import explain_verdict


class GoldenPromptSerializer(serializers.ModelSerializer[GoldenPrompt]):
    tags = serializers.ListField(child=serializers.CharField(), read_only=True)
    history = serializers.ListField(child=serializers.DictField(), read_only=True)
    assertions = serializers.ListField(child=serializers.DictField(), read_only=True)
    last_state = serializers.CharField(read_only=True, allow_null=True, default=None)

    class Meta:
        model = GoldenPrompt
        fields: ClassVar[Any] = [
            "id",
            "position",
            "name",
            "prompt",
            "history",
            "tags",
            "expected",
            "assertions",
            "seed",
            "is_enabled",
            "last_state",
            "created_at",
            "updated_at",
        ]
        read_only_fields: ClassVar[Any] = fields


class GoldenPromptChangeSerializer(serializers.Serializer[Any]):
    """The fields that may be set. Others in the body are ignored; the service checks the limits."""

    name = serializers.CharField(required=False, allow_blank=True, trim_whitespace=False)
    prompt = serializers.CharField(required=False, allow_blank=True, trim_whitespace=False)
    history = serializers.ListField(
        required=False, child=serializers.DictField(), help_text='[{"role": "user", "content": "…"}, …]'
    )
    tags = serializers.ListField(required=False, child=serializers.CharField(allow_blank=True))
    expected = serializers.ChoiceField(required=False, allow_blank=True, choices=ExpectedOutcome.choices)
    assertions = serializers.ListField(
        required=False,
        child=serializers.DictField(),
        help_text='[{"kind": "contains", "values": ["30 days"]}, …]; see docs/golden-prompts.md.',
    )
    seed = serializers.IntegerField(required=False, allow_null=True)
    is_enabled = serializers.BooleanField(required=False)


class GoldenOrderSerializer(serializers.Serializer[Any]):
    ids = serializers.ListField(
        child=serializers.IntegerField(), max_length=200, help_text="All prompts of the GPT, in order."
    )


class GoldenImportSerializer(serializers.Serializer[Any]):
    file = serializers.FileField(allow_empty_file=True)
    mode = serializers.ChoiceField(choices=["append", "replace"], default="append")


class GoldenRunStartSerializer(serializers.Serializer[Any]):
    version = serializers.IntegerField(
        required=False, allow_null=True, default=None, help_text="A version's number; absent: the draft."
    )
    kind = serializers.ChoiceField(choices=GoldenKind.choices, default=GoldenKind.GOLDEN)


class GoldenRunSerializer(serializers.ModelSerializer[GoldenRun]):
    """``score`` is set for leak runs; ``cost_micros`` is in micro-units and is not paid to a creator."""

    version = serializers.IntegerField(source="version.number", read_only=True, allow_null=True, default=None)
    metrics = serializers.DictField(read_only=True)
    baseline = serializers.UUIDField(source="baseline_id", read_only=True, allow_null=True)

    class Meta:
        model = GoldenRun
        fields: ClassVar[Any] = [
            "id",
            "kind",
            "state",
            "version",
            "content_hash",
            "model_name",
            "total_count",
            "passed_count",
            "failed_count",
            "unjudged_count",
            "error_count",
            "input_tokens",
            "output_tokens",
            "cost_micros",
            "metrics",
            "score",
            "baseline",
            "created_at",
            "ended_at",
        ]
        read_only_fields: ClassVar[Any] = fields


class GoldenComparisonSerializer(serializers.Serializer[Any]):
    fixed = serializers.IntegerField()
    broken = serializers.IntegerField()
    same = serializers.IntegerField()
    new = serializers.IntegerField()


class GoldenRunDetailSerializer(GoldenRunSerializer):
    comparison = serializers.SerializerMethodField()

    class Meta(GoldenRunSerializer.Meta):
        fields: ClassVar[Any] = [*GoldenRunSerializer.Meta.fields, "comparison"]
        read_only_fields: ClassVar[Any] = fields

    def get_comparison(self, run: GoldenRun) -> dict[str, int] | None:
        """How many prompts are fixed, broken, same and new compared with the baseline."""
        comparison: Comparison | None = self.context.get("comparison")
        return comparison.counts if comparison else None


class GoldenVerdictSerializer(serializers.Serializer[Any]):
    kind = serializers.CharField()
    ruling = serializers.ChoiceField(choices=["pass", "fail", "not_judged"])
    code = serializers.CharField()
    reason = serializers.SerializerMethodField()

    def get_reason(self, verdict: dict[str, Any]) -> str:
        return explain_verdict(verdict)


class GoldenResultSerializer(serializers.ModelSerializer[GoldenResult]):
    prompt = serializers.IntegerField(source="prompt_id", read_only=True, allow_null=True)
    name = serializers.CharField(source="snapshot.name", read_only=True, default="")
    question = serializers.CharField(source="snapshot.prompt", read_only=True, default="")
    verdicts = GoldenVerdictSerializer(many=True, read_only=True)
    citations = serializers.ListField(child=serializers.DictField(), read_only=True)
    tool_calls = serializers.ListField(child=serializers.DictField(), read_only=True)

    class Meta:
        model = GoldenResult
        fields: ClassVar[Any] = [
            "position",
            "prompt",
            "name",
            "question",
            "state",
            "outcome",
            "answer",
            "verdicts",
            "citations",
            "tool_calls",
            "model_name",
            "input_tokens",
            "output_tokens",
            "cost_micros",
            "latency_ms",
            "error_code",
        ]
        read_only_fields: ClassVar[Any] = fields


class GoldenGateSerializer(serializers.Serializer[Any]):
    golden_pass_rate = serializers.IntegerField(
        allow_null=True,
        min_value=0,
        max_value=100,
        help_text="Percent of golden prompts that must pass before a GPT is shared; null asks for none.",
    )

"""Input and output of the moderation API: explicit fields only."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from reviews.models import Case, Check, Claim, Decision, Report, Submission
from reviews.queries import CaseDetail, get_subject_name
from reviews.states import Outcome, ReportCategory


class QueuedCaseSerializer(serializers.ModelSerializer[Case]):
    subject = serializers.SerializerMethodField()
    builder = serializers.SerializerMethodField()
    claimed_by = serializers.SerializerMethodField()
    report_count = serializers.IntegerField()
    flagged_count = serializers.IntegerField()
    errored_count = serializers.IntegerField()

    class Meta:
        model = Case
        fields = (
            "id", "kind", "subject_type", "subject", "builder", "queue", "state", "is_restricted", "tier",
            "risk", "round", "row_version", "content_hash", "opened_at", "due_at", "no_judge_since",
            "claimed_by", "report_count", "flagged_count", "errored_count",
        )  # fmt: skip

    def get_subject(self, case: Case) -> str:
        return get_subject_name(case)

    def get_builder(self, case: Case) -> str:
        return str(case.builder or "")

    def get_claimed_by(self, case: Case) -> str:
        claim = getattr(case, "claim", None)
        return str(claim.moderator) if claim is not None else ""


class CheckSerializer(serializers.ModelSerializer[Check]):
    class Meta:
        model = Check
        fields = ("checker", "checker_version", "outcome", "score", "evidence", "failure", "ran_at")


class DecisionSerializer(serializers.ModelSerializer[Decision]):
    policies = serializers.ListField(child=serializers.IntegerField(), source="policy_versions")

    class Meta:
        model = Decision
        fields = (
            "id", "case", "round", "outcome", "policies", "reasoning", "private_note", "source",
            "content_hash", "override_of", "decided_at",
        )  # fmt: skip


class ClaimSerializer(serializers.ModelSerializer[Claim]):
    row_version = serializers.IntegerField(source="case.row_version")

    class Meta:
        model = Claim
        fields = ("case", "token", "acquired_at", "expires_at", "row_version")


class SubmissionSerializer(serializers.ModelSerializer[Submission]):
    gpt = serializers.SlugField(source="gpt.slug")
    version = serializers.IntegerField(source="version.number")
    content_hash = serializers.CharField(source="version.content_hash")

    class Meta:
        model = Submission
        fields = ("id", "gpt", "version", "content_hash", "state", "note", "submitted_at", "closed_at")


class ReportReceiptSerializer(serializers.ModelSerializer[Report]):
    """The receipt of a report. It never names the case or other reports."""

    class Meta:
        model = Report
        fields = ("id", "category", "state", "created_at")


class TokenInput(serializers.Serializer[Any]):
    token = serializers.UUIDField()


class NextInput(serializers.Serializer[Any]):
    queue = serializers.CharField(required=False, allow_blank=True, default="")


class DecisionInput(serializers.Serializer[Any]):
    claim_token = serializers.UUIDField()
    row_version = serializers.IntegerField(min_value=0, max_value=2**31 - 1)
    outcome = serializers.ChoiceField(choices=Outcome.choices)
    policies = serializers.ListField(child=serializers.SlugField(max_length=40), max_length=20, default=list)
    reasoning = serializers.CharField(allow_blank=True, default="")
    private_note = serializers.CharField(allow_blank=True, default="")


class ReportInputSerializer(serializers.Serializer[Any]):
    gpt = serializers.SlugField(max_length=80)
    category = serializers.ChoiceField(choices=ReportCategory.choices)
    explanation = serializers.CharField()
    is_good_faith = serializers.BooleanField(default=False)
    url = serializers.CharField(required=False, allow_blank=True, default="")


class SubmitInput(serializers.Serializer[Any]):
    note = serializers.CharField(allow_blank=True, default="")
    release_notes = serializers.CharField(allow_blank=True, default="")
    attested = serializers.BooleanField(default=False)
    address = serializers.CharField(
        allow_blank=True,
        default="",
        max_length=200,
        help_text="The address that a GPT with a provisional one gets for good.",
    )


def build_case_body(detail: CaseDetail, row: Case) -> dict[str, Any]:
    """Return everything that a client needs to judge a case; reporters have numbers, not names."""
    version = detail.version
    return {
        **QueuedCaseSerializer(row).data,
        "snapshot": None
        if version is None
        else {
            "number": version.number,
            "content_hash": version.content_hash,
            "name": version.name,
            "description": version.description,
            "instructions": version.instructions,
            "starters": list(version.starters),
            "category": version.category,
            "model": version.model_name,
            "capabilities": list(version.capabilities),
            "knowledge_hashes": list(version.knowledge_hashes),
        },
        "last_approved_version": None if detail.before is None else detail.before.number,
        "checks": CheckSerializer([item.check for item in detail.checks], many=True).data,
        "reports": [
            {
                "reporter": int(number),
                "category": report.category,
                "explanation": report.explanation,
                "source": report.source,
                "created_at": report.created_at,
            }
            for group in detail.groups
            for number, report in group.reports
        ],
        "outcomes": [
            {"outcome": choice.value, "policies": [policy.policy.code for policy in choice.policies]}
            for choice in detail.outcomes
        ],
        "decisions": DecisionSerializer([view.decision for view in detail.decisions], many=True).data,
    }

"""Serializers of GPTs, versions and submissions. Each lists its keys: nothing else leaves by the API."""

from __future__ import annotations

from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema_serializer
from rest_framework import serializers

from core.look.icon_files import build_icon_url
from gpts.assistants.drawn_icons import VARIANTS
from gpts.assistants.models import GPT, Version
from gpts.assistants.models.gpts import (
    DESCRIPTION_LENGTH,
    INSTRUCTIONS_LENGTH,
    NAME_LENGTH,
    NO_ANSWER_LENGTH,
    STARTER_COUNT,
    STARTER_LENGTH,
)
from gpts.assistants.services.versions import RELEASE_NOTES_LENGTH
from gpts.assistants.states import Audience, Category, OutputFormat
from gpts.llm.models import LanguageModel
from gpts.llm.states import Capability, ModelChoice
from reviews.states import SubmissionState
from workspaces.models import Workspace

# Fields that drafts and versions have in common, besides the texts.
SETTINGS = (
    "seed",
    "output_format",
    "output_schema",
    "parallel_tool_calls",
    "model_choice",
    "allowed_models",
    "answers_only_from_knowledge",
    "no_answer_text",
)


class LanguageModelSerializer(serializers.ModelSerializer[LanguageModel]):
    provider = serializers.CharField(source="provider.name", read_only=True)

    class Meta:
        model = LanguageModel
        fields: ClassVar[Any] = [
            "id",
            "name",
            "label",
            "provider",
            "context_window",
            "max_output_tokens",
            "capabilities",
            "features",
            "input_price_micros",
            "output_price_micros",
            "is_default",
            "retired_at",
        ]
        read_only_fields: ClassVar[Any] = fields


class GPTSummarySerializer(serializers.ModelSerializer[GPT]):
    """A GPT in its owner's list; ``live`` lists the audiences that have a live version."""

    workspace = serializers.SlugRelatedField[Workspace](slug_field="slug", read_only=True)
    live = serializers.ListField(
        source="live_audiences", child=serializers.ChoiceField(choices=Audience.choices), read_only=True
    )
    newest_version = serializers.IntegerField(read_only=True, allow_null=True)
    is_quarantined = serializers.SerializerMethodField()
    # Null while fewer than five people have had conversations.
    conversation_count = serializers.IntegerField(source="shown_conversations", allow_null=True)

    class Meta:
        model = GPT
        fields: ClassVar[Any] = [
            "slug",
            "workspace",
            "name",
            "description",
            "category",
            "live",
            "newest_version",
            "is_quarantined",
            "conversation_count",
            "created_at",
            "updated_at",
        ]
        read_only_fields: ClassVar[Any] = fields

    def get_is_quarantined(self, gpt: GPT) -> bool:
        return gpt.quarantined_at is not None


class GPTSerializer(serializers.ModelSerializer[GPT]):
    """A GPT with its whole draft, for those who may view its settings."""

    workspace = serializers.SlugRelatedField[Workspace](slug_field="slug", read_only=True)
    language_model = serializers.PrimaryKeyRelatedField[LanguageModel](read_only=True)
    revision = serializers.IntegerField(source="draft_revision", read_only=True)
    icon_url = serializers.SerializerMethodField()
    live = serializers.SerializerMethodField()
    is_quarantined = serializers.SerializerMethodField()
    conversation_count = serializers.IntegerField(source="shown_conversations", allow_null=True)

    class Meta:
        model = GPT
        fields: ClassVar[Any] = [
            "slug",
            "workspace",
            "name",
            "description",
            "instructions",
            "starters",
            "category",
            "icon_url",
            "language_model",
            "capabilities",
            "temperature",
            *SETTINGS,
            "revision",
            "live",
            "is_quarantined",
            "conversation_count",
            "created_at",
            "updated_at",
        ]
        read_only_fields: ClassVar[Any] = fields

    def get_icon_url(self, gpt: GPT) -> str:
        """Path of the picture, or of the one drawn for the slug and category."""
        return f"/{gpt.icon}" if gpt.icon else build_icon_url(gpt.slug, gpt.category)

    def get_live(self, gpt: GPT) -> dict[str, int]:
        """Version numbers by audience."""
        return {audience: row.version.number for audience, row in self.context["live"].items()}

    def get_is_quarantined(self, gpt: GPT) -> bool:
        return gpt.quarantined_at is not None


class DraftSerializer(serializers.Serializer[Any]):
    """The fields of a draft that may be set. Others in the body are ignored; services check the limits."""

    name = serializers.CharField(
        required=False, allow_blank=True, trim_whitespace=False, help_text=f"Up to {NAME_LENGTH} characters."
    )
    description = serializers.CharField(
        required=False,
        allow_blank=True,
        trim_whitespace=False,
        help_text=f"Up to {DESCRIPTION_LENGTH} characters.",
    )
    instructions = serializers.CharField(
        required=False,
        allow_blank=True,
        trim_whitespace=False,
        help_text=f"Up to {INSTRUCTIONS_LENGTH} characters.",
    )
    starters = serializers.ListField(
        required=False,
        child=serializers.CharField(allow_blank=True),
        help_text=f"Up to {STARTER_COUNT}, each up to {STARTER_LENGTH} characters.",
    )
    category = serializers.ChoiceField(required=False, choices=Category.choices)
    language_model = serializers.IntegerField(required=False, allow_null=True)
    capabilities = serializers.ListField(
        required=False, child=serializers.ChoiceField(choices=Capability.choices)
    )
    temperature = serializers.DecimalField(
        required=False, allow_null=True, max_digits=3, decimal_places=2, min_value=0, max_value=2
    )
    seed = serializers.IntegerField(
        required=False, allow_null=True, min_value=0, max_value=2**31 - 1, help_text="Sent where supported."
    )
    output_format = serializers.ChoiceField(required=False, choices=OutputFormat.choices)
    output_schema = serializers.JSONField(
        required=False, allow_null=True, help_text="A JSON Schema object (Draft 2020-12)."
    )
    parallel_tool_calls = serializers.BooleanField(required=False)
    model_choice = serializers.ChoiceField(
        required=False, choices=ModelChoice.choices, help_text="Which models a person may choose in the chat."
    )
    allowed_models = serializers.ListField(
        required=False,
        child=serializers.CharField(max_length=120),
        help_text="Names of models, for the choice among those listed.",
    )
    answers_only_from_knowledge = serializers.BooleanField(required=False)
    no_answer_text = serializers.CharField(
        required=False,
        allow_blank=True,
        trim_whitespace=False,
        help_text=f"Up to {NO_ANSWER_LENGTH} characters.",
    )


class NewGPTSerializer(DraftSerializer):
    name = serializers.CharField(trim_whitespace=False, help_text=f"Up to {NAME_LENGTH} characters.")


class ChangeGPTSerializer(DraftSerializer):
    revision = serializers.IntegerField(min_value=1, help_text="The revision that the change starts from.")


class DeleteGPTSerializer(serializers.Serializer[Any]):
    name = serializers.CharField(trim_whitespace=False, help_text="The GPT's name, as a confirmation.")


class DuplicateGPTSerializer(serializers.Serializer[Any]):
    name = serializers.CharField(
        required=False, allow_blank=True, default="", help_text="Empty: “Copy of” and the name of the other."
    )


class VersionSummarySerializer(serializers.ModelSerializer[Version]):
    created_by = serializers.CharField(source="created_by.display_name", read_only=True)
    live = serializers.SerializerMethodField()

    class Meta:
        model = Version
        fields: ClassVar[Any] = [
            "number",
            "name",
            "release_notes",
            "content_hash",
            "created_by",
            "created_at",
            "live",
        ]
        read_only_fields: ClassVar[Any] = fields

    def get_live(self, version: Version) -> list[str]:
        return sorted(row.audience for row in version.live_for.all())


class VersionSerializer(VersionSummarySerializer):
    class Meta(VersionSummarySerializer.Meta):
        fields: ClassVar[Any] = [
            *VersionSummarySerializer.Meta.fields,
            "description",
            "instructions",
            "starters",
            "category",
            "model_name",
            "capabilities",
            "temperature",
            *SETTINGS,
            "knowledge_hashes",
        ]
        read_only_fields: ClassVar[Any] = fields


class FreezeSerializer(serializers.Serializer[Any]):
    release_notes = serializers.CharField(
        required=False,
        allow_blank=True,
        default="",
        trim_whitespace=False,
        help_text=f"Up to {RELEASE_NOTES_LENGTH} characters.",
    )


class ShareSerializer(FreezeSerializer):
    address = serializers.CharField(
        required=False,
        allow_blank=True,
        default="",
        max_length=200,
        help_text="The address that a GPT with a provisional one gets for good.",
    )


class SegmentSerializer(serializers.Serializer[Any]):
    kind = serializers.ChoiceField(choices=["same", "add", "remove"])
    text = serializers.CharField()


class LineSerializer(serializers.Serializer[Any]):
    kind = serializers.ChoiceField(choices=["same", "add", "remove", "gap"])
    segments = SegmentSerializer(many=True)


class FieldDiffSerializer(serializers.Serializer[Any]):
    field = serializers.CharField()
    lines = LineSerializer(many=True)


class DiffSerializer(serializers.Serializer[Any]):
    before = serializers.CharField()
    after = serializers.CharField()
    differences = FieldDiffSerializer(many=True)


class ChangeLogEntrySerializer(serializers.Serializer[Any]):
    number = serializers.IntegerField()
    created_at = serializers.DateTimeField()
    created_by = serializers.CharField()
    release_notes = serializers.CharField()
    content_hash = serializers.CharField()
    live = serializers.ListField(child=serializers.ChoiceField(choices=Audience.choices))
    changes = FieldDiffSerializer(many=True)


class ChangeLogSerializer(serializers.Serializer[Any]):
    gpt = serializers.CharField()
    name = serializers.CharField()
    versions = ChangeLogEntrySerializer(many=True)


class SubmitSerializer(ShareSerializer):
    note = serializers.CharField(required=False, allow_blank=True, default="", trim_whitespace=False)
    attested = serializers.BooleanField(
        help_text="That you may publish this and that it keeps the rules of the store."
    )


@extend_schema_serializer(component_name="OwnSubmission")
class SubmissionSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField(read_only=True)
    version = serializers.IntegerField(source="version.number", read_only=True)
    state = serializers.ChoiceField(choices=SubmissionState.choices, read_only=True)
    note = serializers.CharField(read_only=True)
    submitted_at = serializers.DateTimeField(read_only=True)
    closed_at = serializers.DateTimeField(read_only=True, allow_null=True)


class IconSerializer(serializers.Serializer[Any]):
    icon = serializers.FileField(allow_empty_file=True)


class DrawnIconSerializer(serializers.Serializer[Any]):
    variant = serializers.IntegerField(
        min_value=0, max_value=VARIANTS, help_text="1 to 8: a drawing from the name; 0: its first letter."
    )


class RestoreSerializer(serializers.Serializer[Any]):
    revision = serializers.IntegerField(min_value=1, help_text="The revision of the draft that is replaced.")

"""Serializers of knowledge files and their passages."""

from __future__ import annotations

from typing import Any, ClassVar

from django.utils import timezone
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from gpts.knowledge.failure_messages import describe_failure, describe_known_file
from gpts.knowledge.models import KnowledgeFile, Passage
from gpts.knowledge.remark_messages import describe_remarks
from gpts.knowledge.remark_serializers import RemarkSerializer
from gpts.knowledge.services.files import FILE_NAME_LENGTH
from gpts.knowledge.services.web_pages import URL_LENGTH
from gpts.knowledge.states import FileState
from workspaces.api.serializers import OutboundJobSerializer
from workspaces.models import OutboundJob


class KnowledgeFileSerializer(serializers.ModelSerializer[KnowledgeFile]):
    """A file of the draft; ``progress`` in percent, ``failure`` says what to do when ``state`` is failed."""

    media_type = serializers.CharField(source="document.media_type", read_only=True)
    size = serializers.IntegerField(source="document.size", read_only=True)
    state = serializers.ChoiceField(source="document.state", choices=FileState.choices, read_only=True)
    progress = serializers.IntegerField(source="document.progress", read_only=True)
    passage_count = serializers.IntegerField(source="document.passage_count", read_only=True)
    characters = serializers.IntegerField(source="document.characters", read_only=True)
    failure_code = serializers.CharField(source="document.failure", read_only=True)
    failure = serializers.SerializerMethodField()
    remarks = serializers.SerializerMethodField()
    is_due_for_review = serializers.SerializerMethodField()
    reader_version = serializers.IntegerField(
        source="document.reader_version",
        read_only=True,
        help_text="The version of the reader that gave the text; 0 for one from before versions.",
    )
    is_outdated = serializers.BooleanField(
        source="document.is_outdated", read_only=True, help_text="An older reader than today's read it."
    )
    is_being_reread = serializers.SerializerMethodField()
    reread_failure = serializers.SerializerMethodField(help_text="Why reading it again did not work.")

    class Meta:
        model = KnowledgeFile
        fields: ClassVar[Any] = [
            "id",
            "name",
            "media_type",
            "size",
            "content_hash",
            "state",
            "progress",
            "failure_code",
            "failure",
            "remarks",
            "passage_count",
            "characters",
            "reader_version",
            "is_outdated",
            "is_being_reread",
            "reread_failure",
            "source_url",
            "fetched_at",
            "review_on",
            "is_due_for_review",
            "created_at",
        ]
        read_only_fields: ClassVar[Any] = fields

    def get_is_due_for_review(self, file: KnowledgeFile) -> bool:
        return file.review_on is not None and file.review_on <= timezone.now().date()

    def get_is_being_reread(self, file: KnowledgeFile) -> bool:
        return file.document is not None and file.document.reread_at is not None

    def get_reread_failure(self, file: KnowledgeFile) -> str:
        return describe_failure(file.document.reread_failure) if file.document is not None else ""

    @extend_schema_field(RemarkSerializer(many=True))
    def get_remarks(self, file: KnowledgeFile) -> Any:
        remarks = describe_remarks(file.document.remarks if file.document else [])
        return RemarkSerializer(remarks, many=True).data

    def get_failure(self, file: KnowledgeFile) -> str:
        return describe_failure(file.document.failure) if file.document is not None else ""


class KnownFileSerializer(KnowledgeFileSerializer):
    """The file that has the content of an upload already; ``note`` says so with its name."""

    note = serializers.SerializerMethodField()

    class Meta(KnowledgeFileSerializer.Meta):
        fields: ClassVar[Any] = [*KnowledgeFileSerializer.Meta.fields, "note"]
        read_only_fields: ClassVar[Any] = fields

    def get_note(self, file: KnowledgeFile) -> str:
        return describe_known_file(file)


class UploadSerializer(serializers.Serializer[Any]):
    file = serializers.FileField(allow_empty_file=True)


class RereadSerializer(serializers.Serializer[Any]):
    count = serializers.IntegerField(help_text="How many files are read again.")


class PageSerializer(serializers.Serializer[Any]):
    url = serializers.CharField(help_text=f"A public https address of up to {URL_LENGTH} characters.")


class PageJobSerializer(OutboundJobSerializer):
    """A web page that is being fetched. ``file_id`` is the file that it became, or that it replaces."""

    file_id = serializers.SerializerMethodField()

    class Meta(OutboundJobSerializer.Meta):
        fields: ClassVar[Any] = [*OutboundJobSerializer.Meta.fields, "file_id"]
        read_only_fields: ClassVar[Any] = fields

    def get_file_id(self, job: OutboundJob) -> int | None:
        found: int | None = job.result.get("file_id", job.payload.get("file_id"))
        return found


class ChangeFileSerializer(serializers.Serializer[Any]):
    """What is left out stays as it is."""

    name = serializers.CharField(
        required=False,
        allow_blank=True,
        trim_whitespace=False,
        help_text=f"Up to {FILE_NAME_LENGTH} characters.",
    )
    review_on = serializers.DateField(
        required=False, allow_null=True, help_text="From this day on the file counts as stale."
    )


class EraseFileSerializer(serializers.Serializer[Any]):
    confirmation = serializers.CharField(
        trim_whitespace=False, help_text="The file's name, as a confirmation."
    )


class PassageSerializer(serializers.ModelSerializer[Passage]):
    """A piece of the text as it was read; ``position`` counts from 0, ``paragraph`` and rows from 1."""

    class Meta:
        model = Passage
        fields: ClassVar[Any] = ["position", "heading", "page", "paragraph", "first_row", "last_row", "text"]
        read_only_fields: ClassVar[Any] = fields

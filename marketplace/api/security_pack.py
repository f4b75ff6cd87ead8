"""The security pack of an external GPT as JSON."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from gpts.assistants.models import GPT, Version
from marketplace.cards import rating_average
from marketplace.queries.security_pack import build_security_pack
from reviews.queries.record import read_moderation_record


class PackPublisherSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    handle = serializers.CharField(allow_blank=True)
    website = serializers.CharField(allow_blank=True)
    name_proved_at = serializers.DateTimeField(allow_null=True)
    website_proved_at = serializers.DateTimeField(allow_null=True)
    builder_since = serializers.DateTimeField(allow_null=True)


class PackModelSerializer(serializers.Serializer[Any]):
    """``host`` is where questions go, empty for the built-in model."""

    name = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]  # a field of the answer, not its label
    provider = serializers.CharField(allow_blank=True)
    host = serializers.CharField(allow_blank=True)
    is_of_maker = serializers.BooleanField()
    is_built_in = serializers.BooleanField()


class PackFileSerializer(serializers.Serializer[Any]):
    """``kind`` such as PDF and ``size`` in bytes; null for a file that its maker deleted."""

    kind = serializers.CharField(allow_blank=True)
    size = serializers.IntegerField(allow_null=True)


class PackTestsSerializer(serializers.Serializer[Any]):
    """The newest finished run on exactly this content; ``score`` from 0 to 100 of leak probes."""

    passed = serializers.IntegerField()
    total = serializers.IntegerField()
    score = serializers.IntegerField(allow_null=True)
    model = serializers.CharField(allow_blank=True)
    ended_at = serializers.DateTimeField(allow_null=True)


class PackMeasureSerializer(serializers.Serializer[Any]):
    kind = serializers.CharField()
    decided_at = serializers.DateTimeField()
    is_reversed = serializers.BooleanField()


class PackModerationSerializer(serializers.Serializer[Any]):
    """``reports`` is null while fewer than five people sent some."""

    reports = serializers.IntegerField(allow_null=True)
    approved_at = serializers.DateTimeField(allow_null=True)
    measures = PackMeasureSerializer(many=True)


class PackReviewSerializer(serializers.Serializer[Any]):
    stars = serializers.IntegerField()
    text = serializers.CharField(allow_blank=True)
    updated_at = serializers.DateTimeField()


class PackChangeSerializer(serializers.Serializer[Any]):
    field = serializers.CharField()
    before = serializers.CharField(allow_blank=True)
    after = serializers.CharField(allow_blank=True)


class PackReleaseSerializer(serializers.Serializer[Any]):
    number = serializers.IntegerField()
    released_at = serializers.DateTimeField()
    notes = serializers.CharField(allow_blank=True)
    changes = PackChangeSerializer(many=True)


class PackSerializer(serializers.Serializer[Any]):
    gpt = serializers.CharField()
    version = serializers.IntegerField()
    name = serializers.CharField()
    description = serializers.CharField(allow_blank=True)
    capabilities = serializers.ListField(child=serializers.CharField())
    publisher = PackPublisherSerializer(allow_null=True)
    model = PackModelSerializer(allow_null=True)
    files = PackFileSerializer(many=True)
    golden_prompts = PackTestsSerializer(allow_null=True)
    leak_probes = PackTestsSerializer(allow_null=True)
    moderation = PackModerationSerializer()
    rating = serializers.FloatField(allow_null=True)
    rating_count = serializers.IntegerField()
    reviews = PackReviewSerializer(many=True)
    versions = PackReleaseSerializer(many=True)


def describe_pack(gpt: GPT, version: Version) -> dict[str, Any]:
    """Return what PackSerializer shows."""
    pack = build_security_pack(gpt, version)
    score = pack.score
    return {
        "gpt": gpt.slug,
        "version": version.number,
        "name": version.name,
        "description": version.description,
        "capabilities": version.capabilities,
        "publisher": pack.publisher,
        "model": pack.model,
        "files": pack.files,
        "golden_prompts": pack.golden,
        "leak_probes": pack.leak,
        "moderation": read_moderation_record(gpt, version),
        "rating": None if score is None else rating_average(score.rating_sum, score.rating_count),
        "rating_count": 0 if score is None else score.rating_count,
        "reviews": [one for one in pack.reviews if one.text],
        "versions": pack.releases,
    }

"""Remarks about a file in the API, of knowledge files and of files of chats."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers


class RemarkSerializer(serializers.Serializer[Any]):
    """What reading a file left out, or read in another way. ``is_gap``: something is missing from answers.

    ``text`` says what, ``advice`` what helps; they may quote names from the file. ``code`` is stable.
    """

    code = serializers.CharField()
    text = serializers.CharField()
    advice = serializers.CharField()
    is_gap = serializers.BooleanField()

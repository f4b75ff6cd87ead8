"""The words by which a person finds their own conversations again."""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.search import SearchVectorField
from django.db import models

from gpts.chat.models.conversations import Conversation, Turn


class TurnWords(models.Model):
    """Question and answer of one turn, as lexemes without positions; filled by the worker.

    Read by its person's rows first: row-level security lets no text operator run before its own condition,
    so that an index over the words themselves would never be used.
    """

    turn = models.OneToOneField(Turn, on_delete=models.CASCADE, primary_key=True, related_name="words")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="+")
    search = SearchVectorField()

    class Meta:
        indexes = [models.Index(fields=["user", "conversation"], name="gpts_turnwords_user")]

    def __str__(self) -> str:
        return str(self.turn_id)

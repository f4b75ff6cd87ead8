"""The index of the search in a person's own conversations."""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.search import SearchVectorField
from django.db import models

from gpts.chat.models.conversations import Conversation, Turn


class TurnWords(models.Model):
    """Question and answer of one turn as lexemes without positions; filled by the worker.

    There is no GIN index: row-level security applies its condition before the text operator, which is not
    leakproof, so PostgreSQL would never use one. The index on the person narrows the rows instead.
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

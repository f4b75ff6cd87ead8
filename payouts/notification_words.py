"""How notifications about payouts read (workspaces/notification_words.py)."""

from __future__ import annotations

from core.retelling import Phrase
from workspaces.notification_words import NotificationWords

# The body is the reason as finance wrote it.
WORDS = {"payouts.held": NotificationWords(titles=(Phrase(("Your payouts are on hold",)),))}

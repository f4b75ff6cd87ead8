"""How notifications about knowledge files read (workspaces/notification_words.py)."""

from __future__ import annotations

from core.retelling import Phrase
from workspaces.notification_words import NotificationWords

WORDS = {
    "knowledge_refused": NotificationWords(
        titles=(Phrase(("“%(file)s” was refused",)),),
        # The failures in DANGEROUS.
        paragraphs=(
            Phrase(("This file is malware, so it was not kept. Delete it where it came from too.",)),
            Phrase(("This file holds macros, which are programs. Save it without them and add it again.",)),
        ),
    ),
    "knowledge_stale": NotificationWords(
        titles=(Phrase(("“%(file)s” of %(gpt)s is due for review",)),),
        paragraphs=(Phrase(("Look whether it is still right. Replace it, or set a new date.",)),),
    ),
}

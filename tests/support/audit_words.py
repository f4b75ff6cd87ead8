"""Words of the actions that tests record."""

from __future__ import annotations

from core.audit_words import ActionWords, Area, AuditWords

CODES = ("tests.done", "tests.undone", "test.thing_done", "test.a", "test.b", "test.c")
WORDS = AuditWords(
    actions={code: ActionWords(Area.SETTINGS, code, "%(who)s did something.") for code in CODES}
)

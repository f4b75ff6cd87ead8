"""How events of the builder's pages read in the audit log."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from core.audit_words import ActionWords, Area, AuditWords, FieldWords
from gpts.assistants.audit_words import GPT_KIND

WORDS = AuditWords(
    actions={
        "gpts.builder_reset": ActionWords(
            Area.GPTS,
            _("Create conversation emptied"),
            _("%(who)s emptied the Create conversation of %(what)s."),
            details=("messages",),
        ),
        "gpts.gpt_duplicated": ActionWords(
            Area.GPTS, _("GPT duplicated"), _("%(who)s created %(what)s as a copy of %(from_id)s.")
        ),
    },
    fields={
        "messages": FieldWords(_("Messages")),
        "from_id": FieldWords(_("Copied from"), object=GPT_KIND),
    },
)

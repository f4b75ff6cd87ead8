"""How events of shared conversations read in the audit log, which names no conversation."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from core.audit_words import ActionWords, Area, AuditWords, FieldWords, ObjectWords

WORDS = AuditWords(
    actions={
        "gpts.conversation_shared": ActionWords(
            Area.SHARING,
            _("Conversation shared by link"),
            _("%(who)s shared a conversation by link."),
            details=("turns",),
        ),
        "gpts.share_removed": ActionWords(
            Area.SHARING, _("Shared link taken back"), _("%(who)s took back the link of a conversation.")
        ),
        "gpts.share_renewed": ActionWords(
            Area.SHARING,
            _("Shared conversation renewed"),
            _("%(who)s shared a conversation again as it is now."),
            details=("turns",),
        ),
    },
    objects={"gpts.sharedconversation": ObjectWords(lambda _ids, _reader: {}, _("a shared conversation"))},
    fields={"turns": FieldWords(_("Questions and answers"))},
)

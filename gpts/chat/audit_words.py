"""How events of shared and of opened conversations read in the audit log, which names no conversation."""

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
        "gpts.content_access_rule_set": ActionWords(
            Area.SETTINGS,
            _("Opening of conversations allowed or stopped"),
            _("%(who)s changed whether two people may open conversations."),
        ),
        "gpts.content_access_requested": ActionWords(
            Area.SETTINGS,
            _("Access to conversations asked for"),
            _("%(who)s asked for access to a person's conversations."),
            details=("user_id",),
        ),
        "gpts.content_access_opened": ActionWords(
            Area.SETTINGS,
            _("Conversations opened"),
            _("%(who)s agreed, and a person's conversations were opened for 24 hours."),
            details=("user_id",),
        ),
        "gpts.content_access_refused": ActionWords(
            Area.SETTINGS,
            _("Access to conversations refused"),
            _("%(who)s refused access to a person's conversations."),
            details=("user_id",),
        ),
        "gpts.content_access_withdrawn": ActionWords(
            Area.SETTINGS,
            _("Request for conversations withdrawn"),
            _("%(who)s withdrew a request for a person's conversations."),
            details=("user_id",),
        ),
        "gpts.content_access_closed": ActionWords(
            Area.SETTINGS,
            _("Opened conversations closed"),
            _("%(who)s closed a person's conversations before the time was over."),
            details=("user_id",),
        ),
        "gpts.content_read": ActionWords(
            Area.SETTINGS,
            _("Opened conversation read"),
            _("%(who)s read a conversation that was opened."),
            details=("user_id",),
        ),
        "gpts.retention_set": ActionWords(
            Area.SETTINGS,
            _("Time that conversations are kept changed"),
            _("%(who)s changed after how many days conversations are deleted."),
            details=("gpt_id",),
        ),
        "gpts.conversations_expired": ActionWords(
            Area.SETTINGS,
            _("Conversations deleted by a rule"),
            _("A rule deleted conversations that nobody continued."),
            details=("count", "gpt_id", "retention_days"),
        ),
        "gpts.legal_hold_started": ActionWords(
            Area.SETTINGS,
            _("Legal hold started"),
            _("%(who)s started a legal hold."),
            details=("user_id", "gpt_id"),
        ),
        "gpts.legal_hold_ended": ActionWords(
            Area.SETTINGS,
            _("Legal hold ended"),
            _("%(who)s ended a legal hold."),
            details=("user_id", "gpt_id"),
        ),
        "gpts.share_removed": ActionWords(
            Area.SHARING, _("Shared link taken back"), _("%(who)s revoked the link of a conversation.")
        ),
        "gpts.share_renewed": ActionWords(
            Area.SHARING,
            _("Shared conversation renewed"),
            _("%(who)s shared a conversation again as it is now."),
            details=("turns",),
        ),
    },
    objects={
        "gpts.sharedconversation": ObjectWords(lambda _ids, _reader: {}, _("a shared conversation")),
        "gpts.contentaccess": ObjectWords(lambda _ids, _reader: {}, _("a request for conversations")),
        "gpts.legalhold": ObjectWords(lambda _ids, _reader: {}, _("a legal hold")),
    },
    fields={
        "turns": FieldWords(_("Questions and answers")),
        "user_id": FieldWords(_("Person"), object="workspaces.user"),
        "gpt_id": FieldWords("GPT", object="gpts.gpt"),
        "count": FieldWords(_("Conversations")),
        "retention_days": FieldWords(_("Days that conversations are kept"), none=_("until deleted")),
        "content_access": FieldWords(_("Two people may open conversations")),
    },
)

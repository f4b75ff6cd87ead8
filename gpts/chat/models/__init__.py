"""Tables of chats."""

from gpts.chat.models.attachment_vectors import AttachmentVectors
from gpts.chat.models.attachments import Attachment
from gpts.chat.models.content_access import ContentAccess, ContentAccessRule
from gpts.chat.models.conversations import Conversation, Message, Turn
from gpts.chat.models.feedback import TurnFeedback
from gpts.chat.models.retention import LegalHold, RetentionRule
from gpts.chat.models.share_links import SharedConversation
from gpts.chat.models.turn_words import TurnWords

__all__ = [
    "Attachment",
    "AttachmentVectors",
    "ContentAccess",
    "ContentAccessRule",
    "Conversation",
    "LegalHold",
    "Message",
    "RetentionRule",
    "SharedConversation",
    "Turn",
    "TurnFeedback",
    "TurnWords",
]

"""GPTs, their versions and knowledge, conversations and usage."""

from gpts.models.attachments import Attachment
from gpts.models.builder import BuilderChange, BuilderMessage
from gpts.models.conversations import Conversation, Message, Turn
from gpts.models.feedback import TurnFeedback
from gpts.models.gpts import GPT, LiveVersion, Version
from gpts.models.knowledge import KnowledgeFile, Passage
from gpts.models.language_models import LanguageModel, ModelProvider
from gpts.models.usage import UsageEvent, UsageVoid

__all__ = [
    "GPT",
    "Attachment",
    "BuilderChange",
    "BuilderMessage",
    "Conversation",
    "KnowledgeFile",
    "LanguageModel",
    "LiveVersion",
    "Message",
    "ModelProvider",
    "Passage",
    "Turn",
    "TurnFeedback",
    "UsageEvent",
    "UsageVoid",
    "Version",
]

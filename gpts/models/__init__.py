"""GPTs, their versions and knowledge, conversations and usage."""

from gpts.models.conversations import Conversation, Message, Turn
from gpts.models.gpts import GPT, LiveVersion, Version
from gpts.models.knowledge import KnowledgeFile, Passage
from gpts.models.language_models import LanguageModel, ModelProvider
from gpts.models.usage import UsageEvent, UsageVoid

__all__ = [
    "GPT",
    "Conversation",
    "KnowledgeFile",
    "LanguageModel",
    "LiveVersion",
    "Message",
    "ModelProvider",
    "Passage",
    "Turn",
    "UsageEvent",
    "UsageVoid",
    "Version",
]

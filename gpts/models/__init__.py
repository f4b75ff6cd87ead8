"""GPTs, their versions and knowledge, conversations and usage."""

from gpts.models.attachments import Attachment
from gpts.models.budgets import Budget, BudgetReservation, BudgetUse
from gpts.models.builder import BuilderChange, BuilderMessage
from gpts.models.conversations import Conversation, Message, Turn
from gpts.models.feedback import TurnFeedback
from gpts.models.golden import GoldenPrompt, GoldenResult, GoldenRun
from gpts.models.gpts import GPT, LiveVersion, Version
from gpts.models.insights import InsightBucket, InsightCohort, InsightPart, InsightReach, InsightState
from gpts.models.knowledge import Document, KnowledgeFile, Passage
from gpts.models.language_models import LanguageModel, ModelProvider
from gpts.models.past_versions import PastVersion
from gpts.models.search_index import IndexBlock, IndexSegment, IndexShelf, PassageVector
from gpts.models.shares import SharedConversation
from gpts.models.turn_words import TurnWords
from gpts.models.usage import UsageEvent, UsageVoid

__all__ = [
    "GPT",
    "Attachment",
    "Budget",
    "BudgetReservation",
    "BudgetUse",
    "BuilderChange",
    "BuilderMessage",
    "Conversation",
    "Document",
    "GoldenPrompt",
    "GoldenResult",
    "GoldenRun",
    "IndexBlock",
    "IndexSegment",
    "IndexShelf",
    "InsightBucket",
    "InsightCohort",
    "InsightPart",
    "InsightReach",
    "InsightState",
    "KnowledgeFile",
    "LanguageModel",
    "LiveVersion",
    "Message",
    "ModelProvider",
    "Passage",
    "PassageVector",
    "PastVersion",
    "SharedConversation",
    "Turn",
    "TurnFeedback",
    "TurnWords",
    "UsageEvent",
    "UsageVoid",
    "Version",
]

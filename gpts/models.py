"""Imports all models, because Django looks here; other code imports a model from its own package."""

from gpts.assistants.models import GPT, GPTShare, GPTTransfer, LiveVersion, PastVersion, Version
from gpts.chat.models import (
    Attachment,
    AttachmentVectors,
    ContentAccess,
    ContentAccessRule,
    Conversation,
    Message,
    SharedConversation,
    Turn,
    TurnFeedback,
    TurnWords,
)
from gpts.evals.models import GoldenPrompt, GoldenResult, GoldenRun
from gpts.insights.models import InsightBucket, InsightCohort, InsightPart, InsightReach, InsightState
from gpts.knowledge.models import (
    Document,
    IndexBlock,
    IndexSegment,
    IndexShelf,
    KnowledgeFile,
    Passage,
    PassageVector,
    VectorBlock,
)
from gpts.llm.models import FailedCall, LanguageModel, ModelProvider, SemanticSearch
from gpts.metering.models import Budget, BudgetReservation, BudgetUse, PriceCeiling, UsageEvent, UsageVoid
from gpts.studio.models import BuilderChange, BuilderMessage

__all__ = [
    "GPT",
    "Attachment",
    "AttachmentVectors",
    "Budget",
    "BudgetReservation",
    "BudgetUse",
    "BuilderChange",
    "BuilderMessage",
    "ContentAccess",
    "ContentAccessRule",
    "Conversation",
    "Document",
    "FailedCall",
    "GPTShare",
    "GPTTransfer",
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
    "PriceCeiling",
    "SemanticSearch",
    "SharedConversation",
    "Turn",
    "TurnFeedback",
    "TurnWords",
    "UsageEvent",
    "UsageVoid",
    "VectorBlock",
    "Version",
]

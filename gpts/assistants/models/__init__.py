"""Tables of GPTs and their versions."""

from gpts.assistants.models.adoptions import Adoption, AdoptionRequest
from gpts.assistants.models.gpts import GPT, LiveVersion, PrivateListing, Version
from gpts.assistants.models.past_versions import PastVersion
from gpts.assistants.models.publishing import PublishingRule, PublishRequest
from gpts.assistants.models.shares import GPTShare, GPTTransfer

__all__ = [
    "GPT",
    "Adoption",
    "AdoptionRequest",
    "GPTShare",
    "GPTTransfer",
    "LiveVersion",
    "PastVersion",
    "PrivateListing",
    "PublishRequest",
    "PublishingRule",
    "Version",
]

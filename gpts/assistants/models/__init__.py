"""Tables of GPTs and their versions."""

from gpts.assistants.models.gpts import GPT, LiveVersion, Version
from gpts.assistants.models.past_versions import PastVersion
from gpts.assistants.models.shares import GPTShare, GPTTransfer

__all__ = ["GPT", "GPTShare", "GPTTransfer", "LiveVersion", "PastVersion", "Version"]

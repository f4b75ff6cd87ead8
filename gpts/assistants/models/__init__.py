"""Tables of GPTs and their versions."""

from gpts.assistants.models.gpts import GPT, LiveVersion, Version
from gpts.assistants.models.past_versions import PastVersion

__all__ = ["GPT", "LiveVersion", "PastVersion", "Version"]

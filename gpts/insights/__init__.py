"""Figures about a GPT's use that name nobody: every figure counts at least five people."""

"""Golden prompts (“tests” on pages): prompts with checks, runs, leak probes, the gate for publishing."""

"""Golden prompts without rows: assertions, verdicts, metrics, files, leak probes. Pure; no ORM, no request."""

"""Golden prompts without rows: assertions, verdicts, metrics, files, leak probes. No ORM, no request."""

"""Knowledge of a GPT: documents, text extraction, passages, retrieval."""

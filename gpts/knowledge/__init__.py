"""A GPT's knowledge: documents, text extraction, passages and search."""

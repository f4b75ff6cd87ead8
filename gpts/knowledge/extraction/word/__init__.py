"""Readers of Word documents, new and old."""

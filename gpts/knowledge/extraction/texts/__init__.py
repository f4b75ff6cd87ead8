"""Readers of text with markup, of source code, data and mails."""

"""Conversations: turns, streaming, attachments, shared links, search, export."""

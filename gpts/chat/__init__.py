"""Conversations: turns, streaming, attachments, share links, search, export."""

"""Readers of other office documents, and what several of them share."""

"""Figures about use in groups of at least five people: pure rules; nothing here reads or writes."""

"""Sentences for people: why something failed, what a limit, a setting or a figure means."""

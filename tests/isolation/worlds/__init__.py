"""Builders of the objects in the world of the isolation tests, by subject."""

"""Readers of PowerPoint presentations, new and old."""

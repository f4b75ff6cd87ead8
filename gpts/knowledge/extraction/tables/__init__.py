"""Readers of tables: workbooks, and text with delimiters."""

"""Text search of the store: tokens, search columns, queries, and the mending of typing errors."""

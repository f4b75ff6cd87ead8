"""Text search of the store: tokens, search column, queries, ranking, spelling correction."""

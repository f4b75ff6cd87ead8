"""Usage events, budgets and limits."""

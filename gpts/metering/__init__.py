"""Usage events (what each answer used) and budgets (how much may be used in a window of time)."""

"""What stands in the world of the isolation tests, one file a subject."""

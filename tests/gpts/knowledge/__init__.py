"""Knowledge files: taken in, read, refused, replaced, deleted."""

"""Running answers: they outlive their readers, and are followed and stopped from any process."""

"""Running turns in the web process: they outlive their readers, are watched and stopped from anywhere."""

"""Reading what this floor holds: one module for each kind of thing."""

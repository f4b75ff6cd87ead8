"""Row-level policies as PostgreSQL applies them: what each kind of scope may do with each table."""

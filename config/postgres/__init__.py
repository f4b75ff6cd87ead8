"""Database backend: PostgreSQL that plans repeated statements once, with a pool that recovers at once."""

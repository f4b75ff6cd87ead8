"""PostgreSQL and Redis from wheels, started when DATABASE_URL and REDIS_URL are not set."""

"""What keeps data for the local cloud's applications: PostgreSQL and Valkey servers, with TLS before them."""

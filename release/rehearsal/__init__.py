"""Migrations tried out beforehand, on a PostgreSQL of their own that is gone afterwards."""

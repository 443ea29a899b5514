"""A local, read-only page about all environments."""

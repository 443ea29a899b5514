"""Releases under load on the running environment, and what the load counted: `make demo`."""

"""An open-loop load generator: what a release costs its users, counted honestly."""

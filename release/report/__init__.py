"""The report of one release: what happened, when, by which numbers, and what nobody knows."""

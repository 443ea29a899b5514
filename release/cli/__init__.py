"""The `release` command line, a file a verb."""

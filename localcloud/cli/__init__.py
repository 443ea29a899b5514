"""The `localcloud` command line, a file a verb."""

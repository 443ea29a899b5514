"""What an application's environment variables may be called. Imports nothing, as it is read by the command line too."""

RESERVED_VARIABLES = ("HOST", "PORT", "RELEASE_ID", "RELEASE_VERSION")
"""Set by every instance itself, for every process: neither a setting nor a release can carry them."""

NAME_PATTERN = r"^[A-Za-z_][A-Za-z0-9_]*$"
"""What every shell can read."""

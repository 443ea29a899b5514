"""A stand-in for the command plugin: local commands, and remote ones over SSH."""

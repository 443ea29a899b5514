"""Programs that machines run as they stand here: Python's standard library alone, as Amazon Linux 2023 has it (3.9)."""

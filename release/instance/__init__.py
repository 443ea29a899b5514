"""What an instance runs of ours: Python's standard library alone, as Amazon Linux 2023 has it (3.9)."""

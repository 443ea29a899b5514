"""The report that an auditor gets, from a stack's exported state and its history alone."""

"""`aws` on an instance: AWS's own command line, imported once for all instances and forked for each call."""

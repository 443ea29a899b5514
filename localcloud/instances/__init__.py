"""Instances: what an EC2 instance does, done by a process group of one machine.

The daemon's side is `local.LocalInstances`; a small process of its own for each instance (`machine`) runs the
user data and the systemd units, and starts without any third-party package.
"""

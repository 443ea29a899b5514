"""Instances: process groups that run the user data of their launch template."""

"""What an environment is made of. Its public face: `settings`, `configuration`, `account`, `errors`, `environment`;
and the names that others use too: `prefixes`, `tags`, `variables`.

Nothing is imported here, so that reading a stack's settings does not cost the second that `pulumi_aws` takes.
"""

"""What an environment is made of. Its public face: `settings`, `configuration`, `errors` and `environment`.

Nothing is imported here, so that reading a stack's settings does not cost the second that `pulumi_aws` takes.
"""

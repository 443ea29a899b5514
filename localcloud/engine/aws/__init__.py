"""A stand-in for the AWS plugin: Pulumi's protocol in front of HashiCorp's real AWS provider."""

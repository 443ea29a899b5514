"""A stand-in for Pulumi's AWS plugin: Pulumi's protocol in front of HashiCorp's real AWS provider."""

"""By what a machine knows that it talks to the environment's database."""

AUTHORITY_URL = "https://truststore.pki.rds.amazonaws.com/global/global-bundle.pem"
"""The certificates by which all RDS servers prove who they are (Amazon RDS User Guide, "Using SSL/TLS")."""

"""What clients rely on: the OpenAPI document of a release, and what another one's would break for them."""

"""The control plane: AWS's API by moto, with reality put in where moto pretends."""

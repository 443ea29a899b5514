"""The `uneventful` provider: the health gate and the traffic shift, run by the Pulumi engine."""

"""How `pulumi` and its plugins get onto a machine that lacks them."""

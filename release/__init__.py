"""How a version of an application goes live and back."""

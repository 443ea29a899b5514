"""What an environment is made of, a part a file; `environment.py` puts them together."""

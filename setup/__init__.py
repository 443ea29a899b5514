"""From a fresh clone to a running environment: preflight, virtual environment, engine, local cloud, first release."""

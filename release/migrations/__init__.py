"""An application's migrations at build time: read, put in order, linted, and packed with what runs them."""

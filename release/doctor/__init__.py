"""What a machine, a project and an account need for releases: looked at, judged, and what to do about it."""

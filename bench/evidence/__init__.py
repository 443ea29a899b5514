"""What a release costs the users of an application: ours beside what teams do today, on one machine, under the same
load, into `docs/evidence.md`."""

"""Trainings: what to do (spec), what happens (events), the process that does it (fit), what it is worth (registry)."""

"""Frames: which pictures a source holds, when they were taken, what is in them, and which belong together."""
